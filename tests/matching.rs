//! Matching and version orderings against what native tools and other services say. The data is found at `../shared/data`
//! or `PROOFMARK_DATA`; without it these tests say that they were skipped.
#![expect(clippy::disallowed_methods, reason = "reads test data")]

use proofmark::matching::version::{Unordered, compare};
use proofmark::model::EcosystemKind;
use std::cmp::Ordering;
use std::path::PathBuf;

/// The folder of the data, said to be missing where it is.
fn data(test: &str, folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PROOFMARK_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = root.join(folder);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED {test}: no test data at {}", path.display());
    None
}

/// Every line of these files holds for the ecosystem, both ways round.
fn vectors(test: &str, kinds: &[EcosystemKind], files: &[&str]) {
    let Some(folder) = data(test, "version-vectors") else { return };
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for line in text.lines() {
            let [a, sign, b] = line.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{file}: {line}") };
            let expected = match sign {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                _ => Ordering::Greater,
            };
            for kind in kinds {
                for (a, b, expected) in [(a, b, expected), (b, a, expected.reverse())] {
                    let got = compare(kind, a, b);
                    if got != Ok(expected) {
                        wrong.push(format!("{file}: {} {a} {b}: {got:?}, not {expected:?}", kind.as_str()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}

#[test]
fn semver_vectors() {
    use EcosystemKind::{CratesIo, Go, Hex, Npm};
    vectors("semver_vectors", &[Npm, CratesIo, Go, Hex], &["semver-versions.txt"]);
}

#[test]
fn pypi_vectors() {
    vectors("pypi_vectors", &[EcosystemKind::PyPI], &["pypi-versions.txt", "pypi-versions-generated.txt"]);
}

#[test]
fn debian_vectors() {
    let files = ["debian-versions.txt", "debian-versions-generated.txt", "debian-changelog-real.txt"];
    vectors("debian_vectors", &[EcosystemKind::Debian, EcosystemKind::Ubuntu], &files);
}

#[test]
fn alpine_vectors() {
    use EcosystemKind::{Alpine, Chainguard, Wolfi};
    vectors("alpine_vectors", &[Alpine, Wolfi, Chainguard], &["alpine-versions.txt", "alpine-versions-generated.txt"]);
}

#[test]
fn an_ecosystem_without_an_ordering_says_so() {
    let kind = EcosystemKind::parse("GHC");
    assert_eq!(compare(&kind, "1", "2"), Err(Unordered::Ecosystem("GHC".into())));
}
