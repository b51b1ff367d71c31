//! Trivy: <https://trivy.dev>. Lists components only; advisories are matched here, against the pinned snapshot.
//!
//! Trivy leaves out files that it cannot parse and says so only in its debug log: it is run with that log, and the log is read.

mod database;
mod log;
pub(super) mod matcher;
mod question;
mod report;

use super::external::stage::{Form, Staged};
use super::external::{Asked, Printed, Tool};
use crate::model::Sbom;
use crate::ports::{ScanError, SecretValue};
use std::ffi::OsString;

/// Arguments that are the same for every subject. No database is asked for: none is needed for a list of components, and so
/// parallel runs share nothing.
const ALWAYS: [&str; 11] = [
    "--format",
    "cyclonedx",
    "--offline-scan",
    "--skip-db-update",
    "--skip-java-db-update",
    "--no-progress",
    "--debug",
    "--cache-dir",
    "tmp/cache",
    // Its own limit is five minutes; ours is the config's.
    "--timeout",
    "24h",
];

/// Trivy.
#[derive(Debug)]
pub(crate) struct Trivy;

impl Tool for Trivy {
    fn name(&self) -> &'static str {
        "trivy"
    }

    fn version_arguments(&self) -> &'static [&'static str] {
        &["--version"]
    }

    fn version(&self, stdout: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(stdout).ok()?;
        Some(text.lines().next()?.strip_prefix("Version:")?.trim().trim_start_matches('v').to_owned())
    }

    fn oldest(&self) -> Option<&'static str> {
        Some("0.59.0")
    }

    fn environment(&self) -> &'static [(&'static str, &'static str)] {
        &[("TRIVY_DISABLE_TELEMETRY", "true"), ("TRIVY_SKIP_VERSION_CHECK", "true")]
    }

    fn client_arguments(&self, address: &str) -> Vec<OsString> {
        vec!["--server".into(), address.into()]
    }

    fn token(&self, token: &SecretValue) -> Vec<(OsString, OsString)> {
        let value = token.value.as_str();
        if token.is_jwt {
            // For a proxy that verifies it: Trivy's own server compares one fixed text.
            return vec![
                ("TRIVY_TOKEN_HEADER".into(), "Authorization".into()),
                ("TRIVY_TOKEN".into(), format!("Bearer {value}").into()),
            ];
        }
        vec![("TRIVY_TOKEN".into(), value.into())]
    }

    fn options(&self) -> String {
        format!("trivy r1 {} --include-dev-deps", ALWAYS.join(" "))
    }

    fn arguments(&self, staged: &Staged) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = match staged.facts.form {
            Form::Layout => vec!["image".into()],
            Form::Rootfs => vec!["rootfs".into()],
            Form::Source => vec!["fs".into(), "--include-dev-deps".into()],
        };
        arguments.extend(ALWAYS.iter().map(OsString::from));
        if staged.facts.form == Form::Layout {
            arguments.push("--input".into());
        }
        arguments.push(staged.facts.name.clone().into());
        arguments
    }

    fn excuse(&self, said: &str) -> Option<&'static str> {
        let needs = said.contains("Unable to initialize the Java DB");
        needs.then_some(
            "it looks up what a JAR is in a database that it is not given: the engine builtin reads JARs without one",
        )
    }

    fn parse(&self, printed: &Printed, asked: &Asked<'_>) -> Result<Sbom, ScanError> {
        let gaps = log::gaps(&printed.said)?;
        let mut sbom = report::parse(&printed.report, asked)?;
        sbom.gaps.extend(gaps);
        Ok(sbom)
    }
}

#[cfg(test)]
mod tests;
