//! Why a certificate or a time stamp proves nothing, and why a file names no authorities. Every code is stable.

use crate::model::Timestamp;
use miette::Diagnostic;
use thiserror::Error;

/// Why a file names no authorities.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum AuthorityError {
    /// Neither PEM certificates nor a `trusted_root.json`.
    #[error("{name}: {reason}")]
    #[diagnostic(
        code("attest::malformed-root"),
        help("a file of `roots` is PEM certificates, or a Sigstore trusted_root.json")
    )]
    Malformed {
        /// Which file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Only intermediates.
    #[error("{name}: there is no root (a self-issued certificate)")]
    #[diagnostic(code("attest::no-root"))]
    NoRoot {
        /// Which files.
        name: String,
    },
}

/// Why a signer's certificate is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum CertificateError {
    /// Not a certificate.
    #[error("{reason}")]
    #[diagnostic(code("attest::malformed-certificate"))]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// For something else than signing code, or an authority's.
    #[error("the certificate is not one for attestations: {reason}")]
    #[diagnostic(code("attest::certificate-usage"))]
    Usage {
        /// What is wrong.
        reason: String,
    },
    /// A critical extension that we do not know.
    #[error("the certificate has a critical extension that is not known: {oid}")]
    #[diagnostic(code("attest::certificate-extension"))]
    UnknownExtension {
        /// Its number.
        oid: String,
    },
    /// A kind of key that we do not verify with.
    #[error("the certificate's key is neither a P-256 nor an Ed25519 key")]
    #[diagnostic(code("attest::certificate-key"))]
    Key,
    /// Lives longer than is allowed, or less than nothing.
    #[error("the certificate lives for {seconds} seconds; at most {} are allowed", super::certificates::LONGEST)]
    #[diagnostic(code("attest::certificate-lifetime"))]
    Lifetime {
        /// How long.
        seconds: i64,
    },
    /// Not valid when it signed.
    #[error("signed at {at}, when the certificate was not valid (from {from} until {until})")]
    #[diagnostic(code("attest::certificate-expired"))]
    Expired {
        /// When.
        at: Timestamp,
        /// First second of validity.
        from: Timestamp,
        /// Last second of validity.
        until: Timestamp,
    },
    /// Names nobody.
    #[error("the certificate names no identity (a URI or an e-mail address)")]
    #[diagnostic(code("attest::no-identity"))]
    NoIdentity,
    /// Names several: verifiers would disagree on whom.
    #[error("the certificate names {count} identities; exactly one is allowed")]
    #[diagnostic(code("attest::several-identities"))]
    SeveralIdentities {
        /// How many.
        count: usize,
    },
    /// Names one that is not trusted.
    #[error("signed by `{identity}`, which none of the trusted identities takes")]
    #[diagnostic(
        code("attest::identity-mismatch"),
        help("trusted identities come from `[trust] identities` or `--trust`, never from the lock")
    )]
    Identity {
        /// Whom it names.
        identity: String,
    },
    /// Leads to no trusted root.
    #[error("the certificate leads to no trusted root: {reason}")]
    #[diagnostic(code("attest::untrusted-chain"))]
    Untrusted {
        /// Why not.
        reason: String,
    },
    /// The signature is not one of the certificate's key over this payload.
    #[error("the signature does not verify with the key of the certificate of `{identity}`")]
    #[diagnostic(code("attest::bad-signature"))]
    BadSignature {
        /// Whom it names.
        identity: String,
    },
}

/// Why a time stamp is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum StampError {
    /// A certificate, and nothing that says when it signed.
    #[error("signed with a certificate, and no time stamp says when")]
    #[diagnostic(
        code("attest::no-timestamp"),
        help("set `[sign] timestamp`: without it nobody can tell whether the certificate was valid")
    )]
    Missing,
    /// More than are ever read.
    #[error("there are {count} time stamps; at most {limit} are read")]
    #[diagnostic(code("attest::several-timestamps"))]
    Several {
        /// How many.
        count: usize,
        /// How many are read.
        limit: usize,
    },
    /// Not a time stamp.
    #[error("not a time stamp (RFC 3161): {reason}")]
    #[diagnostic(code("attest::malformed-timestamp"))]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// The authority refused.
    #[error("the time stamp was not granted (status {status})")]
    #[diagnostic(code("attest::timestamp-refused"))]
    Refused {
        /// Its status (RFC 3161, 2.4.2).
        status: u8,
    },
    /// Of something else.
    #[error("the time stamp is not over the SHA-256 of this signature")]
    #[diagnostic(code("attest::timestamp-imprint"))]
    Imprint,
    /// Its own signature is wrong.
    #[error("the time stamp's own signature does not verify: {reason}")]
    #[diagnostic(code("attest::timestamp-signature"))]
    Signature {
        /// What is wrong.
        reason: String,
    },
    /// Signed with a certificate for something else.
    #[error("the time stamp's certificate is not one for time stamps alone: {reason}")]
    #[diagnostic(code("attest::timestamp-usage"))]
    Usage {
        /// What is wrong.
        reason: String,
    },
    /// By nobody who is trusted.
    #[error("the time stamp leads to no trusted root: {reason}")]
    #[diagnostic(code("attest::timestamp-untrusted"), help("name the authority's certificates in `[trust] roots`"))]
    Untrusted {
        /// Why not.
        reason: String,
    },
}
