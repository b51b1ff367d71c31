//! From a bundle that nobody has verified to an attestation.

use super::certificates::Leaf;
use super::errors::VerifyError;
use super::timestamps::{self, Stamp, TimeSource};
use super::x509_errors::{CertificateError, StampError};
use super::{Trust, bundle, payload};
use crate::model::{Bundle, Digest, Envelope, Material, SignedBy, Statement};

/// A statement that a trusted key has signed. Only [`verify_bundle`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Attestation {
    statement: Statement,
    payload: Vec<u8>,
    payload_digest: Digest,
    bundle_digest: Digest,
    signed: Signed,
}

/// Who signed, as verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// Told from what verified; the lock's `signer` must be a name of it.
    pub by: SignedBy,
    /// The name by which that is trusted: a key's file, or the pattern that takes an identity.
    pub trusted_as: String,
    /// When, by each time stamp. Never empty with a certificate.
    pub stamps: Vec<Stamp>,
}

/// The most time stamps that a bundle may carry.
const STAMPS: usize = 8;

impl Attestation {
    /// What is said.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The signed bytes, verbatim.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Digest of the signed bytes: the lock's `statement`.
    pub fn payload_digest(&self) -> Digest {
        self.payload_digest
    }

    /// Digest of the bundle: the lock's `bundle`.
    pub fn bundle_digest(&self) -> Digest {
        self.bundle_digest
    }

    /// Who signed, told from what verified; the lock's `signer` must be a name of it.
    pub fn signed_by(&self) -> &SignedBy {
        &self.signed.by
    }

    /// The name by which the signer is trusted: a key's file, or the pattern that takes an identity.
    pub fn trusted_as(&self) -> &str {
        &self.signed.trusted_as
    }

    /// When it was signed, by each time stamp.
    pub fn stamps(&self) -> &[Stamp] {
        &self.signed.stamps
    }
}

/// Verifies a bundle: its form, that whoever signed is trusted, the signature over the pre-authentication encoding, and only then
/// what the payload says. Says nothing of which subject or predicate type was expected: the caller compares.
///
/// # Errors
/// See [`VerifyError`].
pub fn verify_bundle(bytes: &[u8], trust: &Trust) -> Result<Attestation, VerifyError> {
    let bundle = bundle::decode(bytes)?;
    let signed = signer(&bundle, trust)?;
    let payload = bundle.envelope.payload;
    Ok(Attestation {
        statement: payload::parse_payload(&payload)?,
        payload_digest: Digest::of(&payload),
        bundle_digest: Digest::of(bytes),
        signed,
        payload,
    })
}

/// Who signed a bundle of which the payload is known: as [`verify_bundle`], with what the payload says left to whoever wrote it.
/// `None` where it holds another payload.
///
/// # Errors
/// See [`VerifyError`].
pub fn verify_known(bytes: &[u8], payload: &[u8], trust: &Trust) -> Result<Option<Signed>, VerifyError> {
    let bundle = bundle::decode(bytes)?;
    if bundle.envelope.payload != payload {
        return Ok(None);
    }
    signer(&bundle, trust).map(Some)
}

