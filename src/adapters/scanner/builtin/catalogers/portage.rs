//! Gentoo's package database: a directory a package below `var/db/pkg`, named by category, name and version.
//! Format: <https://projects.gentoo.org/pms/8/pms.html#names-and-versions> and
//! <https://wiki.gentoo.org/wiki//var/db/pkg>.

use crate::adapters::scanner::builtin::catalog::{
    Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads, SystemPackage,
};

const DATABASE: &str = "var/db/pkg/";

/// Reads the database.
pub(super) struct Portage;

impl Cataloger for Portage {
    fn name(&self) -> &'static str {
        "portage"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        place(file.path).is_some()
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let (category, directory) = place(file.path).ok_or_else(|| ParseError("it is not in the database".into()))?;
        if text.trim() != directory {
            return Err(ParseError("it names another package than its directory does".into()));
        }
        let (name, version) = split(directory).ok_or_else(|| ParseError("it has no version".into()))?;
        let package = SystemPackage {
            manager: "ebuild".into(),
            name: format!("{category}/{name}"),
            version: version.to_owned(),
            architecture: String::new(),
            source: None,
            module: String::new(),
            licenses: Vec::new(),
            depends_on: Vec::new(),
        };
        Ok(Parsed { found: vec![Found::System(package)], gaps: Vec::new() })
    }
}

/// Category and directory of a package's own name, `PF`.
fn place(path: &str) -> Option<(&str, &str)> {
    let (category, directory) = path.strip_prefix(DATABASE)?.strip_suffix("/PF")?.split_once('/')?;
    // One that is being installed has a name of its own.
    (!directory.contains('/') && !directory.starts_with("-MERGING-")).then_some((category, directory))
}

/// Name and version of `bash-5.2_p26-r1`: the version begins at the last hyphen that a digit follows.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut hyphens = text.match_indices('-').map(|(at, _)| at);
    let at = hyphens.rfind(|at| text[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
    (at > 0).then(|| (&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{damage, parse};
    use super::*;

    #[test]
    fn reads_a_package() {
        for (directory, name, version) in [
            ("app-shells/bash-5.2_p26-r1", "app-shells/bash", "5.2_p26-r1"),
            ("dev-libs/libpcre2-10.42", "dev-libs/libpcre2", "10.42"),
            ("media-libs/font-100dpi-1.0", "media-libs/font-100dpi", "1.0"),
        ] {
            let path = format!("var/db/pkg/{directory}/PF");
            let text = format!("{}\n", directory.rsplit('/').next().unwrap());
            let parsed = parse(&Portage, &path, &text).unwrap();
            let [Found::System(package)] = parsed.found.as_slice() else { panic!("{parsed:?}") };
            assert_eq!((package.name.as_str(), package.version.as_str()), (name, version));
        }
        assert!(parse(&Portage, "var/db/pkg/a/b-1/PF", "c-1\n").is_err());
        assert!(parse(&Portage, "var/db/pkg/a/b/PF", "b\n").is_err());
        let wants = |path| Portage.wants(&FileFacts { path, size: 1, executable: false });
        assert!(!wants("var/db/pkg/a/-MERGING-b-1/PF") && !wants("var/db/pkg/a/b-1/CONTENTS"));
    }

    #[test]
    fn no_damage_panics() {
        damage(&Portage, "var/db/pkg/a/b-1/PF", "b-1\n");
    }
}
