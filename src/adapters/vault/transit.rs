//! Signing with a key of Vault's Transit engine. One request for up to [`BATCH`] statements; every signature is verified here with
//! the key's public half before it is used.

use super::client::{self, Tries, Vault, VaultError};
use super::login::Login;
use crate::model::{SignatureBytes, SignerId};
use crate::ports::{BoxFuture, Made, SignError, Signer, SignerPublic};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use std::sync::Arc;
use vaultrs::api::transit::requests::ReadKeyRequest;

/// The most texts of one request; servers allow 499.
const BATCH: usize = 400;
/// The most bytes of texts of one request.
const BATCH_BYTES: usize = 16 << 20;
/// The beginning of a `SubjectPublicKeyInfo` of Ed25519; the 32 bytes of the key follow.
const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// How long the head of one of P-256 is, in bytes; the 65 bytes of the point follow.
const P256_HEAD: usize = 26;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    Ed25519,
}

/// A key of Transit, at one version.
pub(crate) struct TransitSigner {
    vault: Arc<Vault>,
    login: Arc<Login>,
    mount: String,
    key: String,
    version: u32,
    kind: Kind,
    verifier: ParsedPublicKey,
    public: SignerPublic,
}

impl TransitSigner {
    /// Looks at the key: it must be one that signs, and one that cannot leave Vault. Without a version, its newest is used.
    ///
    /// # Errors
    /// There is no such key, it is of another kind, or it can be exported.
    pub(crate) async fn open(
        vault: Arc<Vault>,
        login: Arc<Login>,
        mount: &str,
        key: &str,
        version: Option<u32>,
    ) -> Result<Self, VaultError> {
        let path = format!("{mount}/keys/{key}");
        let unusable = || VaultError::Unusable(path.clone());
        let request = ReadKeyRequest { mount: mount.to_owned(), name: key.to_owned() };
        let answer = vault.send(Some(&login.token), &request, Tries::Several).await?;
        let data = answer.get("data").ok_or_else(unusable)?;
        let flag = |name: &str| data.get(name).and_then(Value::as_bool);
        let stays = flag("exportable") == Some(false) && flag("allow_plaintext_backup") == Some(false);
        if !stays || flag("imported_key") == Some(true) {
            return Err(VaultError::Refused(format!(
                "the key {mount}/{key} can be outside of Vault as well: make one there that is not exportable and has no plaintext backup"
            )));
        }
        let kind = match data.get("type").and_then(Value::as_str) {
            Some("ecdsa-p256") => Kind::P256,
            Some("ed25519") => Kind::Ed25519,
            other => {
                return Err(VaultError::Refused(format!(
                    "the key {mount}/{key} is of type {}: it must be ecdsa-p256 or ed25519",
                    other.unwrap_or("unknown")
                )));
            }
        };
        let newest = data
            .get("latest_version")
            .and_then(Value::as_u64)
            .and_then(|version| u32::try_from(version).ok())
            .ok_or_else(unusable)?;
        let version = version.unwrap_or(newest);
        let text =
            data.get("keys").and_then(|keys| keys.get(version.to_string())).and_then(|key| key.get("public_key"));
        if text.is_none() {
            return Err(VaultError::Refused(format!(
                "the key {mount}/{key} shows no version {version}: its newest is {newest}"
            )));
        }
        let text = text.and_then(Value::as_str).ok_or_else(unusable)?;
        let spki = match kind {
            Kind::P256 => rustls_pki_types::SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes())
                .map_err(|_| unusable())?
                .as_ref()
                .to_vec(),
            Kind::Ed25519 => [ED25519_HEAD.as_slice(), &STANDARD.decode(text).map_err(|_| unusable())?].concat(),
        };
        let verifier = match kind {
            Kind::P256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki.get(P256_HEAD..).unwrap_or_default()),
            Kind::Ed25519 => ParsedPublicKey::new(&ED25519, spki.get(ED25519_HEAD.len()..).unwrap_or_default()),
        };
        let public = SignerPublic::of_key(SignerId::transit(mount, key, version, &spki), spki);
        let verifier = verifier.map_err(|_| unusable())?;
        Ok(Self { vault, login, mount: mount.to_owned(), key: key.to_owned(), version, kind, verifier, public })
    }

    async fn batch(&self, encodings: &[Vec<u8>]) -> Result<Vec<Made>, SignError> {
        let inputs: Vec<Value> = encodings
            .iter()
            .map(|encoding| match self.kind {
                Kind::P256 => json!({"input": STANDARD.encode(digest(&SHA256, encoding))}),
                Kind::Ed25519 => json!({"input": STANDARD.encode(encoding)}),
            })
            .collect();
        let mut body = json!({"batch_input": inputs, "key_version": self.version});
        if self.kind == Kind::P256 {
            body["prehashed"] = true.into();
            body["hash_algorithm"] = "sha2-256".into();
            body["marshaling_algorithm"] = "asn1".into();
        }
        let path = format!("{}/sign/{}", self.mount, self.key);
        let answer = self.vault.ask(Some(&self.login.token), &Method::POST, &path, Some(&body), Tries::Several).await?;
        let results = answer.get("data").and_then(|data| data.get("batch_results")).and_then(Value::as_array);
        let results =
            results.filter(|results| results.len() == encodings.len()).ok_or(VaultError::Unusable(path.clone()))?;
        let request = client::request(&answer, &path);
        let before = format!("vault:v{}:", self.version);
        let signature = |(result, encoding): (&Value, &Vec<u8>)| {
            let text = result.get("signature").and_then(Value::as_str).ok_or(SignError::Unverified)?;
            let bytes =
                text.strip_prefix(&before).and_then(|text| STANDARD.decode(text).ok()).ok_or(SignError::Unverified)?;
            self.verifier.verify_sig(encoding, &bytes).map_err(|_| SignError::Unverified)?;
            Ok(Made { signature: SignatureBytes(bytes), request: request.clone() })
        };
        results.iter().zip(encodings).map(signature).collect()
    }
}

impl Signer for TransitSigner {
    fn public(&self) -> &SignerPublic {
        &self.public
    }

    fn sign<'a>(&'a self, encodings: &'a [Vec<u8>]) -> BoxFuture<'a, Result<Vec<Made>, SignError>> {
        Box::pin(async move {
            let mut signatures = Vec::with_capacity(encodings.len());
            let mut rest = encodings;
            while !rest.is_empty() {
                self.login.renew(&self.vault).await;
                let mut bytes = 0;
                let fits = rest.iter().take(BATCH).take_while(|encoding| {
                    bytes += if self.kind == Kind::P256 { 32 } else { encoding.len() };
                    bytes <= BATCH_BYTES
                });
                let count = fits.count().max(1);
                let (now, later) = rest.split_at(count);
                signatures.extend(self.batch(now).await?);
                rest = later;
            }
            Ok(signatures)
        })
    }
}
