//! Earlier contents of the project's files.

/// The project's version control.
pub trait History: Send + Sync {
    /// A file as it was at a revision; the path is from the project's root, with `/`.
    ///
    /// # Errors
    /// See [`HistoryError`].
    fn file_at(&self, revision: &str, path: &str) -> Result<Vec<u8>, HistoryError>;
}

/// Why an earlier content cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such revision, or no such file at it.
    #[error("there is no {path} at revision `{revision}`: {reason}")]
    Missing {
        /// Which file.
        path: String,
        /// Which revision.
        revision: String,
        /// What version control says.
        reason: String,
    },
    /// Version control cannot be asked.
    #[error("git cannot be run: {0}")]
    Unavailable(String),
}
