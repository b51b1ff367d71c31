//! What an evaluation is given, and what it gives.

use crate::model::{
    Component, Date, Distro, Duration, Finding, Gap, Lock, Name, Policy, Purl, Sbom, ServiceVerdict, Timestamp, Waiver,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What is in a subject. Components are asked for only where a policy has something to say of them.
pub trait Contents: std::fmt::Debug {
    /// The distribution.
    fn distro(&self) -> Option<&Distro>;

    /// What the scan did not look at.
    fn gaps(&self) -> &[Gap];

    /// The components; `None` where they cannot be had any more.
    fn components(&self) -> Option<Cow<'_, [Component]>>;
}

impl Contents for Sbom {
    fn distro(&self) -> Option<&Distro> {
        self.distro.as_ref()
    }

    fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    fn components(&self) -> Option<Cow<'_, [Component]>> {
        Some(Cow::Borrowed(&self.components))
    }
}

/// What is known of one subject.
#[derive(Debug, Clone, Copy)]
pub struct SubjectEvidence<'a> {
    /// The subject's name.
    pub name: &'a Name,
    /// What is in it.
    pub sbom: &'a dyn Contents,
    /// What is wrong with that.
    pub findings: &'a [Finding],
    /// Packages of the findings that only development needs.
    pub development: &'a BTreeSet<Purl>,
    /// All that was not looked at, by the scan or by the match.
    pub gaps: &'a [Gap],
    /// For an image: predicate types of what others have attested of it, by somebody trusted. `None` for a source tree.
    pub attested: Option<&'a [String]>,
}

/// A service to judge.
#[derive(Debug, Clone)]
pub struct ServiceInput<'a> {
    /// Its name.
    pub name: &'a Name,
    /// What it must meet.
    pub policy: &'a Policy,
    /// The services it needs directly.
    pub depends_on: &'a [Name],
    /// Its subjects.
    pub subjects: Vec<SubjectEvidence<'a>>,
}

/// What all services of a run share.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The instant to judge at.
    pub as_of: Timestamp,
    /// The latest record of the advisory snapshot.
    pub snapshot_modified: Timestamp,
    /// How old that may be; `None` for no limit.
    pub max_age: Option<Duration>,
    /// All waivers. Problems refer to them by position.
    pub waivers: &'a [Waiver],
    /// When findings were first seen.
    pub first_seen: &'a FirstSeen,
}

/// The day on which each finding was first seen in a subject of a service, from the last lock.
///
/// A finding is told by its ids and its package *without* version: an update to another version that has the same flaw does
/// not start a grace period anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstSeen(BTreeMap<FirstSeenKey, Date>);

/// Service, subject, finding id, package URL without version.
type FirstSeenKey = (Name, Name, String, String);

impl FirstSeen {
    /// Nothing was seen before.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a lock recorded.
    pub fn from_lock(lock: &Lock) -> Self {
        let mut known = Self::default();
        for service in &lock.services {
            for subject in &service.subjects {
                for finding in &subject.findings {
                    let package = finding.package.without_version();
                    known.insert(&service.name, &subject.name, &finding.id, package, finding.first_seen);
                }
            }
        }
        known
    }

    /// Records a day; of several for the same finding the earliest stays.
    pub fn insert(&mut self, service: &Name, subject: &Name, id: &str, package: &str, day: Date) {
        let key = (service.clone(), subject.clone(), id.to_owned(), package.to_owned());
        let known = self.0.entry(key).or_insert(day);
        *known = (*known).min(day);
    }

    /// The day this finding was first seen, under any of its ids; never after `today`, which it is where nothing is known.
    pub fn of(&self, service: &Name, subject: &Name, finding: &Finding, today: Date) -> Date {
        if self.0.is_empty() {
            return today;
        }
        let package = finding.package.without_version();
        let ids = std::iter::once(&finding.id).chain(&finding.aliases);
        let known = ids
            .filter_map(|id| self.0.get(&(service.clone(), subject.clone(), id.clone(), package.to_owned())).copied());
        known.min().map_or(today, |day| day.min(today))
    }
}

/// The verdicts, and how long they hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// By name.
    pub services: Vec<ServiceVerdict>,
    /// What is wrong with waivers: errors, each. By position, then kind.
    pub waiver_problems: Vec<WaiverProblem>,
    /// The earliest later instant at which, with all else the same, a verdict or the status of a finding could change: a
    /// waiver or a grace period ends, `max-age` passes, a distribution reaches its end of life. `None` where none can.
    pub holds_until: Option<Timestamp>,
}

/// What is wrong with a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaiverProblem {
    /// Its last day is over: it covers nothing any more.
    Expired {
        /// Its position.
        waiver: usize,
        /// Its last day.
        expires: Date,
    },
    /// It runs longer than the policy of a service lets it: it covers nothing there.
    TooLong {
        /// Its position.
        waiver: usize,
        /// The most days that it may run from `as_of`.
        max_days: u32,
        /// Its last day.
        expires: Date,
    },
    /// It covers no finding of any service that it is for.
    Unused {
        /// Its position.
        waiver: usize,
    },
}

impl WaiverProblem {
    /// The waiver's position in [`Circumstances::waivers`].
    pub const fn waiver(&self) -> usize {
        match self {
            Self::Expired { waiver, .. } | Self::TooLong { waiver, .. } | Self::Unused { waiver } => *waiver,
        }
    }

    /// Its stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "evaluate::expired-waiver",
            Self::TooLong { .. } => "evaluate::waiver-too-long",
            Self::Unused { .. } => "evaluate::unused-waiver",
        }
    }
}

impl std::fmt::Display for WaiverProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Expired { expires, .. } => write!(f, "the waiver expired: its last day was {expires}"),
            Self::TooLong { max_days, expires, .. } => {
                write!(f, "the waiver runs until {expires}, which is more than {max_days} days ahead")
            }
            Self::Unused { .. } => f.write_str("the waiver covers no finding of the services that it is for"),
        }
    }
}
