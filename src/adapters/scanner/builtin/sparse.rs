//! Sparse files in the three forms that GNU tar and libarchive write beside PAX headers, which the `tar` crate hands out as
//! they are stored: the name is then not the file's, and the holes are missing.
//! Format: <https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html>.

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read, Result};

/// The most stretches of one file.
const STRETCHES: usize = 100_000;

/// Offset and length of a stretch of data.
type Stretch = (u64, u64);

/// What the headers say of a sparse file.
pub(super) struct Sparse {
    /// Its name, where the entry's is another.
    pub(super) name: Option<Vec<u8>>,
    /// Its size, holes included.
    pub(super) size: u64,
    /// Where its data lies; `None` where that stands before the data.
    map: Option<Vec<Stretch>>,
}

impl Sparse {
    /// What the headers of an entry say; `None` where it is no sparse file. One whose headers make no sense has no data at all
    /// in a file of no end, and is not read.
    pub(super) fn of<R: Read>(entry: &mut tar::Entry<'_, R>) -> Option<Self> {
        let extensions = entry.pax_extensions().ok()??;
        let mut found = false;
        let (mut name, mut size, mut in_data) = (None, None, false);
        let mut numbers: Vec<Option<u64>> = Vec::new();
        for extension in extensions.flatten() {
            let Some(key) = extension.key_bytes().strip_prefix(b"GNU.sparse.") else { continue };
            found = true;
            let value = extension.value_bytes();
            match key {
                b"name" => name = Some(value.to_vec()),
                b"size" | b"realsize" => size = number(value),
                b"major" => in_data = value != b"0",
                b"offset" | b"numbytes" => numbers.push(number(value)),
                b"map" if !value.is_empty() => numbers = value.split(|byte| *byte == b',').map(number).collect(),
                _ => {}
            }
        }
        let map = if in_data { None } else { Some(stretches(numbers).unwrap_or_else(|| vec![(u64::MAX, 0)])) };
        found.then(|| Self { name, size: size.unwrap_or(u64::MAX), map })
    }

    /// The content, with its holes. The reader fails where data is missing or does not lie where it can.
    pub(super) fn fill<R: Read>(self, stored: R) -> Result<Filled<R>> {
        let mut stored = BufReader::with_capacity(512, stored);
        let map = match self.map {
            Some(map) => map,
            None => listed(&mut stored)?,
        };
        let mut end = 0;
        for (offset, length) in &map {
            let next = offset.checked_add(*length).filter(|next| *offset >= end && *next <= self.size);
            end = next.ok_or_else(|| damaged("its data does not lie where it can"))?;
        }
        Ok(Filled { stored, map: map.into_iter(), stretch: None, at: 0, size: self.size })
    }
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn stretches(numbers: Vec<Option<u64>>) -> Option<Vec<Stretch>> {
    let numbers: Vec<u64> = numbers.into_iter().collect::<Option<_>>()?;
    let (pairs, []) = numbers.as_chunks::<2>() else { return None };
    (pairs.len() <= STRETCHES).then(|| pairs.iter().map(|[offset, length]| (*offset, *length)).collect())
}

/// The stretches as they stand before the data: their count, then two numbers each, a line a number, to the end of a block.
fn listed<R: Read>(stored: &mut BufReader<R>) -> Result<Vec<Stretch>> {
    let mut read = 0;
    let mut next = || {
        let mut line = Vec::new();
        read += stored.by_ref().take(24).read_until(b'\n', &mut line)?;
        number(line.strip_suffix(b"\n").unwrap_or_default()).ok_or_else(|| damaged("its list of data is damaged"))
    };
    let count = next()?;
    if count > STRETCHES as u64 {
        return Err(damaged("its data lies in too many places"));
    }
    let mut map = Vec::new();
    for _ in 0..count {
        map.push((next()?, next()?));
    }
    let padding = read.next_multiple_of(512) - read;
    std::io::copy(&mut stored.by_ref().take(padding as u64), &mut std::io::sink())?;
    Ok(map)
}

/// Reads a sparse file with its holes.
pub(super) struct Filled<R> {
    stored: BufReader<R>,
    map: std::vec::IntoIter<Stretch>,
    stretch: Option<Stretch>,
    at: u64,
    size: u64,
}

impl<R: Read> Read for Filled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let (offset, length) = loop {
            match self.stretch.or_else(|| self.map.next()) {
                Some((offset, length)) if offset + length <= self.at => self.stretch = None,
                Some(stretch) => break stretch,
                None => break (self.size, 0),
            }
        };
        self.stretch = (length > 0).then_some((offset, length));
        let is_hole = self.at < offset;
        let left = if is_hole { offset - self.at } else { offset + length - self.at };
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let buffer = &mut buffer[..most];
        let count = if is_hole {
            buffer.fill(0);
            most
        } else {
            self.stored.read(buffer)?
        };
        if count == 0 && !buffer.is_empty() {
            return Err(damaged("some of its data is missing"));
        }
        self.at += count as u64;
        Ok(count)
    }
}
