//! Our match held against another program's, of the same list of components.

use crate::execute;
use crate::model::{Digest, Finding, Gap, OtherAnswer, Sbom, ScannerIdentity};
use crate::ports::{OtherMatcher, ScanError};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What both find, and what only one does: packages without qualifiers, each with an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The other program.
    pub program: ScannerIdentity,
    /// Of its database's bytes.
    pub database: Digest,
    /// How many findings of ours it has too.
    pub same: usize,
    /// What only ours finds.
    pub ours: BTreeSet<(String, String)>,
    /// What only it finds.
    pub theirs: BTreeSet<(String, String)>,
    /// What it did not look at.
    pub left_out: Vec<Gap>,
}

/// Compares.
///
/// # Errors
/// The other program gives no answer that can be used.
pub fn compare(matcher: &dyn OtherMatcher, sbom: &Sbom, findings: &[Finding]) -> Result<Comparison, ScanError> {
    let answer = execute::wait_for(matcher.find(Arc::new(sbom.clone())))
        .map_err(|error| ScanError::Unavailable(error.to_string()))??;
    Ok(held_against(matcher.snapshot().digest, findings, answer))
}

fn held_against(database: Digest, findings: &[Finding], answer: OtherAnswer) -> Comparison {
    let bare = |finding: &Finding| {
        let purl = finding.package.to_string();
        purl.split(['?', '#']).next().unwrap_or_default().to_owned()
    };
    let found: BTreeSet<(String, String)> =
        answer.findings.iter().map(|finding| (bare(finding), finding.id.clone())).collect();
    let (mut ours, mut theirs, mut same) = (BTreeSet::new(), found.clone(), 0);
    for finding in findings {
        let package = bare(finding);
        let is_it = |(other, id): &(String, String)| *other == package && finding.is_known_as(id);
        if found.iter().any(is_it) {
            same += 1;
            theirs.retain(|other| !is_it(other));
        } else {
            ours.insert((package, finding.id.clone()));
        }
    }
    Comparison { program: answer.program, database, same, ours, theirs, left_out: answer.gaps }
}
