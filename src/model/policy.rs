//! What a service must meet.

use super::{Digest, Duration, Name, Requirement, Severity};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A policy with `extends` resolved. Its digest stands in the lock, so a change of any value is seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// Its name in the config.
    pub name: Name,
    /// The most findings of a severity that pass; a severity that is not here has no limit.
    pub max: BTreeMap<Severity, u32>,
    /// Whether findings without a fix are left out of the count.
    pub ignore_unfixed: bool,
    /// How long after it was first seen a finding of a severity does not count.
    pub grace: BTreeMap<Severity, Duration>,
    /// What licences components may have; `None` for no rule.
    pub licenses: Option<LicenseRules>,
    /// What an end-of-life distribution means.
    pub end_of_life: EndOfLife,
    /// The longest that a waiver may run, in days: at most 180.
    pub max_waiver_days: u32,
    /// Whether development-only components count.
    pub include_development: bool,
    /// What others must have attested of each image, by somebody trusted.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub require: BTreeSet<Requirement>,
}

impl Policy {
    /// The least severity that it limits: findings at or above it stand in the lock.
    pub fn threshold(&self) -> Option<Severity> {
        self.max.keys().next().copied()
    }

    /// Digest of its canonical JSON.
    pub fn digest(&self) -> Digest {
        let bytes = serde_json_canonicalizer::to_vec(self).unwrap_or_default();
        Digest::of(&bytes)
    }
}

/// Licence rules, by SPDX expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LicenseRules {
    /// SPDX ids (with ` WITH exception` where that alone is allowed) that may be used.
    pub allow: BTreeSet<String>,
    /// Packages (package URL without version) that any licence is allowed for.
    pub exceptions: BTreeSet<String>,
    /// What a component with no licence, or one that is no SPDX expression, means.
    pub unknown: UnknownLicense,
}

/// What an unknown licence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownLicense {
    /// The service fails.
    Deny,
    /// It passes.
    Allow,
}

/// What an end-of-life distribution means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndOfLife {
    /// The subject is incomplete: no advisories are written for it any more, so nothing found means nothing.
    Deny,
    /// Said in the report only.
    Allow,
}
