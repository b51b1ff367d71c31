//! The server that a program is a client of. Its token goes by the environment alone, and is read from Vault only once there is
//! something to scan.

use crate::ports::{ScanError, SecretSpec, SecretValue, Secrets, ServerSpec};
use std::ffi::OsString;
use std::sync::Arc;

/// A server.
pub(crate) struct Server {
    /// Its address.
    pub(super) address: String,
    token: Option<SecretSpec>,
    secrets: Arc<dyn Secrets>,
}

impl Server {
    /// As the config describes it.
    pub(crate) fn new(spec: ServerSpec, secrets: Arc<dyn Secrets>) -> Self {
        Self { address: spec.address, token: spec.token, secrets }
    }

    /// Its token, where it wants one.
    ///
    /// # Errors
    /// Vault does not give it.
    pub(super) async fn token(&self) -> Result<Option<Arc<SecretValue>>, ScanError> {
        match &self.token {
            None => Ok(None),
            Some(spec) => match self.secrets.read(spec).await {
                Ok(token) => Ok(Some(token)),
                Err(error) => Err(ScanError::Unavailable(format!("the token of {}: {error}", self.address))),
            },
        }
    }

    /// What of the environment lets a program reach this server, and no other place.
    pub(super) fn environment(&self) -> [(OsString, OsString); 2] {
        let authority = self.address.split_once("://").map_or(self.address.as_str(), |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        ["NO_PROXY", "no_proxy"].map(|name| (name.into(), authority.into()))
    }
}
