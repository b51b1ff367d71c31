//! The databases of this machine, each in a directory of its own.

use super::store;
use crate::model::Digest;
use crate::ports::{Advisories, AdvisoriesError, AdvisoryStore};
use std::path::PathBuf;
use std::sync::Arc;

/// Databases below a directory, by name.
#[derive(Debug, Clone)]
pub struct LocalAdvisories {
    root: PathBuf,
}

impl LocalAdvisories {
    /// Below this directory.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The directory of a database.
    pub fn directory(&self, database: &str) -> PathBuf {
        self.root.join(database)
    }
}

impl AdvisoryStore for LocalAdvisories {
    fn current(&self, database: &str) -> Result<Option<Digest>, AdvisoriesError> {
        store::current(&self.directory(database))
    }

    fn open(&self, database: &str) -> Result<Arc<dyn Advisories>, AdvisoriesError> {
        Ok(Arc::new(store::open(&self.directory(database))?))
    }
}
