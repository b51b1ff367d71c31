//! Requests to Vault. JSON always: to an empty or otherwise typed body some paths answer as if all were well.

use super::environment::VaultEnvironment;
use crate::adapters::http::backoff::{self, Backoff};
use crate::adapters::http::{self, Call, Limiter, Outcome, Retried};
use crate::ports::{Cancel, ServerRequest, SignError, VaultSpec};
use reqwest::header::{HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode, Url};
use rustify::endpoint::Endpoint;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The largest answer, in bytes.
const ANSWER_LIMIT: usize = 32 << 20;
/// How long all tries of one request may take.
const MOST_TOTAL: Duration = Duration::from_secs(120);

/// Why Vault did not do what was asked of it. Never holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum VaultError {
    /// It cannot be used as it is configured.
    #[error("{0}")]
    Refused(String),
    /// It says no.
    #[error("Vault says {status} to {path}{}", said(.reason))]
    Denied {
        /// The path that was asked.
        path: String,
        /// The answer's status.
        status: u16,
        /// Its errors, shortened.
        reason: String,
    },
    /// Its answer makes no sense.
    #[error("Vault's answer to {0} is not one")]
    Unusable(String),
    /// It cannot be reached now.
    #[error("Vault cannot be reached: {0}")]
    Unreachable(String),
}

fn said(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

impl From<VaultError> for SignError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Refused(_) => Self::Refused(error.to_string()),
            VaultError::Denied { .. } | VaultError::Unreachable(_) => Self::Unavailable(error.to_string()),
            VaultError::Unusable(_) => Self::Unavailable(error.to_string()),
        }
    }
}

/// How often a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tries {
    /// Until it succeeds, within bounds: to make it again does no harm.
    Several,
    /// Once, but for "too many requests", by which nothing was spent: what it spends cannot be spent again.
    One,
}

/// A Vault.
pub(crate) struct Vault {
    base: Url,
    namespace: Option<String>,
    client: Client,
    call: Call,
}

