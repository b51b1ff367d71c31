//! Everything outside that a verb works with, wired by `cli`, faked by tests.

use crate::ports::{
    AdvisoryStore, Cache, Cancel, Clock, Events, History, Registry, Scanners, Signers, Subjects, Timestampers,
    VaultAdmin, Workspace,
};
use std::sync::Arc;

/// The key of the local signer, from the project's root, where the config names no other.
pub const LOCAL_KEY: &str = ".proofmark/local.key";

/// The key of the embedded authority on time, with its certificate, from the project's root.
pub const TIME_KEY: &str = ".proofmark/time.key";

/// The certificates of the embedded authority on time, from the project's root.
pub const TIME_ROOT: &str = "trust/time.pem";

/// The ports, and where the project is.
pub struct World {
    /// The project's files.
    pub workspace: Arc<dyn Workspace>,
    /// Names the checkout on this machine; never written to anything that leaves it.
    pub place: String,
    /// The config's path from the project's root.
    pub config_path: String,
    /// Finds subjects.
    pub subjects: Arc<dyn Subjects>,
    /// Keeps evidence beside images.
    pub registry: Arc<dyn Registry>,
    /// Opens scanners.
    pub scanners: Arc<dyn Scanners>,
    /// Opens signers; only when something is to be signed.
    pub signers: Arc<dyn Signers>,
    /// Opens authorities on time; only when something is to be signed.
    pub timestampers: Arc<dyn Timestampers>,
    /// Changes Vault's settings; only for `vault setup`.
    pub vault: Arc<dyn VaultAdmin>,
    /// The databases.
    pub advisories: Arc<dyn AdvisoryStore>,
    /// Earlier contents of the project's files.
    pub history: Arc<dyn History>,
    /// Earlier results.
    pub cache: Arc<dyn Cache>,
    /// Where to tell what happens.
    pub events: Arc<dyn Events>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Set by Ctrl-C.
    pub cancel: Cancel,
    /// Whether no network may be used.
    pub offline: bool,
    /// Names this program: version, and size and time of its file. A result of another program is never taken as current.
    pub program: String,
}

impl World {
    /// The lock's path: that of the config with the ending `.lock`.
    pub fn lock_path(&self) -> String {
        let stem = self.config_path.rsplit_once('.').map_or(self.config_path.as_str(), |(stem, _)| stem);
        format!("{stem}.lock")
    }

    /// Where this config's memory of verified evidence lies, as [`World::state_path`].
    pub fn seen_path(&self) -> String {
        format!(".proofmark/seen/{}.bin", self.config_path.replace('/', "+"))
    }

    /// Where this config's state of the last good build lies: local to the checkout, never committed.
    pub fn state_path(&self) -> String {
        format!(".proofmark/state/{}.bin", self.config_path.replace('/', "+"))
    }
}
