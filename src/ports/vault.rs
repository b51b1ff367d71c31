//! What looks at Vault's settings and changes them, for an administrator.

use super::{BoxFuture, VaultSpec};
use serde::Serialize;
use serde_json::Value;

/// Asks Vault as an administrator: with the environment's own token, whatever the config says of logins.
pub trait VaultAdmin: Send + Sync {
    /// Makes requests, in order, until one fails; whether each was taken (`false`: all is there already).
    fn ask<'a>(
        &'a self,
        spec: &'a VaultSpec,
        requests: &'a [VaultRequest],
    ) -> BoxFuture<'a, Result<Vec<bool>, VaultAdminError>>;

    /// Looks at paths, in order; changes nothing. Of one that ends in `/` the names below it are listed, as `keys`.
    fn look<'a>(
        &'a self,
        spec: &'a VaultSpec,
        paths: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<VaultLook>, VaultAdminError>>;
}

/// What was seen at a path.
#[derive(Debug, Clone, PartialEq)]
pub enum VaultLook {
    /// The answer's `data`.
    Found(Value),
    /// Nothing is there.
    Absent,
    /// It was not shown, and why.
    Hidden(String),
}

/// A request.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct VaultRequest {
    /// `POST`, `PUT` or `GET`.
    pub method: &'static str,
    /// Below `/v1/`.
    pub path: String,
    /// JSON.
    pub body: Value,
    /// What a refusal says where all is there already.
    #[serde(skip)]
    pub there_already: Option<&'static str>,
    /// What an answer to `GET` must hold, by JSON pointer: something else was there before, and was not changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<(String, Value)>,
    /// The same, of what not every server knows: where it is not in the answer, that is fine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected_where_known: Vec<(String, Value)>,
    /// The request is made only where the answer to a `GET` of this path has an empty text there, by JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_where_empty: Option<(String, String)>,
    /// What is put into the body from an earlier answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filled: Option<Filled>,
}

/// A part of a body that an earlier answer gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// The key in the body.
    pub key: String,
    /// The path of the earlier request.
    pub from: String,
    /// The texts of its answer, by JSON pointer; joined by line ends.
    pub at: Vec<String>,
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
