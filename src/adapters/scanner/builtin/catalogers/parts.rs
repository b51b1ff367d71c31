//! A file that is read in parts, by position, and never beyond its end.

use crate::adapters::scanner::builtin::catalog::{Content, ParseError};
use std::os::unix::fs::FileExt as _;

/// The largest file that is read: 2 GiB.
const SIZE_LIMIT: u64 = 2 << 30;

/// A file, or a stretch of one.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    content: Content<'a>,
    start: u64,
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
            return Err(ParseError(format!("a file of more than {SIZE_LIMIT} bytes")));
        }
        Ok(Self { content, start: 0, size })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// A stretch of it.
    ///
    /// # Errors
    /// It is not all in the file.
    pub(super) fn stretch(&self, offset: u64, size: u64) -> Result<Self, ParseError> {
        self.require(offset, size)?;
        Ok(Self { content: self.content, start: self.start + offset, size })
    }

    fn require(&self, offset: u64, length: u64) -> Result<(), ParseError> {
        let end = offset.checked_add(length).filter(|end| *end <= self.size);
        end.map(drop).ok_or_else(|| ParseError("it ends too early: cut off".into()))
    }

    /// Appends bytes to a buffer.
    ///
    /// # Errors
    /// They are not all in the file.
    pub(super) fn append(&self, offset: u64, length: u64, out: &mut Vec<u8>) -> Result<(), ParseError> {
        self.require(offset, length)?;
        let before = out.len();
        let added = usize::try_from(length).map_err(|_| ParseError("too large for this machine".into()))?;
        out.resize(before + added, 0);
        self.fill(offset, &mut out[before..]).map_err(|error| ParseError(error.kind().to_string()))
    }

    /// Fills a buffer with bytes that are known to be in it.
    fn fill(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        let at = self.start + offset;
        match self.content {
            Content::Bytes(bytes) => {
                let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..)?.get(..buffer.len()));
                buffer.copy_from_slice(from.ok_or(std::io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
            Content::Spooled(file) => file.read_exact_at(buffer, at),
        }
    }

    /// # Errors
    /// As [`Source::append`].
    pub(super) fn bytes(&self, offset: u64, length: u64) -> Result<Vec<u8>, ParseError> {
        let mut out = Vec::new();
        self.append(offset, length, &mut out)?;
        Ok(out)
    }
}

/// Reads a source from its beginning to its end.
pub(super) struct Reader<'a> {
    source: Source<'a>,
    at: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self { source, at: 0 }
    }
}

impl std::io::Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.source.size - self.at;
        let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.source.fill(self.at, &mut buffer[..count])?;
        self.at += count as u64;
        Ok(count)
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

/// Two bytes, most significant first.
pub(super) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Four bytes, most significant first.
pub(super) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Two bytes, least significant first.
pub(super) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Four bytes, least significant first.
pub(super) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Eight bytes, least significant first.
pub(super) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
