//! What was found. A run holds the evidence of every subject until the lock is written, so documents are held packed.

use crate::evaluate::Contents;
use crate::model::{Blob, Component, Digest, Distro, Finding, Gap, Name, Purl, Sbom, Subject};
use std::collections::{BTreeMap, BTreeSet};
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
    pub document: Blob,
    /// Digest of the statement that holds the document.
    pub statement: Digest,
    /// What affects the components.
    pub findings: Vec<Finding>,
    /// Those of the affected packages that only development needs.
    pub development: BTreeSet<Purl>,
    /// What could not be looked at, in scan and match. Sorted, distinct.
    pub gaps: Vec<Gap>,
    /// The advisories looked at.
    pub slice: Blob,
}

/// An SBOM of which only what is asked for often is at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedSbom {
    distro: Option<Distro>,
    gaps: Vec<Gap>,
    count: u64,
    /// All of it, in postcard.
    whole: Blob,
}

impl PackedSbom {
    /// Packs an SBOM; `None` where it cannot be written down.
    pub fn new(sbom: &Sbom) -> Option<Self> {
        Some(Self::of(sbom, Blob::new(&postcard::to_stdvec(sbom).ok()?)))
    }

    /// One that was packed before.
    pub(super) fn open(whole: Blob, bytes: &[u8]) -> Option<(Self, Sbom)> {
        let sbom = postcard::from_bytes(bytes).ok()?;
        Some((Self::of(&sbom, whole), sbom))
    }

    fn of(sbom: &Sbom, whole: Blob) -> Self {
        let Sbom { distro, components, gaps } = sbom;
        Self { distro: distro.clone(), gaps: gaps.clone(), count: components.len() as u64, whole }
    }

    /// How many components it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of it, for the cache.
    pub(super) fn whole(&self) -> &Blob {
        &self.whole
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
        postcard::from_bytes::<Sbom>(&self.whole.bytes()?).ok().map(|sbom| sbom.components.into())
    }
}
