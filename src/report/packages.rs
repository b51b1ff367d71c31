//! Packages and findings of a lock, explained: the published JSON form and words.

use crate::model::{FindingStatus, Location, Name, Purl, Scope, Severity, Waiver};
use serde::Serialize;

/// A package in a subject.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PackageFacts {
    /// The service.
    pub service: Name,
    /// The subject.
    pub subject: Name,
    /// The package.
    pub package: Purl,
    /// What it is needed for.
    pub scope: Scope,
    /// Where it lies.
    pub locations: Vec<Location>,
    /// From a package that nothing else needs to this one, each needing the next; just this one where none is recorded.
    pub way: Vec<Purl>,
    /// Its findings.
    pub findings: Vec<FindingFacts>,
}

/// A finding of a package.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FindingFacts {
    /// Its id.
    pub id: String,
    /// Other ids.
    pub aliases: Vec<String>,
    /// How bad.
    pub severity: Severity,
    /// What it counts as.
    pub status: FindingStatus,
    /// Versions that fix it.
    pub fixed: Vec<String>,
    /// What it is.
    pub summary: String,
    /// Who answers for it, why, and until when, where it is waived.
    pub waiver: Option<Waiver>,
}

/// Packages in words, one paragraph each.
pub fn packages(packages: &[PackageFacts]) -> String {
    let mut text = String::new();
    for package in packages {
        text.push_str(&format!("{} in {}/{}\n", package.package, package.service, package.subject));
        if package.scope != Scope::Runtime {
            text.push_str(&format!("  needed for: {}\n", scope(package.scope)));
        }
        for location in &package.locations {
            let layer = location.layer.map(|layer| format!(" (layer {layer})")).unwrap_or_default();
            text.push_str(&format!("  found in {}{layer}\n", location.path));
        }
        if package.way.len() > 1 {
            let way: Vec<&str> = package.way.iter().map(Purl::as_str).collect();
            text.push_str(&format!("  needed by {}\n", way.join(" → ")));
        }
        for finding in &package.findings {
            text.push_str(&finding_words(finding));
        }
    }
    text
}

const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Runtime => "running",
        Scope::Optional => "running, if present",
        Scope::Development => "development only",
    }
}

fn finding_words(finding: &FindingFacts) -> String {
    let status = serde_json::to_value(finding.status).ok();
    let status = status.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let fix = match finding.fixed.as_slice() {
        [] => "there is no fix".to_owned(),
        versions => format!("fixed in {}", versions.join(", ")),
    };
    let mut text = format!("  {}  {}  {status}; {fix}\n", finding.id, finding.severity);
    let others: Vec<&str> = finding.aliases.iter().map(String::as_str).filter(|id| *id != finding.id).collect();
    if !others.is_empty() {
        text.push_str(&format!("    also known as {}\n", others.join(", ")));
    }
    if !finding.summary.is_empty() {
        text.push_str(&format!("    {}\n", finding.summary));
    }
    if let Some(waiver) = &finding.waiver {
        text.push_str(&format!("    waived until {} by {}: {}\n", waiver.expires, waiver.owner, waiver.reason));
    }
    text
}
