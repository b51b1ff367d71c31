//! What is scanned: an image or a source tree, at one content.

use super::{Digest, DigestError, Name};
use base64::Engine as _;
use serde::{Deserialize, Serialize};

/// What kind of thing a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// A container image, by the digest of its manifest; or an unpacked root filesystem, by its directory hash.
    Image,
    /// The lockfiles and manifests of a source tree, by their directory hash.
    Source,
}

/// A subject at one content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The image's name in the config, or `source`.
    pub name: Name,
    /// Which kind.
    pub kind: SubjectKind,
    /// Where it was taken from, as the config says (`oci:images/checkout`, `dir:src/checkout`).
    pub uri: String,
    /// What it was.
    pub digest: SubjectDigest,
}

/// The content of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SubjectDigest {
    /// SHA-256 of an image manifest, shown `sha256:<hex>`; of the config of an image that has no manifest (a docker archive).
    Sha256(Digest),
    /// Go's directory hash `h1`, shown `h1:<base64>`: SHA-256 over lines `<hex of file>  <path>\n` sorted by path. In-toto's
    /// digest set calls it `dirHash`. <https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1>
    DirHash(Digest),
}

impl SubjectDigest {
    /// The directory hash of files, each a path with `/` and the digest of its content.
    pub fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, Digest)>) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_unstable();
        let mut hasher = super::Hasher::new();
        for (path, digest) in files {
            hasher.update(digest.hex().as_bytes());
            hasher.update(b"  ");
            hasher.update(path.as_bytes());
            hasher.update(b"\n");
        }
        Self::DirHash(hasher.finish())
    }

    /// Parses `sha256:<hex>` or `h1:<base64>`.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let Some(encoded) = text.strip_prefix("h1:") else {
            return Digest::parse(text).map(Self::Sha256);
        };
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).map_err(|_| DigestError)?;
        bytes.try_into().map(|bytes| Self::DirHash(Digest::from_bytes(bytes))).map_err(|_| DigestError)
    }

    /// The algorithm's name in an in-toto digest set.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::DirHash(_) => "dirHash",
        }
    }

    /// The value in an in-toto digest set: lower-case hexadecimal.
    pub fn hex(&self) -> String {
        match self {
            Self::Sha256(digest) | Self::DirHash(digest) => digest.hex(),
        }
    }
}

impl std::fmt::Display for SubjectDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sha256(digest) => digest.fmt(f),
            Self::DirHash(digest) => {
                write!(f, "h1:{}", base64::engine::general_purpose::STANDARD.encode(digest.as_bytes()))
            }
        }
    }
}

impl TryFrom<String> for SubjectDigest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        Self::parse(&text)
    }
}

impl From<SubjectDigest> for String {
    fn from(digest: SubjectDigest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_hash_is_that_of_go() {
        // By `sha256sum` over the two lines of the definition.
        let digest = SubjectDigest::of_files([("b", Digest::of(b"2\n")), ("a", Digest::of(b"1\n"))]);
        let same = SubjectDigest::of_files([("a", Digest::of(b"1\n")), ("b", Digest::of(b"2\n"))]);
        assert_eq!(digest, same);
        assert_eq!(SubjectDigest::parse(&digest.to_string()), Ok(digest));
        assert_eq!(digest.to_string(), "h1:kO/Oqkn0quVyqFeXqSR4ovb/JV5dfuSOjpgpPXKMWAw=");
    }
}
