//! The directory of a ZIP file, and one file out of it. Read by position: the whole directory is never more than some
//! megabytes, however many entries a file claims, and nothing is inflated that nobody asked for.
//! Format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.

use super::super::parts::{Reader, Source, u16_le, u32_le, u64_le};
use crate::adapters::scanner::builtin::catalog::ParseError;
use std::io::Read;

/// The largest directory, in bytes.
const DIRECTORY_LIMIT: u64 = 64 << 20;
const END: usize = 22;
const END_64: u64 = 56;
const LOCATOR_64: u64 = 20;
const ENTRY: usize = 46;
const LOCAL: u64 = 30;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// An opened file.
pub(in crate::adapters::scanner::builtin::catalogers) struct Archive<'a> {
    source: Source<'a>,
    /// What stands before the archive (a script that starts it), in bytes.
    shift: u64,
    directory: Vec<u8>,
}

/// A file in it.
#[derive(Clone, Copy)]
pub(in crate::adapters::scanner::builtin::catalogers) struct Entry<'d> {
    pub(in crate::adapters::scanner::builtin::catalogers) name: &'d [u8],
    pub(in crate::adapters::scanner::builtin::catalogers) size: u64,
    compressed: u64,
    offset: u64,
    checksum: u32,
    method: u16,
    is_encrypted: bool,
}

fn damaged(what: &str) -> ParseError {
    ParseError(format!("a damaged archive: {what}"))
}

impl<'a> Archive<'a> {
    /// # Errors
    /// It is no archive.
    pub(in crate::adapters::scanner::builtin::catalogers) fn open(source: Source<'a>) -> Result<Self, ParseError> {
        let none = || ParseError("it is no archive, or its end is missing".into());
        let tail = source.size().min(END as u64 + 0xffff);
        let start = source.size() - tail;
        let bytes = source.bytes(start, tail)?;
        let is_end = |at: &usize| {
            let end = &bytes[*at..];
            end.starts_with(b"PK\x05\x06")
                && u16_le(end, 20).is_some_and(|comment| usize::from(comment) + END == end.len())
        };
        let at = (0..=bytes.len().checked_sub(END).ok_or_else(none)?).rev().find(is_end).ok_or_else(none)?;
        let end = &bytes[at..];
        let field = |at| u32_le(end, at).map(u64::from).ok_or_else(none);
        let (mut size, mut offset) = (field(12)?, field(16)?);
        let mut directory_end = start + at as u64;
        if size == 0xffff_ffff || offset == 0xffff_ffff || u16_le(end, 10) == Some(0xffff) {
            let locator = directory_end.checked_sub(LOCATOR_64).ok_or_else(none)?;
            if source.bytes(locator, 4)? == *b"PK\x06\x07" {
                directory_end = locator.checked_sub(END_64).ok_or_else(none)?;
                let end = source.bytes(directory_end, END_64)?;
                if !end.starts_with(b"PK\x06\x06") {
                    return Err(none());
                }
                (size, offset) = (u64_le(&end, 40).ok_or_else(none)?, u64_le(&end, 48).ok_or_else(none)?);
            }
        }
        if size > DIRECTORY_LIMIT {
            return Err(ParseError(format!("a directory of more than {DIRECTORY_LIMIT} bytes")));
        }
        let begin = directory_end.checked_sub(size).ok_or_else(|| damaged("its directory is cut off"))?;
        let shift = begin.checked_sub(offset).ok_or_else(|| damaged("its directory is cut off"))?;
        Ok(Self { source, shift, directory: source.bytes(begin, size)? })
    }

