//! `[vault]`, typed: how Vault is reached, and what its roles are.

use super::types::Config;
use crate::model::{Duration, Name};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How Vault is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Vault {
    /// Its address; else the environment's.
    pub address: Option<String>,
    /// The namespace; else the environment's.
    pub namespace: Option<String>,
    /// A PEM file with the authorities of its TLS, from the project's root; else the environment's.
    pub ca: Option<String>,
    /// How to log in; else with the environment's token.
    pub auth: Option<VaultAuth>,
    /// How hard it may be asked.
    pub rate: VaultRate,
    /// The roles, by name.
    pub roles: BTreeMap<Name, VaultRole>,
}

/// How to log in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VaultAuth {
    /// `jwt`, `approle`, `kubernetes`, `token` or `agent`.
    pub method: String,
    /// The role to log in as.
    pub role: Option<String>,
    /// Where the method is mounted; its name where none is given.
    pub mount: Option<String>,
    /// For whom a token of the CI is asked.
    pub audience: Option<String>,
    /// Why a token may live longer than that.
    pub allow_long_lived: Option<String>,
    /// The longest that a token may live; [`VaultAuth::TOKEN_TTL`] seconds where it is not said.
    pub max_token_ttl: Option<Duration>,
}

/// How hard Vault may be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct VaultRate {
    /// Requests a second at most.
    pub requests_per_second: Option<u32>,
    /// How often a request is tried again.
    pub retries: Option<u32>,
}

/// `[vault]` passed all checks and still cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("[vault] is not as it was checked: {0}")]
pub struct VaultError(String);

/// What a role is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VaultRole {
    /// `pki`, `transit`, `kv` or `identity`.
    pub engine: String,
    /// Where the engine is mounted; its name where none is given.
    pub mount: Option<String>,
    /// The role of pki or identity, the key of transit.
    pub role: Option<String>,
    /// Whom certificates of pki must name; else whom the CI says that it is.
    pub identity: Option<String>,
    /// How long a certificate of pki lives; [`VaultRole::TTL`] seconds where it is not said.
    pub ttl: Option<Duration>,
    /// The path of a secret.
    pub path: Option<String>,
    /// Its field.
    pub field: Option<String>,
    /// What a key of transit is made as; [`VaultRole::KEY_TYPE`] where it is not said.
    pub key_type: Option<String>,
    /// The version of a key of transit that signs; the newest where it is not said.
    pub key_version: Option<u32>,
}

impl VaultAuth {
    /// How long a token may live where nothing else is said, in seconds.
    pub const TOKEN_TTL: u64 = 3600;
}

impl VaultRole {
    /// How long a certificate lives where nothing else is said, in seconds.
    pub const TTL: u64 = 600;
    /// What a key is made as where nothing else is said.
    pub const KEY_TYPE: &str = "ecdsa-p256";

    /// Where its engine is mounted.
    pub fn mounted(&self) -> &str {
        match (&self.mount, self.engine.as_str()) {
            (Some(mount), _) => mount,
            // A secret's path has its mount in front.
            (None, "kv") => {
                self.path.as_deref().and_then(|path| path.split_once("/data/")).map_or("secret", |(mount, _)| mount)
            }
            (None, engine) => engine,
        }
    }
}

impl Config {
    /// `[vault]`; what is left out where there is none.
    ///
    /// # Errors
    /// It is not what the checks of a config let through: these and this program's types differ.
    pub fn vault(&self) -> Result<Vault, VaultError> {
        let vault = self.vault.as_ref().map(Vault::deserialize).transpose();
        vault.map(Option::unwrap_or_default).map_err(|error| VaultError(error.to_string()))
    }
}
