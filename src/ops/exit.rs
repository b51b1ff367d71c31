//! Exit codes: documented, stable, and ordered where several apply.

use crate::model::Verdict;
use serde::Serialize;

/// What the process says with its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// Every verdict passes: 0.
    Pass,
    /// A policy is not met: 1.
    Policy,
    /// A usage or configuration error: 2.
    Usage,
    /// The lock is stale: 3.
    Stale,
    /// A signature, digest, chain or identity does not hold, or something was tampered with: 4.
    Integrity,
    /// A server, registry, scanner or the network is not available: 5.
    Infrastructure,
    /// Something was not scanned, or the database is missing or too old: 6.
    Incomplete,
    /// A bug in proofmark: 70.
    Bug,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Policy => 1,
            Self::Usage => 2,
            Self::Stale => 3,
            Self::Integrity => 4,
            Self::Infrastructure => 5,
            Self::Incomplete => 6,
            Self::Bug => 70,
        }
    }

    /// From the number, where it is one of ours.
    pub fn from_code(code: u8) -> Option<Self> {
        [
            Self::Pass,
            Self::Policy,
            Self::Usage,
            Self::Stale,
            Self::Integrity,
            Self::Infrastructure,
            Self::Incomplete,
            Self::Bug,
        ]
        .into_iter()
        .find(|exit| exit.code() == code)
    }

    /// Which of two is said when both apply: 70, 4, 2, 5, 6, 3, 1, 0.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Bug => 7,
            Self::Integrity => 6,
            Self::Usage => 5,
            Self::Infrastructure => 4,
            Self::Incomplete => 3,
            Self::Stale => 2,
            Self::Policy => 1,
            Self::Pass => 0,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass | Verdict::Waived => Self::Pass,
            Verdict::Fail => Self::Policy,
            Verdict::Incomplete => Self::Incomplete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_order_holds() {
        let order = [70, 4, 2, 5, 6, 3, 1, 0].map(|code| Exit::from_code(code).unwrap());
        for (at, worse) in order.iter().enumerate() {
            for better in &order[at..] {
                assert_eq!(worse.or_worse(*better), *worse);
                assert_eq!(better.or_worse(*worse), *worse);
            }
        }
    }
}
