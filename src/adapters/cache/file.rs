//! Files of the cache: written whole, read with a limit.

use std::io::{Read as _, Write as _};
use std::path::Path;

/// What marks a directory as a cache, for backup programs and for [`super::LocalCache::clear`].
/// <https://bford.info/cachedir/>
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# This directory holds results of proofmark that can be made again.\n";

/// Name of the file that holds it.
pub(super) const TAG_NAME: &str = "CACHEDIR.TAG";

/// Makes the directory and marks it, once.
pub(super) fn mark(root: &Path) -> std::io::Result<()> {
    let tag = root.join(TAG_NAME);
    if tag.is_file() { Ok(()) } else { replace(&tag, &[TAG.as_bytes()]) }
}

/// Replaces a file in one step. Concurrent writers of one path write the same content; the last one stays.
pub(super) fn replace(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    let temporary = match tempfile::NamedTempFile::new_in(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(directory)?;
            tempfile::NamedTempFile::new_in(directory)
        }
        made => made,
    };
    let mut temporary = temporary?;
    for part in parts {
        temporary.write_all(part)?;
    }
    temporary.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// The file, to be read; `None` where there is none.
pub(super) fn open(path: &Path) -> std::io::Result<Option<std::fs::File>> {
    match std::fs::File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The whole file; `None` where there is none. One over the limit, or no plain file, is damaged: empty.
pub(super) fn read(path: &Path, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > limit {
        return Ok(Some(Vec::new()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Marks as used now, so that clearing out by age keeps it. Done at most once a day; that it fails costs nothing.
pub(super) fn touch(path: &Path) {
    let now = std::time::SystemTime::now();
    let used = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let long_ago = used.is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age.as_secs() > 86_400));
    if long_ago {
        let file = std::fs::File::options().append(true).open(path);
        file.and_then(|file| file.set_modified(now)).unwrap_or_default();
    }
}

/// Removes what does not hold. A directory in a file's place goes too.
pub(super) fn discard(path: &Path) {
    if std::fs::remove_file(path).is_err() {
        std::fs::remove_dir_all(path).unwrap_or_default();
    }
}
