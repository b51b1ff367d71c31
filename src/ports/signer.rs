//! What signs statements.

use super::BoxFuture;
use crate::model::{Hint, Material, SignatureBytes, SignerId, Timestamp};
use serde::Serialize;
use std::sync::Arc;

/// A signer. One call signs everything of a run, so that a remote signer needs O(1) requests.
pub trait Signer: Send + Sync {
    /// Who signs.
    fn public(&self) -> &SignerPublic;

    /// Signs each pre-authentication encoding, in order. Whoever calls verifies each signature before it is used; one that comes from
    /// elsewhere has been verified with the public key before this returns as well.
    fn sign<'a>(&'a self, encodings: &'a [Vec<u8>]) -> BoxFuture<'a, Result<Vec<Made>, SignError>>;
}

/// A signature, and how it was come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The signature.
    pub signature: SignatureBytes,
    /// The request that a server answered with it. Several signatures may be of one.
    pub request: Option<Arc<ServerRequest>>,
}

/// A request as a server's audit log names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ServerRequest {
    /// What was asked: `transit/sign/attest`.
    pub path: String,
    /// The id that the server gave it.
    pub id: String,
}

/// A signer as the config names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerSpec {
    /// The embedded one.
    Local {
        /// The private key's file, from the project's root.
        key: String,
    },
    /// A key of Vault's Transit engine.
    Transit {
        /// How Vault is reached.
        vault: Box<VaultSpec>,
        /// Where the engine is mounted.
        mount: String,
        /// The key's name.
        key: String,
        /// Its version; `None` for the newest.
        version: Option<u32>,
    },
    /// A key made for the run, with a certificate from Vault's PKI engine.
    Pki {
        /// How Vault is reached.
        vault: Box<VaultSpec>,
        /// Where the engine is mounted.
        mount: String,
        /// The role that issues.
        role: String,
        /// Whom the certificate must name; `None` for whom the CI says that it is.
        identity: Option<String>,
        /// How long it must live at most, in seconds.
        ttl: u64,
    },
}

/// How Vault is reached, as the config says it. What is left out is the environment's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VaultSpec {
    /// Its address.
    pub address: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// A PEM file with the authorities of its TLS, from the project's root.
    pub authorities: Option<String>,
    /// How to log in: `jwt`, `approle`, `kubernetes`, `token`, `agent`.
    pub method: Option<String>,
    /// The role to log in as.
    pub role: Option<String>,
    /// Where the method is mounted.
    pub mount: Option<String>,
    /// For whom a token of the CI is asked.
    pub audience: Option<String>,
    /// Why a token may live longer than that.
    pub allow_long_lived: Option<String>,
    /// The longest that a token may live, in seconds; an hour where it is not said.
    pub longest: Option<u64>,
    /// Requests a second at most.
    pub requests_per_second: Option<u32>,
    /// How often a request is tried again.
    pub retries: Option<u32>,
}

/// Opens the signers of a run.
pub trait Signers: Send + Sync {
    /// Opens one; logs in where it must. The login is the run's, which gives it up at its end.
    fn open<'a>(&'a self, spec: &'a SignerSpec) -> BoxFuture<'a, Result<Arc<dyn Signer>, SignError>>;
}

/// The public half of a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerPublic {
    /// For the lock.
    pub id: SignerId,
    /// For the bundle.
    pub material: Material,
    /// `SubjectPublicKeyInfo`, DER.
    pub spki: Vec<u8>,
    /// The last second at which it can sign; `None` for no end.
    pub until: Option<Timestamp>,
    /// The request that a server answered with its certificate.
    pub request: Option<Arc<ServerRequest>>,
}

impl SignerPublic {
    /// A key that lasts: known by its hint, its public half given as `SubjectPublicKeyInfo` DER.
    pub fn of_key(id: SignerId, spki: Vec<u8>) -> Self {
        Self { id, material: Material::Key(Hint::of(&spki)), spki, until: None, request: None }
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// There is no key here: `proofmark init` makes one.
    #[error("there is no signing key at {path}: `proofmark init` makes one, or set PROOFMARK_KEY_FILE")]
    NoKey {
        /// Where it was looked for.
        path: String,
    },
    /// The key may not be used as it is (others can read it, not a key). Configuration.
    #[error("{0}")]
    Refused(String),
    /// The signature does not verify. Integrity.
    #[error("the signer's answer does not verify with its own public key")]
    Unverified,
    /// The signer's answer is not what was asked for (another identity, key or life of a certificate). Integrity.
    #[error("{0}")]
    Unexpected(String),
    /// The signer cannot be reached now. Infrastructure.
    #[error("{0}")]
    Unavailable(String),
}
