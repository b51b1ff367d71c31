//! Our match held against another program's, of the same list of components. Ours is the one that is judged: what the other one finds
//! comes from a database that no attestation holds, and could not be replayed.

use crate::execute;
use crate::model::{Digest, Finding, ScannerIdentity};
use crate::ports::{OtherMatcher, ScanError};
use serde::Serialize;
use std::collections::BTreeSet;

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
}

/// Compares.
///
/// # Errors
/// The other program gives no answer that can be used.
pub fn compare(matcher: &dyn OtherMatcher, sbom: Vec<u8>, findings: &[Finding]) -> Result<Comparison, ScanError> {
    let found = execute::wait_for(matcher.find(sbom)).map_err(|error| ScanError::Unavailable(error.to_string()))??;
    Ok(held_against(matcher.identity().clone(), matcher.database(), findings, &found))
}

fn held_against(
    program: ScannerIdentity,
    database: Digest,
    findings: &[Finding],
    found: &BTreeSet<(String, String)>,
) -> Comparison {
    let bare = |finding: &Finding| {
        let purl = finding.package.to_string();
        purl.split(['?', '#']).next().unwrap_or_default().to_owned()
    };
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
    Comparison { program, database, same, ours, theirs }
}
