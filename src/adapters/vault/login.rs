//! A token by each method. Single-use credentials are spent once and never again.

use super::client::{Tries, Vault, VaultError};
use super::environment::{Secret, VaultEnvironment, of_file};
use crate::adapters::http::{self, Outcome};
use crate::ports::VaultSpec;
use reqwest::{Method, StatusCode};
use rustify::endpoint::Endpoint;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;
use vaultrs::api::auth::kubernetes::requests::LoginWithKubernetesRequest;
use vaultrs::api::auth::oidc::requests::JWTLoginRequest;
use vaultrs::api::sys::requests::{UnwrapRequest, WrappingLookupRequest};
use vaultrs::api::token::requests::{LookupTokenSelfRequest, RenewTokenSelfRequest, RevokeTokenSelfRequest};
use zeroize::{Zeroize as _, Zeroizing};

/// The longest that a token may live without a word in the config, in seconds.
const LONGEST: u64 = 3600;
/// The most bytes of GitHub's answer.
const GITHUB_LIMIT: usize = 64 << 10;

/// A login.
pub(crate) struct Login {
    /// The token.
    pub(crate) token: Zeroizing<String>,
    /// Whether this run made it, and so gives it up.
    made: bool,
    renewable: bool,
    until: std::sync::Mutex<Option<Instant>>,
}

impl Login {
    /// Logs in as the config says; else with the token of the environment.
    ///
    /// # Errors
    /// There is nothing to log in with, Vault refuses it, or what it gives lives too long.
    pub(crate) async fn new(
        vault: &Vault,
        spec: &VaultSpec,
        environment: &VaultEnvironment,
    ) -> Result<Self, VaultError> {
        let mount = |name: &str| spec.mount.clone().unwrap_or_else(|| name.to_owned());
        let (token, made) = match spec.method.as_deref() {
            None | Some("token") => {
                let token = environment.token.clone().ok_or_else(|| missing("a token", "VAULT_TOKEN"))?;
                (token, false)
            }
            Some("agent") => {
                let path =
                    environment.token_file.as_ref().ok_or_else(|| missing("an agent's token", "VAULT_TOKEN_FILE"))?;
                (agent(vault, &of_file(path).map_err(VaultError::Refused)?).await?, false)
            }
            Some("approle") => (approle(vault, spec, environment, &mount("approle")).await?, true),
            Some("jwt") => {
                let jwt = jwt(vault, spec, environment).await?;
                let mut request =
                    JWTLoginRequest { mount: mount("jwt"), role: Some(role(spec)?), jwt: jwt.as_str().to_owned() };
                let token = log_in(vault, &request, Tries::Several).await;
                request.jwt.zeroize();
                (token?, true)
            }
            Some("kubernetes") => {
                let jwt = match (environment.jwt.get().map_err(VaultError::Refused)?, &environment.kubernetes) {
                    (Some(jwt), _) => jwt,
                    (None, Some(path)) => of_file(path).map_err(VaultError::Refused)?,
                    (None, None) => return Err(missing("a pod's token", "VAULT_JWT_FILE")),
                };
                let mut request = LoginWithKubernetesRequest {
                    mount: mount("kubernetes"),
                    role: role(spec)?,
                    jwt: jwt.as_str().to_owned(),
                };
                let token = log_in(vault, &request, Tries::Several).await;
                request.jwt.zeroize();
                (token?, true)
            }
            Some(other) => return Err(VaultError::Refused(format!("there is no login by `{other}`"))),
        };
        let mut login = Self { token, made, renewable: false, until: std::sync::Mutex::default() };
        match login.look(vault, spec).await {
            Ok(()) => Ok(login),
            Err(error) => {
                login.end(vault).await;
                Err(error)
            }
        }
    }

    /// A token to look at settings with, whatever it may and however long it lives; not given up at the end.
    ///
    /// # Errors
    /// Vault does not know it.
    pub(crate) async fn given(vault: &Vault, token: Zeroizing<String>) -> Result<Self, VaultError> {
        vault.send(Some(&token), &LookupTokenSelfRequest {}, Tries::Several).await?;
        Ok(Self { token, made: false, renewable: false, until: std::sync::Mutex::default() })
    }

