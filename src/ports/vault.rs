//! What changes Vault's settings, for an administrator.

use super::{BoxFuture, VaultSpec};
use serde::Serialize;

/// Asks Vault as an administrator: with the environment's own token, whatever the config says of logins.
pub trait VaultAdmin: Send + Sync {
    /// Makes requests, in order, until one fails; whether each was taken (`false`: all is there already).
    fn ask<'a>(
        &'a self,
        spec: &'a VaultSpec,
        requests: &'a [VaultRequest],
    ) -> BoxFuture<'a, Result<Vec<bool>, VaultAdminError>>;
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VaultRequest {
    /// `POST`, `PUT` or `GET`.
    pub method: &'static str,
    /// Below `/v1/`.
    pub path: String,
    /// JSON.
    pub body: serde_json::Value,
    /// What a refusal says where all is there already.
    #[serde(skip)]
    pub there_already: Option<&'static str>,
    /// What an answer to `GET` must hold, by JSON pointer: something else was there before, and was not changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<(String, serde_json::Value)>,
}

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum VaultAdminError {
    /// It cannot be asked as things are. Configuration.
    #[error("{0}")]
    Refused(String),
    /// It says no, or cannot be reached. Infrastructure.
    #[error("{0}")]
    Unavailable(String),
}
