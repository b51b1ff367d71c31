//! Trivy's own match, of a list of components that is given to it. Its database is shared by all that run at once and only read; what
//! else it keeps lies in the private directory of each run.

use crate::adapters::scanner::external::environment::{environment, private};
use crate::adapters::scanner::external::probe::{self, Program};
use crate::adapters::scanner::external::process::{self, Command};
use crate::adapters::scanner::external::{Tool as _, said};
use crate::adapters::stamp::stamp;
use crate::adapters::subjects::Remote;
use crate::model::{
    Component, Digest, Finding, FindingClass, Gap, GapKind, Hasher, OtherAnswer, Sbom, ScannerIdentity, Severity,
    Snapshot, Timestamp,
};
use crate::ports::{BoxFuture, OpenScannerError, OtherMatcher, ScanError, Stamp};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::question;

/// The files of its database.
pub(super) const FILES: [&str; 2] = ["metadata.json", "trivy.db"];
/// What it is asked.
const ARGUMENTS: [&str; 11] = [
    "sbom",
    "--format",
    "json",
    "--list-all-pkgs",
    "--offline-scan",
    "--skip-db-update",
    "--skip-java-db-update",
    "--no-progress",
    "--cache-dir",
    "tmp/cache",
    "sbom.cdx.json",
];

/// Trivy with a database.
pub(crate) struct Matcher {
    program: Program,
    database: PathBuf,
    stamps: [Stamp; 2],
    snapshot: Snapshot,
}

/// Kinds of packages that Trivy has advisories for; others it only lists:
/// <https://github.com/aquasecurity/trivy/blob/main/pkg/detector/library/driver.go>.
const MATCHED: [&str; 33] = [
    "bitnami",
    "bun",
    "bundler",
    "cargo",
    "cocoapods",
    "composer",
    "composer-vendor",
    "conan",
    "dotnet-core",
    "gemspec",
    "gobinary",
    "gomod",
    "gradle",
    "hex",
    "jar",
    "javascript",
    "node-pkg",
    "npm",
    "nuget",
    "packages-props",
    "pip",
    "pipenv",
    "pnpm",
    "poetry",
    "pom",
    "pub",
    "pylock",
    "python-pkg",
    "rustbinary",
    "sbt",
    "swift",
    "uv",
    "yarn",
];
/// Distributions that it has advisories for:
/// <https://github.com/aquasecurity/trivy/blob/main/pkg/detector/ospkg/detect.go>.
const MATCHED_SYSTEMS: [&str; 19] = [
    "alma",
    "alpine",
    "amazon",
    "azurelinux",
    "cbl-mariner",
    "centos",
    "chainguard",
    "debian",
    "opensuse",
    "opensuse-leap",
    "opensuse-tumbleweed",
    "oracle",
    "photon",
    "redhat",
    "rocky",
    "slem",
    "sles",
    "ubuntu",
    "wolfi",
];
/// What it says of every list that is not its own; and of a distribution without support, which the policy judges.
const HARMLESS: [&str; 5] = [
    "Third-party SBOM may lead",
    "Recommend using Trivy to generate",
    "Using severities from other vendors",
    "This OS version is no longer supported by the distribution",
    "The vulnerability detection may be insufficient because security updates are not provided",
];

/// The part of Trivy's report that is read: <https://trivy.dev/latest/docs/configuration/reporting/#json>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    schema_version: u32,
    artifact_name: String,
    artifact_type: String,
    #[serde(default)]
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    #[serde(default)]
    class: String,
    #[serde(rename = "Type", default)]
    kind: String,
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    identifier: Identifier,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(rename = "VendorIDs", default)]
    vendor_ids: Vec<String>,
    pkg_identifier: Identifier,
    #[serde(default)]
    fixed_version: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(rename = "BOMRef", default)]
    component: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    updated_at: String,
}

impl Matcher {
    /// With the database of a registry.
    ///
    /// # Errors
    /// The database cannot be had.
    pub(crate) fn fetched(
        program: Program,
        remote: &Remote,
        kept: &Path,
        reference: &str,
    ) -> Result<Self, OpenScannerError> {
        let place = super::database::fetch(&remote.registries, &remote.cache, kept, reference, remote.offline)
            .map_err(|reason| OpenScannerError::Unusable(format!("Trivy's database: {reason}")))?;
        Self::new(program, &place)
    }

