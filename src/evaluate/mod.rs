//! Findings, gaps, waivers, policy and `as_of` to verdicts. Pure: the same inputs give the same [`Evaluation`], whenever and
//! wherever, in whatever order services, subjects and findings are handed in.
//!
//! | file | decides |
//! |---|---|
//! | [`input`] | what an evaluation is given, and what it gives |
//! | [`findings`] | what each finding counts as |
//! | [`waivers`] | which waivers hold, and what is wrong with the others |
//! | [`licenses`] | which licences are not allowed |
//! | [`end_of_life`] | since when a distribution gets no fixes any more |
//! | [`subject`] | the verdict on one subject |
//! | [`dependencies`] | the verdict on a service, with all it depends on |
//!
//! Two rules stand over the others. What was not looked at is [`Verdict::Incomplete`],
//! and nothing but looking can change that: no waiver, no limit. And a package made to harm fails, whatever the limits say,
//! unless a waiver names that very finding.
//!
//! **Severities.** A limit is for findings of exactly that severity; one that the policy does not name has no limit. Unrated
//! findings (`unknown`) are a severity like the others: they are always listed, and count where the policy limits `unknown`.

pub mod dependencies;
pub mod end_of_life;
pub mod findings;
pub mod input;
pub mod licenses;
pub mod subject;
pub mod waivers;

pub use findings::development;
pub use input::{Circumstances, Contents, Evaluation, FirstSeen, ServiceInput, SubjectEvidence, WaiverProblem};

use crate::model::{ServiceVerdict, Timestamp, Verdict, Waiver};
use std::collections::BTreeSet;

/// Judges every service.
///
/// A service's verdict is the worst of its subjects' and of those it depends on, directly or not. One that is depended on and is
/// not among `services` was not looked at.
pub fn evaluate(services: &[ServiceInput<'_>], with: &Circumstances<'_>) -> Evaluation {
    let mut horizon = Horizon::after(with.as_of);
    let mut judged: Vec<ServiceVerdict> = services
        .iter()
        .map(|service| {
            let mut subjects: Vec<_> =
                service.subjects.iter().map(|subject| subject::judge(service, subject, with, &mut horizon)).collect();
            subjects.sort_by(|a, b| a.name.cmp(&b.name));
            let used: BTreeSet<&Waiver> =
                subjects.iter().flat_map(|one| &one.findings).filter_map(|one| one.waiver.as_ref()).collect();
            let waivers = used.into_iter().cloned().collect();
            let verdict = subjects.iter().map(|subject| subject.verdict).max().unwrap_or(Verdict::Pass);
            ServiceVerdict { name: service.name.clone(), verdict, reasons: Vec::new(), subjects, waivers }
        })
        .collect();
    dependencies::spread(services, &mut judged);
    judged.sort_by(|a, b| a.name.cmp(&b.name));
    let waiver_problems = waivers::problems(services, with, &mut horizon);
    Evaluation { services: judged, waiver_problems, holds_until: horizon.instant }
}

/// The earliest instant after `as_of` at which something could be judged otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Horizon {
    as_of: Timestamp,
    instant: Option<Timestamp>,
}

impl Horizon {
    /// None known yet.
    pub fn after(as_of: Timestamp) -> Self {
        Self { as_of, instant: None }
    }

    /// Something changes then. What is not after `as_of` has happened already.
    pub fn changes_at(&mut self, instant: Timestamp) {
        if instant > self.as_of {
            self.instant = Some(self.instant.map_or(instant, |known| known.min(instant)));
        }
    }
}

#[cfg(test)]
mod tests;
