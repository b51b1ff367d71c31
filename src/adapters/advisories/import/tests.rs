//! Imports of made-up and of real records, held against a search without index.

use super::super::testing::data;
use super::*;
use crate::model::Advisory;
use crate::ports::{Advisories as _, AdvisoriesError, Silent};
use std::collections::BTreeMap;

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn record(id: &str, modified: &str, packages: &[(&str, &str)]) -> String {
    let affected: Vec<String> = packages
        .iter()
        .map(|(ecosystem, name)| format!(r#"{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}}}}"#))
        .collect();
    format!(r#"{{"id":"{id}","modified":"{modified}","affected":[{}]}}"#, affected.join(","))
}

fn ids(index: &super::super::IndexAdvisories, ecosystem: &str, name: &str) -> Vec<String> {
    let found = index.lookup(&Ecosystem::from(ecosystem.to_owned()), name).unwrap();
    found.into_iter().map(|advisory| advisory.id).collect()
}

#[test]
fn merges_sources_and_tells_what_was_imported() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new, db) = (dir.path().join("old"), dir.path().join("new"), dir.path().join("db"));
    write(&old.join("npm/A.json"), &record("A", "2024-01-01T00:00:00Z", &[("npm", "left"), ("Maven", "g:a")]));
    write(&old.join("npm/B.json"), &record("B", "2024-01-01T00:00:00Z", &[("npm", "left")]));
    write(&old.join("PyPI/C.json"), &record("C", "2024-01-03T00:00:00Z", &[("PyPI", "Zope.Interface")]));
    write(&old.join("docs/readme.txt"), "x");
    write(
        &new.join("Debian/D.json"),
        &record("D", "2024-01-02T00:00:00Z", &[("Debian:12", "zlib"), ("Debian", "zlib"), ("Debian:11", "xz")]),
    );
    write(&new.join("npm/A.json"), &record("A", "2024-02-01T00:00:00.5Z", &[("npm", "right")]));
    let withdrawn = r#"{"id":"B","modified":"2024-02-01T00:00:00Z","withdrawn":"2024-02-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"left"}}]}"#;
    write(&new.join("npm/B.json"), withdrawn);

    let imported = import(&db, &[old.clone(), new.clone()], &Silent).unwrap();
    assert_eq!((imported.records, imported.withdrawn, imported.oddities), (3, 1, 0));
    let present: Vec<_> = imported.snapshot.ecosystems.iter().map(|(one, count)| format!("{one} {count}")).collect();
    let mut expected = ["Debian 1", "Debian:11 1", "Debian:12 1", "PyPI 1", "npm 1"].map(str::to_owned);
    expected.sort();
    let mut sorted = present;
    sorted.sort();
    assert_eq!(sorted, expected);
    assert_eq!(imported.snapshot.modified.to_string(), "2024-02-01T00:00:00Z");

    let index = super::super::open(&db).unwrap();
    assert_eq!(index.snapshot(), &imported.snapshot);
    assert_eq!(ids(&index, "npm", "left"), [""; 0]);
    assert_eq!(ids(&index, "npm", "right"), ["A"]);
    assert_eq!(ids(&index, "PyPI", "zope_interface"), ["C"]);
    let zlib = index.lookup(&Ecosystem::from("Debian:12".to_owned()), "zlib").unwrap();
    assert_eq!(zlib[0].affected.len(), 2);
    let zlib = index.lookup(&Ecosystem::from("Debian:13".to_owned()), "zlib").unwrap();
    assert_eq!(zlib[0].affected.len(), 1);
    assert_eq!(ids(&index, "Debian", "xz"), [""; 0]);

    let again = import(&db, &[new, old], &Silent).unwrap();
    assert_eq!(again, imported);
}

#[test]
fn a_record_that_cannot_be_read_stops_the_import() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("db");
    write(&dir.path().join("x/npm/A.json"), &record("A", "2024-01-01T00:00:00Z", &[("npm", "a")]));
    import(&db, &[dir.path().join("x")], &Silent).unwrap();
    let before = super::super::store::current(&db).unwrap();
    write(&dir.path().join("x/npm/B.json"), r#"{"id":"B","affected":[{"package":{"name":"b"}}]}"#);
    write(&dir.path().join("x/npm/C.json"), "{");
    match import(&db, &[dir.path().join("x")], &Silent).unwrap_err() {
        ImportError::Records(records) => {
            assert_eq!(records.total, 2);
            assert_eq!(records.first[0].id.as_deref(), Some("B"));
        }
        other => panic!("{other}"),
    }
    assert_eq!(super::super::store::current(&db).unwrap(), before);
    for (name, bytes) in [("all.zip", &b"PK\x03\x04 not a zip"[..]), ("notes.txt", b"")] {
        let place = dir.path().join("y");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(name), bytes).unwrap();
        assert!(import(&db, std::slice::from_ref(&place), &Silent).is_err());
        std::fs::remove_dir_all(place).unwrap();
    }
    assert!(import(&db, &[dir.path().join("none")], &Silent).is_err());
    assert!(matches!(import(&db, &[], &Silent), Err(ImportError::NoEcosystem { .. })));
    write(&dir.path().join("z/both.json"), &record("A", "2024-01-01T00:00:00Z", &[("npm", "a"), ("PyPI", "b")]));
    assert!(matches!(import(&db, &[dir.path().join("z")], &Silent), Err(ImportError::NoEcosystem { .. })));
    assert_eq!(super::super::store::current(&db).unwrap(), before);
}

