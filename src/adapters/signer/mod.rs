//! What signs: one signer a folder, and what opens them.

pub mod local;

use crate::adapters::vault::Session;
use crate::adapters::vault::pki::PkiSigner;
use crate::adapters::vault::transit::TransitSigner;
use crate::ports::{BoxFuture, SignError, Signer, SignerSpec, Signers};
use std::path::PathBuf;
use std::sync::Arc;

/// Opens the signers of a project on this machine.
pub struct Signatories {
    root: PathBuf,
    key: Option<PathBuf>,
    vault: Arc<Session>,
}

impl Signatories {
    /// Those of a project's root. A key file that is given stands in for the one that the config names.
    pub fn new(root: PathBuf, key: Option<PathBuf>, vault: Arc<Session>) -> Self {
        Self { root, key, vault }
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
                    let (vault, login) = self.vault.vault(vault).await?;
                    Ok(Arc::new(TransitSigner::open(vault, login, mount, key, *version).await?) as Arc<dyn Signer>)
                }
                SignerSpec::Pki { vault, mount, role, identity, ttl } => {
                    let identity =
                        identity.as_ref().or(self.vault.environment().identity.as_ref()).ok_or_else(|| {
                            let what = format!("whom the certificate of {mount}/{role} must name is not known");
                            SignError::Refused(format!(
                                "{what}: set `identity` of the Vault role, or PROOFMARK_IDENTITY"
                            ))
                        })?;
                    let (vault, login) = self.vault.vault(vault).await?;
                    Ok(Arc::new(PkiSigner::open(&vault, &login, mount, role, identity, *ttl).await?) as Arc<dyn Signer>)
                }
            }
        })
    }
}
