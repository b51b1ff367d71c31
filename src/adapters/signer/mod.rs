//! What signs: one signer a folder, and what opens them.

pub mod local;

use crate::adapters::vault::VaultEnvironment;
use crate::adapters::vault::client::Vault;
use crate::adapters::vault::login::Login;
use crate::adapters::vault::pki::PkiSigner;
use crate::adapters::vault::transit::TransitSigner;
use crate::ports::{BoxFuture, Cancel, SignError, Signer, SignerSpec, Signers, VaultSpec};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Opens the signers of a project on this machine.
pub struct Signatories {
    root: PathBuf,
    key: Option<PathBuf>,
    vault: VaultEnvironment,
    cancel: Cancel,
    /// The Vault of this run, logged in to once.
    login: Mutex<Option<LoggedIn>>,
}

/// A Vault, and the login to it.
struct LoggedIn {
    spec: VaultSpec,
    vault: Arc<Vault>,
    login: Arc<Login>,
}

impl Signatories {
    /// Those of a project's root. A key file that is given stands in for the one that the config names.
    pub fn new(root: PathBuf, key: Option<PathBuf>, vault: VaultEnvironment, cancel: Cancel) -> Self {
        Self { root, key, vault, cancel, login: Mutex::default() }
    }

    /// The Vault that a config means, logged in to.
    async fn vault(&self, spec: &VaultSpec) -> Result<(Arc<Vault>, Arc<Login>), SignError> {
        let mut known = self.login.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.spec == *spec) {
            return Ok((Arc::clone(&known.vault), Arc::clone(&known.login)));
        }
        let vault = Arc::new(Vault::new(spec, &self.vault, self.cancel.clone())?);
        let login = Arc::new(Login::new(&vault, spec, &self.vault).await?);
        *known = Some(LoggedIn { spec: spec.clone(), vault: Arc::clone(&vault), login: Arc::clone(&login) });
        Ok((vault, login))
    }
}

impl Signers for Signatories {
    fn open<'a>(&'a self, spec: &'a SignerSpec) -> BoxFuture<'a, Result<Arc<dyn Signer>, SignError>> {
        Box::pin(async move {
            match spec {
                SignerSpec::Local { key } => {
                    let path = self.key.clone().unwrap_or_else(|| self.root.join(key));
                    Ok(Arc::new(local::LocalSigner::open(&path)?) as Arc<dyn Signer>)
                }
                SignerSpec::Transit { vault, mount, key, version } => {
                    let (vault, login) = self.vault(vault).await?;
                    Ok(Arc::new(TransitSigner::open(vault, login, mount, key, *version).await?) as Arc<dyn Signer>)
                }
                SignerSpec::Pki { vault, mount, role, identity, ttl } => {
                    let identity = identity.as_ref().or(self.vault.identity.as_ref()).ok_or_else(|| {
                        let what = format!("whom the certificate of {mount}/{role} must name is not known");
                        SignError::Refused(format!("{what}: set `identity` of the Vault role, or PROOFMARK_IDENTITY"))
                    })?;
                    let (vault, login) = self.vault(vault).await?;
                    Ok(Arc::new(PkiSigner::open(&vault, &login, mount, role, identity, *ttl).await?) as Arc<dyn Signer>)
                }
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, Option<(u64, u64)>> {
        Box::pin(async {
            let LoggedIn { vault, login, .. } = self.login.lock().await.take()?;
            login.end(&vault).await;
            let counts = vault.counts();
            Some((counts.requests, counts.retries))
        })
    }
}
