//! Requests to registries: one host, one client, one limiter, one login for each repository.

use super::challenge::Challenge;
use super::credentials::{Credential, Keychain};
use super::reference::Reference;
use super::token::Token;
use crate::adapters::http::backoff::{self, Backoff};
use crate::adapters::http::{self, Call, Limiter, Outcome, Retried};
use crate::ports::{Cancel, RegistryError, RegistryLogin, Secrets};
use reqwest::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// The largest answer that is read as a whole, in bytes.
pub(crate) const ANSWER_LIMIT: u64 = 8 << 20;
/// How many requests a second one host gets.
const REQUESTS_PER_SECOND: u32 = 50;
/// How long all tries of one request may take.
const MOST_TOTAL: Duration = Duration::from_secs(300);

/// What is to be done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    /// Read.
    Pull,
    /// Read and write.
    Push,
}

impl Access {
    const fn actions(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }
}

/// All registries that a run asks.
pub struct Registries {
    keychain: Keychain,
    secrets: Arc<dyn Secrets>,
    logins: Mutex<BTreeMap<String, RegistryLogin>>,
    cancel: Cancel,
    hosts: Mutex<BTreeMap<String, Arc<Host>>>,
    runtime: OnceLock<Result<Runtime, String>>,
}

impl std::fmt::Debug for Registries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registries").field("keychain", &self.keychain).finish_non_exhaustive()
    }
}

/// One registry.
struct Host {
    base: Url,
    client: Client,
    call: Call,
    credential: tokio::sync::OnceCell<Credential>,
    tokens: Mutex<BTreeMap<(String, Access), Token>>,
}

impl Registries {
    /// Asks nobody yet.
    pub fn new(keychain: Keychain, secrets: Arc<dyn Secrets>, cancel: Cancel) -> Self {
        let logins = Mutex::default();
        Self { keychain, secrets, logins, cancel, hosts: Mutex::default(), runtime: OnceLock::new() }
    }

