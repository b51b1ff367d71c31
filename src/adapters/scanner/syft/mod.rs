//! Syft: <https://github.com/anchore/syft>.
//!
//! Its CycloneDX report leaves out files that it could not read, and modules; its own format names them. Both are asked for.

mod modules;
mod report;
mod unknowns;

use super::external::stage::{Form, Staged};
use super::external::{Asked, Printed, Tool};
use crate::model::Sbom;
use crate::ports::ScanError;
use std::ffi::OsString;

/// Syft.
#[derive(Debug)]
pub(crate) struct Syft;

/// Programs of no package, and archives of no kind that is looked into, are not told of: the built-in scanner does not either.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("SYFT_CHECK_FOR_APP_UPDATE", "false"),
    ("SYFT_UNKNOWNS_EXECUTABLES_WITHOUT_PACKAGES", "false"),
    ("SYFT_UNKNOWNS_UNEXPANDED_ARCHIVES", "false"),
];

impl Tool for Syft {
    fn name(&self) -> &'static str {
        "syft"
    }

    fn version_arguments(&self) -> &'static [&'static str] {
        &["version", "-o", "json"]
    }

    fn version(&self, stdout: &[u8]) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Version {
            application: String,
            version: String,
        }
        let read: Version = serde_json::from_slice(stdout).ok()?;
        (read.application == "syft").then(|| read.version.trim_start_matches('v').to_owned())
    }

    fn oldest(&self) -> Option<&'static str> {
        Some("1.18.0")
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        &ENVIRONMENT
    }

    fn options(&self) -> String {
        let settings: Vec<String> = ENVIRONMENT.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("syft r2 {}", settings.join(" "))
    }

    fn arguments(&self, staged: &Staged) -> Vec<OsString> {
        let name = &staged.facts.name;
        let source = match staged.facts.form {
            Form::Layout => format!("oci-dir:{name}"),
            Form::Rootfs | Form::Source => format!("dir:{name}"),
        };
        let mut arguments: Vec<OsString> = vec!["scan".into(), source.into()];
        // It warns of a directory that it has no name for.
        arguments.extend(["--source-name", name, "--source-version", "0"].map(OsString::from));
        arguments.extend(["-o", "cyclonedx-json", "-o"].map(OsString::from));
        arguments.push(format!("syft-json={}", Staged::EXTRA).into());
        arguments
    }

    fn parse(&self, printed: &Printed, asked: &Asked<'_>) -> Result<Sbom, ScanError> {
        unknowns::refuse_complaints(&printed.said)?;
        let gaps = unknowns::gaps(&printed.extra, asked)?;
        let mut sbom = report::parse(&printed.report, &modules::Labels::of(&printed.extra), asked)?;
        sbom.gaps.extend(gaps);
        Ok(sbom)
    }
}

#[cfg(test)]
mod tests;
