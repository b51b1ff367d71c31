//! Stamps of files.

use crate::ports::Stamp;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

/// The stamp of a file or directory.
pub fn stamp(metadata: &Metadata) -> Stamp {
    let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
    Stamp {
        size: if metadata.is_dir() { 0 } else { metadata.len() },
        mtime: nanos(metadata.mtime(), metadata.mtime_nsec()),
        ctime: nanos(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
    }
}
