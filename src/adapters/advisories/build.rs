//! Records to the bytes of an index file. The same records give the same snapshot digest, whatever their order.
//!
//! Of several records with one id the one modified last wins, then the one whose bytes are greater; withdrawn ones are left out
//! after that. The records' text waits in a temporary file, so that memory holds ids and names only.

use super::format;
use super::format::{
    Content, KEY_BLOCK_BYTES, KeyBlock, KeyEntry, Layout, MAGIC, RECORD_BLOCK_BYTES, RecordBlock, RecordText, Sum,
    digest,
};
use super::osv::package_key;
use crate::model::{Advisory, Affected, Digest, Ecosystem};
use rayon::prelude::*;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// How hard blocks are compressed: on advisories, beyond this it takes twice the time for a few percent.
const ZSTD_LEVEL: i32 = 9;
/// How many blocks are compressed at once.
const BATCH: usize = 256;

/// A record made ready to be added: this part may run in parallel.
#[derive(Debug, Clone)]
pub struct Prepared {
    id: String,
    modified: i128,
    withdrawn: bool,
    keys: Vec<(Ecosystem, String)>,
    bytes: Vec<u8>,
}

impl Prepared {
    /// Encodes a record and finds the names it is looked up by.
    ///
    /// # Errors
    /// None that an [`Advisory`] can cause today.
    pub fn new(mut advisory: Advisory) -> io::Result<Self> {
        let affected = std::mem::take(&mut advisory.affected);
        let mut affected: Vec<_> = affected.into_iter().map(|one| (package_key(&one), one)).collect();
        affected.sort_by(|a, b| a.0.cmp(&b.0));
        let mut record = RecordText::new(&serde_json::to_vec(&advisory)?)?;
        let mut keys = Vec::new();
        for part in affected.chunk_by(|a, b| a.0 == b.0) {
            keys.extend(part.first().map(|(key, _)| key.clone()));
            let part: Vec<&Affected> = part.iter().map(|(_, affected)| affected).collect();
            record.push(&serde_json::to_vec(&part)?)?;
        }
        Ok(Self {
            modified: advisory.modified.parse::<jiff::Timestamp>().map_or(i128::MIN, |time| time.as_nanosecond()),
            withdrawn: advisory.withdrawn.is_some(),
            id: advisory.id,
            keys,
            bytes: record.0,
        })
    }

    /// The encoded record.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The ecosystems that it names.
    pub fn ecosystems(&self) -> impl Iterator<Item = &Ecosystem> {
        self.keys.iter().map(|(ecosystem, _)| ecosystem)
    }
}

struct Held {
    modified: i128,
    withdrawn: bool,
    keys: Vec<(Ecosystem, String)>,
    offset: u64,
    bytes: usize,
}

/// An index in the making.
pub struct Builder {
    spill: File,
    spilled: u64,
    held: BTreeMap<String, Held>,
    present: BTreeSet<Ecosystem>,
}

/// An index that was written, still under a temporary name.
pub struct Built {
    /// The file.
    pub file: tempfile::NamedTempFile,
    /// The snapshot's digest.
    pub digest: Digest,
    /// How many records it holds.
    pub records: u64,
    /// How many were left out as withdrawn.
    pub withdrawn: u64,
}

