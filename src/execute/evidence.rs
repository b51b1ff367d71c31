//! What was found. A run holds the evidence of every subject until the lock is written, so documents are held packed.

use crate::evaluate::Contents;
use crate::model::{Component, Digest, Distro, Finding, Gap, Name, Packed, Sbom, Subject};
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
    pub sbom: PackedSbom,
    /// The SBOM document.
    pub document: Packed,
    /// The document's digest.
    pub sbom_digest: Digest,
    /// What affects the components.
    pub findings: Vec<Finding>,
    /// What could not be looked at, in scan and match. Sorted, distinct.
    pub gaps: Vec<Gap>,
    /// The advisories looked at.
    pub slice: Packed,
    /// Their digest.
    pub slice_digest: Digest,
}

/// An SBOM of which only what is asked for often is at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedSbom {
    distro: Option<Distro>,
    gaps: Vec<Gap>,
    count: u64,
    /// The components, in postcard.
    components: Packed,
}

impl PackedSbom {
    /// Packs an SBOM; `None` where it cannot be written down.
    pub fn new(sbom: &Sbom) -> Option<Self> {
        Some(Self {
            distro: sbom.distro.clone(),
            gaps: sbom.gaps.clone(),
            count: sbom.components.len() as u64,
            components: Packed::new(&postcard::to_stdvec(&sbom.components).ok()?),
        })
    }

    /// How many components it has.
    pub fn count(&self) -> u64 {
        self.count
    }
}

impl Contents for PackedSbom {
    fn distro(&self) -> Option<&Distro> {
        self.distro.as_ref()
    }

    fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    fn components(&self) -> Option<std::borrow::Cow<'_, [Component]>> {
        postcard::from_bytes::<Vec<Component>>(&self.components.bytes()?).ok().map(Into::into)
    }
}
