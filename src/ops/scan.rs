//! `scan`: one subject, without a config.

use super::{Comparison, Exit, Failure, World, compare};
use crate::attest;
use crate::execute::{self, Finder, MatchNowError};
use crate::model::{Finding, Gap, Sbom, ScannerIdentity, Subject};
use crate::ports::{OtherMatcher, ScanError, ScanRequest, Scanner, SubjectSpec};
use std::sync::Arc;

/// What was found.
#[derive(Debug)]
pub struct Scan {
    /// The subject.
    pub subject: Subject,
    /// What scanned it.
    pub scanner: ScannerIdentity,
    /// Its components.
    pub sbom: Arc<Sbom>,
    /// What affects them, where advisories were asked.
    pub findings: Option<Vec<Finding>>,
    /// What could not be looked at. Sorted, distinct.
    pub gaps: Vec<Gap>,
    /// What another program finds for the same components, where one was asked.
    pub compared: Option<Comparison>,
}

impl Scan {
    /// The SBOM as a CycloneDX document.
    pub fn cyclonedx(&self) -> Vec<u8> {
        attest::cyclonedx::encode(&self.subject, &self.sbom, &self.scanner)
    }

    /// Holds what was found against another program's own match.
    ///
    /// # Errors
    /// It gives no answer that can be used.
    pub fn compare(&mut self, matcher: &dyn OtherMatcher) -> Result<(), Failure> {
        let findings = self.findings.as_deref().unwrap_or_default();
        self.compared = Some(compare(matcher, &self.sbom, findings).map_err(|error| failure(&error))?);
        Ok(())
    }

    /// 0, or 6 where something could not be looked at, or another program finds something else. There is no policy here, so findings do not count.
    pub fn exit(&self) -> Exit {
        let differs = |it: &Comparison| !it.ours.is_empty() || !it.theirs.is_empty() || !it.left_out.is_empty();
        let is_whole = self.gaps.is_empty() && !self.compared.as_ref().is_some_and(differs);
        if is_whole { Exit::Pass } else { Exit::Incomplete }
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
    finder: Option<&Finder>,
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
    let sbom = execute::scan_now(scanner, request).map_err(|error| failure(&error))?;
    let mut gaps = sbom.gaps.clone();
    let mut findings = None;
    if let Some(finder) = finder {
        let matched = execute::match_now(&sbom, finder).map_err(|error| match error {
            MatchNowError::Advisories(error) => super::advisories_failure(&error),
            MatchNowError::Other(error) => failure(&error),
        })?;
        gaps.extend(matched.1);
        findings = Some(matched.0);
    }
    gaps.sort();
    gaps.dedup();
    Ok(Scan { subject, scanner: identity, sbom, findings, gaps, compared: None })
}

fn failure(error: &ScanError) -> Failure {
    let (exit, code) = match error {
        ScanError::Integrity { .. } => (Exit::Integrity, "subject::integrity"),
        ScanError::Unusable(_) => (Exit::Incomplete, "subject::unusable"),
        ScanError::Unavailable(_) | ScanError::Cancelled => (Exit::Infrastructure, "run::unavailable"),
    };
    Failure::new(exit, code, error.to_string())
}
