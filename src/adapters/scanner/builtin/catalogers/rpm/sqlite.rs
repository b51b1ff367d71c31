//! The SQLite form, `rpmdb.sqlite` (Fedora, RHEL 9 and later): the table `Packages`, read straight from its pages.
//!
//! A whole SQLite would be a C library a hundred times this size that is made to write; what is needed here is one walk
//! over one table. Format: <https://www.sqlite.org/fileformat2.html>.

use super::super::parts::{Budget, Source, u16_be, u32_be};
use super::{BLOB_LIMIT, Each};
use crate::adapters::scanner::builtin::catalog::ParseError;

/// What the file begins with.
pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

const LEAF: u8 = 0x0d;
const INTERIOR: u8 = 0x05;
/// The first page begins with the header of the file.
const FILE_HEADER: usize = 100;
/// The longest row of the schema table.
const SCHEMA_LIMIT: u64 = 1 << 20;

struct Database<'a> {
    source: &'a Source<'a>,
    page_size: usize,
    /// Bytes of a page that are used.
    usable: usize,
    pages: u32,
}

fn damaged(what: &str) -> ParseError {
    ParseError(format!("damaged: {what}"))
}

/// Hands out every header.
///
/// # Errors
/// It is no such database, or has no table of packages.
pub(super) fn read(source: &Source<'_>, each: Each<'_>) -> Result<(), ParseError> {
    let header = source.bytes(0, FILE_HEADER as u64)?;
    let page_size = match u16_be(&header, 16).unwrap_or_default() {
        1 => 65536,
        size => usize::from(size),
    };
    let reserved = usize::from(header.get(20).copied().unwrap_or_default());
    if page_size < 512 || !page_size.is_power_of_two() || page_size < reserved + 480 {
        return Err(damaged("its page size is not one"));
    }
    if u32_be(&header, 56).is_none_or(|encoding| encoding > 1) {
        return Err(ParseError("a database that is not in UTF-8 is not read by this version".into()));
    }
    let pages = u32::try_from(source.size() / page_size as u64).unwrap_or(u32::MAX);
    let database = Database { source, page_size, usable: page_size - reserved, pages };
    let root = database.root("Packages")?.ok_or_else(|| ParseError("it has no table of packages".into()))?;
    if !source.size().is_multiple_of(page_size as u64) || u32_be(&header, 28).is_some_and(|count| count > pages) {
        each(Err(ParseError("it ends too early: cut off".into())));
    }
    database.table(root, BLOB_LIMIT, &mut |row| {
        each(row.and_then(|row| {
            let range = columns(&row).get(1).and_then(|(kind, range)| {
                let is_blob = *kind >= 12 && kind % 2 == 0;
                is_blob.then(|| range.clone())
            });
            let range = range.ok_or_else(|| damaged("a row has no header"))?;
            row.get(range).map(<[u8]>::to_vec).ok_or_else(|| damaged("a row is too short"))
        }));
    })
}

/// What is done with a row.
type Row<'a> = &'a mut dyn FnMut(Result<Vec<u8>, ParseError>);

