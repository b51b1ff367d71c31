//! What was found. A run holds the evidence of every subject until the lock is written, so documents are held packed.

use crate::attest::{cyclonedx, statements::SbomFrame};
use crate::evaluate::Contents;
use crate::model::{Blob, Component, Digest, Distro, Finding, Gap, Name, Purl, Sbom, ScannerIdentity, Subject};
use crate::ports::{ActionKey, BlobLookup, Cache};
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
    pub document: Document,
    /// What affects the components.
    pub findings: Vec<Finding>,
    /// Those of the affected packages that only development needs.
    pub development: BTreeSet<Purl>,
    /// What could not be looked at, in scan and match. Sorted, distinct.
    pub gaps: Vec<Gap>,
    /// The advisories looked at.
    pub slice: Blob,
}

impl SubjectEvidence {
    /// The bytes of the SBOM document; `None` where they cannot be had any more, or there is no memory for them.
    pub fn document(&self) -> Option<Vec<u8>> {
        let (cache, key, scanner) = match &self.document.place {
            Place::AtHand(blob) => return blob.bytes(),
            Place::Kept(cache, key, scanner) => (cache, key, scanner),
        };
        match cache.output(key, crate::plan::DOCUMENT) {
            Ok(BlobLookup::Found((blob, bytes))) if blob.digest() == self.document.digest => return Some(bytes),
            _ => {}
        }
        let document = cyclonedx::encode(&self.subject, &self.sbom.whole()?, scanner);
        (Digest::of(&document) == self.document.digest).then_some(document)
    }
}

/// The SBOM document of a subject. One that was made before stays in the cache until somebody wants it: most often it lies in the
/// evidence store, signed.
#[derive(Clone)]
pub struct Document {
    digest: Digest,
    place: Place,
}

#[derive(Clone)]
enum Place {
    AtHand(Blob),
    Kept(Arc<dyn Cache>, ActionKey, ScannerIdentity),
}

impl Document {
    /// One that is at hand.
    pub fn new(blob: Blob) -> Self {
        Self { digest: blob.digest(), place: Place::AtHand(blob) }
    }

    /// One that the cache has, as what a scan with this key gave.
    pub(super) fn kept(digest: Digest, cache: &Arc<dyn Cache>, key: &ActionKey, scanner: &ScannerIdentity) -> Self {
        Self { digest, place: Place::Kept(Arc::clone(cache), *key, scanner.clone()) }
    }

    /// Of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// It, where it is at hand.
    pub(super) fn at_hand(&self) -> Option<&Blob> {
        match &self.place {
            Place::AtHand(blob) => Some(blob),
            Place::Kept(..) => None,
        }
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Document").field(&self.digest).finish()
    }
}

/// An SBOM of which only what is asked for often is at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedSbom {
    distro: Option<Distro>,
    gaps: Vec<Gap>,
    count: u64,
    statement: Digest,
    /// Digest of the statement, and the SBOM, in postcard.
    packed: Blob,
}

impl PackedSbom {
    /// Packs an SBOM with its document, and whose it is; `None` where it cannot be written down.
    pub fn new(subject: &Subject, sbom: &Sbom, document: &[u8]) -> Option<Self> {
        let statement = SbomFrame::new(subject).digest(document);
        let packed = Blob::new(&postcard::to_stdvec(&(statement, sbom)).ok()?);
        Some(Self::of(statement, sbom, packed))
    }

    /// One that was packed before.
    pub(super) fn open(packed: Blob, bytes: &[u8]) -> Option<(Self, Sbom)> {
        let (statement, sbom) = postcard::from_bytes(bytes).ok()?;
        Some((Self::of(statement, &sbom, packed), sbom))
    }

    fn of(statement: Digest, sbom: &Sbom, packed: Blob) -> Self {
        let Sbom { distro, components, gaps } = sbom;
        Self { distro: distro.clone(), gaps: gaps.clone(), count: components.len() as u64, statement, packed }
    }

    fn whole(&self) -> Option<Sbom> {
        postcard::from_bytes::<(Digest, Sbom)>(&self.packed.bytes()?).ok().map(|(_, sbom)| sbom)
    }

    /// How many components it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Digest of the statement that holds its document.
    pub fn statement(&self) -> Digest {
        self.statement
    }

    /// All of it, for the cache.
    pub(super) fn packed(&self) -> &Blob {
        &self.packed
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
        self.whole().map(|sbom| sbom.components.into())
    }
}