    /// Asks Vault what the token is, and refuses one that is too mighty or lives too long.
    async fn look(&mut self, vault: &Vault, spec: &VaultSpec) -> Result<(), VaultError> {
        let path = "auth/token/lookup-self";
        let answer = vault.send(Some(&self.token), &LookupTokenSelfRequest {}, Tries::Several).await?;
        let data = answer.get("data").ok_or_else(|| VaultError::Unusable(path.into()))?;
        let ttl = data.get("ttl").and_then(Value::as_u64).ok_or_else(|| VaultError::Unusable(path.into()))?;
        let policies = data.get("policies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if policies.iter().any(|policy| policy.as_str() == Some("root")) {
            return Err(VaultError::Refused("Vault's root token is not used: make one for this job".to_owned()));
        }
        if spec.allow_long_lived.is_none() {
            let longest = spec.longest.unwrap_or(LONGEST);
            let help = format!(
                "let it live {longest} seconds at most, or say in [vault.auth] allow-long-lived why it may not"
            );
            if ttl == 0 {
                return Err(VaultError::Refused(format!("the token of Vault never ends: {help}")));
            }
            if ttl > longest {
                return Err(VaultError::Refused(format!("the token of Vault lives for {ttl} seconds: {help}")));
            }
        }
        self.renewable = data.get("renewable").and_then(Value::as_bool).unwrap_or(false);
        self.hold(ttl);
        Ok(())
    }

    fn hold(&self, ttl: u64) {
        let until = (ttl > 0).then(|| Instant::now() + Duration::from_secs(ttl));
        *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = until;
    }

    /// Makes the token last where it is about to end. That it cannot be shows when it is used.
    pub(crate) async fn renew(&self, vault: &Vault) {
        let until = *self.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !self.renewable || until.is_none_or(|until| until > Instant::now() + Duration::from_secs(60)) {
            return;
        }
        let renewed = vault.send(Some(&self.token), &RenewTokenSelfRequest::default(), Tries::Several).await;
        if let Some(ttl) = renewed.ok().as_ref().and_then(|answer| answer.get("auth")?.get("lease_duration")?.as_u64())
        {
            self.hold(ttl);
        }
    }

    /// Gives up a token that this run made. One that cannot be given up ends by itself.
    pub(crate) async fn end(&self, vault: &Vault) {
        if self.made {
            let _ = vault.send(Some(&self.token), &RevokeTokenSelfRequest {}, Tries::Several).await;
        }
    }
}

fn missing(what: &str, variable: &str) -> VaultError {
    VaultError::Refused(format!("there is no {what} to log in to Vault with: set {variable}").replace("no a", "no"))
}

/// The token of an answer to a login.
fn token_of(answer: &Value, path: &str) -> Result<Zeroizing<String>, VaultError> {
    let token = answer.get("auth").and_then(|auth| auth.get("client_token")).and_then(Value::as_str);
    token
        .filter(|token| !token.is_empty())
        .map(|token| Zeroizing::new(token.to_owned()))
        .ok_or_else(|| VaultError::Unusable(path.into()))
}

fn role(spec: &VaultSpec) -> Result<String, VaultError> {
    spec.role.clone().ok_or_else(|| VaultError::Refused("[vault.auth] names no role to log in as".into()))
}

/// The token that a login gives.
async fn log_in<E: Endpoint>(vault: &Vault, request: &E, tries: Tries) -> Result<Zeroizing<String>, VaultError> {
    let answer = vault.send(None, request, tries).await?;
    token_of(&answer, request.path().trim_start_matches('/'))
}

/// The CI's token: given, in a file, or asked of GitHub.
async fn jwt(vault: &Vault, spec: &VaultSpec, environment: &VaultEnvironment) -> Result<Zeroizing<String>, VaultError> {
    if let Some(jwt) = environment.jwt.get().map_err(VaultError::Refused)? {
        return Ok(jwt);
    }
    let Some((url, bearer)) = &environment.github else {
        return Err(missing("a token of the CI", "VAULT_JWT or VAULT_JWT_FILE"));
    };
    let bad = |reason: String| VaultError::Refused(format!("ACTIONS_ID_TOKEN_REQUEST_URL: {reason}"));
    let mut url = reqwest::Url::parse(url).map_err(|error| bad(error.to_string()))?;
    url.query_pairs_mut().append_pair("audience", spec.audience.as_deref().unwrap_or(vault.address()));
    let client = http::client(&url, None).map_err(bad)?.timeout(Duration::from_secs(30));
    let client = client.build().map_err(|error| bad(error.to_string()))?;
    vault.aside(|| github(&client, &url, bearer)).await
}

