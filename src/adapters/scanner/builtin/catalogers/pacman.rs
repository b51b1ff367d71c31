//! Arch's package database: a `desc` file a package below `var/lib/pacman/local`.
//! Format: `lib/libalpm/be_local.c` of <https://gitlab.archlinux.org/pacman/pacman>, and
//! <https://man.archlinux.org/man/alpm-db-desc.5>.

use crate::adapters::scanner::builtin::catalog::{
    Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads, SystemPackage,
};
use crate::model::SourcePackage;
use std::collections::BTreeMap;

const LOCAL: &str = "var/lib/pacman/local/";

/// Reads the database.
pub(super) struct Pacman;

impl Cataloger for Pacman {
    fn name(&self) -> &'static str {
        "pacman"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let package = file.path.strip_prefix(LOCAL).and_then(|rest| rest.strip_suffix("/desc"));
        package.is_some_and(|package| !package.contains('/'))
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let bytes = file.content.bytes()?;
        let text = String::from_utf8_lossy(&bytes);
        let fields = fields(&text);
        let all = |key: &str| fields.get(key).map(Vec::as_slice).unwrap_or_default();
        let first = |key: &str| all(key).first().map(|value| (*value).to_owned());
        let name = first("NAME").ok_or_else(|| ParseError("it has no name".into()))?;
        let version = first("VERSION").ok_or_else(|| ParseError("it has no version".into()))?;
        let mut depends_on: Vec<String> = all("DEPENDS").iter().map(|need| without_version(need).to_owned()).collect();
        depends_on.sort();
        depends_on.dedup();
        let mut gaps = Vec::new();
        if !text.ends_with('\n') {
            gaps.push("the last line is cut off".into());
        }
        let package = SystemPackage {
            manager: "alpm".into(),
            source: first("BASE")
                .filter(|base| *base != name)
                .map(|base| SourcePackage { name: base, version: version.clone() }),
            name,
            version,
            architecture: first("ARCH").unwrap_or_default(),
            module: String::new(),
            licenses: all("LICENSE").iter().map(|license| (*license).to_owned()).collect(),
            depends_on,
        };
        Ok(Parsed { found: vec![Found::System(package)], gaps })
    }
}

/// `%KEY%`, its values a line each, an empty line.
fn fields(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut key = None;
    for line in text.lines() {
        match (line.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')), key) {
            (Some(name), _) => key = Some(name),
            (None, Some(name)) if !line.is_empty() => fields.entry(name).or_default().push(line),
            (None, _) => key = key.filter(|_| !line.is_empty()),
        }
    }
    fields
}

/// A dependency without its condition (`glibc>=2.38`, `libz.so=1-64`).
fn without_version(need: &str) -> &str {
    &need[..need.find(['=', '<', '>', ':']).unwrap_or(need.len())]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{damage, parse};
    use super::*;

    const PATH: &str = "var/lib/pacman/local/libelf-0.191-4/desc";
    const GOOD: &str = "%NAME%\nlibelf\n\n%VERSION%\n1:0.191-4\n\n%BASE%\nelfutils\n\n%DESC%\nHandle %ELF% files\n\n\
        %ARCH%\nx86_64\n\n%LICENSE%\nGPL-2.0-or-later\nLGPL-3.0-or-later\n\n%DEPENDS%\nglibc>=2.38\nbzip2\n\n";

    #[test]
    fn reads_a_package() {
        let parsed = parse(&Pacman, PATH, GOOD).unwrap();
        let [Found::System(package)] = parsed.found.as_slice() else { panic!("{parsed:?}") };
        assert_eq!((package.name.as_str(), package.version.as_str()), ("libelf", "1:0.191-4"));
        assert_eq!(package.source.as_ref().unwrap().name, "elfutils");
        assert_eq!(
            (package.licenses.len(), package.depends_on.as_slice()),
            (2, ["bzip2".into(), "glibc".into()].as_slice())
        );
        assert!(parse(&Pacman, PATH, "%NAME%\nx\n").is_err());
        let wants = |path| Pacman.wants(&FileFacts { path, size: 1, executable: false });
        assert!(
            wants(PATH) && !wants("var/lib/pacman/local/a/b/desc") && !wants("var/lib/pacman/local/ALPM_DB_VERSION")
        );
    }

    #[test]
    fn no_damage_panics() {
        damage(&Pacman, PATH, GOOD);
    }
}
