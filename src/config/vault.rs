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
    /// Why a token may live longer than an hour.
    pub allow_long_lived: Option<String>,
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
}

impl VaultRole {
    /// How long a certificate lives where nothing else is said, in seconds.
    pub const TTL: u64 = 600;
}

impl Config {
    /// `[vault]`; what is left out where there is none.
    pub fn vault(&self) -> Vault {
        // It was checked key by key when the config was read.
        self.vault.as_ref().and_then(|vault| Vault::deserialize(vault).ok()).unwrap_or_default()
    }
}