impl Vault {
    /// One that nothing was asked of yet.
    ///
    /// # Errors
    /// It has no address, or one without TLS; the certificates cannot be read.
    pub(crate) fn new(spec: &VaultSpec, environment: &VaultEnvironment, cancel: Cancel) -> Result<Self, VaultError> {
        let refuse = |reason: String| VaultError::Refused(reason);
        let address = spec.address.as_ref().or(environment.address.as_ref());
        let address =
            address.ok_or_else(|| refuse("Vault has no address: set [vault] address or VAULT_ADDR".into()))?;
        let base = Url::parse(&format!("{}/", address.trim_end_matches('/')))
            .map_err(|error| refuse(format!("{address}: {error}")))?;
        // What the config says is shown as it says it, not by where the project lies.
        let named = match (&spec.authorities, &environment.authorities) {
            (Some(path), _) => {
                Some((environment.root.get().cloned().unwrap_or_default().join(path), format!("[vault] ca: {path}")))
            }
            (None, Some(path)) => Some((path.clone(), format!("VAULT_CACERT: {}", path.display()))),
            (None, None) => None,
        };
        let authorities =
            named.map(|(path, name)| http::authorities(&path).map_err(|reason| refuse(format!("{name}: {reason}"))));
        let builder = http::client(&base, authorities.transpose()?.as_deref()).map_err(refuse)?;
        let client = builder
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| refuse(http::reason(&error)))?;
        let backoff = Backoff { retries: spec.retries.unwrap_or(5).min(5), ..Backoff::default() };
        let call = Call::new(Limiter::new(spec.requests_per_second.unwrap_or(0)), backoff, MOST_TOTAL, cancel);
        Ok(Self { base, namespace: spec.namespace.clone().or_else(|| environment.namespace.clone()), client, call })
    }

    /// Its address.
    pub(crate) fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// What has been asked so far.
    pub(crate) fn counts(&self) -> Retried {
        self.call.counts()
    }

    /// Asks another server on the way to this one, with the same tries; counted with this one's requests.
    ///
    /// # Errors
    /// As the attempt's.
    pub(crate) async fn aside<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, VaultError>
    where
        F: Future<Output = Outcome<T, VaultError>>,
    {
        self.call.run(attempt).await
    }

    /// Makes one of vaultrs' requests; gives the whole answer, `null` for none.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub(crate) async fn send<E: Endpoint>(
        &self,
        token: Option<&Zeroizing<String>>,
        request: &E,
        tries: Tries,
    ) -> Result<Value, VaultError> {
        // Some of their paths begin with a space.
        let path = request.path().trim().trim_start_matches('/').to_owned();
        let odd = || VaultError::Refused(format!("`{path}` cannot be asked for"));
        let method: Method = request.method().into();
        let body = request.body().map_err(|_| odd())?.map(Zeroizing::new);
        let body = match body {
            Some(body) if !body.is_empty() => Some(body),
            _ if method == Method::POST => Some(Zeroizing::new(b"{}".to_vec())),
            _ => None,
        };
        if request.query().map_err(|_| odd())?.is_some_and(|query| !query.is_empty()) {
            return Err(odd());
        }
        self.exchange(token, &method, &path, body.as_ref().map(|body| body.as_slice()), tries).await
    }

    /// Asks for what vaultrs has no request for; gives the whole answer, `null` for none.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub(crate) async fn ask(
        &self,
        token: Option<&Zeroizing<String>>,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        tries: Tries,
    ) -> Result<Value, VaultError> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|_| VaultError::Unusable(path.to_owned()))?;
        let body = body.map(Zeroizing::new);
        self.exchange(token, method, path, body.as_ref().map(|body| body.as_slice()), tries).await
    }

    async fn exchange(
        &self,
        token: Option<&Zeroizing<String>>,
        method: &Method,
        path: &str,
        body: Option<&[u8]>,
        tries: Tries,
    ) -> Result<Value, VaultError> {
        let odd = || VaultError::Refused(format!("`{path}` is no path of Vault"));
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) || path.contains(['?', '#', '%', '\\']) {
            return Err(odd());
        }
        let url = self.base.join(&format!("v1/{path}")).map_err(|_| odd())?;
        let attempt = || self.once(token, method, path, &url, body);
        match tries {
            Tries::Several => self.call.run(attempt).await,
            Tries::One => {
                let only_throttled = |outcome| match outcome {
                    Outcome::Again { error, throttled: false, .. } => Outcome::Failed(error),
                    outcome => outcome,
                };
                self.call.run(|| async { only_throttled(attempt().await) }).await
            }
        }
    }

    async fn once(
        &self,
        token: Option<&Zeroizing<String>>,
        method: &Method,
        path: &str,
        url: &Url,
        body: Option<&[u8]>,
    ) -> Outcome<Value, VaultError> {
        let mut request = self.client.request(method.clone(), url.clone()).header("X-Vault-Request", "true");
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some(token) = token {
            let Ok(mut value) = HeaderValue::from_str(token) else {
                return Outcome::Failed(VaultError::Refused("the token of Vault is not one".to_owned()));
            };
            value.set_sensitive(true);
            request = request.header("X-Vault-Token", value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_vec());
        }
        let again = |error, after, throttled, once| Outcome::Again { error, after, throttled, once };
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return again(VaultError::Unreachable(http::reason(&error)), None, false, false),
        };
        let status = response.status();
        let after = retry_after(&response);
        let mut bytes = Zeroizing::new(Vec::new());
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_LIMIT => bytes.extend_from_slice(&chunk),
                Ok(Some(_)) => return Outcome::Failed(VaultError::Unusable(path.into())),
                Ok(None) => break,
                Err(error) => return again(VaultError::Unreachable(http::reason(&error)), None, false, false),
            }
        }
        let answer: Option<Value> =
            if bytes.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&bytes).ok() };
        if status.is_success() {
            return answer.map_or_else(|| Outcome::Failed(VaultError::Unusable(path.into())), Outcome::Done);
        }
        let reason = answer.as_ref().map(errors).unwrap_or_default();
        let denied = VaultError::Denied { path: path.to_owned(), status: status.as_u16(), reason };
        match status {
            StatusCode::TOO_MANY_REQUESTS => again(denied, after, true, false),
            StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::PRECONDITION_FAILED => again(denied, after, false, false),
            StatusCode::INTERNAL_SERVER_ERROR => again(denied, after, false, true),
            _ => Outcome::Failed(denied),
        }
    }
}

/// The request behind an answer, as Vault's audit log names it.
pub(crate) fn request(answer: &Value, path: &str) -> Option<Arc<ServerRequest>> {
    let id = answer.get("request_id").and_then(Value::as_str)?;
    // A name of theirs that ends up in a file of ours: as short and plain as ids are.
    let is_plain = id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_plain.then(|| Arc::new(ServerRequest { path: path.to_owned(), id: id.to_owned() }))
}

/// What an answer asks to wait.
pub(crate) fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    after.and_then(|value| backoff::retry_after(value, jiff::Timestamp::now().as_second()))
}

/// The errors of an answer, in one line. They may quote what was asked, never what is secret; still only a part is shown.
fn errors(answer: &Value) -> String {
    let list = answer.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    text.join("; ").chars().filter(|c| !c.is_control()).take(200).collect()
}
