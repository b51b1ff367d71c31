//! Matching and version orderings against what native tools and other services say. The data is found at `../shared/data`
//! or `PROOFMARK_DATA`; without it these tests say that they were skipped.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "reads test data, and fails or says so where it is not as it should be"
)]

#[path = "common/tools.rs"]
mod tools;

use proofmark::matching::version::{Unordered, compare};
use proofmark::matching::{match_sbom, rematch};
use proofmark::model::{
    Advisory, AdvisorySlice, Component, Digest, Ecosystem, EcosystemKind, Finding, FindingClass, Gap, GapKind,
    Location, Purl, Sbom, Severity, Snapshot, SourcePackage, Timestamp,
};
use proofmark::ports::{Advisories, AdvisoriesError};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::PathBuf;

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
    vectors("semver_vectors", &[Npm, CratesIo, Go, Hex, EcosystemKind::parse("SwiftURL")], &["semver-versions.txt"]);
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
fn maven_vectors() {
    vectors("maven_vectors", &[EcosystemKind::Maven], &["maven-versions.txt", "maven-versions-generated.txt"]);
}

#[test]
fn rubygems_vectors() {
    let files = ["rubygems-versions.txt", "rubygems-versions-generated.txt"];
    vectors("rubygems_vectors", &[EcosystemKind::RubyGems], &files);
}

#[test]
fn nuget_vectors() {
    vectors("nuget_vectors", &[EcosystemKind::NuGet], &["nuget-versions.txt"]);
}

#[test]
fn packagist_vectors() {
    let files = ["packagist-versions.txt", "packagist-versions-generated.txt"];
    vectors("packagist_vectors", &[EcosystemKind::Packagist], &files);
}

#[test]
fn pub_vectors() {
    vectors("pub_vectors", &[EcosystemKind::Pub], &["pub-versions.txt"]);
}

#[test]
fn rpm_vectors() {
    let kinds = ["Red Hat", "AlmaLinux", "Rocky Linux", "openSUSE", "SUSE"].map(EcosystemKind::parse);
    vectors("rpm_vectors", &kinds, &["redhat-versions.txt"]);
}

#[test]
fn number_list_vectors() {
    let test = "number_list_vectors";
    vectors(test, &[EcosystemKind::parse("CRAN")], &["cran-versions.txt", "cran-versions-generated.txt"]);
    vectors(test, &[EcosystemKind::parse("Hackage")], &["hackage-versions.txt"]);
}

#[test]
fn maven_records_affect_what_they_list() {
    match_vectors("maven_records_affect_what_they_list", "osv-db", "Maven", "maven.jsonl");
}

#[test]
fn an_ecosystem_without_an_ordering_says_so() {
    let kind = EcosystemKind::parse("Linux");
    assert_eq!(compare(&kind, "1", "2"), Err(Unordered::Ecosystem("Linux".into())));
}

#[test]
fn what_is_matched_has_an_ordering() {
    for name in EcosystemKind::MATCHED {
        assert_eq!(compare(&EcosystemKind::parse(name), "1.0", "1.1"), Ok(Ordering::Less), "{name}");
    }
}

#[test]
fn ecosystems_that_share_an_ordering_have_it() {
    for (name, less, more) in [
        ("openEuler", "1.0~rc1-1.oe2403", "1.0-1.oe2403"),
        ("Photon OS", "0:9.1.0-2.ph5", "0:9.1.0-10.ph5"),
        ("MinimOS", "1.2.3_rc1-r0", "1.2.3-r0"),
        ("Alpaquita", "1.2.3-r2", "1.2.3-r10"),
        ("BellSoft Hardened Containers", "1.2.3-r2", "1.2.3-r10"),
        ("Echo", "9:1.0-1", "10:0.9-1"),
        ("Bitnami", "1.9.0", "1.10.0"),
        ("GHC", "9.4.7", "9.10.1"),
        ("Julia", "1.0.0-rc1", "1.0.0"),
        ("Julia", "1.0.0", "1.0.0+1"),
        ("Julia", "1.0.0+2", "1.0.0+10"),
        ("Bioconductor", "1.9.0", "1.10.0"),
        ("ConanCenter", "1.2.11", "1.2.11.1"),
        ("ConanCenter", "1.1.1k", "1.1.1w"),
        ("opam", "5.0.0~beta1", "5.0.0"),
        ("GitHub Actions", "3.2.1", "4.0.0"),
        ("VSCode", "2023.9.0", "2023.10.0"),
    ] {
        let kind = EcosystemKind::parse(name);
        assert_eq!(compare(&kind, less, more), Ok(std::cmp::Ordering::Less), "{name}: {less} < {more}");
        assert_eq!(compare(&kind, more, less), Ok(std::cmp::Ordering::Greater), "{name}: {more} > {less}");
    }
}

