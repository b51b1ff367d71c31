//! Berkeley DB's hash form, `Packages` (RHEL 8 and before, Amazon Linux 2): every page is looked at, buckets give their
//! values, long values lie in chains of pages.
//! Format: `dbinc/db_page.h` of Berkeley DB, and what `db_load` and `db_dump` 5.3 write and read.

use super::super::parts::{Budget, Source};
use super::{BLOB_LIMIT, Each};
use crate::adapters::scanner::builtin::catalog::ParseError;

/// The number at byte 12 of a hash database, in the writer's byte order.
const MAGIC: u32 = 0x0006_1561;
/// Bytes before the entries of a page.
const PAGE_HEADER: usize = 26;
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH: u8 = 13;
const KEY_DATA: u8 = 1;
const OFF_PAGE: u8 = 3;

struct Database<'a> {
    source: &'a Source<'a>,
    big_endian: bool,
    page_size: usize,
    last: u32,
    budget: Budget,
}

/// Whether a file begins as such a database.
pub(super) fn is_hash(start: &[u8]) -> bool {
    start.get(12..16).is_some_and(|magic| magic == MAGIC.to_le_bytes() || magic == MAGIC.to_be_bytes())
}

/// Hands out every header.
///
/// # Errors
/// It is no such database, or its pages are damaged.
pub(super) fn read(source: &Source<'_>, each: Each<'_>) -> Result<(), ParseError> {
    let meta = source.bytes(0, 72)?;
    let big_endian = meta.get(12..16) == Some(MAGIC.to_be_bytes().as_slice());
    let mut database = Database { source, big_endian, page_size: 0, last: 0, budget: Budget::of(source) };
    let page_size = database.u32(&meta, 20).unwrap_or_default();
    if !(512..=65536).contains(&page_size) || !page_size.is_power_of_two() {
        return Err(ParseError(format!("a page size of {page_size} is not one")));
    }
    // Encrypted, or with checksums in its pages: rpm makes neither.
    if meta.get(24).is_none_or(|it| *it != 0) || meta.get(26).is_none_or(|it| it & 1 != 0) {
        return Err(ParseError("an encrypted or checksummed database is not read by this version".into()));
    }
    database.page_size = page_size as usize;
    database.last = database.u32(&meta, 32).unwrap_or_default();
    for number in 1..=database.last {
        let page = database.page(number)?;
        if matches!(page.get(25), Some(&(HASH | HASH_UNSORTED))) {
            database.bucket(&page, each)?;
        }
    }
    Ok(())
}

impl Database<'_> {
    fn u16(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let pair: [u8; 2] = *bytes.get(at..)?.first_chunk()?;
        Some(usize::from(if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }))
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let four: [u8; 4] = *bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    fn page(&self, number: u32) -> Result<Vec<u8>, ParseError> {
        if number == 0 || number > self.last {
            return Err(ParseError(format!("page {number}: there is no such page")));
        }
        self.source.bytes(u64::from(number) * self.page_size as u64, self.page_size as u64)
    }

    /// The values of a bucket's pairs. The key 0 has the number of the next package for its value.
    fn bucket(&mut self, page: &[u8], each: Each<'_>) -> Result<(), ParseError> {
        let damaged = || ParseError("a bucket is damaged".into());
        let count = self.u16(page, 20).ok_or_else(damaged)?;
        let mut end = self.page_size;
        let mut is_counter = false;
        for entry in 0..count {
            let start = self.u16(page, PAGE_HEADER + 2 * entry).ok_or_else(damaged)?;
            if start < PAGE_HEADER + 2 * count {
                return Err(damaged());
            }
            let item = page.get(start..end).ok_or_else(damaged)?;
            end = start;
            let (kind, content) = item.split_first().ok_or_else(damaged)?;
            if entry % 2 == 0 {
                is_counter = content == [0; 4];
                continue;
            }
            if is_counter {
                continue;
            }
            match *kind {
                KEY_DATA => {
                    self.budget.take(content.len() as u64)?;
                    each(Ok(content.to_vec()));
                }
                OFF_PAGE => {
                    let first = self.u32(item, 4).ok_or_else(damaged)?;
                    let length = self.u32(item, 8).ok_or_else(damaged)?;
                    self.budget.take(u64::from(length).max(1))?;
                    each(self.chain(first, length));
                }
                other => each(Err(ParseError(format!("an entry of kind {other} is not one of rpm's")))),
            }
        }
        Ok(())
    }

    /// A long value. Every page brings at least one byte, so that no chain is endless.
    fn chain(&self, first: u32, length: u32) -> Result<Vec<u8>, ParseError> {
        let damaged = || ParseError("a long entry is damaged".into());
        let length = u64::from(length);
        if length > BLOB_LIMIT {
            return Err(ParseError(format!("an entry is larger than {BLOB_LIMIT} bytes")));
        }
        let mut value = Vec::new();
        let mut next = first;
        while (value.len() as u64) < length {
            let page = self.page(next)?;
            let used = self.u16(&page, 22).ok_or_else(damaged)?;
            let content = page.get(PAGE_HEADER..PAGE_HEADER + used).filter(|part| !part.is_empty());
            if page.get(25) != Some(&OVERFLOW) {
                return Err(damaged());
            }
            value.extend_from_slice(content.ok_or_else(damaged)?);
            next = self.u32(&page, 16).ok_or_else(damaged)?;
        }
        if value.len() as u64 == length { Ok(value) } else { Err(damaged()) }
    }
}
