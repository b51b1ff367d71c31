//! Content of one file at a time: small in memory, large in a temporary file that has no name.

use super::catalog::Content;
use std::io::{Read, Seek as _, Write as _};

/// What is kept in memory at most, in bytes.
const MEMORY_LIMIT: u64 = 1 << 20;

/// The content of a file.
pub(super) enum Spool {
    Memory(Vec<u8>),
    File(std::fs::File),
}

/// Why a file is not kept.
pub(super) enum SpoolError {
    /// The source cannot be read.
    Read(std::io::Error),
    /// The temporary file cannot be written.
    Write(std::io::Error),
}

impl Spool {
    /// Reads all that is left.
    pub(super) fn fill(source: &mut impl Read) -> Result<Self, SpoolError> {
        let mut memory = Vec::new();
        source.by_ref().take(MEMORY_LIMIT + 1).read_to_end(&mut memory).map_err(SpoolError::Read)?;
        if memory.len() as u64 <= MEMORY_LIMIT {
            return Ok(Self::Memory(memory));
        }
        let mut file = tempfile::tempfile().map_err(SpoolError::Write)?;
        file.write_all(&memory).map_err(SpoolError::Write)?;
        loop {
            memory.clear();
            source.by_ref().take(MEMORY_LIMIT).read_to_end(&mut memory).map_err(SpoolError::Read)?;
            if memory.is_empty() {
                break;
            }
            file.write_all(&memory).map_err(SpoolError::Write)?;
        }
        file.rewind().map_err(SpoolError::Write)?;
        Ok(Self::File(file))
    }

    pub(super) fn content(&self) -> Content<'_> {
        match self {
            Self::Memory(bytes) => Content::Bytes(bytes),
            Self::File(file) => Content::Spooled(file),
        }
    }
}
