//! `Statement` ↔ the bytes that are signed.
//!
//! A payload is the canonical JSON (RFC 8785) of a statement. Reading is stricter than Sigstore's libraries: a repeated key
//! anywhere, a fifth field, a predicate that is no object, an unknown predicate type or any spelling but the canonical one is
//! an error, so that no two readers can understand one payload differently.

use super::errors::StatementError;
use super::json::{self, StrictError};
use crate::model::Statement;

/// The largest payload that is read, in bytes.
pub const LIMIT: usize = 256 << 20;

/// The payload of a statement.
pub fn payload(statement: &Statement) -> Vec<u8> {
    let is_plain = json::is_plain_object(&statement.predicate)
        && statement.subject.iter().flat_map(|subject| subject.digest.keys()).all(|key| key.is_ascii());
    if is_plain { serde_json::to_vec(statement).unwrap_or_default() } else { json::canonical(statement) }
}

/// The statement of a payload.
///
/// # Errors
/// See [`StatementError`].
pub fn parse_payload(bytes: &[u8]) -> Result<Statement, StatementError> {
    if bytes.len() > LIMIT {
        return Err(StatementError::TooLarge { limit: LIMIT });
    }
    let value = json::parse_strict(bytes).map_err(|error| match error {
        StrictError::Syntax(reason) => StatementError::Syntax { reason },
        StrictError::Duplicate(key) => StatementError::DuplicateKey { key },
    })?;
    if json::canonical_value(&value) != bytes {
        return Err(StatementError::NotCanonical);
    }
    let shape = |reason: String| StatementError::Shape { reason };
    let statement: Statement = serde_json::from_value(value).map_err(|error| shape(error.to_string()))?;
    if statement.kind != Statement::TYPE {
        return Err(shape(format!("`_type` is `{}`, not `{}`", statement.kind, Statement::TYPE)));
    }
    if statement.subject.is_empty() {
        return Err(shape("it names no subject".into()));
    }
    let is_hex = |text: &str| {
        text.len() >= 40
            && text.len().is_multiple_of(2)
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match statement.subject.iter().find(|s| s.digest.is_empty() || !s.digest.values().all(|hex| is_hex(hex))) {
        Some(subject) => {
            Err(shape(format!("the subject `{}` has no digest, or one that is not hexadecimal", subject.name)))
        }
        None => Ok(statement),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://cyclonedx.org/bom","subject":[{"digest":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},"name":"oci:images/checkout"}]}"#;

    fn code(text: &str) -> String {
        use miette::Diagnostic as _;
        parse_payload(text.as_bytes()).unwrap_err().code().unwrap().to_string()
    }

    #[test]
    fn is_canonical_whatever_is_in_it() {
        let mut statement = parse_payload(GOOD.as_bytes()).unwrap();
        let predicates = [
            serde_json::json!({ "b": 1, "a": [null, true, "\u{7}\u{20ac}/\\\""], "A": { "z": -5 } }),
            serde_json::json!({ "a": 1.0, "b": 1e21 }),
            serde_json::json!({ "\u{e000}": 1, "\u{1f600}": 2 }),
        ];
        for predicate in predicates {
            statement.predicate = predicate.as_object().unwrap().clone();
            for name in ["sha256", "\u{1f600}"] {
                statement.subject[0].digest.insert(name.to_owned(), "00".repeat(32));
                let expected = serde_json_canonicalizer::to_vec(&statement).unwrap();
                assert_eq!(String::from_utf8(payload(&statement)).unwrap(), String::from_utf8(expected).unwrap());
            }
        }
    }

    #[test]
    fn has_one_spelling() {
        let statement = parse_payload(GOOD.as_bytes()).unwrap();
        assert_eq!(payload(&statement), GOOD.as_bytes());
        assert_eq!(code(&GOOD.replacen(':', ": ", 1)), "attest::statement-not-canonical");
        assert_eq!(code(&GOOD.replace("oci", "\\u006fci")), "attest::statement-not-canonical");
        assert_eq!(code(&GOOD.replace("{}", r#"{"b":1,"a":2}"#)), "attest::statement-not-canonical");
        assert_eq!(code(&GOOD.replace("{}", r#"{"a":1.0}"#)), "attest::statement-not-canonical");
    }

    #[test]
    fn refuses_what_readers_could_differ_on() {
        assert_eq!(code(&GOOD.replace("{}", r#"{"a":1,"a":1}"#)), "attest::duplicate-key");
        assert_eq!(code(&GOOD.replace("{}", "[]")), "attest::malformed-statement");
        assert_eq!(code(&GOOD.replace("{}", "null")), "attest::malformed-statement");
        assert_eq!(code(&GOOD.replace("Statement/v1", "Statement/v0.1")), "attest::malformed-statement");
        assert_eq!(code(&GOOD.replace("cyclonedx.org/bom", "example.com/x")), "attest::malformed-statement");
        assert_eq!(code(&GOOD.replace("\"ba78", "\"BA78")), "attest::malformed-statement");
        assert_eq!(code(&GOOD.replacen('}', r#"},"zusatz":1"#, 1)), "attest::statement-not-canonical");
        let fifth = format!("{},\"zusatz\":1}}", GOOD.strip_suffix('}').unwrap());
        assert_eq!(code(&fifth), "attest::malformed-statement");
        assert_eq!(code(&"[".repeat(100_000)), "attest::malformed-statement");
    }

    #[test]
    fn every_flipped_byte_is_an_error_or_another_statement() {
        let original = parse_payload(GOOD.as_bytes()).unwrap();
        for index in 0..GOOD.len() {
            for bit in 0..8 {
                let mut bytes = GOOD.as_bytes().to_vec();
                bytes[index] ^= 1 << bit;
                if let Ok(other) = parse_payload(&bytes) {
                    assert_ne!(other, original, "byte {index} bit {bit}");
                }
            }
        }
    }
}
