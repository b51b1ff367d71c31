//! What was found in a subject, apart from whose it is: subjects with the same contents share it, and what was computed from it. Images
//! that differ in their configs alone are such.

use super::subject::Matched;
use crate::attest::cyclonedx::{self, Body};
use crate::attest::statements::SbomFrame;
use crate::matching::Matcher;
use crate::model::{Blob, Digest, Hasher, Sbom, ScannerIdentity, Subject};
use crate::ports::AdvisoriesError;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many are remembered of those that were computed last.
const RECENT: usize = 16;

/// What a scanner found, and what follows from that alone.
pub(super) struct Contents {
    pub(super) sbom: Arc<Sbom>,
    scanner: ScannerIdentity,
    /// The SBOM, in a form that is fast to read back.
    pub(super) model: Blob,
    pub(super) body: Arc<PackedBody>,
    /// Digests of a document and of its statement, computed as far as the subject.
    begun: (Hasher, Hasher),
    matched: Mutex<Option<Matched>>,
}

/// A document's [`Body`], packed.
#[derive(Debug, PartialEq)]
pub(super) struct PackedBody {
    before: Blob,
    after: Vec<u8>,
}

impl PackedBody {
    /// The document of a subject; `None` where there is no memory for it.
    pub(super) fn around(&self, subject: &Subject) -> Option<Vec<u8>> {
        let mut document = self.before.bytes()?;
        document.extend_from_slice(&cyclonedx::subject(subject));
        document.extend_from_slice(&self.after);
        Some(document)
    }
}

impl Contents {
    /// `None` where it cannot be held.
    fn new(sbom: Arc<Sbom>, scanner: &ScannerIdentity) -> Option<Self> {
        let model = Blob::new(&postcard::to_stdvec(sbom.as_ref()).ok()?);
        let Body { before, after } = Body::new(&sbom, scanner);
        let mut begun = (Hasher::new(), SbomFrame::begun());
        begun.0.update(&before);
        begun.1.update(&before);
        let body = Arc::new(PackedBody { before: Blob::new(&before), after });
        Some(Self { sbom, scanner: scanner.clone(), model, body, begun, matched: Mutex::default() })
    }

    /// Digests of the document of a subject that has these contents, and of the statement that holds it.
    pub(super) fn digests(&self, subject: &Subject) -> (Digest, Digest) {
        let (mut document, mut statement) = self.begun.clone();
        let said = cyclonedx::subject(subject);
        for part in [&said, &self.body.after] {
            document.update(part);
            statement.update(part);
        }
        (document.finish(), SbomFrame::new(subject).ended(statement))
    }

    /// What is found for it. The matcher is the same one in all of a run.
    ///
    /// # Errors
    /// The advisories cannot be read.
    pub(super) fn matched(&self, matcher: &Matcher) -> Result<Matched, AdvisoriesError> {
        let mut kept = self.matched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(matched) = &*kept {
            return Ok(matched.clone());
        }
        let matched = Matched::of(&self.sbom, matcher)?;
        Ok(kept.insert(matched).clone())
    }
}

/// The contents that were computed last, of those that can come again: the scanner keeps their SBOM. Others would only take room.
#[derive(Default)]
pub(super) struct Recent(Mutex<VecDeque<Arc<Contents>>>);

impl Recent {
    /// The contents that are this SBOM, of this scanner; `None` where they cannot be held.
    pub(super) fn of(&self, sbom: Arc<Sbom>, scanner: &ScannerIdentity) -> Option<Arc<Contents>> {
        let is_same = |known: &&Arc<Contents>| Arc::ptr_eq(&known.sbom, &sbom) && known.scanner == *scanner;
        if let Some(known) = self.lock().iter().find(is_same) {
            return Some(Arc::clone(known));
        }
        let is_kept = |sbom: &Arc<Sbom>| Arc::strong_count(sbom) > 1;
        let can_come_again = is_kept(&sbom);
        let contents = Arc::new(Contents::new(sbom, scanner)?);
        let mut recent = self.lock();
        recent.retain(|known| is_kept(&known.sbom));
        if !can_come_again {
            return Some(contents);
        }
        if recent.len() >= RECENT {
            recent.pop_front();
        }
        recent.push_back(Arc::clone(&contents));
        Some(contents)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Contents>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Component, Name, Purl, SubjectDigest, SubjectKind};

    fn sbom(version: &str) -> Arc<Sbom> {
        let purl = Purl::build("npm", None, "left-pad", Some(version), &[]).unwrap();
        let component = Component::new(purl, "left-pad", version, None);
        Arc::new(Sbom { components: vec![component], ..Sbom::default() })
    }

    fn subject(name: &str) -> Subject {
        Subject {
            name: Name::new(name).unwrap(),
            kind: SubjectKind::Image,
            uri: format!("oci:images/\"{name}\""),
            digest: SubjectDigest::Sha256(Digest::of(name.as_bytes())),
        }
    }

    #[test]
    fn documents_and_digests_are_those_of_each_subject_by_itself() {
        let scanner = ScannerIdentity { name: "builtin".into(), version: "1".into(), binary: None };
        let contents = Recent::default().of(sbom("1.0.0"), &scanner).unwrap();
        for name in ["a", "another"] {
            let subject = subject(name);
            let document = cyclonedx::encode(&subject, &contents.sbom, &scanner);
            assert_eq!(contents.body.around(&subject).unwrap(), document);
            let statement = SbomFrame::new(&subject).digest(&document);
            assert_eq!(contents.digests(&subject), (Digest::of(&document), statement));
        }
    }

    #[test]
    fn the_same_is_computed_once_and_few_are_remembered() {
        let recent = Recent::default();
        let scanner = |version: &str| ScannerIdentity { name: "builtin".into(), version: version.into(), binary: None };
        let one = sbom("1.0.0");
        let first = recent.of(Arc::clone(&one), &scanner("1")).unwrap();
        assert!(Arc::ptr_eq(&first, &recent.of(Arc::clone(&one), &scanner("1")).unwrap()));
        let other = recent.of(Arc::clone(&one), &scanner("2")).unwrap();
        assert_ne!(first.digests(&subject("a")), other.digests(&subject("a")), "the scanner stands in the document");
        recent.of(sbom("1.5.0"), &scanner("1")).unwrap();
        assert_eq!(recent.lock().len(), 2, "what nobody keeps is not remembered");
        let kept: Vec<Arc<Sbom>> = (0..RECENT).map(|version| sbom(&format!("2.0.{version}"))).collect();
        for each in &kept {
            recent.of(Arc::clone(each), &scanner("1")).unwrap();
        }
        assert_eq!(recent.lock().len(), RECENT);
        assert!(!Arc::ptr_eq(&first, &recent.of(one, &scanner("1")).unwrap()));
        drop((kept, first, other));
        recent.of(sbom("3.0.0"), &scanner("1")).unwrap();
        assert_eq!(recent.lock().len(), 0, "nor what nobody keeps any more");
    }
}