    /// With the database in a directory.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn new(program: Program, database: &Path) -> Result<Self, OpenScannerError> {
        let unusable = |error: std::io::Error| {
            OpenScannerError::Unusable(format!("Trivy's database in {}: {error}", database.display()))
        };
        let path = std::fs::canonicalize(database).map_err(unusable)?;
        let stamps = stamps(&path).map_err(unusable)?;
        let digest = digest(&path).map_err(unusable)?;
        let modified = modified(&path).map_err(unusable)?;
        let snapshot = Snapshot { digest, modified, ecosystems: BTreeMap::new() };
        Ok(Self { program, database: path, stamps, snapshot })
    }

    async fn run(&self, sbom: Arc<Sbom>) -> Result<OtherAnswer, ScanError> {
        let unavailable = |error: std::io::Error| ScanError::Unavailable(format!("no temporary files: {error}"));
        let directory = private().map_err(unavailable)?;
        let place = directory.path();
        std::fs::create_dir(place.join("tmp/cache")).map_err(unavailable)?;
        std::os::unix::fs::symlink(&self.database, place.join("tmp/cache/db")).map_err(unavailable)?;
        std::fs::write(place.join("sbom.cdx.json"), question::write(&sbom)).map_err(unavailable)?;
        let changed = |place: &str, reason: &str| ScanError::Integrity { place: place.into(), reason: reason.into() };
        let is_still_it = probe::hash(&self.program.path).ok() == self.program.identity.binary;
        if !is_still_it {
            return Err(changed(&self.program.binary, "the scanner program is no longer the one that was hashed"));
        }
        let command = Command {
            program: &self.program.path,
            arguments: ARGUMENTS.iter().map(OsString::from).collect(),
            environment: environment(place, super::Trivy.environment()),
            directory: place,
        };
        let answer = process::run(command).await.map_err(|error| ScanError::Unavailable(format!("trivy {error}")))?;
        let said = said::plain(&answer.stderr, place);
        if answer.code != Some(0) {
            return Err(ScanError::Unavailable(format!("trivy fails{}", said::last_words(&said))));
        }
        let is_complaint = |line: &&str| {
            let is_bad = ["\tWARN\t", "\tERROR\t", "\tFATAL\t"].iter().any(|level| line.contains(level));
            is_bad && !HARMLESS.iter().any(|known| line.contains(known))
        };
        if let Some(line) = said.lines().find(is_complaint) {
            return Err(ScanError::Unusable(format!("trivy complains: {}", said::shown(line))));
        }
        if stamps(&self.database).ok() != Some(self.stamps) {
            return Err(changed("Trivy's database", "it changed while it was read"));
        }
        parse(&answer.stdout, &sbom, &self.program.identity)
    }
}

impl OtherMatcher for Matcher {
    fn identity(&self) -> &ScannerIdentity {
        &self.program.identity
    }

    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn find(&self, sbom: Arc<Sbom>) -> BoxFuture<'_, Result<OtherAnswer, ScanError>> {
        Box::pin(self.run(sbom))
    }
}

/// What a report says of these components.
fn parse(printed: &[u8], sbom: &Sbom, program: &ScannerIdentity) -> Result<OtherAnswer, ScanError> {
    let unusable = |reason: &dyn std::fmt::Display| ScanError::Unusable(format!("trivy's report: {reason}"));
    let report: Report = serde_json::from_slice(printed).map_err(|error| unusable(&error))?;
    let is_asked =
        report.schema_version == 2 && report.artifact_type == "cyclonedx" && report.artifact_name == "sbom.cdx.json";
    if !is_asked {
        return Err(unusable(&"it is of something else"));
    }
    let known: BTreeMap<&str, &Component> = sbom.components.iter().map(|each| (each.purl.as_str(), each)).collect();
    let (mut findings, mut looked_at) = (Vec::new(), BTreeSet::new());
    for outcome in &report.results {
        let is_matched = match outcome.class.as_str() {
            "os-pkgs" => MATCHED_SYSTEMS.contains(&outcome.kind.as_str()),
            _ => MATCHED.contains(&outcome.kind.as_str()),
        };
        if is_matched {
            looked_at.extend(outcome.packages.iter().map(|package| package.identifier.component.as_str()));
        }
        for vulnerability in &outcome.vulnerabilities {
            let name = vulnerability.pkg_identifier.component.as_str();
            let component =
                known.get(name).ok_or_else(|| unusable(&format!("it has a flaw of `{name}`, which was not asked")))?;
            findings.push(finding(vulnerability, component));
        }
    }
    findings.sort_by(|a: &Finding, b: &Finding| (&a.package, &a.id).cmp(&(&b.package, &b.id)));
    findings.dedup_by(|a, b| a.package == b.package && a.id == b.id);
    Ok(OtherAnswer { program: program.clone(), findings, gaps: gaps(sbom, &looked_at, &program.name) })
}

fn finding(vulnerability: &Vulnerability, component: &Component) -> Finding {
    let mut aliases: Vec<String> = vulnerability.vendor_ids.clone();
    aliases.push(vulnerability.id.clone());
    aliases.sort();
    aliases.dedup();
    let fixed = vulnerability.fixed_version.split(',').map(str::trim).filter(|version| !version.is_empty());
    Finding {
        id: vulnerability.id.clone(),
        aliases,
        advisories: vec![vulnerability.id.clone()],
        package: component.purl.clone(),
        class: FindingClass::Vulnerability,
        severity: Severity::from_label(&vulnerability.severity).unwrap_or(Severity::Unknown),
        vector: None,
        fixed: fixed.map(str::to_owned).collect(),
        summary: vulnerability.title.clone(),
    }
}