impl Database<'_> {
    fn page(&self, number: u32) -> Result<Vec<u8>, ParseError> {
        if number == 0 || number > self.pages {
            return Err(damaged("it speaks of a page that it does not have"));
        }
        self.source.bytes(u64::from(number - 1) * self.page_size as u64, self.page_size as u64)
    }

    /// The first page of a table, by the schema table, which begins at page 1.
    fn root(&self, name: &str) -> Result<Option<u32>, ParseError> {
        let mut root = None;
        let mut failure = None;
        self.table(1, SCHEMA_LIMIT, &mut |row| match row {
            Err(error) => failure = failure.take().or(Some(error)),
            Ok(row) => {
                let columns = columns(&row);
                let bytes = |at: usize| columns.get(at).and_then(|(_, range)| row.get(range.clone()));
                if bytes(0) == Some(b"table") && bytes(1) == Some(name.as_bytes()) {
                    let number = bytes(3).unwrap_or_default();
                    root = Some(number.iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)));
                }
            }
        })?;
        match (root, failure) {
            (None, Some(error)) => Err(error),
            (root, _) => Ok(root),
        }
    }

    /// Every row of a table. A page is read once; what it holds may take no more than the file.
    fn table(&self, root: u32, limit: u64, each: Row<'_>) -> Result<(), ParseError> {
        let mut budget = Budget::of(self.source);
        let mut seen = vec![0_u64; self.pages as usize / 64 + 1];
        let mut first_time = |number: u32| {
            let (word, bit) = (number as usize / 64, 1_u64 << (number % 64));
            seen.get_mut(word).is_some_and(|word| {
                let new = *word & bit == 0;
                *word |= bit;
                new
            })
        };
        let mut pending = vec![root];
        first_time(root);
        while let Some(number) = pending.pop() {
            match self.one_page(number, limit, &mut budget, each) {
                // Last in, first out: the children in order.
                Ok(children) => {
                    for child in children.into_iter().rev() {
                        if first_time(child) {
                            pending.push(child);
                        } else {
                            each(Err(damaged("a page is used twice")));
                        }
                    }
                }
                Err(error) => {
                    budget.take(self.page_size as u64)?;
                    each(Err(error));
                }
            }
        }
        Ok(())
    }

    /// The rows of a leaf, or the children of an interior page.
    fn one_page(&self, number: u32, limit: u64, budget: &mut Budget, each: Row<'_>) -> Result<Vec<u32>, ParseError> {
        let page = self.page(number)?;
        let start = if number == 1 { FILE_HEADER } else { 0 };
        let kind = page.get(start).copied().unwrap_or_default();
        let header = match kind {
            LEAF => 8,
            INTERIOR => 12,
            _ => return Err(damaged("a page is not one of a table")),
        };
        let short = || damaged("a page is too short for its rows");
        let count = usize::from(u16_be(&page, start + 3).ok_or_else(short)?);
        let mut children = Vec::new();
        for cell in 0..count {
            let at = usize::from(u16_be(&page, start + header + 2 * cell).ok_or_else(short)?);
            if kind == INTERIOR {
                children.push(u32_be(&page, at).ok_or_else(short)?);
            } else {
                let cell = page.get(at..self.usable).ok_or_else(short)?;
                let row = self.row(cell, limit, budget);
                each(row);
            }
        }
        if kind == INTERIOR {
            children.push(u32_be(&page, start + 8).ok_or_else(short)?);
        }
        Ok(children)
    }

    /// The content of a cell, with what lies on further pages.
    fn row(&self, cell: &[u8], limit: u64, budget: &mut Budget) -> Result<Vec<u8>, ParseError> {
        let short = || damaged("a row is cut off");
        let (length, cell) = varint(cell).ok_or_else(short)?;
        let (_, cell) = varint(cell).ok_or_else(short)?;
        budget.take(length.saturating_add(4))?;
        if length > limit {
            return Err(ParseError(format!("a row is larger than {limit} bytes")));
        }
        let whole = usize::try_from(length).map_err(|_| short())?;
        let most = self.usable - 35;
        if whole <= most {
            return cell.get(..whole).map(<[u8]>::to_vec).ok_or_else(short);
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (whole - least) % (self.usable - 4);
        let local = if fitting <= most { fitting } else { least };
        let mut row = cell.get(..local).ok_or_else(short)?.to_vec();
        let mut next = u32_be(cell, local).ok_or_else(short)?;
        while row.len() < whole {
            let page = self.page(next)?;
            next = u32_be(&page, 0).ok_or_else(short)?;
            let end = self.usable.min(4 + whole - row.len());
            row.extend_from_slice(page.get(4..end).ok_or_else(short)?);
        }
        Ok(row)
    }
}

/// A number of one to nine bytes, most significant first.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Some((number << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

/// The columns of a row: kind and place of each; as many as can be made out, at most sixteen.
fn columns(row: &[u8]) -> Vec<(u64, std::ops::Range<usize>)> {
    let mut columns = Vec::new();
    let Some((header, rest)) = varint(row) else { return columns };
    let Ok(header) = usize::try_from(header) else { return columns };
    let begin = row.len() - rest.len();
    let Some(mut kinds) = row.get(begin..header) else { return columns };
    let mut at = header;
    while let Some((kind, more)) = varint(kinds).filter(|_| columns.len() < 16) {
        let size = match kind {
            0 | 8..=11 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            kind => (kind - 12) / 2,
        };
        let Some(end) = usize::try_from(size).ok().and_then(|size| at.checked_add(size)) else { break };
        columns.push((kind, at..end));
        (at, kinds) = (end, more);
    }
    columns
}
