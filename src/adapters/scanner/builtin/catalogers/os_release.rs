//! `os-release`: which distribution a root filesystem is.
//! Format: <https://www.freedesktop.org/software/systemd/man/latest/os-release.html>.

use super::collect::unescaped;
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};
use crate::model::Distro;

/// Where it lies.
const PLACES: &[&str] = &["etc/os-release", "usr/lib/os-release"];

/// Reads `etc/os-release` and `usr/lib/os-release`. The first is often a link to the second, and then not a file.
pub(super) struct OsRelease;

impl Cataloger for OsRelease {
    fn name(&self) -> &'static str {
        "os-release"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        PLACES.contains(&file.path)
    }

    fn places(&self) -> &'static [&'static str] {
        PLACES
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let value = |wanted: &str| {
            let line = text.lines().filter_map(|line| line.trim().split_once('=')).rfind(|(key, _)| *key == wanted);
            line.map(|(_, value)| unquoted(value)).filter(|value| !value.is_empty())
        };
        let Some(id) = value("ID") else { return Err(ParseError("there is no ID".into())) };
        let distro = Distro {
            id: id.to_lowercase(),
            version: value("VERSION_ID").unwrap_or_default(),
            codename: value("VERSION_CODENAME").or_else(|| in_parentheses(&value("VERSION")?)),
        };
        Ok(Parsed { found: vec![Found::Distro(distro)], gaps: Vec::new() })
    }
}

/// What a version has in parentheses (`22.03 (LTS-SP3)`), if anything.
fn in_parentheses(version: &str) -> Option<String> {
    let inner = version.trim().strip_suffix(')')?.split_once('(')?.1;
    (!inner.is_empty()).then(|| inner.to_owned())
}

/// A value without the shell's quotes and escapes.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner =
        ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value);
    unescaped(inner)
}

#[cfg(test)]
mod tests {
    use super::super::testing::parse;
    use super::*;

    #[test]
    fn reads_what_distributions_write() {
        let debian =
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        let parsed = parse(&OsRelease, "etc/os-release", debian).unwrap();
        let codename = Some("bookworm".to_owned());
        assert_eq!(parsed.found, [Found::Distro(Distro { id: "debian".into(), version: "12".into(), codename })]);
        let alpine = parse(&OsRelease, "etc/os-release", "ID=alpine\nVERSION_ID='3.22.1'\n").unwrap();
        let Found::Distro(distro) = &alpine.found[0] else { panic!("a distribution") };
        assert_eq!(distro.ecosystem().unwrap().to_string(), "Alpine:v3.22");
        let euler = "ID=\"openEuler\"\nVERSION_ID=\"22.03\"\nVERSION=\"22.03 (LTS-SP3)\"\n";
        let euler = parse(&OsRelease, "etc/os-release", euler).unwrap();
        let Found::Distro(distro) = &euler.found[0] else { panic!("a distribution") };
        assert_eq!(distro.ecosystem().unwrap().to_string(), "openEuler:22.03-LTS-SP3");
        assert!(parse(&OsRelease, "etc/os-release", "NAME=x\n").is_err());
    }
}
