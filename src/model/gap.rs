//! What was not looked at. A subject with a gap is incomplete, never clean.

use serde::{Deserialize, Serialize};

/// One thing that kept a scan or a match from being whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// What kind of thing.
    pub kind: GapKind,
    /// Where: a path in the subject, an ecosystem, a scanner's name. Empty where the whole subject is meant.
    pub place: String,
    /// Why, in words that hold on every machine (no absolute paths, no times).
    pub reason: String,
}

/// The kinds of gap. Their names are stable and stand in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// A file that a catalogue wants could not be parsed, or only in part.
    UnreadableFile,
    /// A limit on size, depth or count was met.
    LimitReached,
    /// Packages of a distribution that cannot be told or that we have no rule for.
    UnknownDistribution,
    /// An ecosystem was found for which the snapshot holds no advisories.
    NoAdvisories,
    /// A version that its ecosystem's ordering cannot read, met by an advisory for that package.
    UnorderedVersion,
    /// The scan failed as a whole or did not finish in time.
    ScanFailed,
    /// The snapshot is older than `max-age`.
    StaleAdvisories,
}

impl GapKind {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnreadableFile => "unreadable-file",
            Self::LimitReached => "limit-reached",
            Self::UnknownDistribution => "unknown-distribution",
            Self::NoAdvisories => "no-advisories",
            Self::UnorderedVersion => "unordered-version",
            Self::ScanFailed => "scan-failed",
            Self::StaleAdvisories => "stale-advisories",
        }
    }
}

impl Gap {
    /// A gap.
    pub fn new(kind: GapKind, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { kind, place: place.into(), reason: reason.into() }
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind.as_str())?;
        if !self.place.is_empty() {
            write!(f, ": {}", self.place)?;
        }
        write!(f, ": {}", self.reason)
    }
}
