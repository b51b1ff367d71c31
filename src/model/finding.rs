//! A flaw in a component.

use super::{Purl, Severity};
use serde::{Deserialize, Serialize};

/// One flaw of one component. Records of several databases that are aliases of one another are one finding.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The name it goes by: the CVE if one of the ids is, else GHSA, else the first in order.
    pub id: String,
    /// Every id it is known by, `id` included. Sorted.
    pub aliases: Vec<String>,
    /// The records of the snapshot that matched. Sorted.
    pub advisories: Vec<String>,
    /// The component.
    pub package: Purl,
    /// What kind of flaw.
    pub class: FindingClass,
    /// The worst that a matching record says.
    pub severity: Severity,
    /// The CVSS vector that the severity was computed from, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// Versions that fix it, least first in the ecosystem's ordering; empty where there is no fix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
    /// One line of what it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
}

impl Finding {
    /// Whether it goes by this id.
    pub fn is_known_as(&self, id: &str) -> bool {
        self.id == id || self.aliases.iter().any(|alias| alias == id)
    }
}

/// What kind of flaw a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingClass {
    /// A security flaw.
    Vulnerability,
    /// A package made to harm (`MAL-` records): always critical.
    Malicious,
    /// Nobody looks after the package any more.
    Unmaintained,
    /// Safe code can break memory safety through it.
    Unsound,
    /// Something else its database wants known.
    Notice,
}
