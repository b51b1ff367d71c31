//! What was found. A run holds the evidence of every subject until the lock is written, so documents are held packed.

use super::contents::PackedBody;
use crate::attest::{cyclonedx, statements::SbomFrame};
use crate::evaluate::Contents;
use crate::model::{Blob, Component, Digest, Distro, Finding, Gap, Name, Purl, Sbom, ScannerIdentity, Subject};
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
        match &self.document.form {
            Form::Whole(blob) => blob.bytes(),
            // The digest was computed from the same parts.
            Form::Body(body) => body.around(&self.subject),
            Form::Anew(scanner) => {
                let document = cyclonedx::encode(&self.subject, &self.sbom.whole()?, scanner);
                (Digest::of(&document) == self.document.digest).then_some(document)
            }
        }
    }
}

/// The SBOM document of a subject. It is put together when somebody wants it: most often it lies in the evidence store, signed.
#[derive(Debug, Clone)]
pub struct Document {
    digest: Digest,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Whole(Blob),
    /// But for its subject.
    Body(Arc<PackedBody>),
    /// Made again from the SBOM, as of this scanner.
    Anew(ScannerIdentity),
}

impl Document {
    /// One that is at hand.
    pub fn new(blob: Blob) -> Self {
        Self { digest: blob.digest(), form: Form::Whole(blob) }
    }

    /// One of a body and its subject.
    pub(super) fn of(digest: Digest, body: &Arc<PackedBody>) -> Self {
        Self { digest, form: Form::Body(Arc::clone(body)) }
    }

    /// One that was made of the same SBOM, by the same scanner.
    pub(super) fn anew(digest: Digest, scanner: &ScannerIdentity) -> Self {
        Self { digest, form: Form::Anew(scanner.clone()) }
    }

    /// Of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

/// An SBOM of which only what is asked for often is at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedSbom {
    distro: Option<Distro>,
    gaps: Vec<Gap>,
    count: u64,
    statement: Digest,
    /// In postcard.
    model: Blob,
}

impl PackedSbom {
    /// Packs an SBOM with its document, and whose it is; `None` where it cannot be written down.
    pub fn new(subject: &Subject, sbom: &Sbom, document: &[u8]) -> Option<Self> {
        let statement = SbomFrame::new(subject).digest(document);
        Some(Self::of(sbom, Blob::new(&postcard::to_stdvec(sbom).ok()?), statement))
    }

    /// One whose packed form is at hand, and the digest of its statement.
    pub(super) fn of(sbom: &Sbom, model: Blob, statement: Digest) -> Self {
        let Sbom { distro, components, gaps } = sbom;
        Self { distro: distro.clone(), gaps: gaps.clone(), count: components.len() as u64, statement, model }
    }

    fn whole(&self) -> Option<Sbom> {
        postcard::from_bytes(&self.model.bytes()?).ok()
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
    pub(super) fn model(&self) -> &Blob {
        &self.model
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
