//! What a policy wants others to have attested of an image.

use serde::{Deserialize, Serialize};

/// A kind of attestation: one of the words below, or the URI of a predicate type.
///
/// | word | predicate types |
/// |---|---|
/// | `slsa-provenance` | `https://slsa.dev/provenance/…` |
/// | `sbom` | CycloneDX and SPDX |
/// | `cyclonedx` | `https://cyclonedx.org/bom`, with or without a version |
/// | `spdx` | `https://spdx.dev/Document`, with or without a version |
/// | `vex` | `https://openvex.dev/ns`, with or without a version |
/// | `test-result` | `https://in-toto.io/attestation/test-result/…` |
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Requirement(String);

/// Words, and what predicate types begin with that they stand for.
const WORDS: [(&str, &[&str]); 6] = [
    ("slsa-provenance", &["https://slsa.dev/provenance"]),
    ("sbom", &["https://cyclonedx.org/bom", "https://spdx.dev/Document"]),
    ("cyclonedx", &["https://cyclonedx.org/bom"]),
    ("spdx", &["https://spdx.dev/Document"]),
    ("vex", &["https://openvex.dev/ns"]),
    ("test-result", &["https://in-toto.io/attestation/test-result"]),
];

impl Requirement {
    /// Reads one.
    ///
    /// # Errors
    /// Neither a word nor a URI; the text lists the words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_uri = text.split_once(':').is_some_and(|(scheme, rest)| {
            !scheme.is_empty()
                && !rest.is_empty()
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                && text.bytes().all(|byte| byte.is_ascii_graphic())
        });
        if is_uri || WORDS.iter().any(|(word, _)| *word == text) {
            return Ok(Self(text.to_owned()));
        }
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        Err(format!("{}, or the URI of a predicate type", words.join(", ")))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an attestation of this predicate type is one. What follows a word's beginning is a version: `/v1`, `/v0.2`, `/1.6`.
    pub fn is_met_by(&self, predicate_type: &str) -> bool {
        match WORDS.iter().find(|(word, _)| *word == self.0) {
            None => self.0 == predicate_type,
            Some((_, beginnings)) => beginnings.iter().any(|beginning| {
                predicate_type.strip_prefix(beginning).is_some_and(|rest| {
                    let version = rest.strip_prefix('/');
                    rest.is_empty() || version.is_some_and(is_version)
                })
            }),
        }
    }
}

fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_predicate_types_of_any_version() {
        let met = |word: &str, kind: &str| Requirement::parse(word).unwrap().is_met_by(kind);
        assert!(met("slsa-provenance", "https://slsa.dev/provenance/v1"));
        assert!(met("slsa-provenance", "https://slsa.dev/provenance/v0.2"));
        assert!(met("sbom", "https://spdx.dev/Document/v2.3") && met("sbom", "https://cyclonedx.org/bom"));
        assert!(met("sbom", "https://spdx.dev/Document") && met("cyclonedx", "https://cyclonedx.org/bom/1.6"));
        assert!(met("vex", "https://openvex.dev/ns/v0.2.0"));
        assert!(met("https://example.com/x", "https://example.com/x"));
        for (word, kind) in [
            ("slsa-provenance", "https://slsa.dev/provenance-of-nothing"),
            ("slsa-provenance", "https://slsa.dev/provenance/v1/../../x"),
            ("slsa-provenance", "https://slsa.dev/verification_summary/v1"),
            ("cyclonedx", "https://spdx.dev/Document"),
            ("https://example.com/x", "https://example.com/x/v1"),
        ] {
            assert!(!met(word, kind), "{word} {kind}");
        }
        for text in ["", "provenance", "a b:c", "https:", "SBOM"] {
            assert!(Requirement::parse(text).is_err(), "{text}");
        }
    }
}
