//! Earlier contents of files, by the `git` program.

use crate::ports::{History, HistoryError};
use std::path::PathBuf;
use std::process::Command;

/// The repository that a project lies in.
pub struct Git {
    root: PathBuf,
}

impl Git {
    /// For the project with this root.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }
}

impl History for Git {
    fn file_at(&self, revision: &str, path: &str) -> Result<Vec<u8>, HistoryError> {
        let missing = |reason: &str| HistoryError::Missing {
            path: path.to_owned(),
            revision: revision.to_owned(),
            reason: reason.trim().to_owned(),
        };
        // A revision that begins with a dash would be read as an option.
        if revision.starts_with('-') || revision.contains(':') {
            return Err(missing("not a revision"));
        }
        let output = Command::new("git")
            .arg("-C")
            .arg(&self.root)
            .args(["--no-pager", "show", "--no-textconv", &format!("{revision}:./{path}")])
            .env("LC_ALL", "C")
            .output()
            .map_err(|error| HistoryError::Unavailable(error.to_string()))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(missing(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("unknown")))
        }
    }
}
