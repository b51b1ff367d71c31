//! One login for a run, whatever it needs Vault for; given up at the run's end.

use super::client::{Vault, VaultError};
use super::environment::VaultEnvironment;
use super::kv::Kept;
use super::login::Login;
use crate::ports::{Cancel, VaultSpec};
use std::sync::Arc;
use tokio::sync::Mutex;

/// The Vault of a run.
pub struct Session {
    environment: VaultEnvironment,
    cancel: Cancel,
    login: Mutex<Option<LoggedIn>>,
    pub(super) kept: Kept,
}

/// A Vault, and the login to it.
struct LoggedIn {
    spec: VaultSpec,
    vault: Arc<Vault>,
    login: Arc<Login>,
}

impl Session {
    /// Not logged in yet.
    pub fn new(environment: VaultEnvironment, cancel: Cancel) -> Self {
        Self { environment, cancel, login: Mutex::default(), kept: Kept::default() }
    }

    /// What the environment says.
    pub(crate) fn environment(&self) -> &VaultEnvironment {
        &self.environment
    }

    /// The Vault that a config means, logged in to once.
    ///
    /// # Errors
    /// As of a login.
    pub(crate) async fn vault(&self, spec: &VaultSpec) -> Result<(Arc<Vault>, Arc<Login>), VaultError> {
        let mut known = self.login.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.spec == *spec) {
            return Ok((Arc::clone(&known.vault), Arc::clone(&known.login)));
        }
        let vault = Arc::new(Vault::new(spec, &self.environment, self.cancel.clone())?);
        let login = Arc::new(Login::new(&vault, spec, &self.environment).await?);
        let before =
            known.replace(LoggedIn { spec: spec.clone(), vault: Arc::clone(&vault), login: Arc::clone(&login) });
        if let Some(before) = before {
            before.login.end(&before.vault).await;
        }
        Ok((vault, login))
    }

    /// Gives up the login that the run made. One that cannot be given up ends by itself. Gives what was asked, where there was a login.
    pub async fn end(&self) -> Option<AskedOfVault> {
        let LoggedIn { vault, login, .. } = self.login.lock().await.take()?;
        login.end(&vault).await;
        let counts = vault.counts();
        let secrets = self.kept.versions().await;
        Some(AskedOfVault { requests: counts.requests, retries: counts.retries, secrets })
    }
}

/// What a run asked of Vault.
#[derive(Debug)]
pub struct AskedOfVault {
    /// All requests.
    pub requests: u64,
    /// Those that were made again.
    pub retries: u64,
    /// Paths of the secrets that were read, and the version of each.
    pub secrets: Vec<(String, u64)>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("environment", &self.environment).finish_non_exhaustive()
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new(VaultEnvironment::default(), Cancel::new())
    }
}
