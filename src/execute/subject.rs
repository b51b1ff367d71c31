//! The two actions of one subject: scan and match; and their results' way to the cache and back.

use super::bridge::wait_for;
use super::contents::{Contents, Recent};
use super::evidence::{Document, PackedSbom, SubjectEvidence};
use super::finder::Finder;
use crate::attest;
use crate::evaluate;
use crate::matching::{self, Matcher};
use crate::model::{AdvisorySlice, Blob, Finding, Gap, GapKind, OtherAnswer, Sbom, ScannerIdentity, Snapshot, Subject};
use crate::ports::{
    ActionKey, ActionRecord, AdvisoriesError, BlobLookup, Cache, Event, Events, Output, ScanError, ScanRequest,
    ScanTask, Scanner,
};
use std::sync::Arc;

/// Outputs of a scan: the SBOM, in a form that is fast to read back. The document that is kept as evidence and the statement that holds
/// it are named by their digests: they can be made of it.
const MODEL: &str = "model";
const DOCUMENT: &str = crate::plan::DOCUMENT;
const STATEMENT: &str = "statement";
/// Outputs of a match: findings and gaps, in JSON, and the advisory slice.
const FINDINGS: &str = "findings";
const SLICE: &str = "slice";

/// A finished scan.
pub(super) struct Scanned {
    subject: Subject,
    pub(super) contents: Found,
    packed: PackedSbom,
    pub(super) document: Document,
}

/// What a scan found.
#[derive(Clone)]
pub(super) enum Found {
    /// Now.
    Now(Arc<Contents>),
    /// Before.
    Before(Arc<Sbom>),
}

impl Found {
    pub(super) fn sbom(&self) -> &Arc<Sbom> {
        match self {
            Self::Now(contents) => &contents.sbom,
            Self::Before(sbom) => sbom,
        }
    }

    /// What our matcher finds for it.
    ///
    /// # Errors
    /// The advisories cannot be read.
    pub(super) fn matched(&self, matcher: &Matcher) -> Result<Matched, AdvisoriesError> {
        match self {
            Self::Now(contents) => contents.matched(matcher),
            Self::Before(sbom) => Matched::of(sbom, matcher),
        }
    }
}

impl Scanned {
    /// The result of a scan that gave components.
    pub(super) fn new(subject: Subject, contents: Arc<Contents>) -> Self {
        let (document, statement) = contents.digests(&subject);
        let packed = PackedSbom::of(&contents.sbom, contents.model.clone(), statement);
        Self { document: Document::of(document, &contents.body), subject, packed, contents: Found::Now(contents) }
    }

    /// The result of a scan that gave none: nothing is known of the subject but that. `None` where it cannot be held.
    pub(super) fn failed(subject: Subject, scanner: &ScannerIdentity, recent: &Recent, reason: &str) -> Option<Self> {
        let gap = Gap::new(GapKind::ScanFailed, scanner.name.clone(), reason);
        let sbom = Sbom { gaps: vec![gap], ..Sbom::default() };
        Some(Self::new(subject, recent.of(Arc::new(sbom), scanner)?))
    }

    /// Keeps it in the cache. That it cannot be kept costs a later run time, nothing else.
    pub(super) fn keep(&self, key: &ActionKey, cache: &dyn Cache, events: &dyn Events) {
        let outputs = [
            (MODEL, Output::Whole(self.packed.model())),
            (DOCUMENT, Output::Named(self.document.digest())),
            (STATEMENT, Output::Named(self.packed.statement())),
        ];
        keep(key, &outputs, cache, events);
    }

    /// Reads it back, but for the document: few ask for that.
    pub(super) fn recall(
        subject: &Subject,
        key: &ActionKey,
        record: &ActionRecord,
        scanner: &ScannerIdentity,
        cache: &dyn Cache,
        events: &dyn Events,
    ) -> Option<Self> {
        let document = Document::anew(*record.outputs.get(DOCUMENT)?, scanner);
        let statement = *record.outputs.get(STATEMENT)?;
        let (model, bytes) = open(key, MODEL, cache, events)?;
        let sbom: Sbom = postcard::from_bytes(&bytes).ok()?;
        let packed = PackedSbom::of(&sbom, model, statement);
        Some(Self { subject: subject.clone(), contents: Found::Before(Arc::new(sbom)), packed, document })
    }
}

/// A finished match.
#[derive(Debug, Clone)]
pub(super) struct Matched {
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
    slice: Blob,
}

impl Matched {
    /// Looks an SBOM's components up.
    pub(super) fn of(sbom: &Sbom, matcher: &Matcher) -> Result<Self, AdvisoriesError> {
        let matched = matcher.of(sbom)?;
        let advisories = matched.pieces.iter().map(|piece| piece.text(attest::slice::advisory));
        let slice = attest::slice::join(matcher.snapshot(), advisories);
        Ok(Self { findings: matched.findings, gaps: matched.gaps, slice: Blob::new(&slice) })
    }

