//! The file of an action: what it is, a checksum over the record, the record, and each output behind it as a frame.
//!
//! Only the record is read to learn what there is. It says how long the whole is, so that a file that was cut off is known as one
//! without a look at the outputs; those are re-hashed when one of them is asked for.

use crate::model::Digest;
use crate::ports::{ActionKey, ActionRecord};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// The first bytes of the file.
const MAGIC: &[u8; 8] = b"pmact02\n";

/// The largest record, in bytes.
const RECORD_LIMIT: u32 = 1 << 20;

/// What stands before the record: [`MAGIC`], the checksum, how long the record is.
const BEFORE: usize = MAGIC.len() + 32 + 4;

/// Name and digest of each output, in the order in which they lie, and the length of its frame; none where only its digest is kept.
type Entries = Vec<(String, Digest, Option<u64>)>;

/// What lies in a file's place.
pub(super) enum Opened {
    /// Nothing.
    Missing,
    /// Not what was written there under this key.
    Damaged,
    /// A record, and as many bytes behind it as it says.
    Whole(Stored),
}

/// An open file whose record holds.
pub(super) struct Stored {
    file: std::fs::File,
    entries: Entries,
    /// Where the first output begins.
    start: u64,
}

/// What stands before the outputs. The checksum also covers the key: a file that was copied to another key does not hold there.
pub(super) fn head<'a>(key: &ActionKey, outputs: impl Iterator<Item = (&'a str, Digest, Option<&'a [u8]>)>) -> Vec<u8> {
    let entry = |(name, digest, frame): (&str, Digest, Option<&[u8]>)| {
        (name.to_owned(), digest, frame.map(|frame| frame.len() as u64))
    };
    let entries: Entries = outputs.map(entry).collect();
    let record = postcard::to_stdvec(&entries).unwrap_or_default();
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX).to_le_bytes();
    [MAGIC.as_slice(), checksum(key, &record).as_slice(), &length, &record].concat()
}

/// Opens the file and reads its record.
///
/// # Errors
/// It cannot be read.
pub(super) fn open(path: &Path, key: &ActionKey) -> std::io::Result<Opened> {
    let Some(mut file) = super::file::open(path)? else { return Ok(Opened::Missing) };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Opened::Damaged);
    }
    // Most records are short: one read is enough for them.
    let mut start = Vec::with_capacity(1024);
    file.by_ref().take(1024).read_to_end(&mut start)?;
    let said = start.get(MAGIC.len() + 32..BEFORE).and_then(|length| length.try_into().ok()).map(u32::from_le_bytes);
    let Some(length) = said.filter(|length| *length <= RECORD_LIMIT && start.starts_with(MAGIC)) else {
        return Ok(Opened::Damaged);
    };
    let end = BEFORE + length as usize;
    if let Some(more) = end.checked_sub(start.len()) {
        file.by_ref().take(more as u64).read_to_end(&mut start)?;
    }
    let (Some(sum), Some(record)) = (start.get(MAGIC.len()..MAGIC.len() + 32), start.get(BEFORE..end)) else {
        return Ok(Opened::Damaged);
    };
    if sum != checksum(key, record) {
        return Ok(Opened::Damaged);
    }
    let Ok(entries) = postcard::from_bytes::<Entries>(record) else { return Ok(Opened::Damaged) };
    let whole = entries.iter().filter_map(|(.., length)| *length).try_fold(end as u64, u64::checked_add);
    if whole != Some(metadata.len()) {
        return Ok(Opened::Damaged);
    }
    Ok(Opened::Whole(Stored { file, entries, start: end as u64 }))
}

impl Stored {
    /// What there is.
    pub(super) fn record(&self) -> ActionRecord {
        ActionRecord { outputs: self.entries.iter().map(|(name, digest, _)| (name.clone(), *digest)).collect() }
    }

    /// The frame of an output, and the digest of what is in it; `None` where there is none of that name.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn frame(&mut self, name: &str) -> std::io::Result<Option<(Digest, Vec<u8>)>> {
        let mut at = self.start;
        for (named, digest, length) in &self.entries {
            let Some(length) = length else { continue };
            if named == name {
                self.file.seek(SeekFrom::Start(at))?;
                let mut frame = Vec::with_capacity(usize::try_from(*length).unwrap_or_default());
                self.file.by_ref().take(*length).read_to_end(&mut frame)?;
                return Ok(Some((*digest, frame)));
            }
            at += length;
        }
        Ok(None)
    }
}

fn checksum(key: &ActionKey, record: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(&key.0, record).as_bytes()
}
