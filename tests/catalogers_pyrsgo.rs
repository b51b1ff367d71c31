//! The catalogers of Python, Rust and Go against real files and what other scanners and the files themselves say. The data
//! is found at `../shared/data` or `PROOFMARK_DATA`; without it these tests say that they were skipped.
//!
//! Where we differ on purpose, a row of `fixtures/catalogers/differences-pyrsgo.json` says so: packages that are
//! missing or more, how many gaps there are, and why. A difference without its row fails, and so does a row without its difference.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "reads test data, and fails or says so where it is not as it should be"
)]

#[path = "common/tools.rs"]
mod tools;

use proofmark::adapters::scanner::builtin::catalog::{Cataloger, Content, File, FileFacts, Found, ParseError, Parsed};
use proofmark::adapters::scanner::builtin::catalogers::ALL;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A case where we say something else than what is expected.
#[derive(Debug, Default, Deserialize, PartialEq)]
struct Difference {
    extractor: String,
    case: String,
    #[serde(default)]
    missing: Vec<String>,
    #[serde(default)]
    more: Vec<String>,
    #[serde(default)]
    gaps: usize,
    #[serde(default)]
    why: String,
}

/// The folder of the data, said to be missing where it is.
fn data(test: &str, folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PROOFMARK_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = root.join(folder);
    if path.exists() {
        return Some(path);
    }
    tools::skip(test, &format!("no test data at {}", path.display()));
    None
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

fn cataloger(name: &str) -> &'static dyn Cataloger {
    *ALL.iter().find(|cataloger| cataloger.name() == name).unwrap()
}

/// Reads a file under another path; declared companions lie beside the real one.
fn parse(cataloger: &dyn Cataloger, real: &Path, path: &str) -> Result<Parsed, ParseError> {
    let bytes = std::fs::read(real).unwrap();
    let facts = FileFacts { path, size: bytes.len() as u64, executable: false };
    assert!(cataloger.wants(&facts), "{} does not want {path}", cataloger.name());
    let companion = |name: &str| {
        cataloger.companions().contains(&name).then(|| std::fs::read(real.with_file_name(name)).ok()).flatten()
    };
    cataloger.parse(&File { path, content: Content::Bytes(&bytes), companion: &companion })
}

/// `type name version`, names of the index in their one spelling, Go versions with their `v`.
fn said(kind: &str, name: &str, version: &str) -> String {
    match kind {
        "pypi" => format!("pypi {} {version}", name.to_lowercase().replace(['_', '.'], "-")),
        "golang" if name != "stdlib" => format!("golang {name} v{}", version.trim_start_matches('v')),
        _ => format!("{kind} {name} {version}"),
    }
}

fn expected(packages: &Value) -> BTreeSet<String> {
    let text = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
    let each = |package| said(&text(package, "type"), &text(package, "name"), &text(package, "version"));
    packages.as_array().unwrap().iter().map(each).collect()
}

fn found(parsed: &Parsed) -> BTreeSet<String> {
    let each = |found: &Found| match found {
        Found::Component(component) => said(component.purl.kind(), &component.name, &component.version),
        other => panic!("{other:?}"),
    };
    parsed.found.iter().map(each).collect()
}

/// How a result differs from what is expected.
fn difference(extractor: &str, case: &str, expected: &BTreeSet<String>, parsed: &Parsed) -> Difference {
    let found = found(parsed);
    Difference {
        extractor: extractor.into(),
        case: case.into(),
        missing: expected.difference(&found).cloned().collect(),
        more: found.difference(expected).cloned().collect(),
        gaps: parsed.gaps.len(),
        why: String::new(),
    }
}

/// The differences of these extractors are those of the table, no more and no fewer.
fn enforce(extractors: &[&str], seen: Vec<Difference>) {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/catalogers/differences-pyrsgo.json");
    let rows: Vec<Difference> = serde_json::from_value(json(&table)).unwrap();
    assert!(rows.iter().all(|row| !row.why.is_empty()), "a difference needs its reason");
    let mut rows: Vec<Difference> = rows
        .into_iter()
        .filter(|row| extractors.contains(&row.extractor.as_str()))
        .map(|row| Difference { why: String::new(), ..row })
        .collect();
    let differs = |case: &Difference| !case.missing.is_empty() || !case.more.is_empty() || case.gaps > 0;
    let mut unexplained = Vec::new();
    for case in seen.into_iter().filter(differs) {
        match rows.iter().position(|row| *row == case) {
            Some(index) => drop(rows.remove(index)),
            None => unexplained.push(case),
        }
    }
    assert!(unexplained.is_empty() && rows.is_empty(), "without a row: {unexplained:#?}\nrow only: {rows:#?}");
}

#[test]
fn small_fixtures() {
    let extractors = [
        ("requirements", "python-requirements", "a/requirements.txt"),
        ("poetrylock", "poetry-lock", "a/poetry.lock"),
        ("uvlock", "uv-lock", "a/uv.lock"),
        ("wheelegg", "python-dist-info", "a/x.dist-info/METADATA"),
        ("cargolock", "cargo-lock", "a/Cargo.lock"),
        ("gomod", "go-mod", "a/go.mod"),
    ];
    let Some(root) = data("small_fixtures", "lockfile-fixtures") else { return };
    let mut seen = Vec::new();
    for (extractor, name, path) in extractors {
        let folder = root.join(extractor);
        for case in json(&folder.join("cases.json"))["cases"].as_array().unwrap() {
            let label = case["case"].as_str().unwrap();
            let result = parse(cataloger(name), &folder.join(case["file"].as_str().unwrap()), path);
            match (case["expect_error"].as_bool().unwrap(), result) {
                (true, Ok(parsed)) => assert!(!parsed.gaps.is_empty(), "{extractor} {label}: neither error nor gap"),
                (true, Err(_)) => {}
                (false, Ok(parsed)) => seen.push(difference(extractor, label, &expected(&case["packages"]), &parsed)),
                (false, Err(error)) => {
                    let parsed = Parsed { found: Vec::new(), gaps: vec![error.to_string()] };
                    seen.push(difference(extractor, label, &expected(&case["packages"]), &parsed));
                }
            }
        }
    }
    enforce(&extractors.map(|(extractor, _, _)| extractor), seen);
}

