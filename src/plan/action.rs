//! Actions, and why each runs or does not.

use crate::config::Engine;
use crate::model::{Digest, Name, SubjectDigest};
use crate::ports::{ActionKey, ActionRecord};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A whole plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Distinct subjects, in the order in which their scans start.
    pub subjects: Vec<SubjectPlan>,
    /// The services, by wave and name.
    pub services: Vec<ServicePlan>,
}

/// A distinct subject: scanned and matched once for all services that have it.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectPlan {
    /// The services and subject names that it is; the first one names the actions.
    pub used_by: Vec<(Name, Name)>,
    /// Which engine scans it.
    pub engine: Engine,
    /// Its scan.
    pub sbom: Action,
    /// Its match. Has no key yet where the SBOM is to be made.
    pub matching: Action,
}

/// A service to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct ServicePlan {
    /// The service.
    pub name: Name,
    /// Services of a wave depend only on earlier ones.
    pub wave: usize,
    /// Its verdict.
    pub judge: Action,
}

/// An action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Which kind.
    pub kind: ActionKind,
    /// What it is called: `sbom checkout/source`, `judge checkout`.
    pub label: String,
    /// Its key, where it is known before anything runs and the kind has one.
    pub key: Option<ActionKey>,
    /// Whether it runs.
    pub decision: Decision,
    /// How long after the start of the run it starts at the earliest.
    pub offset: Duration,
}

/// Kinds of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionKind {
    /// Scan a subject.
    Sbom,
    /// Look its components up.
    Match,
    /// Judge a service.
    Judge,
}

impl ActionKind {
    /// Its name in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sbom => "sbom",
            Self::Match => "match",
            Self::Judge => "judge",
        }
    }
}

/// Whether an action runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It runs, and why.
    Run(RunReason),
    /// Its result is at hand. A judgement is computed anew all the same, which costs nothing, and comes out as recorded.
    Cached(ActionRecord),
}

impl Decision {
    /// Why it runs, if it does.
    pub fn reason(&self) -> Option<&RunReason> {
        match self {
            Self::Run(reason) => Some(reason),
            Self::Cached(_) => None,
        }
    }

    /// For judgements, whose result is the lock itself.
    pub(super) fn as_recorded() -> Self {
        Self::Cached(ActionRecord { outputs: BTreeMap::new() })
    }
}

/// Why an action runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum RunReason {
    /// The lock does not have it.
    New,
    /// The subject has another content.
    SubjectChanged {
        /// What it was.
        from: SubjectDigest,
        /// What it is.
        to: SubjectDigest,
    },
    /// Another scanner, or another version of it.
    ScannerChanged {
        /// As in the lock.
        from: String,
        /// As it is.
        to: String,
    },
    /// Its SBOM is made anew.
    SbomRemade,
    /// Another advisory snapshot.
    AdvisoriesChanged {
        /// That of the lock.
        from: Digest,
        /// That at hand.
        to: Digest,
    },
    /// The policy has other values.
    PolicyChanged,
    /// It depends on other services.
    DependenciesChanged,
    /// Something else in the config changed.
    ConfigChanged,
    /// The verdict of a service that it depends on is made anew.
    DependencyJudged {
        /// Which.
        service: Name,
    },
    /// It was judged at another instant, and a waiver, grace period or support period may have ended since.
    TimePassed,
    /// The lock has it, but its result is not in the cache.
    ResultMissing,
}

impl std::fmt::Display for RunReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => write!(f, "new"),
            Self::SubjectChanged { from, to } => {
                write!(f, "the subject changed: {} → {}", short(&from.to_string()), short(&to.to_string()))
            }
            Self::ScannerChanged { from, to } => write!(f, "the scanner changed: {from} → {to}"),
            Self::SbomRemade => write!(f, "its SBOM is made anew"),
            Self::AdvisoriesChanged { from, to } => {
                write!(f, "the advisories changed: {} → {}", short(&from.to_string()), short(&to.to_string()))
            }
            Self::PolicyChanged => write!(f, "the policy changed"),
            Self::DependenciesChanged => write!(f, "what it depends on changed"),
            Self::ConfigChanged => write!(f, "the config changed"),
            Self::DependencyJudged { service } => write!(f, "it depends on {service}, which is judged anew"),
            Self::TimePassed => write!(f, "it was judged at another time"),
            Self::ResultMissing => write!(f, "its result is not in the cache"),
        }
    }
}

/// The beginning of a digest: enough to tell two apart.
fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}
