//! A lock computed anew and held against what it records: from the findings that were signed, and, in a replay, from nothing but the
//! SBOMs and advisories behind them. Whatever it gives never replaces what is recorded.

use super::assemble;
use super::project::Project;
use super::recall::{Findings, Recalled, Stored, subjects};
use super::seal::{bundle_of, recorded_bundles};
use super::verify::Check;
use super::{Exit, Failure};
use crate::lockfile;
use crate::model::{Lock, LockService, Name, ServiceVerdict, Timestamp, Verdict};
use std::collections::BTreeMap;

/// What a lock is computed anew from.
pub(super) struct Recomputation<'a> {
    /// The config.
    pub project: &'a Project,
    /// The lock; of a part, with its services alone.
    pub lock: &'a Lock,
    /// The services of a part; empty for all.
    pub part: &'a [Name],
    /// The stored evidence of every subject.
    pub evidence: &'a BTreeMap<(Name, Name), Stored>,
}

impl Recomputation<'_> {
    /// What the policy makes of the findings that were signed: it must be what the lock says of every service. `findings` are of
    /// verified statements alone; where one is missing nothing is computed, for that was said before.
    pub(super) fn verdicts(&self, findings: &Findings) -> Check {
        let count = self.lock.services.len();
        let not_reached = || Check { not_reached: count, ..Check::of("verdicts", 0, Vec::new()) };
        let is_current = self.lock.inputs.config == self.project.config.digest();
        let is_whole = subjects(self.lock).count() == findings.len() && findings.len() == self.evidence.len();
        if !is_current || !is_whole {
            return not_reached();
        }
        // Services that the lock does not have make it stale, which is said elsewhere.
        let names: Vec<Name> = self.lock.services.iter().map(|service| service.name.clone()).collect();
        let recalled = Recalled::new(self.project, self.lock, self.evidence, Some(findings));
        let failures = match recalled.and_then(|recalled| self.again(&recalled.of(&names))) {
            Ok((again, _)) => self.differing(&again),
            Err(failure) => vec![failure],
        };
        Check::of("verdicts", count, failures)
    }

    /// Findings, verdicts, statements and lock, computed anew from the stored evidence; they must give the same lock, byte for byte
    /// (of a part: the same services). At another instant the verdicts may be worse.
    pub(super) fn replay(&self, text: &str, as_of: Option<Timestamp>) -> (Check, Option<BTreeMap<Name, Verdict>>) {
        let count = subjects(self.lock).count();
        let recalled = Recalled::new(self.project, self.lock, self.evidence, None)
            .map(|recalled| if self.part.is_empty() { recalled } else { recalled.of(self.part) });
        let computed = recalled.and_then(|recalled| Ok((self.again(&recalled)?, recalled)));
        let ((again, verdicts), recalled) = match computed {
            Ok(computed) => computed,
            Err(failure) => return (Check::of("replay", count, vec![failure]), None),
        };
        let mut failures = Vec::new();
        let is_same =
            if self.part.is_empty() { lockfile::encode(&again) == text } else { again.services == self.lock.services };
        if !is_same {
            let differences = lockfile::render(&lockfile::diff(self.lock, &again));
            failures.push(
                Failure::new(Exit::Integrity, "replay::differs", "the evidence does not give this lock")
                    .help(format!("from recorded to computed:\n{differences}")),
            );
        }
        let verdicts = match as_of.filter(|as_of| *as_of != self.lock.inputs.as_of) {
            None => verdicts,
            Some(as_of) => assemble::judge(&recalled.inputs(self.project, as_of)).services,
        };
        let verdicts = verdicts.iter().map(|service| (service.name.clone(), service.verdict)).collect();
        (Check::of("replay", count, failures), Some(verdicts))
    }

    fn again(&self, recalled: &Recalled) -> Result<(Lock, Vec<ServiceVerdict>), Failure> {
        let inputs = recalled.inputs(self.project, self.lock.inputs.as_of);
        let assembled = assemble::assemble(&inputs)?;
        let bundles = recorded_bundles(self.lock);
        let again = assemble::lock(&inputs, &assembled, &|draft| bundle_of(&bundles, draft));
        Ok((again, assembled.evaluation.services))
    }

    /// The services of which the lock says something else.
    fn differing(&self, again: &Lock) -> Vec<Failure> {
        let computed: BTreeMap<&Name, &LockService> =
            again.services.iter().map(|service| (&service.name, service)).collect();
        let failure = |recorded: &LockService| {
            let (name, says) = (&recorded.name, recorded.verdict);
            let gives = computed.get(name).filter(|again| **again != recorded)?.verdict;
            let what = if says == gives {
                format!("{name}: what was signed of its subjects gives another record than the lock's")
            } else {
                format!("{name}: the lock says {says}; the findings that were signed give {gives}")
            };
            Some(Failure::new(Exit::Integrity, "verdict::differs", what))
        };
        self.lock.services.iter().filter_map(failure).collect()
    }
}
