//! The one place that maps a file into memory.
//!
//! Sound under one condition: nobody shortens or rewrites the file while it is mapped. Index files are written under another
//! name, renamed into place, named by their own digest, and never written again; a new database is a new file. Whoever
//! changes one behind our back can end the process or give us other bytes, but not mislead us: each block is copied out
//! and hashed before it is believed.

use std::fs::File;

/// Maps a whole file, read-only.
///
/// # Errors
/// The system's.
#[expect(unsafe_code, reason = "mapping is unsafe because of the condition above, which the store keeps")]
pub(super) fn map(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: see the module's documentation.
    unsafe { memmap2::Mmap::map(file) }
}
