//! What evaluation says of a service.

use super::{Date, Finding, Gap, Name, Requirement, Severity, SeverityCounts, Waiver};
use serde::{Deserialize, Serialize};

/// The four verdicts, best first. Where several apply the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything was looked at, and the policy is met.
    Pass,
    /// Met only because of waivers.
    Waived,
    /// Everything was looked at, and the policy is not met.
    Fail,
    /// Something was not looked at: neither clean nor failed.
    Incomplete,
}

impl Verdict {
    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Waived => "waived",
            Self::Fail => "fail",
            Self::Incomplete => "incomplete",
        }
    }

    /// Whether a service with it may be released.
    pub const fn is_compliant(self) -> bool {
        matches!(self, Self::Pass | Self::Waived)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a verdict is not `pass`. Data, not text: reports word it. As JSON its `type` says which; a gap has a `kind` of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type", deny_unknown_fields)]
pub enum Reason {
    /// More findings of a severity than the policy allows.
    TooMany {
        /// Of which severity.
        severity: Severity,
        /// How many count.
        count: u64,
        /// How many are allowed.
        max: u32,
    },
    /// A package made to harm, whatever the limits say.
    Malicious {
        /// The finding's id.
        id: String,
        /// Its package URL.
        package: String,
    },
    /// A licence that is not allowed.
    License {
        /// Package URL.
        package: String,
        /// The expression, or empty where none is known.
        expression: String,
    },
    /// A distribution past its end of life.
    EndOfLife {
        /// Which (`debian 9`).
        distro: String,
        /// Since when.
        since: Date,
    },
    /// Nobody who is trusted has attested this of the image.
    NotAttested {
        /// What the policy requires.
        requirement: Requirement,
    },
    /// Something was not looked at.
    Gap(Gap),
    /// A service that this one depends on is not compliant.
    Dependency {
        /// From the direct dependency to the one at fault.
        path: Vec<Name>,
        /// The verdict of that one.
        verdict: Verdict,
    },
    /// Met only because of this many waived findings.
    Waivers {
        /// How many findings are waived.
        count: u64,
    },
}

/// What a finding counts as under a policy at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingStatus {
    /// It counts.
    Open,
    /// A waiver covers it.
    Waived,
    /// There is no fix, and the policy leaves such out.
    Unfixed,
    /// Within the policy's grace period.
    Grace,
    /// In a development-only component, and the policy leaves such out.
    Development,
    /// Not a flaw but a notice (unmaintained, unsound …): said, not counted.
    Informational,
}

/// A finding with what it counts as.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedFinding {
    /// What was found.
    pub finding: Finding,
    /// What it counts as.
    pub status: FindingStatus,
    /// The day it was first seen: from the previous lock, else that of `as_of`.
    pub first_seen: Date,
    /// The waiver, where the status is `Waived`.
    pub waiver: Option<Waiver>,
}

/// What evaluation says of one subject of a service, by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectVerdict {
    /// The subject's name.
    pub name: Name,
    /// The verdict on this subject alone.
    pub verdict: Verdict,
    /// Why. Sorted.
    pub reasons: Vec<Reason>,
    /// Every finding, judged. Sorted by severity (worst first), id, package.
    pub findings: Vec<JudgedFinding>,
    /// Every finding counted by severity, waived and left-out ones included.
    pub counts: SeverityCounts,
}

/// What evaluation says of a service: the worst of its subjects and of what it depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceVerdict {
    /// The service.
    pub name: Name,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, beyond its subjects' own reasons: dependencies.
    pub reasons: Vec<Reason>,
    /// One for each subject, by name.
    pub subjects: Vec<SubjectVerdict>,
    /// The waivers that were used. Sorted.
    pub waivers: Vec<Waiver>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GapKind;

    #[test]
    fn every_reason_is_read_back_as_it_was_written() {
        let name = |text| Name::new(text).unwrap();
        let reasons = [
            Reason::TooMany { severity: Severity::High, count: 2, max: 1 },
            Reason::Malicious { id: "MAL-1".into(), package: "pkg:npm/x@1".into() },
            Reason::License { package: "pkg:npm/x@1".into(), expression: String::new() },
            Reason::EndOfLife { distro: "debian 9".into(), since: Date::parse("2022-06-30").unwrap() },
            Reason::NotAttested { requirement: Requirement::parse("vex").unwrap() },
            Reason::Gap(Gap::new(GapKind::UnreadableFile, "a/package-lock.json", "cut short")),
            Reason::Dependency { path: vec![name("a"), name("b")], verdict: Verdict::Fail },
            Reason::Waivers { count: 3 },
        ];
        for reason in reasons {
            // By way of text: a key that stands twice is seen there alone.
            let text = serde_json::to_string(&reason).unwrap();
            assert_eq!(text.matches("\"type\":").count(), 1, "{text}");
            assert_eq!(text.matches("\"kind\":").count(), usize::from(matches!(reason, Reason::Gap(_))), "{text}");
            assert_eq!(serde_json::from_str::<Reason>(&text).unwrap(), reason);
            let value = serde_json::to_value(&reason).unwrap();
            assert_eq!(serde_json::from_value::<Reason>(value).unwrap(), reason);
        }
    }
}
