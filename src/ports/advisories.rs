//! Where advisories are looked up.

use crate::model::{Advisory, Digest, Ecosystem, Snapshot};
use std::sync::Arc;

/// A snapshot of advisories, looked up by package.
pub trait Advisories: Send + Sync {
    /// Which snapshot this is.
    fn snapshot(&self) -> &Snapshot;

    /// Every advisory that has an `affected` entry for this package, withdrawn ones left out, sorted by id, each with
    /// `affected` cut down to entries for this package. The name is brought to the ecosystem's normal form first (PyPI: PEP
    /// 503; others: as is, NuGet and Packagist lower case). Entries are for the
    /// package where [`Ecosystem::speaks_of`] says so: one without a release finds entries with none; one with a release finds
    /// entries for exactly that release, and those of records that name the family with no release.
    ///
    /// # Errors
    /// The database cannot be read or is damaged.
    fn lookup(&self, ecosystem: &Ecosystem, name: &str) -> Result<Vec<Advisory>, AdvisoriesError>;
}

/// The databases of this machine. Projects with the same sources share one; others never meet.
pub trait AdvisoryStore: Send + Sync {
    /// The snapshot that a database holds now, without opening it; `None` where there is no such database.
    ///
    /// # Errors
    /// It cannot be told.
    fn current(&self, database: &str) -> Result<Option<Digest>, AdvisoriesError>;

    /// Opens a database.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    fn open(&self, database: &str) -> Result<Arc<dyn Advisories>, AdvisoriesError>;
}

/// Why advisories cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoriesError {
    /// There is no database yet: `db update` or `db import` makes one.
    #[error("there is no advisory database: run `proofmark db update` or `proofmark db import PATH`")]
    Missing,
    /// It is not what was written. It must be made anew.
    #[error("the advisory database is damaged: {0}")]
    Damaged(String),
    /// It cannot be read now.
    #[error("the advisory database cannot be read: {0}")]
    Io(#[from] std::io::Error),
}
