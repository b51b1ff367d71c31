//! What signs: one signer a folder, and what opens them.

pub mod local;

use crate::ports::{BoxFuture, SignError, Signer, SignerSpec, Signers};
use std::path::PathBuf;
use std::sync::Arc;

/// Opens the signers of a project on this machine.
pub struct Signatories {
    root: PathBuf,
    key: Option<PathBuf>,
}

impl Signatories {
    /// Those of a project's root. A key file that is given stands in for the one that the config names.
    pub fn new(root: PathBuf, key: Option<PathBuf>) -> Self {
        Self { root, key }
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
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
