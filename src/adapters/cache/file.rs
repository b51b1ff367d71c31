//! Files of the cache: written whole, read with a limit, compressed.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::path::Path;
use zstd::bulk::{Compressor, Decompressor};

/// What marks a directory as a cache, for backup programs and for [`super::LocalCache::clear`].
/// <https://bford.info/cachedir/>
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# This directory holds results of proofmark that can be made again.\n";

/// Name of the file that holds it.
pub(super) const TAG_NAME: &str = "CACHEDIR.TAG";

/// Makes the directory and marks it, once.
pub(super) fn mark(root: &Path) -> std::io::Result<()> {
    let tag = root.join(TAG_NAME);
    if tag.is_file() { Ok(()) } else { replace(&tag, TAG.as_bytes()) }
}

/// Replaces a file in one step. Concurrent writers of one path write the same content; the last one stays.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    let temporary = match tempfile::NamedTempFile::new_in(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(directory)?;
            tempfile::NamedTempFile::new_in(directory)
        }
        made => made,
    };
    let mut temporary = temporary?;
    temporary.write_all(bytes)?;
    temporary.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// The whole file; `None` where there is none. One over the limit, or no plain file, is damaged: empty.
pub(super) fn read(path: &Path, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > limit {
        return Ok(Some(Vec::new()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The level of compression: costs little more than copying.
const LEVEL: i32 = 1;

/// Blobs that say that they have at most so many bytes are decompressed at once.
const AT_ONCE: u64 = 16 << 20;

// What the codec works with is larger than most blobs: it is made once a thread.
thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses.
pub(super) fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(LEVEL)?),
        };
        compressor.compress(bytes)
    })
}

/// Decompresses at most so many bytes; `None` for anything that is not whole.
pub(super) fn decompress(stored: &[u8], limit: u64) -> Option<Vec<u8>> {
    let said = zstd::zstd_safe::get_frame_content_size(stored).ok()?;
    if let Some(size) = said.filter(|size| *size <= AT_ONCE.min(limit)) {
        return DECOMPRESSOR.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                none => none.insert(Decompressor::new().ok()?),
            };
            decompressor.decompress(stored, usize::try_from(size).ok()?).ok()
        });
    }
    let mut bytes = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(stored).ok()?;
    decoder.take(limit + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit).then_some(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_comes_back_within_the_limit() {
        for size in [0, 1, 1000, (AT_ONCE + 1) as usize] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let stored = compress(&bytes).unwrap();
            let limit = size as u64;
            assert!(decompress(&stored, limit).unwrap() == bytes, "{size}");
            assert!(size == 0 || decompress(&stored, limit - 1).is_none(), "{size}");
            assert!(decompress(&stored[..stored.len() - 1], limit).is_none(), "{size}");
            assert!(decompress(b"not compressed", limit).is_none());
        }
        // Two frames, or none that says its size, are no blob of ours; nothing of them goes missing quietly.
        let two = [compress(b"one").unwrap(), compress(b"two").unwrap()].concat();
        assert_ne!(decompress(&two, 100).as_deref(), Some(b"one".as_slice()));
        let unsaid = zstd::stream::encode_all(b"text".as_slice(), 1).unwrap();
        assert_eq!(decompress(&unsaid, 100).unwrap(), b"text");
    }
}