    /// What another program says.
    pub(super) fn by(answer: OtherAnswer, snapshot: &Snapshot) -> Self {
        let (findings, gaps) = (answer.findings.clone(), answer.gaps.clone());
        let slice = AdvisorySlice { snapshot: snapshot.clone(), advisories: Vec::new(), answer: Some(answer) };
        Self { findings, gaps, slice: Blob::new(&attest::slice::encode(&slice)) }
    }

    /// What another program does not say: nothing is known but that.
    pub(super) fn failed(program: &ScannerIdentity, snapshot: &Snapshot, reason: &str) -> Self {
        let gap = Gap::new(GapKind::ScanFailed, program.name.clone(), reason);
        Self::by(OtherAnswer { program: program.clone(), findings: Vec::new(), gaps: vec![gap] }, snapshot)
    }

    /// Keeps it in the cache, as [`Scanned::keep`].
    pub(super) fn keep(&self, key: &ActionKey, cache: &dyn Cache, events: &dyn Events) {
        let Ok(findings) = serde_json::to_vec(&(&self.findings, &self.gaps)) else { return };
        let outputs = [(FINDINGS, Output::Whole(&Blob::new(&findings))), (SLICE, Output::Whole(&self.slice))];
        keep(key, &outputs, cache, events);
    }

    /// Reads it back.
    pub(super) fn recall(key: &ActionKey, cache: &dyn Cache, events: &dyn Events) -> Option<Self> {
        let (_, findings) = open(key, FINDINGS, cache, events)?;
        let (slice, _) = open(key, SLICE, cache, events)?;
        let (findings, gaps) = serde_json::from_slice(&findings).ok()?;
        Some(Self { findings, gaps, slice })
    }
}

/// Scan and match together.
pub(super) fn evidence(scanned: Scanned, matched: Matched) -> SubjectEvidence {
    let sbom = scanned.contents.sbom();
    let mut gaps = sbom.gaps.clone();
    gaps.extend(matched.gaps);
    gaps.sort();
    gaps.dedup();
    SubjectEvidence {
        development: evaluate::development(sbom, &matched.findings),
        subject: scanned.subject,
        sbom: scanned.packed,
        document: scanned.document,
        findings: matched.findings,
        gaps,
        slice: matched.slice,
    }
}

/// Scans one subject, for verbs that have just one.
///
/// # Errors
/// As the scanner's.
pub fn scan_now(scanner: Arc<dyn Scanner>, request: ScanRequest) -> Result<Arc<Sbom>, ScanError> {
    match scanner.scan(request) {
        ScanTask::Cpu(work) => work(),
        // A program of its own does not hear what ends this one: it is ended with the future.
        ScanTask::Wait(work) => wait_for(async {
            tokio::select! {
                done = work => done,
                Ok(()) = tokio::signal::ctrl_c() => Err(ScanError::Cancelled),
            }
        })
        .map_err(|error| ScanError::Unavailable(error.to_string()))?,
    }
}

/// What a finder says of one SBOM, for verbs that have just one.
///
/// # Errors
/// As the advisories' and the program's.
pub fn match_now(sbom: &Sbom, finder: &Finder) -> Result<(Vec<Finding>, Vec<Gap>), MatchNowError> {
    match finder {
        Finder::Ours(advisories) => {
            let matched = matching::match_sbom(sbom, advisories.as_ref())?;
            Ok((matched.findings, matched.gaps))
        }
        Finder::Other(matcher) => {
            let answer = wait_for(matcher.find(Arc::new(sbom.clone())))
                .map_err(|error| ScanError::Unavailable(error.to_string()))??;
            Ok((answer.findings, answer.gaps))
        }
    }
}

/// Why [`match_now`] found nothing out.
#[derive(Debug, thiserror::Error)]
pub enum MatchNowError {
    /// The advisories cannot be read.
    #[error(transparent)]
    Advisories(#[from] AdvisoriesError),
    /// The other program gives no answer that can be used.
    #[error(transparent)]
    Other(#[from] ScanError),
}

fn keep(key: &ActionKey, outputs: &[(&str, Output<'_>)], cache: &dyn Cache, events: &dyn Events) {
    if let Err(error) = cache.put_action(key, outputs) {
        events.emit(Event::Warning { code: "cache::unwritable", message: error.to_string() });
    }
}

fn open(key: &ActionKey, name: &str, cache: &dyn Cache, events: &dyn Events) -> Option<(Blob, Vec<u8>)> {
    match cache.output(key, name) {
        Ok(BlobLookup::Found(opened)) => Some(opened),
        Ok(BlobLookup::Missing) => None,
        Ok(BlobLookup::Corrupted) => {
            let message = format!("a cached result was damaged and is discarded: {key}");
            events.emit(Event::Warning { code: "cache::corrupted", message });
            None
        }
        Err(error) => {
            events.emit(Event::Warning { code: "cache::unreadable", message: error.to_string() });
            None
        }
    }
}
