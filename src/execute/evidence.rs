//! What was found.

use crate::model::{Digest, Finding, Gap, Name, Sbom, Subject};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Evidence by service and subject name.
pub type EvidenceMap = BTreeMap<(Name, Name), Arc<SubjectEvidence>>;

/// What was found in one subject, with the documents that are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectEvidence {
    /// The subject.
    pub subject: Subject,
    /// Its components.
    pub sbom: Arc<Sbom>,
    /// The SBOM document.
    pub sbom_bytes: Arc<[u8]>,
    /// The document's digest.
    pub sbom_digest: Digest,
    /// What affects them.
    pub findings: Vec<Finding>,
    /// What could not be looked at, in scan and match. Sorted, distinct.
    pub gaps: Vec<Gap>,
    /// The advisories looked at.
    pub slice_bytes: Arc<[u8]>,
    /// Their digest.
    pub slice_digest: Digest,
}
