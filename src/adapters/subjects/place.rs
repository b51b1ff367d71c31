//! Paths of the config, kept inside the project's root: no absolute path, no `..`, no symbolic link that leads out.

use crate::ports::SubjectError;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The project's root, symbolic links resolved.
pub(super) struct Root(PathBuf);

impl Root {
    pub(super) fn open(path: &Path) -> Result<Self, SubjectError> {
        path.canonicalize().map(Self).map_err(|error| unreadable(".", &error))
    }

    /// The normal form of a path of the config (`a/b`, `.` for the root itself) and where it is, links resolved.
    pub(super) fn resolve(&self, text: &str) -> Result<(String, PathBuf), SubjectError> {
        let outside = || SubjectError::Reference(format!("{text}: leads out of the project"));
        if text.starts_with('/') || text.split('/').any(|part| part == "..") {
            return Err(outside());
        }
        let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let normal = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
        let path = self.0.join(&normal).canonicalize().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => SubjectError::Missing { place: text.to_owned() },
            _ => unreadable(text, &error),
        })?;
        if path.starts_with(&self.0) { Ok((normal, path)) } else { Err(outside()) }
    }
}

/// Two paths with `/`, where `.` stands for no part.
pub(super) fn join(base: &str, name: &str) -> String {
    if base == "." { name.to_owned() } else { format!("{base}/{name}") }
}

/// A small file, whole.
pub(super) fn read(place: &str, path: &Path, limit: u64) -> Result<Vec<u8>, SubjectError> {
    let file = std::fs::File::open(path).map_err(|error| unreadable(place, &error))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(place, &error))?;
    if bytes.len() as u64 > limit {
        return Err(unusable(place, format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}

pub(super) fn unusable(place: &str, reason: impl Into<String>) -> SubjectError {
    SubjectError::Unusable { place: place.to_owned(), reason: reason.into() }
}

pub(super) fn unreadable(place: &str, error: &std::io::Error) -> SubjectError {
    match error.kind() {
        std::io::ErrorKind::NotFound => unusable(place, "is missing"),
        kind => unusable(place, kind.to_string()),
    }
}
