//! What says when: one authority on time a folder or file, and what opens them.

pub mod local;
mod remote;

use crate::ports::{Cancel, Clock, TimestampError, Timestamper, TimestamperSpec, Timestampers};
use std::path::PathBuf;
use std::sync::Arc;

/// Opens the authorities of a project.
pub struct Authorities {
    /// The embedded authority's key and certificate.
    file: PathBuf,
    clock: Arc<dyn Clock>,
    cancel: Cancel,
}

impl Authorities {
    /// The embedded one is that of a file.
    pub fn new(file: PathBuf, clock: Arc<dyn Clock>, cancel: Cancel) -> Self {
        Self { file, clock, cancel }
    }
}

impl Timestampers for Authorities {
    fn open(&self, spec: &TimestamperSpec) -> Result<Arc<dyn Timestamper>, TimestampError> {
        Ok(match spec {
            TimestamperSpec::Local => Arc::new(local::LocalTimestamper::open(&self.file, Arc::clone(&self.clock))?),
            TimestamperSpec::Remote { address } => {
                Arc::new(remote::RemoteTimestamper::open(address, self.cancel.clone())?)
            }
        })
    }
}
