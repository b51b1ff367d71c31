//! A database file that is read in parts, by position, and never beyond its end.

use crate::adapters::scanner::builtin::catalog::{Content, ParseError};
use std::os::unix::fs::FileExt as _;

/// The largest database that is read: 2 GiB.
const SIZE_LIMIT: u64 = 2 << 30;

/// The largest header of one package, in bytes.
pub(super) const BLOB_LIMIT: u64 = 64 << 20;

/// A database file.
pub(super) struct Source<'a> {
    content: Content<'a>,
    size: u64,
}

impl<'a> Source<'a> {
    /// # Errors
    /// Too large, or not to be read.
    pub(super) fn new(content: Content<'a>) -> Result<Self, ParseError> {
        let size = match content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Spooled(file) => file.metadata().map_err(|error| ParseError(error.kind().to_string()))?.len(),
        };
        if size > SIZE_LIMIT {
            return Err(ParseError(format!("a database of more than {SIZE_LIMIT} bytes")));
        }
        Ok(Self { content, size })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Appends bytes to a buffer.
    ///
    /// # Errors
    /// They are not all in the file.
    pub(super) fn append(&self, offset: u64, length: u64, out: &mut Vec<u8>) -> Result<(), ParseError> {
        let short = || ParseError("it ends too early: cut off".into());
        let end = offset.checked_add(length).filter(|end| *end <= self.size).ok_or_else(short)?;
        let usize_of = |number: u64| usize::try_from(number).map_err(|_| short());
        match self.content {
            Content::Bytes(bytes) => {
                out.extend_from_slice(bytes.get(usize_of(offset)?..usize_of(end)?).ok_or_else(short)?);
            }
            Content::Spooled(file) => {
                let before = out.len();
                out.resize(before + usize_of(length)?, 0);
                file.read_exact_at(&mut out[before..], offset).map_err(|error| ParseError(error.kind().to_string()))?;
            }
        }
        Ok(())
    }

    /// # Errors
    /// As [`Source::append`].
    pub(super) fn bytes(&self, offset: u64, length: u64) -> Result<Vec<u8>, ParseError> {
        let mut out = Vec::new();
        self.append(offset, length, &mut out)?;
        Ok(out)
    }
}

/// What the packages of a database may take together: no more than its file. Holds off files whose parts overlap.
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn of(source: &Source<'_>) -> Self {
        Self(source.size())
    }

    /// # Errors
    /// Nothing is left.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), ParseError> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| ParseError("its parts overlap: damaged".into()))?;
        Ok(())
    }
}

/// What a database hands out: the header of each package, or why one cannot be read.
pub(super) type Each<'a> = &'a mut dyn FnMut(Result<Vec<u8>, ParseError>);

/// Two bytes, most significant first.
pub(super) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Four bytes, most significant first.
pub(super) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Four bytes, least significant first.
pub(super) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