/// A record of the OSV schema as the index would keep it.
fn advisory(mut record: Value) -> Advisory {
    let get = |value: &Value, path: &str| value.pointer(path).cloned().filter(|found| !found.is_null());
    record["database_severity"] = get(&record, "/database_specific/severity").unwrap_or_default();
    let mut upstream = record.get("upstream").and_then(Value::as_array).cloned().unwrap_or_default();
    if upstream.is_empty() && record["id"].as_str().is_some_and(|id| id.starts_with("AL")) {
        upstream = record["related"].as_array().cloned().unwrap_or_default();
    }
    record["upstream"] = upstream.into();
    let Value::Array(mut affected) = record["affected"].take() else { panic!("{}", record["id"]) };
    affected.retain(|entry| entry["package"]["name"].is_string());
    for entry in &mut affected {
        let rating = ["/ecosystem_specific/severity", "/ecosystem_specific/urgency", "/database_specific/severity"];
        entry["database_severity"] = rating.iter().find_map(|path| get(entry, path)).unwrap_or_default();
        let informational = ["/database_specific/informational", "/ecosystem_specific/informational"];
        entry["informational"] = informational.iter().find_map(|path| get(entry, path)).unwrap_or_default();
        entry["os"] = get(entry, "/ecosystem_specific/affects/os").unwrap_or_else(|| json!([]));
        if let Some(ranges) = entry.get_mut("ranges").and_then(Value::as_array_mut) {
            ranges.retain(|range| range["type"] != "GIT");
        }
    }
    record["affected"] = affected.into();
    serde_json::from_value(record).unwrap()
}

/// A database in memory.
struct Database {
    snapshot: Snapshot,
    advisories: Vec<Advisory>,
    /// Positions in `advisories` by family and normal name.
    names: BTreeMap<(EcosystemKind, String), BTreeSet<usize>>,
}

impl Database {
    fn new(mut advisories: Vec<Advisory>) -> Self {
        advisories.sort_by(|a, b| a.id.cmp(&b.id));
        advisories.dedup_by(|a, b| a.id == b.id);
        let mut names: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        let mut ecosystems: BTreeMap<Ecosystem, u64> = BTreeMap::new();
        for (at, advisory) in advisories.iter().enumerate() {
            for entry in &advisory.affected {
                let Ecosystem { kind, .. } = &entry.package.ecosystem;
                let name = kind.normal_name(&entry.package.name).into_owned();
                names.entry((kind.clone(), name)).or_default().insert(at);
                *ecosystems.entry(entry.package.ecosystem.clone()).or_default() += 1;
            }
        }
        let modified = Timestamp::parse("2026-11-22").unwrap();
        Self { snapshot: Snapshot { digest: Digest::of(b"database"), modified, ecosystems }, advisories, names }
    }

    /// Every record of a folder in the osv.dev layout.
    fn load(folder: &std::path::Path, ecosystems: &[&str]) -> Self {
        let mut advisories = Vec::new();
        for ecosystem in ecosystems {
            let file = std::fs::File::open(folder.join(ecosystem).join("all.zip")).unwrap();
            let mut zip = zip::ZipArchive::new(file).unwrap();
            for at in 0..zip.len() {
                let mut text = Vec::new();
                zip.by_index(at).unwrap().read_to_end(&mut text).unwrap();
                advisories.push(advisory(serde_json::from_slice(&text).unwrap()));
            }
        }
        Self::new(advisories)
    }
}

impl Advisories for Database {
    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn lookup(&self, ecosystem: &Ecosystem, name: &str) -> Result<Vec<Advisory>, AdvisoriesError> {
        let key = (ecosystem.kind.clone(), ecosystem.kind.normal_name(name).into_owned());
        let found = self.names.get(&key).into_iter().flatten().map(|at| self.advisories[*at].clone());
        let cut = found.map(|mut advisory| {
            advisory.affected.retain(|entry| {
                let package = &entry.package;
                package.ecosystem.kind == key.0
                    && key.0.normal_name(&package.name) == key.1
                    && (package.ecosystem.release.is_none() || package.ecosystem.release == ecosystem.release)
            });
            advisory
        });
        Ok(cut.filter(|advisory| advisory.withdrawn.is_none() && !advisory.affected.is_empty()).collect())
    }
}

