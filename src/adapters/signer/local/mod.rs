//! The embedded signer: a P-256 or Ed25519 key in a file of this machine. Proves that the holder of the key signed, nothing
//! of who or when.
//!
//! The key is read once, at [`LocalSigner::open`]; signing touches no file. Private bytes are wiped after use and appear in no
//! message.

mod generate;
#[cfg(test)]
mod tests;

use crate::adapters::key_file::{self, Sections};
use crate::model::{SignatureBytes, SignerId};
use crate::ports::{BoxFuture, Made, SignError, Signer, SignerPublic};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use std::path::Path;

pub use generate::KeyType;

/// A signer with a key in memory.
pub struct LocalSigner {
    key: Key,
    public: SignerPublic,
}

enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl std::fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalSigner").field("public", &self.public).finish_non_exhaustive()
    }
}

impl LocalSigner {
    /// Reads a private key: PKCS#8, PEM, unencrypted, P-256 or Ed25519, in a regular file that only its owner can use.
    ///
    /// # Errors
    /// There is none, group or others can read or write it, or it is not such a key.
    pub fn open(path: &Path) -> Result<Self, SignError> {
        let Sections { key, certificates } = key_file::read(path)?;
        if !certificates.is_empty() {
            return Err(SignError::Refused(format!("{}: something other than a private key is in it", path.display())));
        }
        Self::from_pkcs8(&key)
            .ok_or_else(|| SignError::Refused(format!("{}: neither a P-256 nor an Ed25519 key", path.display())))
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let (key, spki) = if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8) {
            let spki = pair.public_key().as_der().ok()?.as_ref().to_vec();
            (Key::P256(pair), spki)
        } else {
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
            let spki = pair.public_key().as_der().ok()?.as_ref().to_vec();
            (Key::Ed25519(pair), spki)
        };
        let public = SignerPublic::of_key(SignerId::local(&spki), spki);
        Some(Self { key, public })
    }

    fn sign_one(&self, encoding: &[u8]) -> Result<Made, SignError> {
        let signature = match &self.key {
            Key::P256(pair) => pair
                .sign(&SystemRandom::new(), encoding)
                .map_err(|_| SignError::Unavailable("the system has no randomness to sign with".to_owned()))?,
            Key::Ed25519(pair) => pair.sign(encoding),
        };
        Ok(Made { signature: SignatureBytes(signature.as_ref().to_vec()), request: None })
    }
}

impl Signer for LocalSigner {
    fn public(&self) -> &SignerPublic {
        &self.public
    }

    fn sign<'a>(&'a self, encodings: &'a [Vec<u8>]) -> BoxFuture<'a, Result<Vec<Made>, SignError>> {
        Box::pin(std::future::ready(encodings.iter().map(|encoding| self.sign_one(encoding)).collect()))
    }
}
