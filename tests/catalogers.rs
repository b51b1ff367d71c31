//! Catalogers against real lockfiles, and against what other scanners expect of small ones.
//!
//! Every difference from an expectation is a row of `fixtures/catalogers/differences.toml` with its reason; a row that no
//! longer holds fails as well.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "reads the data it is held against, and says so where there is none"
)]

#[path = "common/tools.rs"]
mod tools;

use proofmark::adapters::scanner::builtin::catalog::{Content, File, FileFacts, Found, ParseError, Parsed};
use proofmark::adapters::scanner::builtin::catalogers;
use proofmark::model::{Component, Scope};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folder of real data, or `None` with a loud line.
fn data(test: &str, folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PROOFMARK_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let folder = root.join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    tools::skip(test, &format!("no test data at {}", folder.display()));
    None
}

/// What the catalogers make of a file that lies at `path` of a subject, with its neighbours on disk as companions.
fn read(on_disk: &Path, path: &str, installed: bool) -> Option<Result<Parsed, ParseError>> {
    let bytes = std::fs::read(on_disk).unwrap();
    let facts = FileFacts { path, size: bytes.len() as u64, executable: false };
    let cataloger = catalogers::for_file(installed, &facts).next()?;
    let companion = |name: &str| {
        let may = cataloger.companions().contains(&name) || name.ends_with("pom.xml");
        may.then(|| std::fs::read(on_disk.with_file_name(name)).ok()).flatten()
    };
    Some(cataloger.parse(&File { path, content: Content::Bytes(&bytes), companion: &companion }))
}

fn components(parsed: &Parsed) -> Vec<&Component> {
    let found = parsed.found.iter();
    found.filter_map(|found| if let Found::Component(component) = found { Some(component) } else { None }).collect()
}

/// Name and version as expectations write them: PyPI names normalised, Go versions without `v`.
fn plain(kind: &str, name: &str, version: &str) -> String {
    match kind {
        "pypi" | "python" => {
            let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
            format!("{}@{version}", parts.join("-").to_lowercase())
        }
        "golang" | "go-module" => format!("{name}@{}", version.trim_start_matches('v')),
        _ => format!("{name}@{version}"),
    }
}

/// Names and versions, with the type of their package URLs.
fn shown(parsed: &Parsed) -> BTreeMap<String, String> {
    let one = |c: &&Component| (plain(c.purl.kind(), &c.name, &c.version), c.purl.kind().to_owned());
    components(parsed).iter().map(one).collect()
}

/// How a result differs from an expectation: `missing a@1`, `extra a@1`, `kind a@1` where the package URL is of another
/// type, and `gap` where the file should read as whole.
fn differences(found: &Parsed, expected: &[Package], whole: bool) -> Vec<String> {
    let ours = shown(found);
    let theirs: BTreeMap<String, &str> =
        expected.iter().map(|package| (package.plain(), package.purl_type())).collect();
    let missing =
        theirs.keys().filter(|package| !ours.contains_key(*package)).map(|package| format!("missing {package}"));
    let extra = ours.keys().filter(|package| !theirs.contains_key(*package)).map(|package| format!("extra {package}"));
    let of_another = |(package, kind): (&String, &&str)| ours.get(package).is_some_and(|ours| ours != kind);
    let kinds = theirs.iter().filter(|each| of_another(*each)).map(|(package, _)| format!("kind {package}"));
    let gap = (whole && !found.gaps.is_empty()).then(|| "gap".to_owned());
    missing.chain(extra).chain(kinds).chain(gap).collect()
}

#[derive(Deserialize)]
struct Table {
    difference: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    /// `small/EXTRACTOR/FILE`, `lockfiles/SET` or `monorepo/REPOSITORY/PATH`; with one `*`, all files of the kind.
    file: String,
    /// Differences, as [`differences`] words them; with one `*`, all of the kind.
    what: Vec<String>,
    why: String,
}

/// Whether a text is what a row names: the text itself, or one that a `*` in it stands for.
fn is_named(row: &str, text: &str) -> bool {
    match row.split_once('*') {
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
        None => row == text,
    }
}

