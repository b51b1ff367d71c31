//! What gives the secrets that a run needs: a server's token, a registry's password.

use super::{BoxFuture, VaultSpec};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A secret as the config names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// How Vault is reached.
    pub vault: Box<VaultSpec>,
    /// Where in it.
    pub place: SecretPlace,
}

/// Where in Vault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretPlace {
    /// A field of a secret of the KV engine, version 2.
    Kv {
        /// `secret/data/trivy`.
        path: String,
        /// `token`.
        field: String,
    },
    /// A token of minutes that says who this run is: a JWT that whoever gets it can verify.
    Identity {
        /// Where the identity engine is mounted.
        mount: String,
        /// The role of `identity/oidc/token`.
        role: String,
    },
}

/// A secret. Never shown; wiped when dropped.
#[derive(Clone)]
pub struct SecretValue {
    /// It.
    pub value: Zeroizing<String>,
    /// Its version, where it has one.
    pub version: Option<u64>,
    /// Whether it is a JWT, which goes behind `Authorization: Bearer`.
    pub is_jwt: bool,
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretValue").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Reads secrets. One that is read stays in memory for the run: it is asked for once, however many want it.
pub trait Secrets: Send + Sync {
    /// Reads one; logs in where it must.
    fn read<'a>(&'a self, spec: &'a SecretSpec) -> BoxFuture<'a, Result<Arc<SecretValue>, SecretError>>;
}

/// Why there is no secret. In words that hold none.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SecretError {
    /// It cannot be had as things are configured. Configuration.
    #[error("{0}")]
    Refused(String),
    /// Vault says no, or cannot be reached. Infrastructure.
    #[error("{0}")]
    Unavailable(String),
}
