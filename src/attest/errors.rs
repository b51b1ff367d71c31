//! Why bytes are not the document, the statement or the attestation that they should be. Every code is stable.

use super::x509_errors::{AuthorityError, CertificateError, StampError};
use crate::model::{Hint, Timestamp};
use miette::Diagnostic;
use thiserror::Error;

/// Why bytes are not a document that we wrote (an SBOM, an advisory slice).
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum DocumentError {
    /// Larger than is ever read.
    #[error("the document is larger than {limit} bytes")]
    #[diagnostic(code("attest::document-too-large"))]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not JSON, or not of the expected form: unknown, missing or repeated fields, wrong types, too deep.
    #[error("not a document of the expected form: {reason}")]
    #[diagnostic(code("attest::malformed-document"))]
    Malformed {
        /// What is wrong, with line and column.
        reason: String,
    },
    /// Says what a document may say, but not in the one canonical way.
    #[error("the document is not in canonical form")]
    #[diagnostic(code("attest::document-not-canonical"))]
    NotCanonical,
}

/// Why a payload is not a statement.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum StatementError {
    /// Larger than is ever read.
    #[error("the statement is larger than {limit} bytes")]
    #[diagnostic(code("attest::statement-too-large"))]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not JSON, or nested too deeply.
    #[error("the statement is not JSON that we read: {reason}")]
    #[diagnostic(code("attest::malformed-statement"))]
    Syntax {
        /// What is wrong, with line and column.
        reason: String,
    },
    /// An object names one key twice: readers would disagree about what it says.
    #[error("the statement has the key `{key}` twice in one object")]
    #[diagnostic(code("attest::duplicate-key"))]
    DuplicateKey {
        /// Which key.
        key: String,
    },
    /// Not the four fields of an in-toto Statement v1, or a predicate type that we do not know.
    #[error("not an in-toto statement that we know: {reason}")]
    #[diagnostic(code("attest::malformed-statement"))]
    Shape {
        /// What is wrong.
        reason: String,
    },
    /// Not the canonical spelling (RFC 8785) of what it says.
    #[error("the statement is not canonical JSON (RFC 8785)")]
    #[diagnostic(code("attest::statement-not-canonical"))]
    NotCanonical,
}

/// Why bytes are not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum BundleError {
    /// Larger than is ever read.
    #[error("the bundle is larger than {limit} bytes")]
    #[diagnostic(code("attest::bundle-too-large"))]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not JSON, or not the form of a Sigstore bundle v0.3 that we write.
    #[error("not a Sigstore bundle v0.3 of the form that we write: {reason}")]
    #[diagnostic(code("attest::malformed-bundle"))]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// Not exactly one signature.
    #[error("the bundle has {count} signatures; exactly one is allowed")]
    #[diagnostic(code("attest::signature-count"))]
    Signatures {
        /// How many.
        count: usize,
    },
    /// Says what a bundle may say, but not in the one canonical way.
    #[error("the bundle is not in canonical form")]
    #[diagnostic(code("attest::bundle-not-canonical"))]
    NotCanonical,
}

/// Why a file is no list of trusted keys.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum KeyError {
    /// Not PEM.
    #[error("{name}: not a PEM file: {reason}")]
    #[diagnostic(code("attest::malformed-key"))]
    Pem {
        /// Which file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// PEM, but with something other than public keys in it.
    #[error("{name}: expected `BEGIN PUBLIC KEY`, found {found}")]
    #[diagnostic(code("attest::not-a-public-key"))]
    NotPublic {
        /// Which file.
        name: String,
        /// What stands there.
        found: String,
    },
    /// A private key where a public one belongs.
    #[error("{name}: this is a private key")]
    #[diagnostic(
        code("attest::private-key"),
        help("name the public half (`.pub`) here, and take the private one out of version control")
    )]
    Private {
        /// Which file.
        name: String,
    },
    /// A kind of key that we do not verify with.
    #[error("{name}: neither a P-256 nor an Ed25519 public key")]
    #[diagnostic(code("attest::unsupported-key"))]
    Unsupported {
        /// Which file.
        name: String,
    },
}

/// Why files do not say whom to trust.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum TrustError {
    /// A file of keys.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Key(#[from] KeyError),
    /// A file of authorities.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Authority(#[from] AuthorityError),
}

/// Why a bundle proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum VerifyError {
    /// Not a bundle.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Bundle(#[from] BundleError),
    /// Signed by a key that is not trusted.
    #[error("signed by a key that is not trusted (hint {})", hint.0)]
    #[diagnostic(
        code("attest::untrusted-key"),
        help("trusted keys come from `[trust] keys` or `--trust`, never from the lock")
    )]
    UntrustedKey {
        /// Which key it names.
        hint: Hint,
    },
    /// Signed with a key that is revoked, and nobody but whoever holds it says that it was before.
    #[error("signed with {key}, which is revoked since {since}, and no authority says that it was before")]
    #[diagnostic(
        code("attest::revoked-key"),
        help("a time stamp counts here where its authority is not the signer's own (`times`: independent or company)")
    )]
    RevokedKey {
        /// The key's name in the trust.
        key: String,
        /// Since when.
        since: Timestamp,
    },
    /// Signed with a certificate, where no authority is trusted.
    #[error("signed with a certificate, and no authority is trusted")]
    #[diagnostic(code("attest::untrusted-certificate"))]
    UntrustedCertificate,
    /// The signer's certificate is not taken.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Certificate(#[from] CertificateError),
    /// A time stamp is missing or not taken.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Stamp(#[from] StampError),
    /// The signature is not one of the named key over this payload.
    #[error("the signature does not verify with the key `{key}`")]
    #[diagnostic(code("attest::bad-signature"))]
    BadSignature {
        /// Name of the key.
        key: String,
    },
    /// Signed, but not a statement.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Statement(#[from] StatementError),
}

/// Why bytes are not a pack.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum PackError {
    /// Larger than is ever read.
    #[error("the pack is larger than {limit} bytes")]
    #[diagnostic(code("pack::too-large"))]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not an archive of the form that we write.
    #[error("not a pack: {reason}")]
    #[diagnostic(code("pack::malformed"))]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// Of a form that this version does not know.
    #[error("the pack is of version {version}; this version reads 1")]
    #[diagnostic(code("pack::version"))]
    Version {
        /// Its version.
        version: u32,
    },
    /// A file is not the one that its index names.
    #[error("{path} in the pack is not what its index says")]
    #[diagnostic(code("pack::altered"))]
    Altered {
        /// Which file.
        path: String,
    },
    /// Says what a pack may say, but not in the one way that we write.
    #[error("the pack was changed after it was written")]
    #[diagnostic(code("pack::not-canonical"))]
    NotCanonical,
}

impl PackError {
    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed { reason: reason.into() }
    }
}