/// Who signed a bundle, and the name by which that is trusted; looks at the signature alone, not at what is signed.
///
/// Every time stamp that is there must be good, also where none is needed, and with a certificate each must lie within its
/// validity: one that is wrong is not passed over for one that is right.
///
/// # Errors
/// Nobody who is trusted has signed it.
pub fn signer(bundle: &Bundle, trust: &Trust) -> Result<Signed, VerifyError> {
    let Envelope { payload_type, payload, signature } = &bundle.envelope;
    let message = Envelope::pre_authentication_encoding(payload_type, payload);
    if bundle.timestamps.len() > STAMPS {
        return Err(StampError::Several { count: bundle.timestamps.len(), limit: STAMPS }.into());
    }
    let stamps = || -> Result<Vec<Stamp>, StampError> {
        let verify = |response: &Vec<u8>| timestamps::verify_stamp(response, &signature.0, &trust.authorities);
        bundle.timestamps.iter().map(verify).collect()
    };
    match &bundle.material {
        Material::Key(hint) => {
            let Some(key) = trust.keys.get(hint) else { return Err(VerifyError::UntrustedKey { hint: hint.clone() }) };
            if !key.verifies(&message, &signature.0) {
                return Err(VerifyError::BadSignature { key: key.name().to_owned() });
            }
            let stamps = stamps()?;
            if let Some(since) = key.revoked() {
                let before = |stamp: &Stamp| stamp.source != TimeSource::SelfAsserted && stamp.at < since;
                if !stamps.iter().any(before) {
                    return Err(VerifyError::RevokedKey { key: key.name().to_owned(), since });
                }
            }
            Ok(Signed { by: SignedBy::Key(key.digest()), trusted_as: key.name().to_owned(), stamps })
        }
        Material::Certificate(der) => {
            if trust.authorities.no_signers() {
                return Err(VerifyError::UntrustedCertificate);
            }
            let leaf = Leaf::read(der)?;
            if !leaf.verifies(&message, &signature.0) {
                return Err(CertificateError::BadSignature { identity: leaf.identity }.into());
            }
            let stamps = stamps()?;
            if stamps.is_empty() {
                return Err(StampError::Missing.into());
            }
            for stamp in &stamps {
                leaf.root(&trust.authorities, stamp.at)?;
            }
            let trusted_as = leaf.identity(&trust.identities)?.to_owned();
            Ok(Signed { by: SignedBy::Identity(leaf.identity), trusted_as, stamps })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::TrustFiles;
    use crate::model::{Hint, SignatureBytes, SignerId};
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
    use base64::Engine as _;

    const PAYLOAD: &str = r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://cyclonedx.org/bom","subject":[{"digest":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},"name":"oci:images/checkout"}]}"#;

    fn trust(spki: &[u8]) -> Trust {
        let body = base64::engine::general_purpose::STANDARD.encode(spki);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        Trust::read(&TrustFiles { keys: vec![("trust/test.pub", pem.as_bytes())], ..TrustFiles::default() }).unwrap()
    }

    fn bundle(spki: &[u8], payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let encoding = Envelope::pre_authentication_encoding(Envelope::IN_TOTO, payload.as_bytes());
        bundle::encode(&Bundle {
            material: Material::Key(Hint::of(spki)),
            timestamps: Vec::new(),
            envelope: Envelope {
                payload_type: Envelope::IN_TOTO.into(),
                payload: payload.into(),
                signature: SignatureBytes(sign(&encoding)),
            },
        })
    }

    fn p256() -> (Vec<u8>, impl Fn(&[u8]) -> Vec<u8>) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
        (spki, move |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec())
    }

    fn ed25519() -> (Vec<u8>, impl Fn(&[u8]) -> Vec<u8>) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
        (spki, move |message: &[u8]| pair.sign(message).as_ref().to_vec())
    }

    fn code(bytes: &[u8], keys: &Trust) -> String {
        use miette::Diagnostic as _;
        verify_bundle(bytes, keys).unwrap_err().code().unwrap().to_string()
    }

    fn check(spki: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) {
        let keys = trust(spki);
        let bytes = bundle(spki, PAYLOAD, &sign);
        let attestation = verify_bundle(&bytes, &keys).unwrap();
        assert_eq!(attestation.payload_digest(), Digest::of(PAYLOAD.as_bytes()));
        assert_eq!(attestation.bundle_digest(), Digest::of(&bytes));
        assert!(SignerId::local(spki).is_of(attestation.signed_by()));
        assert_eq!(attestation.trusted_as(), "trust/test.pub");

        assert_eq!(verify_known(&bytes, PAYLOAD.as_bytes(), &keys).unwrap(), Some(attestation.signed));
        assert_eq!(verify_known(&bytes, b"another", &keys).unwrap(), None);
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[index] ^= 1 << bit;
                assert!(verify_bundle(&changed, &keys).is_err(), "byte {index} bit {bit}");
                let known = verify_known(&changed, PAYLOAD.as_bytes(), &keys);
                assert!(!matches!(known, Ok(Some(_))), "byte {index} bit {bit}");
            }
        }
        for end in 0..bytes.len() {
            assert!(verify_bundle(&bytes[..end], &keys).is_err(), "cut at {end}");
        }
        assert_eq!(code(&bytes, &Trust::default()), "attest::untrusted-key");
        assert_eq!(code(&bundle(spki, PAYLOAD, |_| sign(b"something else")), &keys), "attest::bad-signature");
        assert_eq!(code(&bundle(spki, PAYLOAD, |_| Vec::new()), &keys), "attest::bad-signature");
        assert_eq!(code(&bundle(spki, "{}", &sign), &keys), "attest::malformed-statement");
    }

    #[test]
    fn takes_a_p256_signature_and_refuses_every_changed_byte() {
        let (spki, sign) = p256();
        check(&spki, sign);
    }

    #[test]
    fn takes_an_ed25519_signature_and_refuses_every_changed_byte() {
        let (spki, sign) = ed25519();
        check(&spki, sign);
    }

    #[test]
    fn another_key_with_this_hint_is_a_bad_signature() {
        let ((spki, _), (_, other)) = (p256(), p256());
        assert_eq!(code(&bundle(&spki, PAYLOAD, other), &trust(&spki)), "attest::bad-signature");
    }
}
