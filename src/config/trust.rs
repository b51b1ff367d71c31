//! A trust file: the keys of `[trust]` as a file of their own, for auditors who do not take the project's word for whom to
//! trust.

use super::types::Trust;
use serde::Deserialize;

/// Why a file is no trust file.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{file}: {reason}")]
#[diagnostic(
    code("config::trust-file"),
    help("a trust file has the keys of [trust]: `keys`, `roots`, `identities`, each a list of texts")
)]
pub struct TrustError {
    /// The file, as named.
    pub file: String,
    /// What is wrong.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTrust {
    #[serde(default)]
    roots: Vec<String>,
    #[serde(default)]
    identities: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
}

/// Reads a trust file. Its paths are from the directory it lies in.
///
/// # Errors
/// It is no TOML, or has other keys.
pub fn load_trust(file: &str, bytes: &[u8]) -> Result<Trust, TrustError> {
    let error = |reason: String| TrustError { file: file.to_owned(), reason };
    let text = std::str::from_utf8(bytes).map_err(|_| error("not UTF-8".into()))?;
    let raw: RawTrust = toml::from_str(text).map_err(|problem| error(problem.message().to_owned()))?;
    Ok(Trust { roots: raw.roots, identities: raw.identities, keys: raw.keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keys_and_nothing_unknown() {
        assert_eq!(load_trust("t", b"keys = [\"a.pub\"]").unwrap().keys, ["a.pub"]);
        for text in ["key = []", "keys = 1", "roots = 1", "\u{0}"] {
            assert!(load_trust("t", text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