/// A component of an ecosystem, looked up by its own name.
fn component(ecosystem: &str, name: &str, version: &str) -> Component {
    let purl = Purl::build("generic", Some(&ecosystem.replace(':', "-")), name, Some(version), &[]).unwrap();
    Component::new(purl, name, version, Some(Ecosystem::from(ecosystem.to_owned())))
}

/// Matches, and holds the match against a replay from its own slice, stored and read.
fn matched(database: &Database, components: Vec<Component>) -> (Vec<Finding>, Vec<Gap>) {
    let sbom = Sbom { components, ..Sbom::default() }.normalized();
    matched_sbom(database, &sbom)
}

fn matched_sbom(database: &Database, sbom: &Sbom) -> (Vec<Finding>, Vec<Gap>) {
    let matched = match_sbom(sbom, database).unwrap();
    let stored = serde_json::to_vec(&matched.slice).unwrap();
    let slice: AdvisorySlice = serde_json::from_slice(&stored).unwrap();
    assert_eq!(rematch(sbom, &slice), (matched.findings.clone(), matched.gaps.clone()));
    assert!(matched.slice.advisories.windows(2).all(|pair| pair[0].id < pair[1].id));
    (matched.findings, matched.gaps)
}

/// Every record that matches each package of a list, and the gaps.
fn records(
    database: &Database,
    packages: &[(String, String, String)],
) -> (BTreeMap<String, BTreeSet<String>>, Vec<Gap>) {
    let components: Vec<Component> = packages.iter().map(|(e, n, v)| component(e, n, v)).collect();
    let (findings, gaps) = matched(database, components);
    let mut records: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in findings {
        records.entry(finding.package.to_string()).or_default().extend(finding.advisories);
    }
    (records, gaps)
}

/// The registry packages of a `Cargo.lock`.
fn locked(project: &std::path::Path) -> Vec<Component> {
    let lock: toml::Table = std::fs::read_to_string(project.join("Cargo.lock")).unwrap().parse().unwrap();
    let registry = |package: &&toml::Value| {
        package.get("source").and_then(toml::Value::as_str).is_some_and(|source| source.starts_with("registry+"))
    };
    let packages = lock["package"].as_array().unwrap().iter().filter(registry);
    packages
        .map(|package| component("crates.io", package["name"].as_str().unwrap(), package["version"].as_str().unwrap()))
        .collect()
}

#[test]
fn cargo_audit_finds_the_same() {
    let Some(folder) = data("cargo_audit_finds_the_same", "match-oracle-cargo") else { return };
    let all = Database::load(&folder.join("../osv-db"), &["crates.io"]);
    let rustsec = all.advisories.iter().filter(|advisory| advisory.id.starts_with("RUSTSEC-")).cloned();
    let rustsec = Database::new(rustsec.collect());
    let mut total = 0;
    for project in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let text = std::fs::read_to_string(project.join("expected.cargo-audit.json")).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        let expected: BTreeMap<(String, String), FindingClass> = expected["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                let get = |key: &str| finding[key].as_str().unwrap();
                let purl = component("crates.io", get("package"), get("version")).purl.to_string();
                ((purl, get("id").to_owned()), serde_json::from_value(finding["kind"].clone()).unwrap())
            })
            .collect();
        total += expected.len();
        for database in [&all, &rustsec] {
            let (findings, gaps) = matched(database, locked(&project));
            assert_eq!(gaps, []);
            let mut found = BTreeSet::new();
            for finding in &findings {
                let ids = finding.advisories.iter().filter(|id| id.starts_with("RUSTSEC-"));
                let keys: Vec<_> = ids.map(|id| (finding.package.to_string(), id.clone())).collect();
                // One flaw that two records speak of is of the more serious class. GHSA has no classes: with its records
                // what RustSec calls unsound is a vulnerability.
                use FindingClass::{Notice, Unmaintained, Unsound, Vulnerability};
                let serious = [Vulnerability, Unsound, Unmaintained, Notice];
                let class = serious.into_iter().find(|class| keys.iter().any(|key| expected.get(key) == Some(class)));
                if std::ptr::eq(database, &rustsec) {
                    assert_eq!(Some(finding.class), class, "{finding:?}");
                }
                found.extend(keys);
            }
            assert!(found.iter().eq(expected.keys()), "{}: {found:?}\n{expected:?}", project.display());
        }
    }
    assert_eq!(total, 228);
}