/// What was not looked at of what advisories are written for, by ecosystem.
fn gaps(sbom: &Sbom, looked_at: &BTreeSet<&str>, program: &str) -> Vec<Gap> {
    let mut missed: BTreeMap<String, usize> = BTreeMap::new();
    for component in &sbom.components {
        if let Some(ecosystem) = component.ecosystem.as_ref().filter(|_| !looked_at.contains(component.purl.as_str())) {
            *missed.entry(ecosystem.to_string()).or_default() += 1;
        }
    }
    let gap = |(ecosystem, count): (String, usize)| {
        let packages = if count == 1 { "1 package".to_owned() } else { format!("{count} packages") };
        Gap::new(GapKind::NoAdvisories, ecosystem, format!("{program} did not look at {packages} of it"))
    };
    missed.into_iter().map(gap).collect()
}

/// When the database was made.
fn modified(directory: &Path) -> std::io::Result<Timestamp> {
    let bytes = std::fs::read(directory.join(FILES[0]))?;
    let metadata: Metadata = serde_json::from_slice(&bytes).map_err(std::io::Error::other)?;
    // To the second; what is behind it is of no use.
    let seconds = metadata.updated_at.get(..19).map(|text| format!("{text}Z"));
    let is_utc = metadata.updated_at.ends_with('Z');
    seconds
        .filter(|_| is_utc)
        .and_then(|text| Timestamp::parse(&text).ok())
        .ok_or_else(|| std::io::Error::other("metadata.json does not say when it was made"))
}

/// What its files look like from outside.
fn stamps(directory: &Path) -> std::io::Result<[Stamp; 2]> {
    let of = |name: &str| std::fs::metadata(directory.join(name)).map(|file| stamp(&file));
    Ok([of(FILES[0])?, of(FILES[1])?])
}

/// Of the bytes of all its files.
fn digest(directory: &Path) -> std::io::Result<Digest> {
    let mut hasher = Hasher::new();
    for name in FILES {
        let mut file = std::fs::File::open(directory.join(name))?;
        hasher.update(format!("{name} {}\n", file.metadata()?.len()).as_bytes());
        let mut buffer = vec![0; 1 << 18];
        loop {
            match std::io::Read::read(&mut file, &mut buffer)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            };
        }
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Purl;

    fn sbom() -> Sbom {
        let component = |kind: &str, name: &str, ecosystem: &str| {
            let purl = Purl::build(kind, None, name, Some("1"), &[]).unwrap();
            Component::new(purl, name, "1", Some(ecosystem.to_owned().into()))
        };
        let components =
            vec![component("npm", "a", "npm"), component("npm", "b", "npm"), component("conda", "c", "conda")];
        Sbom { components, ..Sbom::default() }.normalized()
    }

    fn program() -> ScannerIdentity {
        ScannerIdentity { name: "trivy".into(), version: "0.59.1".into(), binary: None }
    }

    fn report(kind: &str, of: &str) -> String {
        let package = |name: &str| serde_json::json!({"Identifier": {"PURL": name, "BOMRef": name}});
        serde_json::json!({"SchemaVersion": 2, "ArtifactName": "sbom.cdx.json", "ArtifactType": kind, "Results": [
            {"Class": "lang-pkgs", "Type": "conda-pkg", "Packages": [package("pkg:conda/c@1")]},
            {"Class": "lang-pkgs", "Type": "node-pkg", "Packages": [package("pkg:npm/a@1")], "Vulnerabilities": [
                {"VulnerabilityID": "CVE-2", "VendorIDs": ["GHSA-x"], "PkgIdentifier": {"BOMRef": of}, "FixedVersion": "1.1, 2.0",
                 "Severity": "HIGH", "Title": "t"}]}]})
        .to_string()
    }

    #[test]
    fn findings_are_of_what_was_asked_and_what_was_not_looked_at_is_a_gap() {
        let answer = parse(report("cyclonedx", "pkg:npm/a@1").as_bytes(), &sbom(), &program()).unwrap();
        let [finding] = answer.findings.as_slice() else { panic!("{:?}", answer.findings) };
        assert_eq!((finding.id.as_str(), finding.severity), ("CVE-2", Severity::High));
        assert_eq!(finding.aliases, ["CVE-2", "GHSA-x"]);
        assert_eq!(finding.fixed, ["1.1", "2.0"]);
        let gaps: Vec<&str> = answer.gaps.iter().map(|gap| gap.place.as_str()).collect();
        assert_eq!(gaps, ["conda", "npm"], "conda is only listed, and b is not there");
    }

    #[test]
    fn only_a_report_of_what_was_asked_is_taken() {
        let whole = report("cyclonedx", "pkg:npm/a@1");
        let other = report("container_image", "pkg:npm/a@1");
        for bad in [&other, &report("cyclonedx", "pkg:npm/z@1"), "", "{}", &whole[..whole.len() / 2]] {
            assert!(matches!(parse(bad.as_bytes(), &sbom(), &program()), Err(ScanError::Unusable(_))), "{bad}");
        }
    }
}