    /// Every file, in order, until one that makes no sense.
    pub(in crate::adapters::scanner::builtin::catalogers) fn entries(
        &self,
    ) -> impl Iterator<Item = Result<Entry<'_>, ParseError>> {
        let mut rest = self.directory.as_slice();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let Some((entry, more)) = entry(rest) else {
                rest = &[];
                return Some(Err(damaged("its directory makes no sense")));
            };
            rest = more;
            Some(Ok(entry))
        })
    }

    /// The bytes of a file as they lie in the archive.
    fn stored(&self, entry: &Entry<'_>) -> Result<Source<'a>, ParseError> {
        let outside = || damaged("a file lies outside of it");
        if entry.is_encrypted {
            return Err(ParseError("an encrypted file is not read".into()));
        }
        let at = entry.offset.checked_add(self.shift).ok_or_else(outside)?;
        let local = self.source.bytes(at, LOCAL)?;
        let length = |at| u16_le(&local, at).map(u64::from).ok_or_else(outside);
        if !local.starts_with(b"PK\x03\x04") {
            return Err(outside());
        }
        self.source.stretch(at + LOCAL + length(26)? + length(28)?, entry.compressed)
    }

    /// A file that is stored as it is, as a stretch of the archive.
    pub(in crate::adapters::scanner::builtin::catalogers) fn plain(
        &self,
        entry: &Entry<'_>,
    ) -> Result<Option<Source<'a>>, ParseError> {
        let is_plain = entry.method == STORED && entry.compressed == entry.size;
        if is_plain { self.stored(entry).map(Some) } else { Ok(None) }
    }

    /// A reader of a file's content, which fails at its end where the content is not what the directory says.
    pub(in crate::adapters::scanner::builtin::catalogers) fn reader(
        &self,
        entry: &Entry<'_>,
    ) -> Result<impl Read, ParseError> {
        let stored = Reader::new(self.stored(entry)?);
        let inner: Box<dyn Read + 'a> = match entry.method {
            STORED => Box::new(stored),
            DEFLATED => Box::new(flate2::read::DeflateDecoder::new(stored)),
            method => return Err(ParseError(format!("compression method {method} is not known"))),
        };
        Ok(Checked { inner, crc: flate2::Crc::new(), left: entry.size, expected: entry.checksum })
    }
}

fn entry(bytes: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    if !bytes.starts_with(b"PK\x01\x02") {
        return None;
    }
    let length = |at| u16_le(bytes, at).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let names = bytes.get(ENTRY..ENTRY + name)?;
    let extras = bytes.get(ENTRY + name..ENTRY + name + extra)?;
    let rest = bytes.get(ENTRY + name + extra + comment..)?;
    let mut large = large_numbers(extras);
    let mut number = |at| match u32_le(bytes, at)? {
        0xffff_ffff => {
            let (number, rest) = large.split_first_chunk::<8>()?;
            large = rest;
            Some(u64::from_le_bytes(*number))
        }
        number => Some(u64::from(number)),
    };
    // In this order they stand among the large ones.
    let (size, compressed, offset) = (number(24)?, number(20)?, number(42)?);
    let is_encrypted = u16_le(bytes, 8)? & 1 != 0;
    let (method, checksum) = (u16_le(bytes, 10)?, u32_le(bytes, 16)?);
    Some((Entry { name: names, size, compressed, offset, checksum, method, is_encrypted }, rest))
}

/// The extra field with the numbers that do not fit into four bytes.
fn large_numbers(mut extras: &[u8]) -> &[u8] {
    while let (Some(kind), Some(size)) = (u16_le(extras, 0), u16_le(extras, 2)) {
        let Some((field, rest)) = extras.get(4..).and_then(|rest| rest.split_at_checked(usize::from(size))) else {
            break;
        };
        if kind == 1 {
            return field;
        }
        extras = rest;
    }
    &[]
}

/// Content held to its size and checksum.
struct Checked<R> {
    inner: R,
    crc: flate2::Crc,
    left: u64,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.crc.update(&buffer[..count]);
        let wrong = || std::io::Error::other("not of the size or checksum that the archive says");
        self.left = self.left.checked_sub(count as u64).ok_or_else(wrong)?;
        if count == 0 && !buffer.is_empty() && (self.left > 0 || self.crc.sum() != self.expected) {
            return Err(wrong());
        }
        Ok(count)
    }
}
