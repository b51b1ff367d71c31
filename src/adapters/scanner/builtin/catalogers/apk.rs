//! Alpine's package database, `lib/apk/db/installed`.
//! Format: <https://wiki.alpinelinux.org/wiki/Apk_spec>.

use crate::adapters::scanner::builtin::catalog::{
    Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads, SystemPackage,
};
use crate::model::SourcePackage;
use std::collections::BTreeMap;

/// Where the database lies.
const PLACES: &[&str] = &["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/// Reads the database.
pub(super) struct Apk;

impl Cataloger for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn revision(&self) -> u32 {
        1
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
        let bytes = file.content.bytes()?;
        let text = String::from_utf8_lossy(&bytes);
        let mut parsed = Parsed::default();
        if !text.is_empty() && !text.ends_with('\n') {
            parsed.gap("the last line is cut off".into());
        }
        let entries: Vec<Entry<'_>> = text.split("\n\n").filter(|block| !block.trim().is_empty()).map(entry).collect();
        let mut provided_by: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in &entries {
            let names = entry.get(&'p').copied().unwrap_or_default().split_whitespace();
            if let Some(package) = entry.get(&'P') {
                provided_by.extend(names.map(|name| (without_version(name), *package)));
            }
        }
        for entry in &entries {
            provided_by.extend(entry.get(&'P').map(|package| (*package, *package)));
        }
        for (number, entry) in entries.iter().enumerate() {
            match package(entry, &provided_by) {
                Some(package) => parsed.add(Found::System(package)),
                None => {
                    let name =
                        entry.get(&'P').map_or_else(|| format!("entry {}", number + 1), |name| (*name).to_owned());
                    parsed.gap(format!("{name}: it has no name or no version"));
                }
            }
        }
        Ok(parsed)
    }
}

/// The one-letter fields of a package; those of its files (`F`, `R`, `Z` …) are of no interest and may repeat.
type Entry<'a> = BTreeMap<char, &'a str>;

fn entry(block: &str) -> Entry<'_> {
    let mut fields = Entry::new();
    for line in block.lines() {
        if let Some((key, value)) = line.split_once(':')
            && let (1, Some(letter)) = (key.len(), key.chars().next())
        {
            fields.entry(letter).or_insert(value);
        }
    }
    fields
}

fn package(entry: &Entry<'_>, provided_by: &BTreeMap<&str, &str>) -> Option<SystemPackage> {
    let field = |letter: char| entry.get(&letter).copied().filter(|value| !value.is_empty());
    let (name, version) = (field('P')?, field('V')?);
    let needs = field('D').unwrap_or_default().split_whitespace().filter(|need| !need.starts_with('!'));
    let mut depends_on: Vec<String> = needs
        .filter_map(|need| provided_by.get(without_version(need)))
        .filter(|provider| **provider != name)
        .map(|provider| (*provider).to_owned())
        .collect();
    depends_on.sort();
    depends_on.dedup();
    Some(SystemPackage {
        manager: "apk".into(),
        name: name.into(),
        version: version.into(),
        architecture: field('A').unwrap_or_default().into(),
        source: field('o')
            .filter(|origin| *origin != name)
            .map(|origin| SourcePackage { name: origin.into(), version: version.into() }),
        module: String::new(),
        licenses: field('L').map(str::to_owned).into_iter().collect(),
        depends_on,
    })
}

/// A dependency or provided name without its version condition (`so:libc.musl-x86_64.so.1=1`, `busybox>=1.36`).
fn without_version(name: &str) -> &str {
    &name[..name.find(['=', '<', '>', '~']).unwrap_or(name.len())]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{damage, parse};
    use super::*;

    const GOOD: &str = "C:Q1abc=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\np:so:libc.musl-x86_64.so.1=1\nF:lib\nR:ld.so\n\n\
        P:libcrypto3\nV:3.3.1-r0\nA:x86_64\nL:Apache-2.0\no:openssl\nD:so:libc.musl-x86_64.so.1 !nothing\n\n";

    #[test]
    fn lists_packages_with_origin_and_needs() {
        let parsed = parse(&Apk, "lib/apk/db/installed", GOOD).unwrap();
        assert_eq!(parsed.gaps, Vec::<String>::new());
        let [Found::System(musl), Found::System(crypto)] = parsed.found.as_slice() else { panic!("two packages") };
        assert_eq!((musl.name.as_str(), musl.source.as_ref()), ("musl", None));
        assert_eq!(crypto.source.as_ref().unwrap().name, "openssl");
        assert_eq!(crypto.depends_on, ["musl"]);
        assert_eq!(crypto.licenses, ["Apache-2.0"]);
    }

    #[test]
    fn says_what_is_cut_off() {
        let cut = GOOD.find("V:3.3.1").unwrap();
        let parsed = parse(&Apk, "lib/apk/db/installed", &GOOD[..cut]).unwrap();
        assert_eq!(parsed.gaps, ["libcrypto3: it has no name or no version"]);
    }

    #[test]
    fn no_damage_panics() {
        damage(&Apk, "lib/apk/db/installed", GOOD);
    }
}
