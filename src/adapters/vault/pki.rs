//! Signing with a key of this run alone, which Vault's PKI engine certifies: the private half is made here, never leaves this
//! process, and is forgotten at its end. One certificate a role and run, by `pki/sign`; never by `pki/issue`, which makes the key
//! elsewhere.

use super::client::{self, Tries, Vault, VaultError};
use super::login::Login;
use crate::model::{Material, SignatureBytes, SignerId, Timestamp};
use crate::ports::{BoxFuture, Made, SignError, Signer, SignerPublic};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use der::{Decode as _, Encode as _};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use vaultrs::api::pki::requests::SignCertificateRequest;
use x509_cert::Certificate;

/// A key of this run, and its certificate.
pub(crate) struct PkiSigner {
    key: EcdsaKeyPair,
    public: SignerPublic,
}

impl PkiSigner {
    /// Makes a key and has it certified as an identity's, for so many seconds.
    ///
    /// Of the certificate only that it is one of this key is checked here; the rules for a signer's certificate are the
    /// caller's, who knows what is trusted.
    ///
    /// # Errors
    /// Vault refuses, or its answer holds no certificate of this key.
    pub(crate) async fn open(
        vault: &Vault,
        login: &Login,
        mount: &str,
        role: &str,
        identity: &str,
        ttl: u64,
    ) -> Result<Self, SignError> {
        let no_key = |_| SignError::Unavailable("the system has no randomness to make a key with".to_owned());
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(no_key)?;
        let spki = key.public_key().as_der().map_err(no_key)?.as_ref().to_vec();
        let request = super::request::request(&key, identity).map_err(SignError::Refused)?;
        let path = format!("{mount}/sign/{role}");
        let request = SignCertificateRequest {
            mount: mount.to_owned(),
            role: role.to_owned(),
            csr: Some(request),
            ttl: Some(format!("{ttl}s")),
            ..SignCertificateRequest::default()
        };
        let answer = vault.send(Some(&login.token), &request, Tries::Several).await?;
        let leaf = answer.get("data").and_then(|data| data.get("certificate")).and_then(Value::as_str);
        let leaf = leaf.and_then(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok());
        let leaf = leaf.ok_or_else(|| VaultError::Unusable(path.clone()))?.as_ref().to_vec();
        let odd = |what: &str| SignError::Unexpected(format!("the certificate of {path} {what}"));
        let certificate = Certificate::from_der(&leaf).map_err(|_| odd("is not one"))?;
        let tbs = &certificate.tbs_certificate;
        if tbs.subject_public_key_info.to_der().ok().as_ref() != Some(&spki) {
            return Err(odd("is of another key"));
        }
        let until = i64::try_from(tbs.validity.not_after.to_unix_duration().as_secs()).ok();
        let until = until.and_then(|seconds| Timestamp::from_unix(seconds).ok()).ok_or_else(|| odd("never ends"))?;
        let serial: String = tbs.serial_number.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let public = SignerPublic {
            id: SignerId::pki(mount, role, &serial, identity),
            material: Material::Certificate(leaf),
            spki,
            until: Some(until),
            request: client::request(&answer, &path),
        };
        Ok(Self { key, public })
    }

    fn sign_one(&self, encoding: &[u8]) -> Result<Made, SignError> {
        let signature = self
            .key
            .sign(&SystemRandom::new(), encoding)
            .map_err(|_| SignError::Unavailable("the system has no randomness to sign with".to_owned()))?;
        Ok(Made { signature: SignatureBytes(signature.as_ref().to_vec()), request: None })
    }
}

impl Signer for PkiSigner {
    fn public(&self) -> &SignerPublic {
        &self.public
    }

    fn sign<'a>(&'a self, encodings: &'a [Vec<u8>]) -> BoxFuture<'a, Result<Vec<Made>, SignError>> {
        Box::pin(std::future::ready(encodings.iter().map(|encoding| self.sign_one(encoding)).collect()))
    }
}
