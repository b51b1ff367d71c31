//! Scanners that are programs of their own.
//!
//! A program never sees the project: it gets a private directory with exactly the subject in it, an environment with nothing of
//! this process, and no network but the way to its own server, where the config names one. What it prints is taken for an SBOM only if it names what was asked for; what it says that it
//! could not read becomes a gap.

pub(super) mod components;
pub(super) mod cyclonedx;
pub(super) mod environment;
mod malicious;
pub(crate) mod probe;
pub(super) mod process;
mod release;
pub(super) mod said;
pub(crate) mod server;
pub(super) mod stage;
#[cfg(test)]
pub(super) mod testing;

use crate::model::{Gap, GapKind, Sbom, ScannerIdentity, SubjectKind};
use crate::ports::{ScanError, ScanRequest, ScanTask, Scanner, SecretValue};
use probe::Program;
use process::{Command, ProcessError};
use server::Server;
use stage::Staged;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::Arc;

/// What is particular to a program.
pub(crate) trait Tool: Send + Sync {
    /// The engine's name.
    fn name(&self) -> &'static str;
    /// Arguments that make it tell its version.
    fn version_arguments(&self) -> &'static [&'static str];
    /// The version, from what it prints then.
    fn version(&self, stdout: &[u8]) -> Option<String>;
    /// The oldest version that can be worked with.
    fn oldest(&self) -> Option<&'static str>;
    /// Its own part of the environment.
    fn environment(&self) -> &'static [(&'static str, &'static str)];
    /// The arguments that make it the client of a server, for one that can be.
    fn client_arguments(&self, _address: &str) -> Vec<OsString> {
        Vec::new()
    }
    /// What of the environment hands the server's token over.
    fn token(&self, _token: &SecretValue) -> Vec<(OsString, OsString)> {
        Vec::new()
    }
    /// Everything that can change its result for the same subject.
    fn options(&self) -> String;
    /// Its arguments for a staged subject.
    fn arguments(&self, staged: &Staged) -> Vec<OsString>;
    /// Why it failed, where what it said tells of something in the subject that it cannot work with.
    fn excuse(&self, _said: &str) -> Option<&'static str> {
        None
    }
    /// What it found. Pure.
    ///
    /// # Errors
    /// The answer is not one to what was asked, or says that something failed.
    fn parse(&self, printed: &Printed, asked: &Asked<'_>) -> Result<Sbom, ScanError>;
}

/// What a program printed.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    /// The report.
    pub(crate) report: Vec<u8>,
    /// A second report, of a program that writes one.
    pub(crate) extra: Vec<u8>,
    /// What it said of its work, line by line.
    pub(crate) said: String,
}

/// What a program was asked.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// The version that it said it was.
    pub(crate) version: &'a str,
    /// What was scanned.
    pub(crate) staged: &'a stage::Facts,
}

/// A scanner that is a program of its own.
pub(crate) struct External {
    tool: &'static dyn Tool,
    program: Arc<Program>,
    checked: Arc<tokio::sync::OnceCell<()>>,
    server: Option<Server>,
}

impl External {
    /// The tool, by the program that was found.
    pub(crate) fn new(tool: &'static dyn Tool, program: Program, server: Option<Server>) -> Self {
        let checked = tokio::sync::OnceCell::new_with(program.fresh.then_some(()));
        Self { tool, program: Arc::new(program), checked: Arc::new(checked), server }
    }
}

impl Scanner for External {
    fn identity(&self) -> &ScannerIdentity {
        &self.program.identity
    }

    fn options(&self) -> String {
        let server = self.server.as_ref().map(|server| format!(" --server {}", server.address)).unwrap_or_default();
        format!("{} {}{server}", components::REVISION, self.tool.options())
    }

    fn mark(&self) -> Option<String> {
        Some(self.program.mark())
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if probe::is_script(&self.program.path) {
            remarks.push("it is a script: its digest does not speak of the program that it starts".into());
        }
        if let Some(server) = &self.server {
            remarks.push(format!("it asks {}, which no digest speaks of", server.address));
        }
        remarks
    }

    fn scan(self: Arc<Self>, request: ScanRequest) -> ScanTask {
        ScanTask::Wait(Box::pin(async move {
            // A digest remembered by a stamp is good enough to plan with. What runs was hashed in this run.
            self.checked.get_or_try_init(|| self.rehash()).await?;
            let compared = request.clone();
            let staged = on_a_thread(move || stage::stage(&request)).await??;
            let printed = self.run(&staged).await?;
            let tool = self.tool;
            let version = self.program.identity.version.clone();
            on_a_thread(move || {
                staged.is_still_the_same()?;
                let mut sbom = tool.parse(&printed, &Asked { version: &version, staged: &staged.facts })?;
                sbom.gaps.extend(staged.facts.gaps.iter().cloned());
                if compared.located.subject.kind == SubjectKind::Source {
                    sbom.gaps.extend(unseen(tool.name(), &compared, &sbom)?);
                }
                let sbom = sbom.normalized();
                Ok(Arc::new(nothing_is_a_gap(tool.name(), sbom)))
            })
            .await?
        }))
    }
}

