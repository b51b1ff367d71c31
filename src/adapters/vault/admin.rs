//! Settings, looked at and changed with a token of the environment.

use super::client::{Tries, Vault, VaultError};
use super::environment::VaultEnvironment;
use super::login::Login;
use crate::ports::{BoxFuture, Cancel, VaultAdmin, VaultAdminError, VaultLook, VaultRequest, VaultSpec};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

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

    fn vault(&self, spec: &VaultSpec) -> Result<Vault, VaultAdminError> {
        Vault::new(spec, &self.environment, self.cancel.clone()).map_err(failed)
    }
}

fn failed(error: VaultError) -> VaultAdminError {
    match error {
        VaultError::Refused(reason) => VaultAdminError::Refused(reason),
        other => VaultAdminError::Unavailable(other.to_string()),
    }
}

impl VaultAdmin for Administrator {
    fn ask<'a>(
        &'a self,
        spec: &'a VaultSpec,
        requests: &'a [VaultRequest],
    ) -> BoxFuture<'a, Result<Vec<bool>, VaultAdminError>> {
        Box::pin(async move {
            let vault = self.vault(spec)?;
            let token = self.environment.token.as_ref();
            let token =
                token.ok_or_else(|| VaultAdminError::Refused("set VAULT_TOKEN to an administrator's token".into()))?;
            let mut change = Change { vault, token, answers: BTreeMap::new() };
            let mut done = Vec::with_capacity(requests.len());
            for request in requests {
                done.push(change.make(request).await?);
            }
            Ok(done)
        })
    }

    fn look<'a>(
        &'a self,
        spec: &'a VaultSpec,
        paths: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<VaultLook>, VaultAdminError>> {
        Box::pin(async move {
            let vault = self.vault(spec)?;
            let login = match &self.environment.token {
                Some(token) => Login::given(&vault, token.clone()).await,
                // To look must not spend what a build needs.
                None if spec.method.as_deref() == Some("approle") => Err(VaultError::Refused(
                    "there is no token to look with, and a secret id is not spent for it: set VAULT_TOKEN".to_owned(),
                )),
                None => Login::new(&vault, spec, &self.environment).await,
            };
            let login = login.map_err(failed)?;
            let looked = look(&vault, &login.token, paths).await;
            login.end(&vault).await;
            looked
        })
    }
}

async fn look(vault: &Vault, token: &Zeroizing<String>, paths: &[String]) -> Result<Vec<VaultLook>, VaultAdminError> {
    let mut seen = Vec::with_capacity(paths.len());
    let list = Method::from_bytes(b"LIST").map_err(|error| VaultAdminError::Refused(error.to_string()))?;
    for path in paths {
        let (method, path) = path.strip_suffix('/').map_or((&Method::GET, path.as_str()), |path| (&list, path));
        seen.push(match vault.ask(Some(token), method, path, None, Tries::Several).await {
            Ok(answer) => VaultLook::Found(answer.get("data").cloned().unwrap_or_default()),
            Err(VaultError::Denied { status: 404, .. }) => VaultLook::Absent,
            Err(VaultError::Denied { status: 400..=499, reason, .. }) => VaultLook::Hidden(reason),
            Err(error) => return Err(failed(error)),
        });
    }
    Ok(seen)
}

/// Requests in their order, some of which take up what earlier ones gave.
struct Change<'a> {
    vault: Vault,
    token: &'a Zeroizing<String>,
    answers: BTreeMap<&'a str, Value>,
}

impl<'a> Change<'a> {
    async fn make(&mut self, request: &'a VaultRequest) -> Result<bool, VaultAdminError> {
        if let Some((path, at)) = &request.only_where_empty {
            let answer =
                self.vault.ask(Some(self.token), &Method::GET, path, None, Tries::Several).await.map_err(failed)?;
            match answer.pointer(at).and_then(Value::as_str) {
                Some("") => {}
                Some(_) => return Ok(false),
                None => return Err(failed(VaultError::Unusable(path.clone()))),
            }
        }
        let mut body = request.body.clone();
        if let Some(filled) = &request.filled {
            let answer = self.answers.get(filled.from.as_str());
            let texts: Option<Vec<&str>> = filled
                .at
                .iter()
                .map(|at| answer.and_then(|answer| answer.pointer(at)).and_then(Value::as_str))
                .collect();
            let texts = texts.ok_or_else(|| failed(VaultError::Unusable(filled.from.clone())))?;
            body[filled.key.as_str()] = texts.join("\n").into();
        }
        let (method, body) = match request.method {
            "GET" => (Method::GET, None),
            "PUT" => (Method::PUT, Some(&body)),
            _ => (Method::POST, Some(&body)),
        };
        match self.vault.ask(Some(self.token), &method, &request.path, body, Tries::Several).await {
            Ok(answer) => {
                check(request, &answer)?;
                self.answers.insert(&request.path, answer);
                Ok(true)
            }
            Err(VaultError::Denied { status: 400, reason, .. })
                if request.there_already.is_some_and(|text| reason.contains(text)) =>
            {
                Ok(false)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// What is there must be as it must.
fn check(request: &VaultRequest, answer: &Value) -> Result<(), VaultAdminError> {
    let known = request.expected_where_known.iter().filter(|(at, _)| answer.pointer(at).is_some());
    let other = request.expected.iter().chain(known).find(|(at, value)| answer.pointer(at) != Some(value));
    let Some((at, value)) = other else { return Ok(()) };
    let found = answer.pointer(at).cloned().unwrap_or_default();
    let reason = format!(
        "{} has {at} = {found} where it must be {value}: it was made by somebody else, and is left as it is",
        request.path
    );
    Err(VaultAdminError::Refused(reason))
}
