//! Settings, changed with an administrator's token.

use super::client::{Tries, Vault, VaultError};
use super::environment::VaultEnvironment;
use crate::ports::{BoxFuture, Cancel, VaultAdmin, VaultAdminError, VaultRequest, VaultSpec};
use reqwest::Method;

/// Asks with the token of the environment.
pub struct Administrator {
    environment: VaultEnvironment,
    cancel: Cancel,
}

impl Administrator {
    /// With what the environment says.
    pub fn new(environment: VaultEnvironment, cancel: Cancel) -> Self {
        Self { environment, cancel }
    }
}

impl VaultAdmin for Administrator {
    fn ask<'a>(
        &'a self,
        spec: &'a VaultSpec,
        requests: &'a [VaultRequest],
    ) -> BoxFuture<'a, Result<Vec<bool>, VaultAdminError>> {
        Box::pin(async move {
            let failed = |error: VaultError| match error {
                VaultError::Refused(reason) => VaultAdminError::Refused(reason),
                other => VaultAdminError::Unavailable(other.to_string()),
            };
            let vault = Vault::new(spec, &self.environment, self.cancel.clone()).map_err(failed)?;
            let token = self.environment.token.as_ref();
            let token =
                token.ok_or_else(|| VaultAdminError::Refused("set VAULT_TOKEN to an administrator's token".into()))?;
            let mut done = Vec::with_capacity(requests.len());
            for request in requests {
                let (method, body) = match request.method {
                    "GET" => (Method::GET, None),
                    "PUT" => (Method::PUT, Some(&request.body)),
                    _ => (Method::POST, Some(&request.body)),
                };
                match vault.ask(Some(token), &method, &request.path, body, Tries::Several).await {
                    Ok(answer) => {
                        let other = request.expected.iter().find(|(at, value)| answer.pointer(at) != Some(value));
                        if let Some((at, value)) = other {
                            let found = answer.pointer(at).cloned().unwrap_or_default();
                            let reason = format!(
                                "{} has {at} = {found} where it must be {value}: it was made by somebody else, and is left as it is",
                                request.path
                            );
                            return Err(VaultAdminError::Refused(reason));
                        }
                        done.push(true);
                    }
                    Err(VaultError::Denied { status: 400, reason, .. })
                        if request.there_already.is_some_and(|text| reason.contains(text)) =>
                    {
                        done.push(false);
                    }
                    Err(error) => return Err(failed(error)),
                }
            }
            Ok(done)
        })
    }
}