#[test]
fn there_may_be_no_database() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(super::super::open(dir.path()), Err(AdvisoriesError::Missing)));
    std::fs::write(dir.path().join("current"), "what\n").unwrap();
    assert!(matches!(super::super::open(dir.path()), Err(AdvisoriesError::Damaged(_))));
}

/// All records of the test data, read without the index.
fn brute(root: &[PathBuf]) -> BTreeMap<String, Advisory> {
    let mut all: BTreeMap<String, Advisory> = BTreeMap::new();
    for path in root {
        for group in sources::find(path).unwrap() {
            for file in &group.files {
                sources::read(file, &mut |_, bytes| {
                    let advisory = osv::parse(&bytes).unwrap().advisory;
                    let time = |advisory: &Advisory| advisory.modified.parse::<jiff::Timestamp>().unwrap();
                    let better = all.get(&advisory.id).is_none_or(|held| {
                        let bytes = |advisory: &Advisory| Prepared::new(advisory.clone()).unwrap().bytes().to_vec();
                        (time(held), bytes(held)) < (time(&advisory), bytes(&advisory))
                    });
                    if better {
                        all.insert(advisory.id.clone(), advisory);
                    }
                    Ok(())
                })
                .unwrap();
            }
        }
    }
    all.retain(|_, advisory| advisory.withdrawn.is_none());
    all
}

#[test]
fn real_databases_give_what_a_search_without_index_gives() {
    let name = "real_databases_give_what_a_search_without_index_gives";
    let (Some(osv), Some(derived)) = (data(name, "osv-db"), data(name, "osv-db-derived")) else { return };
    let dir = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let imported = import(dir.path(), &[osv.clone(), derived.clone()], &Silent).unwrap();
    eprintln!("import: {} records in {:?}", imported.records, start.elapsed());
    assert_eq!(imported.first_oddities, []);
    let all = brute(&[derived.clone(), osv.clone()]);
    assert_eq!(imported.records, all.len() as u64);
    for (ecosystem, count) in [("crates.io", 715), ("AlmaLinux", 2295), ("Go", 4284), ("Alpine", 2442)] {
        let found = imported.snapshot.ecosystems.get(&Ecosystem::from(ecosystem.to_owned()));
        assert!(found.is_some_and(|found| *found >= count), "{ecosystem} {found:?}");
    }
    for ecosystem in ["Debian:12", "Ubuntu:22.04:LTS", "Alpine:v3.11", "npm", "Maven", "PyPI"] {
        assert!(imported.snapshot.ecosystems.contains_key(&Ecosystem::from(ecosystem.to_owned())), "{ecosystem}");
    }
    assert!(!imported.snapshot.ecosystems.contains_key(&Ecosystem::from("SwiftURL".to_owned())));

    let mut expected: BTreeMap<(Ecosystem, String), Vec<Advisory>> = BTreeMap::new();
    for advisory in all.values() {
        let head = Advisory { affected: Vec::new(), ..advisory.clone() };
        for part in advisory.affected.chunk_by(|a, b| osv::package_key(a) == osv::package_key(b)) {
            let cut = Advisory { affected: part.to_vec(), ..head.clone() };
            expected.entry(osv::package_key(&part[0])).or_default().push(cut);
        }
    }
    let start = std::time::Instant::now();
    let index = super::super::open(dir.path()).unwrap();
    eprintln!("open: {:?}, {} bytes", start.elapsed(), index.file_bytes());
    let start = std::time::Instant::now();
    for ((ecosystem, name), advisories) in expected.iter().take(1_861) {
        assert_eq!(&index.lookup(ecosystem, name).unwrap(), advisories, "{ecosystem} {name}");
    }
    eprintln!("1861 lookups that find something: {:?}", start.elapsed());
    for ((ecosystem, name), advisories) in expected.iter().skip(1_861).step_by(7) {
        assert_eq!(&index.lookup(ecosystem, name).unwrap(), advisories, "{ecosystem} {name}");
    }
    let start = std::time::Instant::now();
    for ((ecosystem, name), _) in expected.iter().take(1_861) {
        assert_eq!(index.lookup(ecosystem, &format!("{name}-no-such")).unwrap(), []);
    }
    eprintln!("1861 lookups that find nothing: {:?}", start.elapsed());
    assert_eq!(index.all().collect::<Result<Vec<_>, _>>().unwrap(), all.into_values().collect::<Vec<_>>());

    let other = tempfile::tempdir().unwrap();
    let again = import(other.path(), &[derived, osv], &Silent).unwrap();
    assert_eq!(again.snapshot, imported.snapshot);
}

#[test]
fn a_record_that_inflates_without_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(dir.path().join("all.zip")).unwrap());
    zip.start_file("A.json", zip::write::SimpleFileOptions::default()).unwrap();
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..33 {
        std::io::Write::write_all(&mut zip, &spaces).unwrap();
    }
    zip.finish().unwrap();
    match import(&dir.path().join("db"), &[dir.path().join("all.zip")], &Silent) {
        Err(ImportError::Source { reason, .. }) => assert_eq!(reason, "larger than 32 MiB"),
        other => panic!("{other:?}"),
    }
}
