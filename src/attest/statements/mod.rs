//! The statements that we sign. Pure: the same inputs give the same bytes, on every machine and in every year, so that a
//! replay can compare them byte for byte. For that reason none holds the time of the run, the version of this program or
//! anything else that is not an input.
//!
//! Predicates keep to their specifications; what has no field there stands in one extra object, `proofmark`, which other
//! readers ignore:
//!
//! - `https://cyclonedx.org/bom`: the document itself is the predicate.
//! - <https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md>
//! - <https://slsa.dev/spec/v1.0/verification_summary>

use super::json::{self, StrictError};
use crate::attest::{DocumentError, StatementError};
use crate::model::{Digest, Hasher, PredicateType, Statement, StatementSubject, Subject, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

mod summary;
#[cfg(test)]
mod tests;
mod vulns;

pub use summary::{
    RULES_VERSION, Summary, SummaryFinding, SummaryInputs, SummaryVerdict, VERIFIER, read_summary,
    verification_summary_statement,
};
pub use vulns::{Vulns, VulnsInputs, read_vulns, vulns_statement};

fn statement(subject: StatementSubject, predicate_type: PredicateType, predicate: Map<String, Value>) -> Statement {
    Statement { kind: Statement::TYPE.to_owned(), subject: vec![subject], predicate_type, predicate }
}

/// An object of a literal `json!({…})`; anything else gives an empty one.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The SBOM of a subject, from the document that [`super::cyclonedx::encode`] wrote. The predicate's canonical bytes are that
/// document's bytes.
///
/// # Errors
/// The bytes are not a JSON object in canonical form.
pub fn sbom_statement(subject: &Subject, document: &[u8]) -> Result<Statement, DocumentError> {
    let malformed = |reason: String| DocumentError::Malformed { reason };
    let value = json::parse_strict(document).map_err(|error| match error {
        StrictError::Syntax(reason) => malformed(reason),
        StrictError::Duplicate(key) => malformed(format!("the key `{key}` is there twice")),
    })?;
    if json::canonical_value(&value) != document {
        return Err(DocumentError::NotCanonical);
    }
    match value {
        Value::Object(predicate) => Ok(statement(subject.into(), PredicateType::CycloneDx, predicate)),
        _ => Err(malformed("not an object".into())),
    }
}

/// The payload of [`sbom_statement`], without its document. That must be known to be canonical (fresh from the encoder, or read
/// back under its digest): its bytes are taken as they are, neither read nor written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomFrame {
    after: Vec<u8>,
}

/// What stands before the document.
const BEFORE: &[u8] = b"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":";

impl SbomFrame {
    /// The frame of a subject's SBOM.
    pub fn new(subject: &Subject) -> Self {
        let empty = json::canonical(&statement(subject.into(), PredicateType::CycloneDx, Map::new()));
        Self { after: empty.get(BEFORE.len() + 2..).unwrap_or_default().to_vec() }
    }

    /// The payload.
    pub fn around(&self, document: &[u8]) -> Vec<u8> {
        [BEFORE, document, &self.after].concat()
    }

    /// The payload's digest.
    pub fn digest(&self, document: &[u8]) -> Digest {
        let mut hasher = Self::begun();
        hasher.update(document);
        self.ended(hasher)
    }

    /// The computation of a payload's digest, whatever the subject, as far as its document.
    pub fn begun() -> Hasher {
        let mut hasher = Hasher::new();
        hasher.update(BEFORE);
        hasher
    }

    /// Its end, once the document was added.
    pub fn ended(&self, mut begun: Hasher) -> Digest {
        begun.update(&self.after);
        begun.finish()
    }
}

/// A predicate as values, of a statement of this type. Fields that the values do not have are not looked at here: the reader
/// builds the statement anew from the values and compares.
fn predicate<T: DeserializeOwned>(statement: &Statement, kind: PredicateType) -> Result<T, StatementError> {
    if statement.predicate_type != kind {
        return Err(shape(format!("the predicate type is `{}`, not `{kind}`", statement.predicate_type)));
    }
    let value = Value::Object(statement.predicate.clone());
    serde_json::from_value(value).map_err(|error| shape(error.to_string()))
}

fn shape(reason: String) -> StatementError {
    StatementError::Shape { reason }
}

/// The one subject of a statement.
fn only_subject(statement: &Statement) -> Result<&StatementSubject, StatementError> {
    match statement.subject.as_slice() {
        [subject] => Ok(subject),
        subjects => Err(shape(format!("it has {} subjects, not one", subjects.len()))),
    }
}

/// Name of the subject of a lock's own statement.
pub const LOCK_SUBJECT: &str = "compliance.lock";

/// That a lock is whole: over the digest of its text, with its root and the instant that everything in it was judged at.
pub fn lock_statement(lock: &Digest, root: &Digest, as_of: Timestamp) -> Statement {
    let digest = BTreeMap::from([("sha256".to_owned(), lock.hex())]);
    let subject = StatementSubject { name: LOCK_SUBJECT.to_owned(), digest };
    statement(subject, PredicateType::Lock, object(json!({ "root": root, "asOf": as_of })))
}