/// The cataloger of a file, by the file's name.
fn reader(path: &str) -> Option<&'static dyn Cataloger> {
    let name = match path.rsplit('/').next().unwrap() {
        "requirements.txt" => "python-requirements",
        "poetry.lock" => "poetry-lock",
        "uv.lock" => "uv-lock",
        "Cargo.lock" => "cargo-lock",
        "go.mod" => "go-mod",
        _ => return None,
    };
    Some(cataloger(name))
}

#[test]
fn lockfiles_of_projects() {
    let Some(root) = data("lockfiles_of_projects", "lockfiles") else { return };
    let mut seen = Vec::new();
    for (set, file) in [
        ("requirements-sigstore-hashes", "requirements.txt"),
        ("requirements-trivy-docs", "requirements.txt"),
        ("poetry-osvdev", "poetry.lock"),
        ("uv-bank-contacts", "uv.lock"),
        ("uv-ruff", "uv.lock"),
        ("cargo-deny", "Cargo.lock"),
        ("cargo-fd", "Cargo.lock"),
        ("cargo-ripgrep", "Cargo.lock"),
        ("gomod-chainloop", "go.mod"),
        ("gomod-slsa-verifier", "go.mod"),
        ("gomod-witness", "go.mod"),
    ] {
        let parsed = parse(reader(file).unwrap(), &root.join(set).join("project").join(file), file).unwrap();
        let derived = root.join(set).join("expected.derived.json");
        let expected = if derived.exists() {
            expected(&json(&derived))
        } else {
            let listed = json(&root.join(set).join("expected.syft.json"));
            let kind = if file == "go.mod" { "golang" } else { "pypi" };
            let text = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
            let each = |package| said(kind, &text(package, "name"), &text(package, "version"));
            listed.as_array().unwrap().iter().map(each).collect()
        };
        seen.push(difference("lockfiles", set, &expected, &parsed));
    }
    enforce(&["lockfiles"], seen);
}

#[test]
fn monorepos() {
    let Some(root) = data("monorepos", "monorepo") else { return };
    let mut seen = Vec::new();
    for project in ["bank-of-anthos", "microservices-demo", "microservices-demo-v0.3.9"] {
        for entry in json(&root.join(project).join("expected.per-lockfile.json"))["lockfiles"].as_array().unwrap() {
            let path = entry["path"].as_str().unwrap();
            let Some(reader) = reader(path) else { continue };
            let parsed = parse(reader, &root.join(project).join("tree").join(path), path).unwrap();
            seen.push(difference("monorepo", &format!("{project}/{path}"), &expected(&entry["packages"]), &parsed));
        }
    }
    assert!(seen.len() >= 19, "{}", seen.len());
    enforce(&["monorepo"], seen);
}

/// Lockfiles cut anywhere, at byte granularity for small ones: fewer components only with an error or a gap.
#[test]
fn cut_lockfiles_are_missed() {
    let Some(root) = data("cut_lockfiles_are_missed", "lockfiles") else { return };
    for (set, file) in [("cargo-fd", "Cargo.lock"), ("poetry-osvdev", "poetry.lock"), ("uv-bank-contacts", "uv.lock")] {
        let bytes = std::fs::read(root.join(set).join("project").join(file)).unwrap();
        let reader = reader(file).unwrap();
        let read =
            |bytes: &[u8]| reader.parse(&File { path: file, content: Content::Bytes(bytes), companion: &|_| None });
        let whole = read(&bytes).unwrap().found.len();
        let mut silent = Vec::new();
        for end in (0..bytes.len()).step_by(bytes.len() / 250).chain(cuts(&bytes)) {
            if read(&bytes[..end]).is_ok_and(|parsed| parsed.gaps.is_empty() && parsed.found.len() < whole) {
                silent.push(end);
            }
        }
        assert!(silent.is_empty(), "{set}: cut unnoticed at {silent:?} of {}", bytes.len());
    }
}

/// Where one entry ends and the next begins, every third.
fn cuts(bytes: &[u8]) -> Vec<usize> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.match_indices("[[package]]").map(|(at, _)| at).step_by(3).collect()
}

#[test]
fn broken_files_do_no_harm() {
    let Some(root) = data("broken_files_do_no_harm", "lockfile-fixtures") else { return };
    let mut state = 0x9e37_79b9_u32;
    let mut random = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % limit.max(1)
    };
    for extractor in ["requirements", "poetrylock", "uvlock", "wheelegg", "cargolock", "gomod"] {
        for entry in std::fs::read_dir(root.join(extractor).join("f")).unwrap() {
            let seed = std::fs::read(entry.unwrap().path()).unwrap();
            for round in 0..120 {
                let mut bytes = seed.clone();
                match round % 3 {
                    0 => bytes.truncate(random(seed.len())),
                    _ => (0..=random(3)).for_each(|_| {
                        let at = random(bytes.len());
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte = b"\n\\\"'[](){}=#:/-@; \0\xff9a"[random(22)];
                        }
                    }),
                }
                let companion = |_: &str| Some(bytes.clone());
                for cataloger in ALL {
                    let path = "requirements.txt";
                    drop(cataloger.parse(&File { path, content: Content::Bytes(&bytes), companion: &companion }));
                }
            }
        }
    }
}
