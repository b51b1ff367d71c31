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

/// What a bundle says of the key that signed. Unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// Which key: the verifier has it already, or does not trust it.
    Key(Hint),
    /// The signer's certificate, DER: the leaf alone; its issuers are the verifier's.
    Certificate(Vec<u8>),
}

/// An unverified bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Which key, or whose.
    pub material: Material,
    /// RFC 3161 `TimeStampResp`, DER, each over the signature's bytes.
    pub timestamps: Vec<Vec<u8>>,
    /// The signed statement.
    pub envelope: Envelope,
}

/// Who signed, for people and for the lock: what the build was told, ended by what a verifier can tell from the signature
/// alone, which is all that [`SignerId::is_of`] looks at.
///
/// | signer | text |
/// |---|---|
/// | local | `local:sha256:<hex of SPKI>` |
/// | Vault Transit | `transit:<mount>/<key>@v<version>:sha256:<hex of SPKI>` |
/// | somebody else | `key:sha256:<hex of SPKI>`, `certificate:<identity>` |
/// | Vault PKI | `pki:<mount>/<role>#<serial number of the certificate, hex>:<identity>` |
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SignerId(pub String);

impl SignerId {
    /// The name of a key of the `local` signer, given as `SubjectPublicKeyInfo` DER.
    pub fn local(spki: &[u8]) -> Self {
        Self(format!("local:{}", Digest::of(spki)))
    }

    /// The name of a version of a Transit key, given with its `SubjectPublicKeyInfo` DER.
    pub fn transit(mount: &str, key: &str, version: u32, spki: &[u8]) -> Self {
        Self(format!("transit:{mount}/{key}@v{version}:{}", Digest::of(spki)))
    }

    /// The name of a role of PKI, with the serial number of the certificate that it gave and the identity in it.
    pub fn pki(mount: &str, role: &str, serial: &str, identity: &str) -> Self {
        Self(format!("pki:{mount}/{role}#{serial}:{identity}"))
    }

    /// The name of somebody who has signed something that is not ours: what the signature shows, and nothing else.
    pub fn other(signed_by: &SignedBy) -> Self {
        match signed_by {
            SignedBy::Key(digest) => Self(format!("key:{digest}")),
            SignedBy::Identity(identity) => Self(format!("certificate:{identity}")),
        }
    }

    /// Whether this can be the name of who was seen to have signed.
    pub fn is_of(&self, signed_by: &SignedBy) -> bool {
        match signed_by {
            SignedBy::Key(digest) => {
                let key = digest.to_string();
                let before = self.0.strip_suffix(&key).and_then(|text| text.strip_suffix(':'));
                before.is_some_and(|before| before == "local" || before.starts_with("transit:"))
            }
            SignedBy::Identity(identity) => {
                let before = self.0.strip_suffix(identity.as_str()).and_then(|text| text.strip_suffix(':'));
                before.is_some_and(|before| before.starts_with("pki:"))
            }
        }
    }
}

/// Who was seen to have signed: what the signature itself shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignedBy {
    /// The holder of the key with this digest of its SPKI DER.
    Key(Digest),
    /// Whom a trusted authority's certificate names.
    Identity(String),
}

impl std::fmt::Display for SignerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signer_is_named_by_what_verifies() {
        let key = SignedBy::Key(Digest::of(b"spki"));
        let identity = SignedBy::Identity("https://ci.example/shop".into());
        assert!(SignerId::local(b"spki").is_of(&key));
        assert!(SignerId::transit("transit", "attest", 2, b"spki").is_of(&key));
        assert!(SignerId::pki("pki", "attestation", "1a2b", "https://ci.example/shop").is_of(&identity));
        assert!(!SignerId::local(b"other").is_of(&key));
        assert!(!SignerId::local(b"spki").is_of(&identity));
        assert!(!SignerId::pki("pki", "attestation", "1a2b", "https://ci.example/shop-2").is_of(&identity));
        assert!(!SignerId(format!("pki:a/b:{}", Digest::of(b"spki"))).is_of(&key));
        assert!(!SignerId("https://ci.example/shop".into()).is_of(&identity));
    }
}