    /// Which hosts were asked so far, and how often.
    pub fn asked(&self) -> Vec<(String, Retried)> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = hosts.iter().map(|(name, host)| (name.clone(), host.call.counts()));
        asked.filter(|(_, counts)| counts.requests > 0).collect()
    }

    /// Waits for an answer. Not to be called where the thread must not wait.
    ///
    /// # Errors
    /// The work's, or there are no threads to be had.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
        let runtime = self.runtime.get_or_init(|| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(1).enable_all().build().map_err(|error| error.to_string())
        });
        match runtime {
            Ok(runtime) => runtime.block_on(work),
            Err(reason) => Err(RegistryError::Unreachable { place: "registries".into(), reason: reason.clone() }),
        }
    }

    /// Sends a request for a path below `/v2/REPOSITORY/`, logging in where it must. An answer is returned whatever it says,
    /// except where it is a refusal or passing trouble that did not pass.
    ///
    /// # Errors
    /// Refused, or not reachable in a few tries.
    pub(crate) async fn send(
        &self,
        reference: &Reference,
        access: Access,
        path: &str,
        request: impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let host = self.host(reference)?;
        let url = host.url(reference, path)?;
        self.send_to(&host, reference, access, &url, &request).await
    }

    /// The same for an address that the registry has named; it gets credentials only where it is the registry's own.
    ///
    /// # Errors
    /// As [`Self::send`]'s.
    pub(crate) async fn send_on(
        &self,
        reference: &Reference,
        access: Access,
        location: &str,
        request: impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let host = self.host(reference)?;
        let url = host.base.join(location).map_err(|error| unusable(reference, &error))?;
        self.send_to(&host, reference, access, &url, &request).await
    }

    async fn send_to(
        &self,
        host: &Host,
        reference: &Reference,
        access: Access,
        url: &Url,
        request: &impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let own = url.origin() == host.base.origin();
        let key = (reference.repository.clone(), access);
        host.call
            .run(|| async {
                for attempt in 0..2 {
                    let token = host.token(&key).filter(|_| own);
                    let mut built = request(&host.client, url.clone());
                    if let Some(token) = token {
                        built = built.header(AUTHORIZATION, token.header());
                    }
                    let response = match built.send().await {
                        Ok(response) => response,
                        Err(error) => return again(unreachable(reference, http::reason(&error)), None, false, false),
                    };
                    let status = response.status();
                    if status == StatusCode::UNAUTHORIZED && own && attempt == 0 {
                        match self.log_in(host, reference, access, &response).await {
                            Outcome::Done(token) => {
                                host.keep(key.clone(), token);
                                continue;
                            }
                            Outcome::Failed(error) => return Outcome::Failed(error),
                            Outcome::Again { error, after, throttled, once } => {
                                return again(error, after, throttled, once);
                            }
                        }
                    }
                    return judge(reference, response).await;
                }
                Outcome::Failed(denied(reference, "it asks for a login again and again"))
            })
            .await
    }

    /// A token for what the answer, a 401, asks for.
    async fn log_in(
        &self,
        host: &Host,
        reference: &Reference,
        access: Access,
        response: &Response,
    ) -> Outcome<Token, RegistryError> {
        let values = response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let Some(challenge) = Challenge::parse(values) else {
            return Outcome::Failed(denied(reference, "it asks for a login of a kind that is not known"));
        };
        let credential = match self.credential(host, reference).await {
            Ok(credential) => credential,
            Err(error) => return Outcome::Failed(error),
        };
        let (realm, service) = match challenge {
            Challenge::Basic => {
                return match credential {
                    Credential::Password(name, password) => Outcome::Done(Token::basic(name, password)),
                    Credential::Anonymous | Credential::Identity(_) => {
                        Outcome::Failed(denied(reference, "it asks for name and password, and none are configured"))
                    }
                };
            }
            Challenge::Bearer { realm, service, .. } => (realm, service),
        };
        let Ok(realm) = Url::parse(&realm) else {
            return Outcome::Failed(denied(reference, "it asks for a login at something that is no address"));
        };
        if realm.scheme() != "https" && !(realm.scheme() == "http" && http::is_loopback(&realm) && host.is_plain()) {
            return Outcome::Failed(denied(reference, "it asks for a login without TLS"));
        }
        let scope = format!("repository:{}:{}", reference.repository, access.actions());
        let mut pairs = vec![("scope", scope.as_str())];
        pairs.extend(service.as_deref().map(|service| ("service", service)));
        let request = match credential {
            Credential::Identity(token) => {
                pairs.extend([("grant_type", "refresh_token"), ("client_id", "proofmark"), ("refresh_token", token)]);
                let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                host.client.post(realm).header("content-type", "application/x-www-form-urlencoded").body(body)
            }
            Credential::Password(..) | Credential::Anonymous => {
                let mut realm = realm;
                realm.query_pairs_mut().extend_pairs(pairs);
                let request = host.client.get(realm);
                match credential {
                    Credential::Password(name, password) => request.basic_auth(name, Some(password.as_str())),
                    Credential::Anonymous | Credential::Identity(_) => request,
                }
            }
        };
        let asked = Instant::now();
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return again(unreachable(reference, http::reason(&error)), None, false, false),
        };
        let response = match judge(reference, response).await {
            Outcome::Done(response) => response,
            Outcome::Failed(error) => return Outcome::Failed(error),
            Outcome::Again { error, after, throttled, once } => return again(error, after, throttled, once),
        };
        if !response.status().is_success() {
            return Outcome::Failed(denied(reference, &format!("its login says {}", response.status())));
        }
        match bytes(reference, response, 1 << 20).await {
            Ok(body) => match Token::bearer(&body, asked) {
                Some(token) => Outcome::Done(token),
                None => Outcome::Failed(denied(reference, "its login gives no token")),
            },
            Err(error) => Outcome::Failed(error),
        }
    }

    async fn credential<'a>(&self, host: &'a Host, reference: &Reference) -> Result<&'a Credential, RegistryError> {
        let ask = || async {
            if let Some(login) = self.login(reference) {
                return self.read(&login).await;
            }
            let (keychain, reference) = (self.keychain, reference.clone());
            let asked = tokio::task::spawn_blocking(move || keychain.credential(&reference)).await;
            asked.map_err(|error| error.to_string())?
        };
        host.credential.get_or_try_init(ask).await.map_err(|reason| denied(reference, &reason))
    }

    /// Sets the logins of hosts, in place of what the user's keychain knows of them.
    pub(crate) fn log_in_with(&self, logins: BTreeMap<String, RegistryLogin>) {
        *self.logins.lock().unwrap_or_else(PoisonError::into_inner) = logins;
    }

    fn login(&self, reference: &Reference) -> Option<RegistryLogin> {
        let logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        reference.credential_names().iter().find_map(|name| logins.get(name).cloned())
    }

    async fn read(&self, login: &RegistryLogin) -> Result<Credential, String> {
        let (RegistryLogin::Password { password: spec, .. } | RegistryLogin::Token(spec)) = login;
        let secret = self.secrets.read(spec).await.map_err(|error| error.to_string())?;
        Ok(match login {
            RegistryLogin::Password { user, .. } => Credential::Password(user.clone(), secret.value.clone()),
            RegistryLogin::Token(_) => Credential::Identity(secret.value.clone()),
        })
    }

    fn host(&self, reference: &Reference) -> Result<Arc<Host>, RegistryError> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(&reference.host) {
            return Ok(Arc::clone(host));
        }
        let host = Arc::new(Host::new(reference, self.cancel.clone())?);
        hosts.insert(reference.host.clone(), Arc::clone(&host));
        Ok(host)
    }
}

