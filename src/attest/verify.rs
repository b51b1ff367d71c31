//! From a bundle that nobody has verified to an attestation.

use super::errors::VerifyError;
use super::{Trust, bundle, payload};
use crate::model::{Bundle, Digest, Envelope, Material, SignedBy, Statement};

/// A statement that a trusted key has signed. Only [`verify_bundle`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Attestation {
    statement: Statement,
    payload: Vec<u8>,
    payload_digest: Digest,
    bundle_digest: Digest,
    signed_by: SignedBy,
    key: String,
}

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
        &self.signed_by
    }

    /// The trusted key's name (its file).
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Verifies a bundle: its form, that whoever signed is trusted, the signature over the pre-authentication encoding, and only then
/// what the payload says. Says nothing of which subject or predicate type was expected: the caller compares.
///
/// # Errors
/// See [`VerifyError`].
pub fn verify_bundle(bytes: &[u8], trust: &Trust) -> Result<Attestation, VerifyError> {
    let bundle = bundle::decode(bytes)?;
    let (signed_by, key) = signer(&bundle, trust)?;
    let payload = bundle.envelope.payload;
    Ok(Attestation {
        statement: payload::parse_payload(&payload)?,
        payload_digest: Digest::of(&payload),
        bundle_digest: Digest::of(bytes),
        signed_by,
        key,
        payload,
    })
}

/// Who signed a bundle, and the name by which that is trusted; looks at the signature alone, not at what is signed.
///
/// # Errors
/// Nobody who is trusted has signed it.
pub fn signer(bundle: &Bundle, trust: &Trust) -> Result<(SignedBy, String), VerifyError> {
    let hint = match &bundle.material {
        Material::Key(hint) => hint,
        Material::Certificate(_) => return Err(VerifyError::UntrustedCertificate),
    };
    let Some(key) = trust.keys.get(hint) else { return Err(VerifyError::UntrustedKey { hint: hint.clone() }) };
    let Envelope { payload_type, payload, signature } = &bundle.envelope;
    if !key.verifies(&Envelope::pre_authentication_encoding(payload_type, payload), &signature.0) {
        return Err(VerifyError::BadSignature { key: key.name().to_owned() });
    }
    Ok((SignedBy::Key(key.digest()), key.name().to_owned()))
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
        Trust::read(&TrustFiles { keys: vec![("trust/test.pub", pem.as_bytes())] }).unwrap()
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
        assert_eq!(attestation.key(), "trust/test.pub");

        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[index] ^= 1 << bit;
                assert!(verify_bundle(&changed, &keys).is_err(), "byte {index} bit {bit}");
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