/// Rows of a file that has one JSON value a line.
fn rows(path: &std::path::Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Rows `id` and `name@version`, affected or not.
fn match_vectors(test: &str, database: &str, ecosystem: &str, file: &str) {
    let Some(folder) = data(test, "match-vectors") else { return };
    let database = Database::load(&folder.join("..").join(database), &[ecosystem]);
    let rows = rows(&folder.join(file));
    let package = |row: &Value| {
        let get = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        (get("ecosystem"), get(if row["name"].is_string() { "name" } else { "source" }), get("version"))
    };
    let packages: Vec<_> = rows.iter().map(package).collect::<BTreeSet<_>>().into_iter().collect();
    let (found, _) = records(&database, &packages);
    let mut wrong = Vec::new();
    for row in &rows {
        let (ecosystem, name, version) = package(row);
        let purl = component(&ecosystem, &name, &version).purl.to_string();
        let id = row["id"].as_str().unwrap();
        let withdrawn = database.advisories.iter().any(|advisory| advisory.id == id && advisory.withdrawn.is_some());
        let got = found.get(&purl).is_some_and(|ids| ids.contains(id));
        if got != (row["affected"] == true && !withdrawn) {
            wrong.push(row.to_string());
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), rows.len(), wrong[..wrong.len().min(20)].join("\n"));
}

#[test]
fn pypi_records_affect_what_they_list() {
    match_vectors("pypi_records_affect_what_they_list", "osv-db", "PyPI", "pypi.jsonl");
}

#[test]
fn debian_records_affect_what_dpkg_says() {
    match_vectors("debian_records_affect_what_dpkg_says", "osv-db-derived", "Debian", "debian-derived.jsonl");
}

#[test]
fn osv_dev_answers_the_same() {
    let Some(folder) = data("osv_dev_answers_the_same", "osv-query-oracle") else { return };
    let ecosystems =
        ["Go", "PyPI", "crates.io", "npm", "Maven", "RubyGems", "NuGet", "Packagist", "Alpine", "Debian", "Ubuntu"];
    let database = Database::load(&folder.join("../osv-db"), &ecosystems);
    let held: BTreeSet<&str> = database.advisories.iter().map(|advisory| advisory.id.as_str()).collect();
    let (mut wrong, mut pairs) = (Vec::new(), 0);
    for file in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        // `Alpine_v3.18.jsonl`. There is no database here of the families that are left out.
        let name = file.file_name().unwrap().to_str().unwrap();
        let Some(family) = name.strip_suffix(".jsonl").and_then(|name| name.split('_').next()) else { continue };
        if !ecosystems.contains(&family) {
            continue;
        }
        let rows = rows(&file);
        let get = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let package = |row: &Value| (get(row, "ecosystem"), get(row, "name"), get(row, "version"));
        let packages: Vec<_> = rows.iter().map(package).collect();
        let (found, _) = records(&database, &packages);
        for row in &rows {
            let (ecosystem, name, version) = package(row);
            let got = found.get(component(&ecosystem, &name, &version).purl.as_str()).cloned().unwrap_or_default();
            // Of databases that are samples the oracle does not say which of the records are here.
            let expected = row["ids_in_this_db"].as_array().or_else(|| row["ids_osv_dev"].as_array()).unwrap();
            let expected = expected.iter().map(|id| id.as_str().unwrap()).filter(|id| held.contains(id));
            let expected: BTreeSet<String> = expected.map(str::to_owned).collect();
            pairs += expected.len();
            let wanted: Vec<_> = expected.difference(&got).collect();
            // Records that osv.dev has never had, those that are newer than its answers, and those that list the version
            // and which it left out all the same.
            let unknown = |id: &str| {
                let record = database.advisories.iter().find(|advisory| advisory.id == id).unwrap();
                let listed = record.affected.iter().any(|entry| entry.versions.contains(&version));
                id.starts_with("x_NSWG-") || record.modified.as_str() >= "2026-08-07" || listed
            };
            let extra: Vec<_> = got.difference(&expected).filter(|id| !unknown(id)).collect();
            if !wanted.is_empty() || !extra.is_empty() {
                wrong.push(format!("{ecosystem} {name} {version}: missing {wanted:?}, beyond {extra:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{pairs} pairs, wrong:\n{}", wrong.join("\n"));
    assert!(pairs > 260, "{pairs} pairs");
}

/// A record in the OSV form about one package.
fn record(id: &str, ecosystem: &str, name: &str, fixed: &str, more: Value) -> Advisory {
    let events = json!([{"introduced": "0"}, {"fixed": fixed}]);
    let range = json!({"type": "ECOSYSTEM", "events": events});
    let entry = json!({"package": {"ecosystem": ecosystem, "name": name}, "ranges": [range]});
    let mut record = json!({"id": id, "modified": "2026-01-01T00:00:00Z", "affected": [entry]});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    advisory(record)
}

fn ids(findings: &[Finding]) -> Vec<(&str, Vec<&str>)> {
    findings.iter().map(|f| (f.id.as_str(), f.advisories.iter().map(String::as_str).collect())).collect()
}

#[test]
fn aliases_are_one_finding() {
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let database = Database::new(vec![
        record(
            "GHSA-a",
            "PyPI",
            "Flask",
            "2.0",
            json!({"aliases": ["CVE-2024-1"], "database_specific": {"severity": "LOW"}}),
        ),
        record(
            "PYSEC-1",
            "PyPI",
            "flask",
            "2.0.0",
            json!({"aliases": ["GHSA-a"], "severity": [{"type": "CVSS_V3", "score": vector}], "summary": "x"}),
        ),
        record("PYSEC-2", "PyPI", "flask", "1.5", json!({"aliases": ["PYSEC-1"]})),
        record("PYSEC-3", "PyPI", "flask", "0.9", json!({"aliases": ["CVE-2024-1"]})),
        record("PYSEC-4", "PyPI", "flask", "2.0", json!({"withdrawn": "2026-01-01T00:00:00Z"})),
        record("MAL-2024-1", "PyPI", "flask", "2.0", json!({})),
    ]);
    let (findings, gaps) = matched(&database, vec![component("PyPI", "FLASK", "1.0")]);
    assert_eq!(gaps, []);
    assert_eq!(
        ids(&findings),
        [("CVE-2024-1", vec!["GHSA-a", "PYSEC-1", "PYSEC-2"]), ("MAL-2024-1", vec!["MAL-2024-1"])]
    );
    let [flaw, malware] = &findings[..] else { panic!() };
    assert_eq!(flaw.aliases, ["CVE-2024-1", "GHSA-a", "PYSEC-1", "PYSEC-2"]);
    assert_eq!((flaw.severity, flaw.vector.as_deref()), (Severity::Critical, Some(vector)));
    assert_eq!(flaw.fixed, ["1.5", "2.0", "2.0.0"]);
    assert_eq!(flaw.summary, "x");
    assert_eq!((malware.class, malware.severity), (FindingClass::Malicious, Severity::Critical));
}

#[test]
fn an_update_for_several_flaws_joins_nothing() {
    let of = |cves: &[&str]| json!({ "upstream": cves });
    let debian = |id: &str, more: Value| record(id, "Debian:12", "openssl", "3.0.1-1", more);
    let mut component = component("Debian:12", "libssl3", "0.1");
    component.source = Some(SourcePackage { name: "openssl".into(), version: "3.0.0-1".into() });
    let find = |advisories: Vec<Advisory>| matched(&Database::new(advisories), vec![component.clone()]).0;
    // Each flaw has a record of its own: the update is theirs.
    let update = debian("DSA-1-1", of(&["CVE-2024-1", "CVE-2024-2"]));
    let one = debian("DEBIAN-CVE-2024-1", of(&["CVE-2024-1"]));
    let two = debian("DEBIAN-CVE-2024-2", of(&["CVE-2024-2"]));
    let findings = find(vec![update.clone(), one.clone(), two]);
    let expected =
        [("CVE-2024-1", vec!["DEBIAN-CVE-2024-1", "DSA-1-1"]), ("CVE-2024-2", vec!["DEBIAN-CVE-2024-2", "DSA-1-1"])];
    assert_eq!(ids(&findings), expected);
    assert!(findings[0].is_known_as("DSA-1-1") && !findings[0].is_known_as("CVE-2024-2"));
    // One has none: the update stays a finding, and does not go by the names of its flaws.
    let findings = find(vec![update, one.clone()]);
    assert_eq!(ids(&findings), [("CVE-2024-1", vec!["DEBIAN-CVE-2024-1"]), ("DSA-1-1", vec!["DSA-1-1"])]);
    assert_eq!(findings[1].aliases, ["DSA-1-1"]);
    // An update for a single flaw is that flaw.
    let findings = find(vec![debian("DLA-2-1", of(&["CVE-2024-1", "DEBIAN-CVE-2024-1"])), one]);
    assert_eq!(ids(&findings), [("CVE-2024-1", vec!["DEBIAN-CVE-2024-1", "DLA-2-1"])]);
}

#[test]
fn what_cannot_be_told_is_a_gap() {
    let database = Database::new(vec![
        record("GHSA-a", "npm", "lodash", "4.17.21", json!({})),
        record("GHSA-b", "npm", "left-pad", "1.0.0", json!({})),
        record("DEBIAN-CVE-2024-1", "Debian:12", "zlib", "1.0-1", json!({})),
        record("DSA-1", "Debian", "zlib", "1.0-1", json!({})),
    ]);
    let components = vec![
        component("npm", "lodash", "not a version"),
        component("npm", "left-pad", ""),
        component("npm", "unheard-of", ""),
        component("Go", "example.com/x", "v1.0.0"),
        component("Go", "example.com/y", "v1.0.0"),
        component("Debian:12", "zlib", "0.9-1"),
        component("Debian:13", "zlib", "0.9-1"),
    ];
    let (findings, gaps) = matched(&database, components);
    let (old, new) = ("pkg:generic/Debian-12/zlib@0.9-1", "pkg:generic/Debian-13/zlib@0.9-1");
    let found: Vec<_> = findings.iter().map(|f| (f.package.as_str(), f.id.as_str())).collect();
    assert_eq!(found, [(old, "CVE-2024-1"), (old, "DSA-1"), (new, "DSA-1")]);
    let gaps: Vec<_> = gaps.iter().map(|gap| (gap.kind, gap.place.as_str(), gap.reason.as_str())).collect();
    let absent = "the advisory database has no records for ";
    let expected = [
        (GapKind::NoAdvisories, "Debian:13", format!("{absent}Debian:13: 1 package was not checked")),
        (GapKind::NoAdvisories, "Go", format!("{absent}Go: 2 packages were not checked")),
        (GapKind::UnorderedVersion, "pkg:generic/npm/left-pad", "it has no version: not held against GHSA-b".into()),
        (
            GapKind::UnorderedVersion,
            "pkg:generic/npm/lodash@not%20a%20version",
            "`not a version` is not a version that can be ordered: not held against GHSA-a".into(),
        ),
    ];
    assert_eq!(gaps, expected.each_ref().map(|(kind, place, reason)| (*kind, *place, reason.as_str())));
}

#[test]
fn addresses_of_repositories_are_the_same_in_any_case() {
    let fixed = |id: &str, ecosystem: &str, name: &str| record(id, ecosystem, name, "2.0.0", json!({}));
    let database = Database::new(vec![
        fixed("GO-1", "Go", "host.example/Owner/Repo"),
        fixed("GHSA-swift", "SwiftURL", "host.example/Owner/Kit"),
        fixed("GHSA-action", "GitHub Actions", "owner/setup"),
        fixed("GHSA-npm", "npm", "OldCase"),
    ]);
    let (findings, _) = matched(
        &database,
        vec![
            component("Go", "host.example/owner/repo", "v1.0.0"),
            component("SwiftURL", "host.example/owner/kit.git", "1.0.0"),
            component("GitHub Actions", "Owner/Setup", "1.0.0"),
            component("npm", "oldcase", "1.0.0"),
        ],
    );
    let mut found: Vec<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["GHSA-action", "GHSA-swift", "GO-1"]);
}

#[test]
fn what_is_limited_to_windows_is_not_in_a_linux_image() {
    let mut windows = record("RUSTSEC-1", "crates.io", "mio", "9.0.0", json!({}));
    windows.affected[0].os = vec!["windows".into()];
    let database = Database::new(vec![windows]);
    let mut mio = component("crates.io", "mio", "0.8.0");
    assert_eq!(matched(&database, vec![mio.clone()]).0.len(), 1);
    mio.locations = vec![Location { path: "usr/bin/app".into(), layer: Some(Digest::of(b"layer")) }];
    assert_eq!(matched(&database, vec![mio.clone()]).0, []);
    mio.locations = vec![Location { path: "Files/app.exe".into(), layer: Some(Digest::of(b"layer")) }];
    assert_eq!(matched(&database, vec![mio]).0.len(), 1);
}

/// The packages of a lockfile set, as it or a peer lists them.
fn listed(set: &std::path::Path) -> Option<Vec<(String, String, String)>> {
    let derived = std::fs::read(set.join("expected.derived.json"));
    let rows: Vec<Value> =
        serde_json::from_slice(&derived.or_else(|_| std::fs::read(set.join("expected.syft.json"))).ok()?).ok()?;
    let package = |row: &Value| {
        let ecosystem = match row["type"].as_str()? {
            "cargo" | "rust-crate" => "crates.io",
            "npm" => "npm",
            "go-module" => "Go",
            "pypi" | "python" => "PyPI",
            "maven" => "Maven",
            _ => return None,
        };
        Some((ecosystem.to_owned(), row["name"].as_str()?.to_owned(), row["version"].as_str()?.to_owned()))
    };
    Some(rows.iter().filter_map(package).collect())
}

#[test]
fn lockfiles_have_the_findings_of_their_lists() {
    let Some(folder) = data("lockfiles_have_the_findings_of_their_lists", "lockfiles") else { return };
    let database = Database::load(&folder.join("../osv-db"), &["crates.io", "npm", "Go", "PyPI", "Maven"]);
    let mut pairs = 0;
    for set in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let expected: Value =
            serde_json::from_slice(&std::fs::read(set.join("expected.osv-match.json")).unwrap()).unwrap();
        let Some(packages) = listed(&set).filter(|packages| !packages.is_empty()) else { continue };
        let expected: BTreeSet<(String, String)> = expected["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                let get = |key: &str| finding[key].as_str().unwrap();
                let purl = component(get("ecosystem"), get("name"), get("version")).purl.to_string();
                (purl, get("id").to_owned())
            })
            .collect();
        let (found, _) = records(&database, &packages);
        let found: BTreeSet<(String, String)> =
            found.into_iter().flat_map(|(purl, ids)| ids.into_iter().map(move |id| (purl.clone(), id))).collect();
        let missing: Vec<_> = expected.difference(&found).collect();
        // For PyPI and Maven the list was made from literal versions alone, and is a lower bound.
        let bounded = |purl: &str| purl.starts_with("pkg:generic/PyPI/") || purl.starts_with("pkg:generic/Maven/");
        let beyond: Vec<_> = found.difference(&expected).filter(|(purl, _)| !bounded(purl)).collect();
        assert!(missing.is_empty() && beyond.is_empty(), "{}: missing {missing:?}, beyond {beyond:?}", set.display());
        pairs += expected.len();
    }
    assert!(pairs > 100, "{pairs}");
}

#[test]
fn packages_of_wolfi_are_looked_up_by_both_names() {
    let flaw = |cve: &str| json!({"upstream": [cve]});
    let database = Database::new(vec![
        record("CGA-1", "Wolfi", "openssl", "3.3.2-r0", flaw("CVE-2026-1")),
        record("CGA-2", "Wolfi", "libcrypto3", "3.3.2-r0", flaw("CVE-2026-2")),
        record("CGA-3", "Wolfi", "openssl", "3.3.2-r0", flaw("CVE-2026-3")),
        record("CGA-4", "Wolfi", "libcrypto3", "3.3.2-r0", flaw("CVE-2026-3")),
        record("CGA-5", "Wolfi", "openssl-config", "3.3.2-r0", flaw("CVE-2026-4")),
    ]);
    let of = |name: &str, version: &str| {
        let mut component = component("Wolfi", name, version);
        component.source = Some(SourcePackage { name: "openssl".into(), version: version.into() });
        matched(&database, vec![component])
    };
    let (findings, gaps) = of("libcrypto3", "3.3.1-r0");
    let found: Vec<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!((found, gaps.len()), (vec!["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"], 0));
    assert_eq!(of("libcrypto3", "3.3.2-r0").0.len(), 0);
    assert_eq!(of("libssl3", "3.3.1-r0").0.len(), 2);
    let (_, gaps) = of("libcrypto3", "");
    assert_eq!(gaps[0].reason, "it has no version: not held against CGA-1, CGA-2, CGA-3 and 1 more");
}