impl Builder {
    /// An empty one.
    ///
    /// # Errors
    /// No temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self { spill: tempfile::tempfile()?, spilled: 0, held: BTreeMap::new(), present: BTreeSet::new() })
    }

    /// Says that an ecosystem was imported, even if no record names it. A family stands for its releases too.
    pub fn mark_present(&mut self, ecosystem: Ecosystem) {
        self.present.insert(ecosystem);
    }

    /// Whether any ecosystem was imported.
    pub fn has_ecosystems(&self) -> bool {
        !self.present.is_empty()
    }

    /// Adds a record.
    ///
    /// # Errors
    /// The temporary file cannot be written or read.
    pub fn add(&mut self, record: Prepared) -> io::Result<()> {
        let Prepared { id, modified, withdrawn, keys, bytes } = record;
        if let Some(held) = self.held.get(&id) {
            let (offset, length, held_modified) = (held.offset, held.bytes, held.modified);
            let better = match modified.cmp(&held_modified) {
                std::cmp::Ordering::Equal => bytes > self.read(offset, length)?,
                order => order.is_gt(),
            };
            if !better {
                return Ok(());
            }
        }
        self.spill.seek(SeekFrom::Start(self.spilled))?;
        self.spill.write_all(&bytes)?;
        let held = Held { modified, withdrawn, keys, offset: self.spilled, bytes: bytes.len() };
        self.spilled += bytes.len() as u64;
        match self.held.entry(id) {
            Entry::Occupied(mut entry) => drop(entry.insert(held)),
            Entry::Vacant(entry) => drop(entry.insert(held)),
        }
        Ok(())
    }

    fn read(&mut self, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
        self.spill.seek(SeekFrom::Start(offset))?;
        let mut text = vec![0; bytes];
        self.spill.read_exact(&mut text)?;
        Ok(text)
    }

    /// Writes the index into a new file in this directory.
    ///
    /// # Errors
    /// A file cannot be written, or there are more records than the format has numbers for.
    pub fn finish(mut self, dir: &Path) -> io::Result<Built> {
        let all = std::mem::take(&mut self.held);
        let newest = all.values().map(|held| held.modified).max().filter(|time| *time > i128::MIN);
        let modified = newest.and_then(|time| i64::try_from(time.div_euclid(1_000_000_000)).ok()).unwrap_or(0);
        let before = all.len();
        let kept: Vec<Held> = all.into_values().filter(|held| !held.withdrawn).collect();
        let records = u32::try_from(kept.len()).map_err(|_| io::Error::other("too many records"))?;

        let file = tempfile::Builder::new().prefix(".new-").suffix(".idx").tempfile_in(dir)?;
        let mut blocks = BlockWriter { out: BufWriter::new(file), offset: 0, waiting: Vec::new(), layout: Vec::new() };
        let record_blocks = self.write_records(&kept, &mut blocks)?;
        let (ecosystems, key_blocks) = write_keys(&kept, &mut blocks)?;
        blocks.flush()?;

        let present = self.count_present(&kept);
        let content = Content { modified, records, ecosystems, present, record_blocks, key_blocks };
        let content = postcard::to_stdvec(&content).map_err(io::Error::other)?;
        let layout = postcard::to_stdvec(&Layout { blocks: blocks.layout }).map_err(io::Error::other)?;
        let mut out = blocks.out;
        out.write_all(&content)?;
        out.write_all(&layout)?;
        out.write_all(&(content.len() as u64).to_le_bytes())?;
        out.write_all(&(layout.len() as u64).to_le_bytes())?;
        out.write_all(MAGIC)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        Ok(Built {
            file,
            digest: digest(&content),
            records: u64::from(records),
            withdrawn: (before - kept.len()) as u64,
        })
    }

    fn write_records(&mut self, kept: &[Held], blocks: &mut BlockWriter) -> io::Result<Vec<RecordBlock>> {
        let mut sums = Vec::new();
        let mut block = Vec::new();
        let mut first = 0;
        for (number, held) in (0_u32..).zip(kept) {
            let text = self.read(held.offset, held.bytes)?;
            format::push_piece(&mut block, &text)?;
            if block.len() >= RECORD_BLOCK_BYTES {
                sums.push(RecordBlock { first, sum: blocks.push(std::mem::take(&mut block))? });
                first = number + 1;
            }
        }
        if !block.is_empty() {
            sums.push(RecordBlock { first, sum: blocks.push(block)? });
        }
        Ok(sums)
    }

    /// Counts the records of every imported ecosystem, and of every release that a record names of an imported family.
    fn count_present(&self, kept: &[Held]) -> Vec<(String, u64)> {
        let mut counts: BTreeMap<Ecosystem, u64> = self.present.iter().map(|one| (one.clone(), 0)).collect();
        for held in kept {
            let mut named: BTreeSet<Ecosystem> = BTreeSet::new();
            for (ecosystem, _) in &held.keys {
                let family = Ecosystem::plain(ecosystem.kind.clone());
                if self.present.contains(&family) {
                    named.insert(family);
                    named.insert(ecosystem.clone());
                } else if self.present.contains(ecosystem) {
                    named.insert(ecosystem.clone());
                }
            }
            for ecosystem in named {
                *counts.entry(ecosystem).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().map(|(one, count)| (one.to_string(), count)).collect();
        counts.sort();
        counts
    }
}

fn write_keys(kept: &[Held], blocks: &mut BlockWriter) -> io::Result<(Vec<String>, Vec<KeyBlock>)> {
    let named: BTreeSet<&Ecosystem> = kept.iter().flat_map(|held| &held.keys).map(|(ecosystem, _)| ecosystem).collect();
    let mut named: Vec<(String, &Ecosystem)> = named.into_iter().map(|one| (one.to_string(), one)).collect();
    named.sort();
    let numbers: BTreeMap<&Ecosystem, u32> = named.iter().map(|(_, one)| *one).zip(0..).collect();
    let mut keys: Vec<(u32, &str, (u32, u32))> = Vec::new();
    for (record, held) in (0..).zip(kept) {
        for (part, (ecosystem, name)) in (0..).zip(&held.keys) {
            let number = numbers.get(ecosystem).copied();
            keys.extend(number.map(|number| (number, name.as_str(), (record, part))));
        }
    }
    keys.par_sort_unstable();
    let mut key_blocks: Vec<KeyBlock> = Vec::new();
    let mut block = Vec::new();
    let mut first: Option<(u32, &str)> = None;
    let close = |(ecosystem, name): (u32, &str), sum| KeyBlock { ecosystem, name: name.to_owned(), sum };
    for group in keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let [(ecosystem, name, _), ..] = *group else { continue };
        let entry = KeyEntry { ecosystem, name, records: group.iter().map(|key| key.2).collect() };
        block.extend(postcard::to_stdvec(&entry).map_err(io::Error::other)?);
        let begun = *first.get_or_insert((ecosystem, name));
        if block.len() >= KEY_BLOCK_BYTES {
            key_blocks.push(close(begun, blocks.push(std::mem::take(&mut block))?));
            first = None;
        }
    }
    if let Some(begun) = first {
        key_blocks.push(close(begun, blocks.push(block)?));
    }
    Ok((named.into_iter().map(|(text, _)| text).collect(), key_blocks))
}

/// Writes blocks in order, compressing many at a time.
struct BlockWriter {
    out: BufWriter<tempfile::NamedTempFile>,
    offset: u64,
    waiting: Vec<Vec<u8>>,
    layout: Vec<(u64, u32)>,
}

impl BlockWriter {
    fn push(&mut self, block: Vec<u8>) -> io::Result<Sum> {
        let bytes = u32::try_from(block.len()).map_err(io::Error::other)?;
        let sum = Sum { bytes, digest: Digest::of(&block) };
        self.waiting.push(block);
        if self.waiting.len() >= BATCH {
            self.flush()?;
        }
        Ok(sum)
    }

    fn flush(&mut self) -> io::Result<()> {
        let compressed: Vec<io::Result<Vec<u8>>> = std::mem::take(&mut self.waiting)
            .into_par_iter()
            .map(|block| zstd::bulk::compress(&block, ZSTD_LEVEL))
            .collect();
        for block in compressed {
            let block = block?;
            let length = u32::try_from(block.len()).map_err(io::Error::other)?;
            self.out.write_all(&block)?;
            self.layout.push((self.offset, length));
            self.offset += u64::from(length);
        }
        Ok(())
    }
}
