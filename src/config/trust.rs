//! A trust file: the keys of `[trust]` as a file of their own, for auditors who do not take the project's word for whom to
//! trust.

use super::types::{RevokedKey, Trust};
use crate::model::Date;
use serde::Deserialize;
use std::path::Path;

/// Why a file is no trust file.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{file}: {reason}")]
#[diagnostic(
    code("config::trust-file"),
    help(
        "a trust file has the keys of [trust]: `keys`, `roots`, `identities`, each a list of texts, and `revoked`; or is a public key"
    )
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
    #[serde(default)]
    revoked: Vec<RawRevoked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRevoked {
    key: String,
    since: toml::Value,
    reason: String,
}

/// How a public key begins in PEM.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----";

/// Reads a trust file. Its paths are from the directory it lies in. A public key (PEM) by itself stands for a file that names it
/// alone; a certificate does not, for somebody must say whose identity counts.
///
/// # Errors
/// It is no TOML, or has other keys.
pub fn load_trust(file: &str, bytes: &[u8]) -> Result<Trust, TrustError> {
    let error = |reason: String| TrustError { file: file.to_owned(), reason };
    let text = std::str::from_utf8(bytes).map_err(|_| error("not UTF-8".into()))?;
    if text.trim_start().starts_with(PUBLIC_KEY) {
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file);
        return Ok(Trust { keys: vec![name.to_owned()], ..Trust::default() });
    }
    if text.trim_start().starts_with("-----BEGIN") {
        return Err(error("neither TOML nor a public key".into()));
    }
    let raw: RawTrust = toml::from_str(text).map_err(|problem| error(problem.message().to_owned()))?;
    let revoked = raw.revoked.into_iter().map(|RawRevoked { key, since, reason }| {
        // A date of TOML, or one in quotation marks.
        let day = since.as_str().map_or_else(|| since.to_string(), str::to_owned);
        let since = Date::parse(&day).map_err(|problem| error(format!("`since`: {problem}")))?;
        Ok(RevokedKey { key, since, reason })
    });
    Ok(Trust {
        revoked: revoked.collect::<Result<_, _>>()?,
        roots: raw.roots,
        identities: raw.identities,
        keys: raw.keys,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keys_and_nothing_unknown() {
        assert_eq!(load_trust("t", b"keys = [\"a.pub\"]").unwrap().keys, ["a.pub"]);
        let revoked = b"[[revoked]]\nkey = 'a.pub'\nsince = 2026-10-01\nreason = 'lost'\n";
        assert_eq!(load_trust("t", revoked).unwrap().revoked[0].since, Date::parse("2026-10-01").unwrap());
        for text in ["[[revoked]]\nkey = 'a'\nsince = 1\nreason = ''", "[[revoked]]\nkey = 'a'\nsince = '2026-10-01'"] {
            assert!(load_trust("t", text.as_bytes()).is_err(), "{text:?}");
        }
        assert_eq!(load_trust("a/t.pub", format!("{PUBLIC_KEY}\n").as_bytes()).unwrap().keys, ["t.pub"]);
        assert!(load_trust("t", b"-----BEGIN CERTIFICATE-----\n").is_err());
        for text in ["key = []", "keys = 1", "roots = 1", "\u{0}"] {
            assert!(load_trust("t", text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
