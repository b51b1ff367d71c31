//! What a cataloger is: it knows one kind of file, says which files it wants, and turns one into what it found.

use crate::model::{Component, Distro, SourcePackage};

/// Knows one kind of file. Pure: it sees bytes and gives facts.
pub trait Cataloger: Send + Sync {
    /// Stable name (`npm-package-lock`): in reports, docs and keys.
    fn name(&self) -> &'static str;

    /// Raised whenever the same file would give other facts, so that old results are not taken for new ones.
    fn revision(&self) -> u32;

    /// In which kind of subject it reads.
    fn reads(&self) -> Reads;

    /// Whether it wants a file, told from outside.
    fn wants(&self, file: &FileFacts<'_>) -> bool;

    /// Whether its files may be missing and nothing is incomplete for it: then neither is it for a link that is not followed.
    fn is_optional(&self) -> bool {
        false
    }

    /// Fixed paths where wanted files lie; a symbolic link above one may lead to a file that nobody would know there.
    fn places(&self) -> &'static [&'static str] {
        &[]
    }

    /// Names of files beside a wanted one that it may ask for (`go.sum` of `go.mod`); part of the subject then.
    fn companions(&self) -> &'static [&'static str] {
        &[]
    }

    /// What a wanted file says. What cannot be read in part is a gap of the result; what cannot be read at all is an error,
    /// which the engine makes a gap. A file that turns out to be of another kind (an executable that is no Go program) gives
    /// an empty result.
    ///
    /// # Errors
    /// The file is not what its name says.
    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError>;
}

/// In which kind of subject a cataloger reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Source trees: what will be installed (lockfiles, manifests).
    Source,
    /// Images and root filesystems: what is installed.
    Installed,
    /// Both.
    Both,
}

/// A file told from outside.
#[derive(Debug, Clone, Copy)]
pub struct FileFacts<'a> {
    /// Path from the subject's root, with `/`, without a leading one, without `.` and `..`.
    pub path: &'a str,
    /// Bytes.
    pub size: u64,
    /// Whether anybody may execute it.
    pub executable: bool,
}

impl FileFacts<'_> {
    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

/// A wanted file.
pub struct File<'a> {
    /// As in [`FileFacts`].
    pub path: &'a str,
    /// What is in it.
    pub content: Content<'a>,
    /// The content of a companion, by its path from the directory of the file (`go.sum`, `../pom.xml`), where there is one. For
    /// a path with `*` (`crates/*/Cargo.toml`), the paths of all that lie below the directory and that it names, a line each.
    pub companion: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

/// The most files that a pattern of a workspace may name.
pub(super) const LISTED: usize = 10_000;

impl File<'_> {
    /// The directories below that of the file that a pattern (`packages/*`) names and in which a companion of this name lies.
    /// None where nothing is known of them.
    pub(super) fn directories(&self, pattern: &str, name: &str) -> Vec<String> {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        if pattern.len() > 256 {
            return Vec::new();
        }
        let listed = (self.companion)(&format!("{pattern}/{name}")).and_then(|bytes| String::from_utf8(bytes).ok());
        let listed = listed.unwrap_or_default();
        let directory = |line: &str| Some(line.strip_suffix(name)?.strip_suffix('/')?.to_owned());
        listed.lines().take(LISTED).filter(|line| line.len() <= 1024).filter_map(directory).collect()
    }
}

/// What is in a file: in memory where it is small, else in a temporary file that is read in parts.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// All of it.
    Bytes(&'a [u8]),
    /// A file of its own, to be read by position.
    Spooled(&'a std::fs::File),
}

impl Content<'_> {
    /// The largest text file that is read: 32 MiB. Of a hostile one a parser may make dozens of bytes a byte.
    pub const TEXT_LIMIT: u64 = 32 << 20;

    /// All of it, for the kinds of file that are read whole.
    ///
    /// # Errors
    /// It is larger than [`Content::TEXT_LIMIT`], or cannot be read.
    pub fn bytes(&self) -> Result<std::borrow::Cow<'_, [u8]>, ParseError> {
        use std::io::{Read as _, Seek as _};
        match self {
            Self::Bytes(bytes) => Ok((*bytes).into()),
            Self::Spooled(file) => {
                let mut file: &std::fs::File = file;
                let mut bytes = Vec::new();
                file.rewind().map_err(|error| ParseError(error.to_string()))?;
                file.take(Self::TEXT_LIMIT + 1)
                    .read_to_end(&mut bytes)
                    .map_err(|error| ParseError(error.to_string()))?;
                if bytes.len() as u64 > Self::TEXT_LIMIT {
                    return Err(ParseError(format!("larger than {} bytes", Self::TEXT_LIMIT)));
                }
                Ok(bytes.into())
            }
        }
    }

    /// All of it as UTF-8, a byte order mark left out.
    ///
    /// # Errors
    /// As [`Content::bytes`], or not UTF-8.
    pub fn text(&self) -> Result<String, ParseError> {
        let bytes = self.bytes()?.into_owned();
        let text =
            String::from_utf8(bytes).map_err(|error| ParseError(format!("not UTF-8: {}", error.utf8_error())))?;
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }
}

/// The most packages of one file, one layer, and one subject: far more than any real one has, and what memory is spent on.
pub const FOUND_LIMIT: usize = 100_000;

/// How many gaps of one file are kept.
pub const GAP_LIMIT: usize = 1000;

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Facts. Locations of components are left empty: the engine knows path and layer.
    pub found: Vec<Found>,
    /// What could not be read in part, each a reason (with line or entry); the engine adds the path.
    pub gaps: Vec<String>,
}

impl Parsed {
    /// Takes a fact; no more than it needs to be seen that there are too many.
    pub fn add(&mut self, found: Found) {
        if self.found.len() <= FOUND_LIMIT {
            self.found.push(found);
        }
    }

    /// Notes what could not be read, within what is kept.
    pub fn gap(&mut self, reason: String) {
        if self.gaps.len() < GAP_LIMIT {
            self.gaps.push(shortened(reason));
        } else if self.gaps.len() == GAP_LIMIT {
            self.gaps.push("and more of the kind".to_owned());
        }
    }
}

/// Text of a foreign file for a message: one line, without control characters, at most 300 characters.
pub(super) fn shortened(text: String) -> String {
    if text.len() <= 300 && !text.chars().any(char::is_control) {
        return text;
    }
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Found {
    /// A component whose identity is complete.
    Component(Component),
    /// A system package, which needs the distribution for its identity.
    System(SystemPackage),
    /// The distribution.
    Distro(Distro),
    /// Licences of a system package that another file lists, of this layer or another.
    Licensed(Licensed),
}

/// Licences of a system package, by its name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Licensed {
    /// Whose package: as in [`SystemPackage`].
    pub manager: String,
    /// Binary package name.
    pub name: String,
    /// SPDX expressions where they can be told, else as stated.
    pub licenses: Vec<String>,
}

/// A package of a distribution's package manager.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SystemPackage {
    /// Whose: `deb`, `apk`, `rpm`: the package URL's type.
    pub manager: String,
    /// Binary package name.
    pub name: String,
    /// Version as the manager writes it, epoch and revision included.
    pub version: String,
    /// Architecture as the manager names it; empty where it does not.
    pub architecture: String,
    /// Source package, where it differs.
    pub source: Option<SourcePackage>,
    /// The module that rpm says it is a build of (`nodejs:20:8100020240808073736:489197e6`); empty where none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// Licences as stated.
    pub licenses: Vec<String>,
    /// Names of packages it needs.
    pub depends_on: Vec<String>,
}

/// Why a file cannot be read: words that hold on every machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub String);
