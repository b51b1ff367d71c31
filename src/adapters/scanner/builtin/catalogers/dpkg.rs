//! Debian's package database: `var/lib/dpkg/status`, and one file a package in `status.d` where there is no dpkg.
//! Format: <https://www.debian.org/doc/debian-policy/ch-controlfields.html>.

use crate::adapters::scanner::builtin::catalog::{
    Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads, SystemPackage,
};
use crate::model::SourcePackage;
use std::collections::BTreeMap;

const STATUS: &str = "var/lib/dpkg/status";
const STATUS_D: &str = "var/lib/dpkg/status.d/";

/// Reads the database.
pub(super) struct Dpkg;

impl Cataloger for Dpkg {
    fn name(&self) -> &'static str {
        "dpkg"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.path == STATUS || file.path.strip_prefix(STATUS_D).is_some_and(|name| !name.ends_with(".md5sums"))
    }

    fn places(&self) -> &'static [&'static str] {
        &[STATUS]
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        // Descriptions may be in any encoding; what we read is ASCII.
        let bytes = file.content.bytes()?;
        let text = String::from_utf8_lossy(&bytes);
        let one_package_a_file = file.path != STATUS;
        let mut parsed = Parsed::default();
        if !text.is_empty() && !text.ends_with('\n') {
            parsed.gap("the last line is cut off".into());
        }
        for (number, stanza) in stanzas(&text).enumerate() {
            match package(&stanza, one_package_a_file) {
                Ok(Some(package)) => parsed.add(Found::System(package)),
                Ok(None) => {}
                Err(what) => {
                    let name = stanza
                        .get("Package")
                        .map_or_else(|| format!("entry {}", number + 1), |name| (*name).to_owned());
                    parsed.gap(format!("{name}: {what}"));
                }
            }
        }
        Ok(parsed)
    }
}

/// The fields of a package.
pub(super) type Stanza<'a> = BTreeMap<&'a str, &'a str>;

/// Blocks of `Key: value` lines; continuation lines are of no interest.
pub(super) fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
    blocks.map(|block| {
        let fields =
            block.lines().filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split_once(':'));
        fields.map(|(key, value)| (key.trim(), value.trim())).collect()
    })
}

/// The package of a stanza; `None` for one that is not installed.
pub(super) fn package(
    stanza: &Stanza<'_>,
    is_installed_by_being_here: bool,
) -> Result<Option<SystemPackage>, &'static str> {
    match stanza.get("Status").and_then(|status| status.split_whitespace().nth(2)) {
        Some("not-installed" | "config-files") => return Ok(None),
        Some(_) => {}
        None if is_installed_by_being_here => {}
        None => return Err("it has no status"),
    }
    let field = |name: &str| stanza.get(name).copied().filter(|value| !value.is_empty());
    let (name, version) = (field("Package").ok_or("it has no name")?, field("Version").ok_or("it has no version")?);
    let source = field("Source").map(|source| match source.split_once(' ') {
        Some((name, version)) => (name, version.trim_matches(['(', ')', ' '])),
        None => (source, version),
    });
    let needs = ["Pre-Depends", "Depends"].into_iter().filter_map(field).flat_map(|list| list.split(','));
    let mut depends_on: Vec<String> = needs.filter_map(first_alternative).collect();
    depends_on.sort();
    depends_on.dedup();
    Ok(Some(SystemPackage {
        manager: "deb".into(),
        name: name.into(),
        version: version.into(),
        architecture: field("Architecture").unwrap_or_default().into(),
        source: source
            .filter(|(source, built_from)| (*source, *built_from) != (name, version))
            .map(|(name, version)| SourcePackage { name: name.into(), version: version.into() }),
        module: String::new(),
        licenses: Vec::new(),
        depends_on,
    }))
}

/// The name of a dependency, the first of alternatives, without version and architecture.
fn first_alternative(dependency: &str) -> Option<String> {
    let first = dependency.split('|').next()?.trim();
    let name = first.split([' ', '(', ':']).next()?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{damage, parse};
    use super::*;

    const GOOD: &str = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.0.1-1)\n\
        Version: 3.0.1-1+b1\nDepends: libc6 (>= 2.34), debconf (>= 0.5) | debconf-2.0\nDescription: caf\u{e9}\n more: text\n\n\
        Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
        Package: tzdata\nStatus: install ok half-configured\nArchitecture: all\nVersion: 2024a-0\n";

    fn packages(parsed: &Parsed) -> Vec<&SystemPackage> {
        let system = |found: &'_ Found| matches!(found, Found::System(_));
        assert!(parsed.found.iter().all(system));
        parsed
            .found
            .iter()
            .filter_map(|found| if let Found::System(package) = found { Some(package) } else { None })
            .collect()
    }

    #[test]
    fn lists_what_is_installed() {
        let parsed = parse(&Dpkg, STATUS, GOOD).unwrap();
        assert_eq!(parsed.gaps, Vec::<String>::new());
        let packages = packages(&parsed);
        assert_eq!(packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["libssl3", "tzdata"]);
        let source = packages[0].source.as_ref().unwrap();
        assert_eq!((source.name.as_str(), source.version.as_str()), ("openssl", "3.0.1-1"));
        assert_eq!(packages[0].depends_on, ["debconf", "libc6"]);
        assert_eq!(packages[1].source, None);
    }

    #[test]
    fn says_what_is_cut_off() {
        let cut = GOOD.find("Version: 3.0.1-1+b1").unwrap();
        let parsed = parse(&Dpkg, STATUS, &GOOD[..cut]).unwrap();
        assert_eq!(parsed.gaps, ["libssl3: it has no version"]);
        assert_eq!(parse(&Dpkg, STATUS, "Package: a\nVersion: 1").unwrap().gaps.len(), 2);
    }

    #[test]
    fn a_file_a_package_needs_no_status() {
        let parsed =
            parse(&Dpkg, "var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n");
        assert_eq!(packages(&parsed.unwrap()).len(), 1);
        assert!(!Dpkg.wants(&FileFacts { path: "var/lib/dpkg/status.d/base.md5sums", size: 1, executable: false }));
    }

    #[test]
    fn no_damage_panics() {
        damage(&Dpkg, STATUS, GOOD);
    }
}
