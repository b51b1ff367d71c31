//! `scan`: one subject, without a config.

use super::{Exit, Failure, World};
use crate::attest;
use crate::execute;
use crate::matching;
use crate::model::{Finding, Gap, Sbom, ScannerIdentity, Subject};
use crate::ports::{Advisories, ScanError, ScanRequest, Scanner, SubjectSpec};
use std::sync::Arc;

/// What was found.
#[derive(Debug)]
pub struct Scan {
    /// The subject.
    pub subject: Subject,
    /// What scanned it.
    pub scanner: ScannerIdentity,
    /// Its components.
    pub sbom: Sbom,
    /// What affects them, where advisories were asked.
    pub findings: Option<Vec<Finding>>,
    /// What could not be looked at. Sorted, distinct.
    pub gaps: Vec<Gap>,
}

impl Scan {
    /// The SBOM as a CycloneDX document.
    pub fn cyclonedx(&self) -> Vec<u8> {
        attest::cyclonedx::encode(&self.subject, &self.sbom, &self.scanner)
    }

    /// 0, or 6 where something could not be looked at. There is no policy here, so findings do not count.
    pub fn exit(&self) -> Exit {
        if self.gaps.is_empty() { Exit::Pass } else { Exit::Incomplete }
    }
}

/// Scans, and matches where there are advisories.
///
/// # Errors
/// The subject is not there, not what its digest says, or cannot be read; the advisories cannot be read.
pub fn scan(
    world: &World,
    spec: &SubjectSpec,
    scanner: Arc<dyn Scanner>,
    advisories: Option<&dyn Advisories>,
) -> Result<Scan, Failure> {
    let place = match spec {
        SubjectSpec::Image(image) => &image.reference,
        SubjectSpec::Source(source) => &source.path,
    };
    let located =
        world.subjects.locate(spec, &|_, _| None).map_err(|error| super::project::subject_failure(place, &error))?;
    let identity = scanner.identity().clone();
    let subject = located.subject.clone();
    let request = ScanRequest { located, cache: Arc::clone(&world.cache), cancel: world.cancel.clone() };
    let sbom = execute::scan_now(scanner, request).map_err(|error| {
        let (exit, code) = match &error {
            ScanError::Integrity { .. } => (Exit::Integrity, "subject::integrity"),
            ScanError::Unusable(_) => (Exit::Incomplete, "subject::unusable"),
            ScanError::Unavailable(_) | ScanError::Cancelled => (Exit::Infrastructure, "run::unavailable"),
        };
        Failure::new(exit, code, error.to_string())
    })?;
    let mut gaps = sbom.gaps.clone();
    let mut findings = None;
    if let Some(advisories) = advisories {
        let matched = matching::match_sbom(&sbom, advisories).map_err(|error| super::advisories_failure(&error))?;
        gaps.extend(matched.gaps);
        findings = Some(matched.findings);
    }
    gaps.sort();
    gaps.dedup();
    Ok(Scan { subject, scanner: identity, sbom, findings, gaps })
}
