//! Java archives: what `pom.properties` in them name, what the archive itself is, and the archives within.
//!
//! Nothing is unpacked: the directory is read, then the few files that matter. Archives within are read in place where they
//! are stored plain (as Spring Boot stores them), else inflated one at a time; how deep, how many and how much is bounded.

mod groups;
mod naming;
pub(super) mod zip;

use super::collect::Collector;
use super::parts::Source;
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use crate::adapters::scanner::builtin::spool::{Spool, SpoolError};
use naming::{Coordinates, Manifest};
use std::io::Read as _;
use zip::{Archive, Entry};

/// Endings of archives.
const ENDINGS: [&str; 8] = [".jar", ".war", ".ear", ".hpi", ".jpi", ".nar", ".par", ".sar"];
/// How deep archives may lie in each other.
const DEPTH_LIMIT: usize = 6;
/// The most archives of one file, and the most files in all of them.
const ARCHIVE_LIMIT: u32 = 20_000;
const ENTRY_LIMIT: u64 = 5_000_000;
/// What is inflated of one file in all, and of one text, in bytes.
const TOTAL_LIMIT: u64 = 4 << 30;
const TEXT_LIMIT: u64 = 1 << 20;

/// Reads archives.
pub(super) struct JavaArchive;

impl Cataloger for JavaArchive {
    fn name(&self) -> &'static str {
        "java-archive"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        is_archive(file.path)
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let mut walk = Walk { all: Collector::default(), archives: 0, entries: 0, inflated: 0 };
        let name = file.path.rsplit('/').next().unwrap_or(file.path);
        walk.archive(Source::new(file.content)?, name, 0)?;
        Ok(walk.all.finish())
    }
}

fn is_archive(path: &str) -> bool {
    let ends = |ending: &str| {
        let at = path.len().checked_sub(ending.len()).filter(|at| *at > 0);
        at.and_then(|at| path.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
    };
    ENDINGS.into_iter().any(ends)
}

struct Walk {
    all: Collector,
    archives: u32,
    entries: u64,
    inflated: u64,
}

fn too_many(what: &str) -> ParseError {
    ParseError(format!("{what}: not all was read"))
}

impl Walk {
    fn archive(&mut self, source: Source<'_>, name: &str, depth: usize) -> Result<(), ParseError> {
        self.archives += 1;
        if depth > DEPTH_LIMIT || self.archives > ARCHIVE_LIMIT {
            return Err(too_many("archives too deep or too many"));
        }
        let archive = Archive::open(source)?;
        let mut manifest = Manifest::default();
        let mut coordinates: Vec<Coordinates> = Vec::new();
        let mut has_archives = false;
        for entry in archive.entries() {
            let entry = entry?;
            self.entries += 1;
            if self.entries > ENTRY_LIMIT {
                return Err(too_many("too many files"));
            }
            let path = String::from_utf8_lossy(entry.name);
            if path.eq_ignore_ascii_case("META-INF/MANIFEST.MF") {
                match self.text(&archive, &entry) {
                    Ok(text) => manifest = Manifest::read(&text),
                    Err(error) => self.all.gap(format!("{path}: {error}")),
                }
            } else if path.rsplit('/').next() == Some("pom.properties") {
                // Elsewhere than in its own place it is that of a library that was unpacked into this archive.
                let is_placed = path.starts_with("META-INF/maven/");
                match self.text(&archive, &entry).map(|text| Coordinates::of_properties(&text)) {
                    Ok(Some(found)) => coordinates.push(found),
                    Ok(None) if !is_placed => {}
                    Ok(None) => self.all.gap(format!("{path}: it names no group, artifact and version")),
                    Err(error) => self.all.gap(format!("{path}: {error}")),
                }
            } else if is_archive(&path) {
                has_archives = true;
                if let Err(error) = self.inner(&archive, &entry, &path, depth) {
                    self.all.gap(format!("{path}: {error}"));
                }
            }
        }
        let is_only = matches!(coordinates.as_slice(), [only] if !only.is_foreign_to(name));
        let is_own = is_only || coordinates.iter().any(|it| it.is_file(name));
        for coordinates in &coordinates {
            let mut component = coordinates.component();
            if let (Ok(component), true) = (&mut component, coordinates.is_file(name)) {
                component.licenses.extend(manifest.license());
            }
            self.all.add_or_gap(component);
        }
        if !is_own {
            let carries = has_archives || !coordinates.is_empty();
            self.guess(name, &manifest, carries, depth == 0);
        }
        Ok(())
    }

    /// The archive itself, which has no `pom.properties` of its own. A program of no version, and what carries others, need
    /// not say what they are; a library that does not cannot be held against advisories.
    fn guess(&mut self, name: &str, manifest: &Manifest, carries: bool, outermost: bool) {
        let guessed = Coordinates::guessed(name, manifest);
        let is_own = carries || manifest.is_whole() || manifest.has_main() && outermost && guessed.is_none();
        match guessed.as_ref().map(|it| (it.is_certain, it.group.as_deref())) {
            Some((true, _)) => {}
            _ if is_own => {}
            Some((false, Some(group))) => {
                self.all.gap(format!("{name}: that its group is {group} is guessed: advisories may speak of another"));
            }
            _ => {
                let reason = "it does not say which group or version it is: not held against advisories";
                self.all.gap(format!("{name}: {reason}"));
            }
        }
        if let Some(guessed) = guessed {
            self.all.add_or_gap(guessed.component().map(|mut component| {
                component.licenses.extend(manifest.license());
                component
            }));
        }
    }

    fn count(&mut self, bytes: u64) -> Result<(), ParseError> {
        self.inflated = self.inflated.saturating_add(bytes);
        if self.inflated > TOTAL_LIMIT { Err(too_many("too large when inflated")) } else { Ok(()) }
    }

    fn text(&mut self, archive: &Archive<'_>, entry: &Entry<'_>) -> Result<String, ParseError> {
        if entry.size > TEXT_LIMIT {
            return Err(ParseError(format!("larger than {TEXT_LIMIT} bytes")));
        }
        self.count(entry.size)?;
        let mut bytes = Vec::new();
        // The reader fails beyond the size that was looked at.
        archive.reader(entry)?.read_to_end(&mut bytes).map_err(|error| ParseError(error.to_string()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn inner(&mut self, archive: &Archive<'_>, entry: &Entry<'_>, path: &str, depth: usize) -> Result<(), ParseError> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(plain) = archive.plain(entry)? {
            // Stretches may overlap: what is looked at counts as if it were inflated.
            self.count(entry.size)?;
            return self.archive(plain, name, depth + 1);
        }
        self.count(entry.size)?;
        let spool = Spool::fill(&mut archive.reader(entry)?).map_err(|error| match error {
            SpoolError::Read(error) => ParseError(error.to_string()),
            SpoolError::Write(error) => ParseError(format!("no room for a temporary file: {}", error.kind())),
        })?;
        self.archive(Source::new(spool.content())?, name, depth + 1)
    }
}

#[cfg(test)]
mod tests;
