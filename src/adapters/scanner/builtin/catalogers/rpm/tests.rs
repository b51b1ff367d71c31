//! Databases that rpm made, whole and damaged.

use super::super::testing::{damage_bytes, mutate, parse_bytes};
use super::*;
use crate::adapters::scanner::builtin::catalog::{Content, Found, SystemPackage};
use std::io::Write as _;

const SQLITE: &[u8] = include_bytes!("../../../../../../tests/fixtures/rpm/rpmdb.sqlite");
const NDB: &[u8] = include_bytes!("../../../../../../tests/fixtures/rpm/Packages.db");
const BDB: &[u8] = include_bytes!("../../../../../../tests/fixtures/rpm/Packages");
const PATH: &str = "var/lib/rpm/rpmdb.sqlite";

fn packages(parsed: &Parsed) -> Vec<&SystemPackage> {
    parsed
        .found
        .iter()
        .filter_map(|found| if let Found::System(package) = found { Some(package) } else { None })
        .collect()
}

#[test]
fn every_form_holds_the_same() {
    let parsed = [SQLITE, NDB, BDB].map(|bytes| parse_bytes(&Rpm, PATH, bytes).unwrap());
    assert_eq!((&parsed[0], &parsed[0]), (&parsed[1], &parsed[2]));
    assert_eq!(parsed[0].gaps, Vec::<String>::new());
    let [big, tiny, libs] = packages(&parsed[0])[..] else { panic!("three packages") };
    assert_eq!((big.name.as_str(), big.version.as_str(), big.architecture.as_str()), ("big", "0:1.0-3.el9", "noarch"));
    assert_eq!((tiny.version.as_str(), &tiny.source), ("2:1.0-3.el9", &None));
    assert_eq!((libs.name.as_str(), libs.version.as_str()), ("tiny-libs", "2:4.5~rc1-1.el9"));
    let source = libs.source.as_ref().unwrap();
    assert_eq!((source.name.as_str(), source.version.as_str()), ("tiny", "2:1.0-3.el9"));
    assert_eq!(libs.licenses, ["MIT and GPLv2+"]);
    // By name and by a capability, each once.
    assert_eq!(tiny.depends_on, ["big", "tiny-libs"]);
}

#[test]
fn large_databases_are_read_from_their_file() {
    for bytes in [SQLITE, NDB, BDB] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let content = Content::Spooled(&file);
        let spooled = Rpm.parse(&File { path: PATH, content, companion: &|_| None }).unwrap();
        assert_eq!(spooled, parse_bytes(&Rpm, PATH, bytes).unwrap());
    }
}

#[test]
fn what_is_cut_off_or_left_over_is_told() {
    for bytes in [SQLITE, NDB, BDB] {
        for cut in (16..bytes.len()).step_by(61).chain([bytes.len() - 1]) {
            let parsed = parse_bytes(&Rpm, PATH, &bytes[..cut]);
            assert!(parsed.is_err() || parsed.as_ref().is_ok_and(|it| !it.gaps.is_empty()), "{cut}: {parsed:?}");
        }
    }
    assert!(parse_bytes(&Rpm, PATH, b"").is_err());
    assert!(parse_bytes(&Rpm, "var/lib/rpm/rpmdb.sqlite-wal", b"x").is_err());
    let wants = |path, size| Rpm.wants(&FileFacts { path, size, executable: false });
    assert!(wants("usr/lib/sysimage/rpm/Packages.db", 1) && wants("var/lib/rpm/rpmdb.sqlite-wal", 1));
    assert!(!wants("var/lib/rpm/rpmdb.sqlite-wal", 0) && !wants("home/rpmdb.sqlite", 1));
}

#[test]
fn no_damage_panics_or_loops() {
    for bytes in [SQLITE, NDB, BDB] {
        damage_bytes(&Rpm, PATH, bytes);
        mutate(&Rpm, PATH, bytes, 10_000);
        // The first bytes say where all else is.
        mutate(&Rpm, PATH, &bytes[..bytes.len().min(1100)], 10_000);
    }
}

#[test]
fn circles_end() {
    // Every page of the tree leads to the first table page; every chain to itself.
    let mut circle = SQLITE.to_vec();
    for page in 1..circle.len() / 512 {
        let start = page * 512;
        circle[start..start + 4].copy_from_slice(&u32::try_from(page + 1).unwrap().to_be_bytes());
    }
    assert!(!matches!(parse_bytes(&Rpm, PATH, &circle), Ok(parsed) if parsed.gaps.is_empty()));
    let mut interior = SQLITE[..1024].to_vec();
    interior[512..].fill(0);
    interior[512] = 5;
    interior[515..517].copy_from_slice(&[0, 200]);
    interior[520..524].copy_from_slice(&[0, 0, 0, 2]);
    assert!(!parse_bytes(&Rpm, PATH, &interior).unwrap().gaps.is_empty());
    let mut chain = BDB.to_vec();
    for page in 1..chain.len() / 512 {
        let number = u32::try_from(page).unwrap().to_le_bytes();
        chain[page * 512 + 16..page * 512 + 20].copy_from_slice(&number);
    }
    assert!(!parse_bytes(&Rpm, PATH, &chain).unwrap().gaps.is_empty());
}
