//! DSSE envelopes and Sigstore bundles, as bytes that nobody has verified yet.
//! Specifications: <https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>,
//! <https://docs.sigstore.dev/about/bundle/>.

use super::Digest;
use base64::Engine as _;
use serde::{Deserialize, Serialize};

/// An unverified envelope: a payload and one signature over its pre-authentication encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `application/vnd.in-toto+json`.
    pub payload_type: String,
    /// The statement's bytes, verbatim: never re-serialized.
    pub payload: Vec<u8>,
    /// The one signature.
    pub signature: SignatureBytes,
}

impl Envelope {
    /// The payload type of every envelope we write.
    pub const IN_TOTO: &'static str = "application/vnd.in-toto+json";

    /// What is signed: `DSSEv1 <length of type> <type> <length of payload> <payload>`.
    pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
        let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
        [head.as_bytes(), payload].concat()
    }
}

/// A raw signature: DER for ECDSA, 64 bytes for Ed25519.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureBytes(pub Vec<u8>);

/// What names the key in a bundle: base64 of the SHA-256 of the public key's SPKI DER. A hint for finding the key, never
/// a reason to trust it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hint(pub String);

impl Hint {
    /// The hint of a public key, given as `SubjectPublicKeyInfo` DER.
    pub fn of(spki: &[u8]) -> Self {
        Self(base64::engine::general_purpose::STANDARD.encode(Digest::of(spki).as_bytes()))
    }
}

/// An unverified bundle of the key form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Which key.
    pub hint: Hint,
    /// The signed statement.
    pub envelope: Envelope,
}

/// Who signed, for people and for the lock (`local:sha256:<hex of SPKI>`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SignerId(pub String);

impl SignerId {
    /// The name of a key of the `local` signer, given as `SubjectPublicKeyInfo` DER.
    pub fn local(spki: &[u8]) -> Self {
        Self(format!("local:{}", Digest::of(spki)))
    }
}

impl std::fmt::Display for SignerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
