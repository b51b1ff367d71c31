//! An SBOM that another tool wrote, taken for what it says.

use crate::adapters::documents;
use crate::model::{Digest, Sbom, SubjectDigest};
use crate::ports::{ScanError, ScanRequest};
use std::io::Read as _;

/// Reads the document that is the subject.
pub(super) fn scan(request: &ScanRequest) -> Result<Sbom, ScanError> {
    let located = &request.located;
    let uri = &located.subject.uri;
    let unusable = |reason: &dyn std::fmt::Display| ScanError::Unusable(format!("{uri}: {reason}"));
    let file = std::fs::File::open(&located.root).map_err(|error| unusable(&error.kind()))?;
    let mut bytes = Vec::new();
    file.take(documents::LIMIT + 1).read_to_end(&mut bytes).map_err(|error| unusable(&error.kind()))?;
    if located.subject.digest != SubjectDigest::Sha256(Digest::of(&bytes)) {
        return Err(unusable(&"changed while being read"));
    }
    documents::read(&bytes).map(|document| document.sbom).map_err(|error| unusable(&error))
}

/// Reads the document that somebody trusted has attested.
pub(super) fn attested(request: &ScanRequest) -> Result<Sbom, ScanError> {
    let uri = &request.located.subject.uri;
    let unusable = |reason: &dyn std::fmt::Display| ScanError::Unusable(format!("{uri}: its attested SBOM: {reason}"));
    let document = request.located.attested.as_ref().ok_or_else(|| unusable(&"there is none"))?;
    documents::read(&document.document).map(|document| document.sbom).map_err(|error| unusable(&error))
}
