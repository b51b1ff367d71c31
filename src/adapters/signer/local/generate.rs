//! Making a key pair: the private half for its owner alone, the public half for everybody. Neither replaces a file.

use super::LocalSigner;
use crate::adapters::key_file;
use crate::ports::{SignError, SignerPublic};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use std::path::Path;

/// Which kind of key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256: what every verifier takes.
    #[default]
    P256,
    /// Ed25519.
    Ed25519,
}

impl LocalSigner {
    /// Makes a key pair and writes both halves, parent directories included: the private one as PKCS#8 PEM, which from its
    /// first moment only the owner can read, the public one as SPKI PEM.
    ///
    /// # Errors
    /// One of the files is there already, or cannot be written. What was written up to then is removed again.
    pub fn generate(private: &Path, public: &Path, kind: KeyType) -> Result<SignerPublic, SignError> {
        let no_key = |_| SignError::Unavailable("the system has no randomness to make a key with".to_owned());
        let document = match kind {
            KeyType::P256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()),
            // The first version of the format: the second is unknown to OpenSSL 3.0.
            KeyType::Ed25519 => Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()),
        }
        .map_err(no_key)?;
        let signer = Self::from_pkcs8(document.as_ref()).ok_or(SignError::Unverified)?;

        let (private_pem, public_pem) =
            (key_file::pem("PRIVATE KEY", document.as_ref())?, key_file::pem("PUBLIC KEY", &signer.public.spki)?);
        key_file::write_pair((private, &private_pem), (public, &public_pem))?;
        Ok(signer.public)
    }
}
