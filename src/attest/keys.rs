//! The public keys that an auditor trusts, from PEM files. Never from a lock or a bundle.

use super::errors::KeyError;
use crate::model::{Digest, Hint, Timestamp};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use std::collections::BTreeMap;

/// `SubjectPublicKeyInfo` of a P-256 key up to its point (`04 ‖ x ‖ y`): id-ecPublicKey, prime256v1 (RFC 5480).
const P256_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// `SubjectPublicKeyInfo` of an Ed25519 key up to its 32 bytes (RFC 8410).
const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Keys that may have signed, found by hint.
#[derive(Debug, Default)]
pub struct TrustedKeys(BTreeMap<Hint, TrustedKey>);

/// One key that may have signed.
#[derive(Debug)]
pub struct TrustedKey {
    name: String,
    digest: Digest,
    key: ParsedPublicKey,
    revoked: Option<Timestamp>,
}

impl TrustedKeys {
    /// Reads PEM files (`BEGIN PUBLIC KEY`, one or more each), given as a name for messages and their content. P-256 and
    /// Ed25519. A key that is there twice counts once, under its first name.
    ///
    /// # Errors
    /// A file that is not PEM, holds no key, holds anything but public keys, or a key of another kind.
    pub fn from_pem(files: &[(&str, &[u8])]) -> Result<Self, KeyError> {
        let mut keys = Self::default();
        for (name, pem) in files {
            let mut found = false;
            for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
                let (kind, der) =
                    section.map_err(|error| KeyError::Pem { name: (*name).to_owned(), reason: error.to_string() })?;
                keys.insert(name, kind, &der)?;
                found = true;
            }
            if !found {
                let reason = "there is no `BEGIN PUBLIC KEY` section in it".to_owned();
                return Err(KeyError::Pem { name: (*name).to_owned(), reason });
            }
        }
        Ok(keys)
    }

    /// The same, of which these count no more from an instant on; the earliest that is named. One that is not trusted stays so.
    ///
    /// # Errors
    /// As of [`Self::from_pem`].
    pub fn without(mut self, revoked: &[(&str, &[u8], Timestamp)]) -> Result<Self, KeyError> {
        for (name, pem, since) in revoked {
            for hint in Self::from_pem(&[(name, pem)])?.hints() {
                if let Some(known) = self.0.get_mut(hint) {
                    known.revoked = Some(known.revoked.map_or(*since, |before| before.min(*since)));
                }
            }
        }
        Ok(self)
    }

    fn insert(&mut self, name: &str, kind: SectionKind, spki: &[u8]) -> Result<(), KeyError> {
        let name = name.to_owned();
        match kind {
            SectionKind::PublicKey => {}
            SectionKind::PrivateKey | SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey => {
                return Err(KeyError::Private { name });
            }
            other => return Err(KeyError::NotPublic { name, found: format!("{other:?}") }),
        }
        let key = parse(spki).ok_or(KeyError::Unsupported { name: name.clone() })?;
        self.0.entry(Hint::of(spki)).or_insert(TrustedKey { name, digest: Digest::of(spki), key, revoked: None });
        Ok(())
    }

    /// The key that a hint names, if it is trusted.
    pub fn get(&self, hint: &Hint) -> Option<&TrustedKey> {
        self.0.get(hint)
    }

    /// The hint of each key.
    pub fn hints(&self) -> impl Iterator<Item = &Hint> {
        self.0.keys()
    }

    /// Whether nothing is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many keys are trusted.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Name and digest of each key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.0.values().map(|key| (key.name.as_str(), key.digest))
    }
}

impl TrustedKey {
    /// The name it was given with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Since when it counts no more.
    pub fn revoked(&self) -> Option<Timestamp> {
        self.revoked
    }

    /// Digest of its SPKI DER, which the lock's names of signers end with.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether the signature is one of this key over the message: for P-256 ECDSA in DER over SHA-256, else Ed25519.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

/// Parses exactly the two forms above: one key has one encoding, and so one hint.
pub(super) fn parse(spki: &[u8]) -> Option<ParsedPublicKey> {
    match (spki.strip_prefix(&P256_HEAD), spki.strip_prefix(&ED25519_HEAD)) {
        (Some(point), _) if point.len() == 65 && point[0] == 4 => {
            ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok()
        }
        (_, Some(key)) if key.len() == 32 => ParsedPublicKey::new(&ED25519, key).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    fn pem(label: &str, der: &[u8]) -> Vec<u8> {
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes()
    }

    fn code(pem: &[u8]) -> String {
        use miette::Diagnostic as _;
        TrustedKeys::from_pem(&[("trust/a.pub", pem)]).unwrap_err().code().unwrap().to_string()
    }

    #[test]
    fn takes_public_keys_of_two_kinds_and_nothing_else() {
        let ed25519 = [ED25519_HEAD.as_slice(), &[3; 32]].concat();
        let keys =
            TrustedKeys::from_pem(&[("a", &pem("PUBLIC KEY", &ed25519)), ("b", &pem("PUBLIC KEY", &ed25519))]).unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys.get(&Hint::of(&ed25519)).unwrap().name(), "a");
        assert_eq!(code(&pem("PRIVATE KEY", &ed25519)), "attest::private-key");
        assert_eq!(code(&pem("CERTIFICATE", &ed25519)), "attest::not-a-public-key");
        assert_eq!(code(&pem("PUBLIC KEY", &ed25519[..40])), "attest::unsupported-key");
        let off_curve = [P256_HEAD.as_slice(), &[4], &[1; 64]].concat();
        assert_eq!(code(&pem("PUBLIC KEY", &off_curve)), "attest::unsupported-key");
        assert_eq!(code(b""), "attest::malformed-key");
        assert_eq!(code(b"-----BEGIN PUBLIC KEY-----\nAAAA"), "attest::malformed-key");
    }
}
