//! Secrets that are read: fields of the KV engine, version 2, and identity tokens. Each is read once in a run; what is refused is
//! not asked for again.

use super::client::{Tries, Vault, VaultError};
use super::login::Login;
use super::session::Session;
use crate::ports::{BoxFuture, SecretError, SecretPlace, SecretSpec, SecretValue, Secrets};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use vaultrs::api::kv2::requests::ReadSecretRequest;
use zeroize::Zeroizing;

/// The longest secret, in bytes.
const LONGEST: usize = 64 << 10;
/// What is said of a path of another engine.
const OTHER_PATH: &str =
    "is not there: behind the mount a path of the KV engine's version 2 goes on with `data/`, as in secret/data/trivy";
/// What must be left of a token's life for it to be given out again.
const LEFT: Duration = Duration::from_secs(60);

/// What came of asking, and until when that holds.
type Answer = (Result<Arc<SecretValue>, SecretError>, Option<Instant>);

/// What was asked for in this run.
#[derive(Default)]
pub(super) struct Kept(Mutex<BTreeMap<SecretPlace, Arc<Mutex<Option<Answer>>>>>);

impl Kept {
    /// The secrets that were read, and of which version each was.
    pub(super) async fn versions(&self) -> Vec<(String, u64)> {
        let mut read = Vec::new();
        for (place, slot) in self.0.lock().await.iter() {
            if let (SecretPlace::Kv { path, .. }, Some((Ok(value), _))) = (place, slot.lock().await.as_ref()) {
                read.extend(value.version.map(|version| (path.clone(), version)));
            }
        }
        read.dedup();
        read
    }
}

impl From<VaultError> for SecretError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Refused(reason) => Self::Refused(reason),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl Secrets for Session {
    fn read<'a>(&'a self, spec: &'a SecretSpec) -> BoxFuture<'a, Result<Arc<SecretValue>, SecretError>> {
        Box::pin(async move {
            let slot = Arc::clone(self.kept.0.lock().await.entry(spec.place.clone()).or_default());
            let mut slot = slot.lock().await;
            if let Some((answer, until)) = slot.as_ref()
                && until.is_none_or(|until| until > Instant::now() + LEFT)
            {
                return answer.clone();
            }
            let asked = async {
                let (vault, login) = self.vault(&spec.vault).await?;
                login.renew(&vault).await;
                match &spec.place {
                    SecretPlace::Kv { path, field } => field_of(&vault, &login, path, field).await,
                    SecretPlace::Identity { mount, role } => identity(&vault, &login, mount, role).await,
                }
            };
            let (answer, until) = match asked.await {
                Ok((value, until)) => (Ok(Arc::new(value)), until),
                Err(error) => (Err(SecretError::from(error)), None),
            };
            *slot = Some((answer.clone(), until));
            answer
        })
    }
}

/// A field of a secret: <https://openbao.org/api-docs/secret/kv/kv-v2/>.
async fn field_of(
    vault: &Vault,
    login: &Login,
    path: &str,
    field: &str,
) -> Result<(SecretValue, Option<Instant>), VaultError> {
    let refused = |what: &str| VaultError::Refused(format!("the secret {path} in Vault {what}"));
    let Some((mount, rest)) = path.split_once("/data/") else {
        return Err(refused(OTHER_PATH));
    };
    let request = ReadSecretRequest { mount: mount.to_owned(), path: rest.to_owned(), version: None };
    let answer = vault.send(Some(&login.token), &request, Tries::Several).await;
    let answer = answer.map_err(|error| match error {
        // A deleted version is answered the same way as one that never was.
        VaultError::Denied { status: 404, .. } => refused("is not there, or its last version is deleted"),
        error => error,
    })?;
    let data = answer.get("data").ok_or_else(|| VaultError::Unusable(path.to_owned()))?;
    let version = data.pointer("/metadata/version").and_then(Value::as_u64);
    let (Some(fields), Some(version)) = (data.get("data").and_then(Value::as_object), version) else {
        return Err(refused("is not one of the KV engine's version 2: its version cannot be told"));
    };
    let value = match fields.get(field) {
        None => return Err(refused(&format!("has no field `{field}`"))),
        Some(value) => value.as_str().filter(|value| fits(value)),
    };
    let value = value.ok_or_else(|| refused(&format!("has something in `{field}` that is no line of text")))?;
    Ok((SecretValue { value: Zeroizing::new(value.to_owned()), version: Some(version), is_jwt: false }, None))
}

/// A token of minutes: <https://openbao.org/api-docs/secret/identity/tokens/>.
async fn identity(
    vault: &Vault,
    login: &Login,
    mount: &str,
    role: &str,
) -> Result<(SecretValue, Option<Instant>), VaultError> {
    let path = format!("{mount}/oidc/token/{role}");
    let answer = vault.ask(Some(&login.token), &Method::GET, &path, None, Tries::Several).await?;
    let token = answer.pointer("/data/token").and_then(Value::as_str).filter(|token| fits(token));
    let ttl = answer.pointer("/data/ttl").and_then(Value::as_u64);
    let (Some(token), Some(ttl)) = (token, ttl) else { return Err(VaultError::Unusable(path)) };
    let until = Instant::now() + Duration::from_secs(ttl.min(86_400));
    Ok((SecretValue { value: Zeroizing::new(token.to_owned()), version: None, is_jwt: true }, Some(until)))
}

/// Whether it can stand in a header and in an environment.
fn fits(value: &str) -> bool {
    !value.is_empty() && value.len() <= LONGEST && !value.chars().any(char::is_control)
}
