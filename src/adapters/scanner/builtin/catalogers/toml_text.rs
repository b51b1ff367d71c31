//! TOML of lockfiles: errors are one line that says where.

use super::super::catalog::ParseError;
use super::collect::shortened;
use serde::de::DeserializeOwned;

/// The text as the expected shape. How deep it nests is bounded by the reader.
///
/// # Errors
/// Not TOML, or not of that shape.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, ParseError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        ParseError(shortened(format!("{place}{}", error.message())))
    })
}
