//! One run of a program: nothing of this process' environment, nothing on standard input, bounded output, and no process left
//! behind, however the run ends.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The most that a program may print, in bytes.
const STDOUT_LIMIT: u64 = 128 << 20;
/// The most that it may print of what it does, in bytes.
const STDERR_LIMIT: u64 = 16 << 20;

/// What to run.
pub(in crate::adapters::scanner) struct Command<'a> {
    /// The program.
    pub(in crate::adapters::scanner) program: &'a Path,
    /// Its arguments. Never a secret: others can read them.
    pub(in crate::adapters::scanner) arguments: Vec<OsString>,
    /// All of its environment.
    pub(in crate::adapters::scanner) environment: Vec<(OsString, OsString)>,
    /// Where it runs.
    pub(in crate::adapters::scanner) directory: &'a Path,
}

/// What came of it.
#[derive(Debug)]
pub(in crate::adapters::scanner) struct Answer {
    /// The exit code; `None` where a signal ended it.
    pub(in crate::adapters::scanner) code: Option<i32>,
    pub(in crate::adapters::scanner) stdout: Vec<u8>,
    pub(in crate::adapters::scanner) stderr: Vec<u8>,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub(in crate::adapters::scanner) enum ProcessError {
    /// It did not start.
    #[error("does not start: {0}")]
    Start(std::io::Error),
    /// Its output cannot be read.
    #[error("its output cannot be read: {0}")]
    Read(std::io::Error),
    /// It printed more than is taken.
    #[error("printed more than {} MiB", .0 >> 20)]
    TooMuch(u64),
}

/// Runs it to its end. Dropping the future kills it and every process of its group.
///
/// # Errors
/// It does not start, or prints too much.
pub(in crate::adapters::scanner) async fn run(command: Command<'_>) -> Result<Answer, ProcessError> {
    let mut child = tokio::process::Command::new(command.program)
        .args(command.arguments)
        .env_clear()
        .envs(command.environment)
        .current_dir(command.directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(ProcessError::Start)?;
    let group = Group::of(&child);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::try_join!(read(stdout, STDOUT_LIMIT), read(stderr, STDERR_LIMIT))?;
    let status = child.wait().await.map_err(ProcessError::Read)?;
    drop(group);
    Ok(Answer { code: status.code(), stdout, stderr })
}

async fn read(from: Option<impl AsyncRead + Unpin>, limit: u64) -> Result<Vec<u8>, ProcessError> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(limit + 1).read_to_end(&mut bytes).await.map_err(ProcessError::Read)?;
    }
    if bytes.len() as u64 > limit { Err(ProcessError::TooMuch(limit)) } else { Ok(bytes) }
}

/// The process group of a child: killed when dropped, so that nothing that the child started outlives the run.
struct Group(Option<rustix::process::Pid>);

impl Group {
    fn of(child: &tokio::process::Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // That there is nobody left in it is what is wanted.
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap_or_default();
        }
    }
}
