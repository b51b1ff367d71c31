//! The header of a package as rpm keeps it: an index of tags over a store of values.
//! Format: <https://rpm-software-management.github.io/rpm/manual/format_header.html>.

use super::super::parts::u32_be;
use crate::adapters::scanner::builtin::catalog::ParseError;

/// Tags, by number. <https://rpm-software-management.github.io/rpm/manual/tags.html>
pub(super) mod tag {
    pub(in super::super) const NAME: u32 = 1000;
    pub(in super::super) const VERSION: u32 = 1001;
    pub(in super::super) const RELEASE: u32 = 1002;
    pub(in super::super) const EPOCH: u32 = 1003;
    pub(in super::super) const LICENSE: u32 = 1014;
    pub(in super::super) const ARCH: u32 = 1022;
    pub(in super::super) const SOURCE: u32 = 1044;
    pub(in super::super) const PROVIDES: u32 = 1047;
    pub(in super::super) const REQUIRES: u32 = 1049;
    pub(in super::super) const MODULARITYLABEL: u32 = 5096;
}

const ENTRY: usize = 16;
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRINGS: u32 = 8;
const TRANSLATED: u32 = 9;
/// The most tags of a header, as rpm has it.
const TAG_LIMIT: u32 = 0xffff;

/// A header.
pub(super) struct Header<'a> {
    index: &'a [[u8; ENTRY]],
    store: &'a [u8],
}

struct Entry<'a> {
    kind: u32,
    count: u32,
    values: &'a [u8],
}

impl<'a> Header<'a> {
    /// # Errors
    /// Its lengths are not those of the bytes.
    pub(super) fn read(blob: &'a [u8]) -> Result<Self, ParseError> {
        let damaged = || ParseError("the header of a package is damaged".into());
        let (tags, size) = (u32_be(blob, 0).ok_or_else(damaged)?, u32_be(blob, 4).ok_or_else(damaged)?);
        if tags == 0 || tags > TAG_LIMIT {
            return Err(damaged());
        }
        let (index, store) = blob[8..].split_at_checked(tags as usize * ENTRY).ok_or_else(damaged)?;
        if store.len() != size as usize {
            return Err(damaged());
        }
        let (index, _) = index.as_chunks::<ENTRY>();
        Ok(Self { index, store })
    }

    fn find(&self, tag: u32) -> Option<Entry<'a>> {
        let entry = self.index.iter().find(|entry| u32_be(*entry, 0) == Some(tag))?;
        let values = self.store.get(u32_be(entry, 8)? as usize..)?;
        Some(Entry { kind: u32_be(entry, 4)?, count: u32_be(entry, 12)?, values })
    }

    /// Whether it has a tag.
    pub(super) fn has(&self, tag: u32) -> bool {
        self.index.iter().any(|entry| u32_be(entry, 0) == Some(tag))
    }

    /// The only or the first text of a tag, where it is not empty.
    pub(super) fn text(&self, tag: u32) -> Option<String> {
        let entry = self.find(tag).filter(|entry| matches!(entry.kind, STRING | STRINGS | TRANSLATED))?;
        let end = entry.values.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(entry.values.get(..end)?);
        (!text.is_empty()).then(|| text.into_owned())
    }

    /// The number of a tag.
    pub(super) fn number(&self, tag: u32) -> Option<u32> {
        let entry = self.find(tag).filter(|entry| entry.kind == INT32 && entry.count > 0)?;
        u32_be(entry.values, 0)
    }

    /// The texts of a tag, as bytes.
    pub(super) fn texts(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> {
        let entry = self.find(tag).filter(|entry| entry.kind == STRINGS);
        let (count, values) = entry.map_or((0, [].as_slice()), |entry| (entry.count as usize, entry.values));
        values.split(|byte| *byte == 0).take(count)
    }
}
