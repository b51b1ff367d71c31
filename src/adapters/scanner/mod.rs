//! Scanners: one a folder, and what opens them.

pub mod builtin;
pub mod external;
pub mod syft;
pub mod trivy;

use crate::adapters::subjects::Remote;
use crate::ports::{DatabaseAt, OpenScannerError, OtherMatcher, ProgramSpec, Scanner, ScannerSpec, Scanners, Secrets};
use external::External;
use external::probe::Probes;
use external::server::Server;
use std::path::PathBuf;
use std::sync::Arc;
use trivy::matcher::Matcher;

/// Opens the scanners of a project on this machine.
pub struct LocalScanners {
    probes: Probes,
    secrets: Arc<dyn Secrets>,
    remote: Remote,
    databases: PathBuf,
}

impl LocalScanners {
    /// Those of a project's root. What was learned of programs is kept in the directory.
    pub fn new(root: PathBuf, known: PathBuf, secrets: Arc<dyn Secrets>, remote: Remote) -> Self {
        let databases = known.join("trivy-db");
        Self { probes: Probes::new(root, known), secrets, remote, databases }
    }
}

impl Scanners for LocalScanners {
    fn open(&self, spec: &ScannerSpec) -> Result<Arc<dyn Scanner>, OpenScannerError> {
        Ok(match spec {
            ScannerSpec::Builtin => Arc::new(builtin::Builtin::new()),
            ScannerSpec::Trivy(program) => {
                let found = self.probes.probe(&trivy::Trivy, program)?;
                let server = program.server.clone().map(|spec| Server::new(spec, Arc::clone(&self.secrets)));
                Arc::new(External::new(&trivy::Trivy, found, server))
            }
            ScannerSpec::Syft(program) => {
                Arc::new(External::new(&syft::Syft, self.probes.probe(&syft::Syft, program)?, None))
            }
        })
    }

    fn matcher(&self, spec: &ProgramSpec, database: &DatabaseAt) -> Result<Arc<dyn OtherMatcher>, OpenScannerError> {
        let program = self.probes.probe(&trivy::Trivy, spec)?;
        Ok(Arc::new(match database {
            DatabaseAt::Directory(path) => Matcher::new(program, path)?,
            DatabaseAt::Registry(reference) => Matcher::fetched(program, &self.remote, &self.databases, reference)?,
        }))
    }

    fn holds(&self, mark: &str) -> bool {
        self.probes.holds(mark)
    }
}