/// Holds the differences found in one part of the data against the table, both ways.
fn hold_against_table(part: &str, found: BTreeMap<String, Vec<String>>) {
    let table: Table = toml::from_str(include_str!("fixtures/catalogers/differences.toml")).unwrap();
    let mut rows: Vec<(String, String)> = Vec::new();
    for row in table.difference.into_iter().filter(|row| row.file.starts_with(part)) {
        assert!(row.why.len() > 20, "{}: a difference without a reason", row.file);
        rows.extend(row.what.into_iter().map(|what| (row.file.clone(), what)));
    }
    let found: BTreeSet<(String, String)> = found
        .into_iter()
        .flat_map(|(file, differences)| differences.into_iter().map(move |what| (file.clone(), what)))
        .collect();
    let explains =
        |row: &(String, String), one: &(String, String)| is_named(&row.0, &one.0) && is_named(&row.1, &one.1);
    let unexplained = found.iter().filter(|one| !rows.iter().any(|row| explains(row, one)));
    let mut wrong: Vec<String> = unexplained.map(|(file, what)| format!("{file}: not in the table: {what}")).collect();
    let stale = rows.iter().filter(|row| !found.iter().any(|one| explains(row, one)));
    wrong.extend(stale.map(|(file, what)| format!("{file}: in the table, but no longer so: {what}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    present_as: String,
    expect_error: bool,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    version: String,
    #[serde(default)]
    dev: bool,
    purl: Option<String>,
}

impl Package {
    /// As [`plain`]. What knows Maven's artifacts by their last name alone has the group in the package URL.
    fn plain(&self) -> String {
        let version = if self.version == "UNKNOWN" { "" } else { &self.version };
        match &self.purl {
            Some(purl) if self.kind == "java-archive" => {
                let path = purl.trim_start_matches("pkg:maven/").split(['@', '?']).next().unwrap();
                plain("maven", &path.replacen('/', ":", 1), version)
            }
            _ => plain(&self.kind, &self.name, version),
        }
    }

    /// The type of its package URL.
    fn purl_type(&self) -> &str {
        match self.kind.as_str() {
            "go-module" => "golang",
            "java-archive" => "maven",
            "pod" => "cocoapods",
            "python" => "pypi",
            other => other,
        }
    }
}

/// The extractors whose kind of file we read, and the path under which a case lies where its own says too little.
const EXTRACTORS: &[(&str, Option<&str>)] = &[
    ("pubspec", None),
    ("pomxml", None),
    ("podfilelock", None),
    ("packageresolved", None),
    ("mixlock", None),
    ("gradlelockfile", None),
    ("condameta", None),
    ("conanlock", None),
    ("bunlock", None),
    ("cargolock", None),
    ("composerlock", None),
    ("depsjson", None),
    ("gemfilelock", None),
    ("gomod", None),
    ("packagejson", Some("node_modules/a/package.json")),
    ("packagelockjson", None),
    ("packagesconfig", None),
    ("packageslockjson", None),
    ("pdmlock", None),
    ("pipfilelock", None),
    ("pnpmlock", None),
    ("poetrylock", None),
    ("pylock", None),
    ("requirements", None),
    ("uvlock", None),
    ("wheelegg", Some("a.dist-info/METADATA")),
    ("yarnlock", None),
    ("cabal", None),
    ("cargotoml", None),
    ("denojson", None),
    ("gradleverificationmetadataxml", None),
    ("renvlock", None),
    ("stacklock", None),
];

/// Those that are read where packages are installed.
const INSTALLED: &[&str] = &["condameta", "depsjson", "packagejson", "wheelegg"];

#[test]
fn small_fixtures_give_what_is_expected() {
    let Some(root) = data("small_fixtures_give_what_is_expected", "lockfile-fixtures") else { return };
    let mut found = BTreeMap::new();
    let mut count = 0;
    for (extractor, place) in EXTRACTORS.iter().copied() {
        let folder = root.join(extractor);
        let cases: Cases = serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
        for case in cases.cases {
            count += 1;
            let installed = INSTALLED.contains(&extractor);
            let path = place.filter(|_| !case.file.ends_with(".whl")).unwrap_or(&case.present_as).to_owned();
            let expected = &case.packages;
            let differences = match read(&folder.join(&case.file), &path, installed) {
                None => vec!["not read".to_owned()],
                Some(Err(_)) if case.expect_error && expected.is_empty() => vec![],
                Some(Err(error)) => vec![format!("refused: {error}")],
                Some(Ok(parsed)) if case.expect_error && parsed.gaps.is_empty() => vec!["accepted".to_owned()],
                Some(Ok(parsed)) => differences(&parsed, expected, !case.expect_error),
            };
            let file = case.file.trim_start_matches("f/");
            found.entry(format!("small/{extractor}/{file}")).or_insert_with(Vec::new).extend(differences);
        }
    }
    assert!(count >= 70, "{count} cases");
    hold_against_table("small/", found);
}

#[test]
fn real_lockfiles_give_what_is_in_them() {
    let Some(root) = data("real_lockfiles_give_what_is_in_them", "lockfiles") else { return };
    let sets: [(&str, &[&str]); 29] = [
        ("cargo-deny", &["Cargo.lock"]),
        ("cargo-fd", &["Cargo.lock"]),
        ("cargo-ripgrep", &["Cargo.lock"]),
        ("composer-composer", &["composer.lock"]),
        ("conan-trivy-fixture", &["conan.lock"]),
        ("gemfile-osvdev-docs", &["Gemfile.lock"]),
        ("gomod-chainloop", &["go.mod"]),
        ("gomod-slsa-verifier", &["go.mod"]),
        ("gomod-witness", &["go.mod"]),
        ("gradle-maybe", &["gradle.lockfile", "buildscript-gradle.lockfile"]),
        ("mix-phoenix", &["mix.lock"]),
        ("npm-v1-nabla", &["package-lock.json"]),
        ("npm-v2-osv-intoto", &["package-lock.json"]),
        ("npm-v2-protobuf-specs", &["package-lock.json"]),
        ("npm-v3-bookstack", &["package-lock.json"]),
        ("nuget-stryker-ut-mstest", &["packages.lock.json"]),
        ("pipfile-osv-ghsa", &["Pipfile.lock"]),
        ("pnpm9-osvdev-frontend", &["pnpm-lock.yaml"]),
        ("podfile-localsend-macos", &["Podfile.lock"]),
        ("poetry-osvdev", &["poetry.lock"]),
        ("pom-bank-parent", &["pom.xml", "sub/pom.xml"]),
        ("pubspec-basic-utils", &["pubspec.lock"]),
        ("requirements-sigstore-hashes", &["requirements.txt"]),
        ("requirements-trivy-docs", &["requirements.txt"]),
        ("uv-bank-contacts", &["uv.lock"]),
        ("uv-ruff", &["uv.lock"]),
        ("yarn-berry-maybe", &["yarn.lock"]),
        ("yarn-berry-retail-e2e", &["yarn.lock"]),
        ("yarn1-load-generator", &["yarn.lock"]),
    ];
    let mut found = BTreeMap::new();
    for (set, names) in sets {
        let folder = root.join(set);
        let derived = folder.join("expected.derived.json");
        let list = if derived.exists() { derived } else { folder.join("expected.syft.json") };
        let packages: Vec<Package> = serde_json::from_slice(&std::fs::read(list).unwrap()).unwrap();
        let mut parsed = Parsed::default();
        for name in names {
            let one = read(&folder.join("project").join(name), name, false).unwrap().unwrap();
            parsed.found.extend(one.found);
            parsed.gaps.extend(one.gaps);
        }
        let mut differing = differences(&parsed, &packages, true);
        if DEVELOPMENT.iter().any(|prefix| set.starts_with(prefix)) {
            // A package in several places is for development only where all of them are.
            let with = |dev| packages.iter().filter(move |package| package.dev == dev).map(Package::plain);
            let needed: BTreeSet<String> = with(false).collect();
            let development: BTreeSet<String> = with(true).collect();
            for component in components(&parsed) {
                let package = plain(component.purl.kind(), &component.name, &component.version);
                let expected = development.contains(&package) && !needed.contains(&package);
                let differs = expected != (component.scope == Scope::Development);
                differing.extend(differs.then(|| format!("scope {package}")));
            }
        }
        found.insert(format!("lockfiles/{set}"), differing);
    }
    hold_against_table("lockfiles/", found);
}

/// Sets whose expectations tell what is needed for development only.
const DEVELOPMENT: [&str; 4] = ["composer-", "npm-", "pipfile-", "pubspec-"];

#[derive(Deserialize)]
struct PerLockfile {
    lockfiles: Vec<ExpectedLockfile>,
}

#[derive(Deserialize)]
struct ExpectedLockfile {
    path: String,
    packages: Vec<Package>,
}

#[test]
fn monorepos_give_what_is_in_them() {
    let Some(root) = data("monorepos_give_what_is_in_them", "monorepo") else { return };
    let mut found = BTreeMap::new();
    for repository in ["bank-of-anthos", "microservices-demo", "microservices-demo-v0.3.9"] {
        let folder = root.join(repository);
        let expected: PerLockfile =
            serde_json::from_slice(&std::fs::read(folder.join("expected.per-lockfile.json")).unwrap()).unwrap();
        for lockfile in expected.lockfiles {
            let parsed = read(&folder.join("tree").join(&lockfile.path), &lockfile.path, false).unwrap().unwrap();
            found.insert(
                format!("monorepo/{repository}/{}", lockfile.path),
                differences(&parsed, &lockfile.packages, true),
            );
        }
    }
    hold_against_table("monorepo/", found);
}

/// Real lockfiles whose format shows a cut, or in which who needs what does.
const CUT: [(&str, &str); 10] = [
    ("cargo-fd", "Cargo.lock"),
    ("gomod-witness", "go.mod"),
    ("npm-v3-bookstack", "package-lock.json"),
    ("pnpm9-osvdev-frontend", "pnpm-lock.yaml"),
    ("poetry-osvdev", "poetry.lock"),
    ("requirements-sigstore-hashes", "requirements.txt"),
    ("requirements-trivy-docs", "requirements.txt"),
    ("uv-ruff", "uv.lock"),
    ("yarn-berry-maybe", "yarn.lock"),
    ("yarn1-load-generator", "yarn.lock"),
];

/// Those that show it wherever they are cut, between two entries as well.
const CUT_ANYWHERE: [(&str, &str); 3] =
    [("cargo-fd", "Cargo.lock"), ("poetry-osvdev", "poetry.lock"), ("uv-bank-contacts", "uv.lock")];

/// A cataloger, held to what the first bytes of a real lockfile say.
fn reader(root: &Path, set: &str, name: &'static str) -> (Vec<u8>, impl Fn(&[u8]) -> Result<Parsed, ParseError>) {
    let bytes = std::fs::read(root.join(set).join("project").join(name)).unwrap();
    let facts = FileFacts { path: name, size: bytes.len() as u64, executable: false };
    let cataloger = catalogers::for_file(false, &facts).next().unwrap();
    let read =
        move |bytes: &[u8]| cataloger.parse(&File { path: name, content: Content::Bytes(bytes), companion: &|_| None });
    (bytes, read)
}

/// A real lockfile cut at many places never reads as whole with fewer components.
#[test]
fn cut_lockfiles_do_not_read_as_whole() {
    let Some(root) = data("cut_lockfiles_do_not_read_as_whole", "lockfiles") else { return };
    let mut silent = Vec::new();
    for (set, name) in CUT {
        let (bytes, read) = reader(&root, set, name);
        for percent in (10..100).step_by(10) {
            if read(&bytes[..bytes.len() * percent / 100]).is_ok_and(|parsed| parsed.gaps.is_empty()) {
                silent.push(format!("{set} cut at {percent} %"));
            }
        }
    }
    for (set, name) in CUT_ANYWHERE {
        let (bytes, read) = reader(&root, set, name);
        let whole = read(&bytes).unwrap().found.len();
        let text = std::str::from_utf8(&bytes).unwrap();
        let entries = text.match_indices("[[package]]").map(|(at, _)| at).step_by(3);
        for end in (0..bytes.len()).step_by(bytes.len() / 250).chain(entries) {
            if read(&bytes[..end]).is_ok_and(|parsed| parsed.gaps.is_empty() && parsed.found.len() < whole) {
                silent.push(format!("{set} cut at byte {end}"));
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

/// Every fixture damaged in many ways, given to every cataloger: none panics.
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
    for (extractor, _) in EXTRACTORS {
        let folder = root.join(extractor);
        let cases: Cases = serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
        for case in cases.cases {
            let seed = std::fs::read(folder.join(&case.file)).unwrap();
            let seed = &seed[..seed.len().min(20_000)];
            for round in 0..30 {
                let mut bytes = seed.to_vec();
                match round % 3 {
                    0 => bytes.truncate(random(seed.len())),
                    _ => (0..=random(3)).for_each(|_| {
                        let at = random(bytes.len());
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte = b"\n\\\"'[](){}=#:/-@; \0\xff9a<>"[random(24)];
                        }
                    }),
                }
                let companion = |_: &str| Some(bytes.clone());
                for cataloger in catalogers::ALL {
                    let path = &case.present_as;
                    drop(cataloger.parse(&File { path, content: Content::Bytes(&bytes), companion: &companion }));
                }
            }
        }
    }
}
