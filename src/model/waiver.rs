//! A finding that somebody has answered for, until a date.

use super::{Date, Finding, Name};
use serde::{Deserialize, Serialize};

/// A waiver: who, why, for what, until when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Any id that the finding goes by.
    pub id: String,
    /// Package URL without version; `None` for any package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The services it holds for; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Name>,
    /// Why it is acceptable.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it holds, in UTC.
    pub expires: Date,
}

impl Waiver {
    /// Whether it speaks of this finding in this service. Says nothing of its expiry.
    pub fn covers(&self, service: &Name, finding: &Finding) -> bool {
        finding.is_known_as(&self.id)
            && (self.services.is_empty() || self.services.contains(service))
            && self.package.as_deref().is_none_or(|package| package == finding.package.without_version())
    }
}