/// A token of GitHub's: asked for as often as Vault would be.
async fn github(
    client: &reqwest::Client,
    url: &reqwest::Url,
    bearer: &Zeroizing<String>,
) -> Outcome<Zeroizing<String>, VaultError> {
    let unreachable = |reason: String| VaultError::Unreachable(format!("GitHub's tokens: {reason}"));
    let again =
        |reason: String, after, throttled| Outcome::Again { error: unreachable(reason), after, throttled, once: false };
    // The header is marked as a secret by the client.
    let mut response = match client.get(url.clone()).bearer_auth(bearer.as_str()).send().await {
        Ok(response) => response,
        Err(error) => return again(http::reason(&error), None, false),
    };
    let status = response.status();
    let said = format!("it says {status}");
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return again(said, super::client::retry_after(&response), status == StatusCode::TOO_MANY_REQUESTS);
    }
    if !status.is_success() {
        return Outcome::Failed(unreachable(said));
    }
    let mut body = Zeroizing::new(Vec::new());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= GITHUB_LIMIT => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Outcome::Failed(unreachable("the answer is too long".to_owned())),
            Ok(None) => break,
            Err(error) => return again(http::reason(&error), None, false),
        }
    }
    let answer: Option<Value> = serde_json::from_slice(&body).ok();
    let token = answer.as_ref().and_then(|answer| answer.get("value")?.as_str()).filter(|token| !token.is_empty());
    let none = || Outcome::Failed(unreachable("there is no token in the answer".to_owned()));
    token.map_or_else(none, |token| Outcome::Done(Zeroizing::new(token.to_owned())))
}

async fn approle(
    vault: &Vault,
    spec: &VaultSpec,
    environment: &VaultEnvironment,
    mount: &str,
) -> Result<Zeroizing<String>, VaultError> {
    let role_id = environment.role_id.clone().ok_or_else(|| missing("a role id", "VAULT_ROLE_ID"))?;
    let secret_id = match (&environment.wrapped_secret_id, &environment.secret_id) {
        (Some(wrapping), _) => Some(unwrap(vault, spec, mount, wrapping).await?),
        (None, Secret::None) => None,
        (None, secret) => secret.get().map_err(VaultError::Refused)?,
    };
    // A secret id may be good for one login: it is not tried again, unless it was not even looked at.
    let Some(secret_id) = secret_id else {
        let path = format!("auth/{mount}/login");
        let body = json!({"role_id": role_id.as_str()});
        return token_of(&vault.ask(None, &Method::POST, &path, Some(&body), Tries::One).await?, &path);
    };
    let mut request = LoginWithApproleRequest {
        mount: mount.to_owned(),
        role_id: role_id.as_str().to_owned(),
        secret_id: secret_id.as_str().to_owned(),
    };
    let token = log_in(vault, &request, Tries::One).await;
    request.secret_id.zeroize();
    token
}

/// The secret id behind a wrapping token, which must be of this role: somebody else could have put another one there.
async fn unwrap(
    vault: &Vault,
    spec: &VaultSpec,
    mount: &str,
    wrapping: &Zeroizing<String>,
) -> Result<Zeroizing<String>, VaultError> {
    let mut request = WrappingLookupRequest { token: wrapping.as_str().to_owned() };
    let looked = vault.send(None, &request, Tries::Several).await;
    request.token.zeroize();
    let looked = looked?;
    let path =
        looked.get("data").and_then(|data| data.get("creation_path")).and_then(Value::as_str).unwrap_or_default();
    let inner = path.strip_prefix(&format!("auth/{mount}/role/")).and_then(|rest| rest.strip_suffix("/secret-id"));
    let is_ours = inner.is_some_and(|role| spec.role.as_deref().is_none_or(|wanted| wanted == role));
    if !is_ours {
        return Err(VaultError::Refused("what is wrapped is no secret id of this role".to_owned()));
    }
    let unwrapped = vault.send(Some(wrapping), &UnwrapRequest { token: None }, Tries::One).await?;
    let secret = unwrapped.get("data").and_then(|data| data.get("secret_id")).and_then(Value::as_str);
    secret
        .map(|secret| Zeroizing::new(secret.to_owned()))
        .ok_or_else(|| VaultError::Unusable("sys/wrapping/unwrap".into()))
}

/// An agent's token: plain, or wrapped in JSON.
async fn agent(vault: &Vault, text: &Zeroizing<String>) -> Result<Zeroizing<String>, VaultError> {
    if !text.starts_with('{') {
        return Ok(text.clone());
    }
    let wrapped: Value = serde_json::from_str(text)
        .map_err(|_| VaultError::Refused("the agent's file is neither a token nor JSON".into()))?;
    let path = wrapped.get("creation_path").and_then(Value::as_str).unwrap_or_default();
    let token = wrapped.get("token").and_then(Value::as_str).unwrap_or_default();
    if path != "sys/wrapping/wrap" || token.is_empty() {
        return Err(VaultError::Refused("the agent's file wraps something other than a token".into()));
    }
    let token = Zeroizing::new(token.to_owned());
    let unwrapped = vault.send(Some(&token), &UnwrapRequest { token: None }, Tries::One).await?;
    let inner = unwrapped.get("data").and_then(|data| data.get("token")).and_then(Value::as_str);
    inner
        .map(|inner| Zeroizing::new(inner.to_owned()))
        .ok_or_else(|| VaultError::Unusable("sys/wrapping/unwrap".into()))
}
