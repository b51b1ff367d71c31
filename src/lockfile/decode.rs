//! Text to `Lock`, or what is wrong with it and where.

use super::reader::read;
use super::{LockError, encode};
use crate::attest::merkle;
use crate::model::{Lock, LockSubject, LockVersion};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The largest lock that is read, in bytes.
pub const LIMIT: usize = 256 << 20;

/// The largest text that is given to the TOML parser for a better message, in bytes.
const DIAGNOSE_LIMIT: usize = 16 << 20;

/// The lock of a text.
///
/// # Errors
/// Anything but what [`encode`] writes, and a root that is not that of the statements. See [`LockError`].
pub fn decode(text: &str) -> Result<Lock, LockError> {
    if text.len() > LIMIT {
        return Err(LockError::TooLarge { limit: LIMIT });
    }
    let (lock, root_span) = read(text).map_err(|error| diagnose(text, error))?;
    let again = encode(&lock);
    if again != text {
        let at = text.bytes().zip(again.bytes()).take_while(|(a, b)| a == b).count();
        let expected = "another spelling of this value".to_owned();
        return Err(LockError::NotCanonical { expected, span: (at, text.len().saturating_sub(at).min(1)).into() });
    }
    let computed = root(&lock);
    if computed != lock.root {
        return Err(LockError::RootMismatch { recorded: lock.root, computed, span: root_span });
    }
    Ok(lock)
}

/// The root that a lock must have: over the statements of all its subjects.
pub fn root(lock: &Lock) -> crate::model::Digest {
    let subjects = lock.services.iter().flat_map(|service| &service.subjects);
    merkle::root(subjects.flat_map(LockSubject::statements))
}

/// A better error for a text that cannot be read: what is most likely the reason comes first.
fn diagnose(text: &str, error: LockError) -> LockError {
    if let Some(conflict) = conflict(text) {
        return conflict;
    }
    if !matches!(error, LockError::NotCanonical { .. }) || text.len() > DIAGNOSE_LIMIT {
        return error;
    }
    match DeTable::parse(text) {
        Err(syntax) => {
            let span = syntax.span().unwrap_or(0..0);
            LockError::Syntax { reason: syntax.message().to_owned(), span: span.into() }
        }
        Ok(table) => {
            let table = table.get_ref();
            version(table).or_else(|| unknown_key(table, &LOCK, "")).unwrap_or(error)
        }
    }
}

/// Git's markers stand at the beginning of a line, where no line of a lock begins so.
fn conflict(text: &str) -> Option<LockError> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|marker| line.starts_with(marker)) {
            return Some(LockError::Conflict { span: (at, line.trim_end().len()).into() });
        }
        at += line.len();
    }
    None
}

fn version(table: &DeTable<'_>) -> Option<LockError> {
    let value = table.get("version")?;
    let found = match value.get_ref() {
        DeValue::Integer(number) if number.as_str() == LockVersion::NUMBER.to_string() => return None,
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::String(text) => format!("\"{text}\""),
        other => format!("a {}", other.type_str()),
    };
    Some(LockError::UnknownVersion { found, span: value.span().into() })
}

/// What a table may hold.
enum Shape {
    /// A value, looked at elsewhere.
    Value,
    /// A table, or an array of them, with these keys.
    Table(&'static [(&'static str, &'static Shape)]),
}

const VALUE: &Shape = &Shape::Value;
const LOCK: Shape = Shape::Table(&[("version", VALUE), ("inputs", &INPUTS), ("root", &ROOT), ("service", &SERVICE)]);
const ROOT: Shape = Shape::Table(&[("statements", VALUE)]);
const INPUTS: Shape = Shape::Table(&[
    ("config", VALUE),
    ("as-of", VALUE),
    ("advisories", &Shape::Table(&[("snapshot", VALUE), ("modified", VALUE)])),
    ("scanners", VALUE),
]);
const SERVICE: Shape = Shape::Table(&[
    ("name", VALUE),
    ("verdict", VALUE),
    ("policy", VALUE),
    ("depends-on", VALUE),
    ("waivers", VALUE),
    ("subject", &SUBJECT),
]);
const SUBJECT: Shape = Shape::Table(&[
    ("name", VALUE),
    ("uri", VALUE),
    ("kind", VALUE),
    ("digest", VALUE),
    ("sbom", VALUE),
    ("slice", VALUE),
    ("components", VALUE),
    ("findings", &COUNTS),
    ("finding", &FINDING),
    ("attestation", &ATTESTATION),
    ("required", &ATTESTATION),
]);
const COUNTS: Shape =
    Shape::Table(&[("critical", VALUE), ("high", VALUE), ("medium", VALUE), ("low", VALUE), ("unknown", VALUE)]);
const FINDING: Shape =
    Shape::Table(&[("id", VALUE), ("package", VALUE), ("severity", VALUE), ("status", VALUE), ("first-seen", VALUE)]);
const ATTESTATION: Shape = Shape::Table(&[("type", VALUE), ("statement", VALUE), ("bundle", VALUE), ("signer", VALUE)]);

/// The first key that the shape does not have. As deep as the shape, whatever the text.
fn unknown_key(table: &DeTable<'_>, shape: &Shape, path: &str) -> Option<LockError> {
    let Shape::Table(keys) = shape else { return None };
    table.iter().find_map(|(key, value)| {
        let path = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
        match keys.iter().find(|(known, _)| known == key.get_ref()) {
            None => Some(LockError::UnknownKey { key: path, span: key.span().into() }),
            Some((_, shape)) => inside(value, shape, &path),
        }
    })
}

fn inside(value: &Spanned<DeValue<'_>>, shape: &Shape, path: &str) -> Option<LockError> {
    match value.get_ref() {
        DeValue::Table(table) => unknown_key(table, shape, path),
        DeValue::Array(items) => items.iter().find_map(|item| match item.get_ref() {
            DeValue::Table(table) => unknown_key(table, shape, path),
            _ => None,
        }),
        _ => None,
    }
}