impl External {
    async fn rehash(&self) -> Result<(), ScanError> {
        let program = Arc::clone(&self.program);
        let digest = on_a_thread(move || probe::hash(&program.path)).await?.ok();
        if digest == self.program.identity.binary { Ok(()) } else { Err(self.other_program()) }
    }

    fn other_program(&self) -> ScanError {
        ScanError::Integrity {
            place: self.program.binary.clone(),
            reason: "the scanner program is no longer the one that was hashed".into(),
        }
    }

    async fn run(&self, staged: &Staged) -> Result<Printed, ScanError> {
        let name = self.tool.name();
        if probe::look(&self.program.path) != Some(self.program.stamp) {
            return Err(self.other_program());
        }
        let mut arguments = self.tool.arguments(staged);
        let mut environment = environment::environment(staged.private(), self.tool.environment());
        let mut token = None;
        if let Some(server) = &self.server {
            arguments.extend(self.tool.client_arguments(&server.address));
            environment.extend(server.environment());
            token = server.token().await?;
            environment.extend(token.iter().flat_map(|token| self.tool.token(token)));
        }
        let command = Command { program: &self.program.path, arguments, environment, directory: staged.private() };
        let answer = process::run(command).await.map_err(|error| match error {
            ProcessError::Start(_) => ScanError::Unavailable(format!("{name} {error}")),
            ProcessError::Read(_) | ProcessError::TooMuch(_) => ScanError::Unusable(format!("{name} {error}")),
        })?;
        if probe::look(&self.program.path) != Some(self.program.stamp) {
            return Err(self.other_program());
        }
        let mut said = said::plain(&answer.stderr, staged.private());
        if let Some(token) = &token {
            said = said.replace(token.value.as_str(), "***");
        }
        match answer.code {
            Some(0) => {}
            Some(_) if let Some(reason) = self.tool.excuse(&said) => {
                return Err(ScanError::Unusable(format!("{name}: {reason}")));
            }
            Some(code) => {
                return Err(ScanError::Unavailable(format!("{name} exited with {code}{}", said::last_words(&said))));
            }
            None => {
                return Err(ScanError::Unavailable(format!(
                    "{name} was killed by a signal{}",
                    said::last_words(&said)
                )));
            }
        }
        if answer.stdout.iter().all(u8::is_ascii_whitespace) {
            return Err(ScanError::Unusable(format!("{name} printed no report{}", said::last_words(&said))));
        }
        let extra = staged
            .read_extra()
            .map_err(|error| ScanError::Unusable(format!("{name} left no second report: {error}")))?;
        Ok(Printed { report: answer.stdout, extra, said })
    }
}

/// Files of a source tree in which the built-in scanner sees packages, or fails to, and of which the program shows nothing:
/// it may not know their form, and says nothing then.
fn unseen(name: &str, request: &ScanRequest, sbom: &Sbom) -> Result<Vec<Gap>, ScanError> {
    let ours = super::builtin::source(request)?;
    let locations = sbom.components.iter().flat_map(|component| &component.locations);
    let mut shown: BTreeSet<&str> = locations.map(|location| location.path.as_str()).collect();
    shown.extend(sbom.gaps.iter().map(|gap| gap.place.as_str()));
    let seen = ours.components.iter().flat_map(|component| component.locations.iter().map(|location| &location.path));
    let failed = ours.gaps.iter().filter(|gap| !gap.place.is_empty()).map(|gap| &gap.place);
    let mut paths: Vec<&String> = seen.chain(failed).filter(|path| !shown.contains(path.as_str())).collect();
    paths.sort();
    paths.dedup();
    let gap = |path: &String| Gap::new(GapKind::UnreadableFile, path, format!("{name} shows nothing of this file"));
    Ok(paths.into_iter().map(gap).collect())
}

/// A subject of which nothing is shown was not looked into: that is not the same as one with no packages.
fn nothing_is_a_gap(name: &str, mut sbom: Sbom) -> Sbom {
    if sbom.components.is_empty() && sbom.gaps.is_empty() {
        sbom.gaps.push(Gap::new(GapKind::UnreadableFile, "", format!("{name} found nothing that tells what is in it")));
    }
    sbom
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ScanError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ScanError::Unavailable(format!("a thread was lost: {error}")))
}
