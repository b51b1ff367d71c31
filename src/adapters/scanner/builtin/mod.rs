//! The built-in scanner: reads subjects file by file and asks each cataloger what it makes of them.

mod assemble;
pub mod catalog;
pub mod catalogers;
mod catalogue;
mod decode;
mod facts;
mod image;
mod layer;
mod listed;
mod sparse;
mod spool;
mod stacks;
mod tree;
mod walk;

use crate::model::{ScannerIdentity, SubjectDigest, SubjectKind};
use crate::ports::{ScanRequest, ScanTask, Scanner};
use catalogue::LayerCatalogue;
use stacks::Stacks;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A layer that was catalogued, or is being.
type Slot = Arc<Mutex<Option<Arc<LayerCatalogue>>>>;

/// The built-in scanner. Needs nothing installed and no network.
pub struct Builtin {
    identity: ScannerIdentity,
    layers: Mutex<BTreeMap<layer::LayerId, Slot>>,
    stacks: Stacks,
}

impl Builtin {
    /// With no layer read yet.
    pub fn new() -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            identity: ScannerIdentity { name: "builtin".into(), version, binary: None },
            layers: Mutex::default(),
            stacks: Stacks::default(),
        }
    }
}

impl Default for Builtin {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner for Builtin {
    fn identity(&self) -> &ScannerIdentity {
        &self.identity
    }

    fn options(&self) -> String {
        catalogers::options()
    }

    fn scan(self: Arc<Self>, request: ScanRequest) -> ScanTask {
        ScanTask::Cpu(Box::new(move || match (request.located.subject.kind, request.located.subject.digest) {
            _ if request.located.attested.is_some() => listed::attested(&request).map(Arc::new),
            (SubjectKind::Image, _) if request.located.subject.uri.starts_with("sbom:") => {
                listed::scan(&request).map(Arc::new)
            }
            (SubjectKind::Image, SubjectDigest::Sha256(_)) => image::scan(&self, &request),
            (SubjectKind::Image, SubjectDigest::DirHash(_)) => tree::scan(&request, true).map(Arc::new),
            (SubjectKind::Source, _) => tree::scan(&request, false).map(Arc::new),
        }))
    }
}

/// What the built-in scanner sees in a source tree: other scanners are held against it.
///
/// # Errors
/// As of a scan.
pub(super) fn source(request: &ScanRequest) -> Result<crate::model::Sbom, crate::ports::ScanError> {
    tree::scan(request, false)
}

#[cfg(test)]
mod tests;
