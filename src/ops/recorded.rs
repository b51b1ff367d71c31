//! Subjects as they are now; offline, those in registries as the lock has them.

use super::recall::subjects;
use super::verify::subject_of;
use crate::model::{Digest, Lock, LockSubject};
use crate::ports::{Located, Stamp, SubjectError, SubjectSpec, Subjects};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Finds subjects; where one cannot be asked for, gives what the lock says of it, and counts that.
pub(super) struct OrRecorded<'a> {
    subjects: &'a dyn Subjects,
    lock: &'a Lock,
    used: AtomicUsize,
}

impl<'a> OrRecorded<'a> {
    pub(super) fn new(subjects: &'a dyn Subjects, lock: &'a Lock) -> Self {
        Self { subjects, lock, used: AtomicUsize::new(0) }
    }

    /// How many were only taken from the lock.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Subjects for OrRecorded<'_> {
    fn locate(
        &self,
        spec: &SubjectSpec,
        known: &(dyn Fn(&str, &Stamp) -> Option<Digest> + Sync),
    ) -> Result<Located, SubjectError> {
        match (self.subjects.locate(spec, known), spec) {
            (Err(SubjectError::Offline { place }), SubjectSpec::Image(image)) => {
                let is_it = |it: &&LockSubject| it.name == image.name && it.uri == image.reference;
                let recorded = subjects(self.lock).map(|(_, recorded)| recorded).find(is_it);
                let recorded = recorded.ok_or(SubjectError::Offline { place })?;
                self.used.fetch_add(1, Ordering::Relaxed);
                Ok(Located::here(subject_of(recorded), PathBuf::new(), Vec::new(), Vec::new()))
            }
            (located, _) => located,
        }
    }

    fn attached(&self, reference: &str, image: &Digest) -> Result<Vec<Vec<u8>>, SubjectError> {
        self.subjects.attached(reference, image)
    }
}