impl Host {
    fn new(reference: &Reference, cancel: Cancel) -> Result<Self, RegistryError> {
        let plain = Url::parse(&format!("http://{}/", reference.host)).map_err(|error| unusable(reference, &error))?;
        let base = if http::is_loopback(&plain) {
            plain
        } else {
            Url::parse(&format!("https://{}/", reference.host)).map_err(|error| unusable(reference, &error))?
        };
        let client = http::client(&base, None).map_err(|reason| unreachable(reference, reason))?;
        Ok(Self {
            client: client.build().map_err(|error| unreachable(reference, http::reason(&error)))?,
            call: Call::new(Limiter::new(REQUESTS_PER_SECOND), Backoff::default(), MOST_TOTAL, cancel),
            credential: tokio::sync::OnceCell::new(),
            tokens: Mutex::default(),
            base,
        })
    }

    fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }

    fn url(&self, reference: &Reference, path: &str) -> Result<Url, RegistryError> {
        let path = format!("v2/{}/{path}", reference.repository);
        self.base.join(&path).map_err(|error| unusable(reference, &error))
    }

    fn token(&self, key: &(String, Access)) -> Option<Token> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, token| token.holds());
        tokens.get(key).cloned()
    }

    fn keep(&self, key: (String, Access), token: Token) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(key, token);
    }
}

/// Reads an answer's body as a whole.
///
/// # Errors
/// It is larger than the limit, or breaks off.
pub(crate) async fn bytes(reference: &Reference, mut response: Response, limit: u64) -> Result<Vec<u8>, RegistryError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() as u64 + chunk.len() as u64 <= limit => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(unusable(reference, &format!("an answer of more than {limit} bytes"))),
            Ok(None) => return Ok(body),
            Err(error) => return Err(unreachable(reference, http::reason(&error))),
        }
    }
}

/// Sorts an answer.
async fn judge(reference: &Reference, response: Response) -> Outcome<Response, RegistryError> {
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|value| backoff::retry_after(value, jiff::Timestamp::now().as_second()));
    let says = || format!("it says {status}");
    match status {
        StatusCode::TOO_MANY_REQUESTS => again(unreachable(reference, says()), after, true, false),
        // All that is asked of a registry may be asked again.
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            again(unreachable(reference, says()), after, false, false)
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let reason = match bytes(reference, response, 64 << 10).await {
                Ok(body) => reason(&body).unwrap_or_else(says),
                Err(_) => says(),
            };
            Outcome::Failed(denied(reference, &reason))
        }
        _ => Outcome::Done(response),
    }
}

/// The code of the first error that a body lists: `DENIED`, `UNAUTHORIZED` … Only its letters are shown.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let code = answer.get("errors")?.get(0)?.get("code")?.as_str()?;
    let letters = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    (!code.is_empty() && code.len() <= 40 && code.bytes().all(letters)).then(|| code.to_owned())
}

fn again<T>(error: RegistryError, after: Option<Duration>, throttled: bool, once: bool) -> Outcome<T, RegistryError> {
    Outcome::Again { error, after, throttled, once }
}

fn denied(reference: &Reference, reason: &str) -> RegistryError {
    RegistryError::Denied { place: reference.to_string(), reason: reason.to_owned() }
}

pub(super) fn unusable(reference: &Reference, reason: &dyn std::fmt::Display) -> RegistryError {
    RegistryError::Unusable { place: reference.to_string(), reason: reason.to_string() }
}

pub(super) fn unreachable(reference: &Reference, reason: String) -> RegistryError {
    RegistryError::Unreachable { place: reference.to_string(), reason }
}
