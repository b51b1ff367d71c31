//! Where index files lie: `<dir>/<hex of the snapshot's digest>.idx`, and `<dir>/current`, which holds the hex of the one in use.
//!
//! An index file is never changed after it has its name, and `current` is replaced in one step, so a run that has one open
//! goes on with it whatever an update does beside it.

use super::build::Built;
use super::index::IndexAdvisories;
use crate::model::Digest;
use crate::ports::AdvisoriesError;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const CURRENT: &str = "current";

/// The file of a snapshot.
pub fn path_of(dir: &Path, digest: &Digest) -> PathBuf {
    dir.join(format!("{}.idx", digest.hex()))
}

/// Opens the current database.
///
/// # Errors
/// There is none, or it cannot be read, or it is damaged.
pub fn open(dir: &Path) -> Result<IndexAdvisories, AdvisoriesError> {
    let digest = current(dir)?.ok_or(AdvisoriesError::Missing)?;
    open_snapshot(dir, &digest)
}

/// Opens the database of a certain snapshot, current or not.
///
/// # Errors
/// As [`open`].
pub fn open_snapshot(dir: &Path, digest: &Digest) -> Result<IndexAdvisories, AdvisoriesError> {
    IndexAdvisories::open(&path_of(dir, digest), digest)
}

/// Which snapshot is current; `None` where there is none.
///
/// # Errors
/// The pointer cannot be read, or is not one.
pub fn current(dir: &Path) -> Result<Option<Digest>, AdvisoriesError> {
    let text = match std::fs::read_to_string(dir.join(CURRENT)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            return Err(AdvisoriesError::Damaged("`current` names no snapshot".into()));
        }
        Err(error) => return Err(error.into()),
    };
    let digest = Digest::from_hex(text.trim_end());
    digest.map(Some).map_err(|_| AdvisoriesError::Damaged("`current` names no snapshot".into()))
}

/// Makes a snapshot that is in the store the current one.
///
/// # Errors
/// It is not there or not whole, or the pointer cannot be written.
pub fn set_current(dir: &Path, digest: &Digest) -> Result<(), AdvisoriesError> {
    open_snapshot(dir, digest)?;
    replace(&dir.join(CURRENT), format!("{}\n", digest.hex()).as_bytes())?;
    Ok(())
}

/// Takes a new index into the store, reads it back as a whole, and makes it current.
///
/// # Errors
/// It cannot be written, or does not read back.
pub fn adopt(dir: &Path, built: Built) -> Result<IndexAdvisories, AdvisoriesError> {
    let path = path_of(dir, &built.digest);
    let whole = IndexAdvisories::open(built.file.path(), &built.digest)?;
    whole.verify()?;
    drop(whole);
    built.file.persist(&path).map_err(|error| error.error)?;
    set_current(dir, &built.digest)?;
    open_snapshot(dir, &built.digest)
}

/// Every snapshot in the store. Sorted.
///
/// # Errors
/// The directory cannot be read.
pub fn snapshots(dir: &Path) -> Result<Vec<Digest>, AdvisoriesError> {
    let mut digests = Vec::new();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(digests),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let name = entry?.file_name();
        let digest = name.to_str().and_then(|name| Digest::from_hex(name.strip_suffix(".idx")?).ok());
        digests.extend(digest);
    }
    digests.sort();
    Ok(digests)
}

/// Removes a snapshot that is not current; fine where there is none.
///
/// # Errors
/// It is current, or cannot be removed.
pub fn remove(dir: &Path, digest: &Digest) -> Result<(), AdvisoriesError> {
    if current(dir)? == Some(*digest) {
        return Err(std::io::Error::other("the current snapshot cannot be removed").into());
    }
    match std::fs::remove_file(path_of(dir, digest)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Replaces a small file in one step.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
