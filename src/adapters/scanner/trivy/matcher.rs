//! Trivy's own match, of a list of components that is given to it. Its database is shared by all that run at once and only read; what
//! else it keeps lies in the private directory of each run.

use crate::adapters::scanner::external::environment::{environment, private};
use crate::adapters::scanner::external::probe::{self, Program};
use crate::adapters::scanner::external::process::{self, Command};
use crate::adapters::scanner::external::{Tool as _, said};
use crate::adapters::subjects::Remote;
use crate::model::{Digest, Hasher, ScannerIdentity};
use crate::ports::{BoxFuture, OpenScannerError, OtherMatcher, ScanError};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The files of its database.
pub(super) const FILES: [&str; 2] = ["metadata.json", "trivy.db"];
/// What it is asked.
const ARGUMENTS: [&str; 10] = [
    "sbom",
    "--format",
    "json",
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
    digest: Digest,
}

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
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(rename = "PkgIdentifier")]
    package: Identifier,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(rename = "PURL")]
    purl: String,
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
        let digest = digest(&path).map_err(unusable)?;
        Ok(Self { program, database: path, digest })
    }

    async fn run(&self, sbom: Vec<u8>) -> Result<BTreeSet<(String, String)>, ScanError> {
        let unavailable = |error: std::io::Error| ScanError::Unavailable(format!("no temporary files: {error}"));
        let directory = private().map_err(unavailable)?;
        let place = directory.path();
        std::fs::create_dir(place.join("tmp/cache")).map_err(unavailable)?;
        std::os::unix::fs::symlink(&self.database, place.join("tmp/cache/db")).map_err(unavailable)?;
        std::fs::write(place.join("sbom.cdx.json"), sbom).map_err(unavailable)?;
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
        if let Some(line) = said.lines().find(|line| line.contains("\tERROR\t") || line.contains("\tFATAL\t")) {
            return Err(ScanError::Unusable(format!("trivy complains: {}", said::shown(line))));
        }
        if digest(&self.database).ok() != Some(self.digest) {
            return Err(changed("Trivy's database", "it changed while it was read"));
        }
        parse(&answer.stdout)
    }
}

impl OtherMatcher for Matcher {
    fn identity(&self) -> &ScannerIdentity {
        &self.program.identity
    }

    fn database(&self) -> Digest {
        self.digest
    }

    fn find(&self, sbom: Vec<u8>) -> BoxFuture<'_, Result<BTreeSet<(String, String)>, ScanError>> {
        Box::pin(self.run(sbom))
    }
}

fn parse(printed: &[u8]) -> Result<BTreeSet<(String, String)>, ScanError> {
    let report: Report =
        serde_json::from_slice(printed).map_err(|error| ScanError::Unusable(format!("trivy's report: {error}")))?;
    let is_asked =
        report.schema_version == 2 && report.artifact_type == "cyclonedx" && report.artifact_name == "sbom.cdx.json";
    if !is_asked {
        return Err(ScanError::Unusable("trivy's report is of something else".into()));
    }
    let found = report.results.into_iter().flat_map(|outcome| outcome.vulnerabilities);
    Ok(found.map(|found| (bare(&found.package.purl).to_owned(), found.id)).collect())
}

fn bare(purl: &str) -> &str {
    purl.split(['?', '#']).next().unwrap_or_default()
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

    #[test]
    fn only_a_report_of_what_was_asked_is_taken() {
        let report = |kind: &str| {
            serde_json::json!({"SchemaVersion": 2, "ArtifactName": "sbom.cdx.json", "ArtifactType": kind, "Results": [
                {"Target": "Node.js"},
                {"Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgIdentifier": {"PURL": "pkg:npm/a@1?x=y"}}]}]})
            .to_string()
        };
        let found = parse(report("cyclonedx").as_bytes()).unwrap();
        assert_eq!(found, BTreeSet::from([("pkg:npm/a@1".to_owned(), "CVE-1".to_owned())]));
        let whole = report("cyclonedx");
        for bad in [&report("container_image"), "", "{}", &whole[..whole.len() / 2]] {
            assert!(matches!(parse(bad.as_bytes()), Err(ScanError::Unusable(_))), "{bad}");
        }
    }
}
