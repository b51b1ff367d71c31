//! The index, looked up. Opening reads and checks the index's description only; a block is read, and checked, when a lookup
//! needs it. A file that is not what was written gives [`AdvisoriesError::Damaged`], whatever its bytes.

use super::format::{Content, KeyEntry, Layout, MAX_BLOCK_BYTES, Sum, digest, pieces, split};
use crate::model::{Advisory, Affected, Digest, Ecosystem, Snapshot, Timestamp};
use crate::ports::{Advisories, AdvisoriesError};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes of checked blocks are kept at hand.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// A snapshot of advisories in an index file.
pub struct IndexAdvisories {
    map: memmap2::Mmap,
    snapshot: Snapshot,
    content: Content,
    layout: Layout,
    checked: Mutex<CheckedBlocks>,
}

#[derive(Default)]
struct CheckedBlocks {
    blocks: BTreeMap<usize, Arc<Vec<u8>>>,
    order: VecDeque<usize>,
    bytes: usize,
}

fn damaged(what: impl Into<String>) -> AdvisoriesError {
    AdvisoriesError::Damaged(what.into())
}

impl IndexAdvisories {
    /// Opens an index file and checks that it describes the snapshot with this digest.
    ///
    /// # Errors
    /// The file is not there, cannot be read, or is not that snapshot.
    pub fn open(path: &Path, expected: &Digest) -> Result<Self, AdvisoriesError> {
        let file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => AdvisoriesError::Missing,
            _ => AdvisoriesError::Io(error),
        })?;
        if file.metadata()?.len() == 0 {
            return Err(damaged("it is empty"));
        }
        let map = super::mmap::map(&file)?;
        let (content, layout) = split(&map).map_err(damaged)?;
        let found = digest(content);
        if found != *expected {
            return Err(damaged(format!("it should be {expected} and is {found}")));
        }
        let unreadable = |_| damaged("its description cannot be read");
        let content: Content = postcard::from_bytes(content).map_err(unreadable)?;
        let layout: Layout = postcard::from_bytes(layout).map_err(unreadable)?;
        if layout.blocks.len() != content.record_blocks.len() + content.key_blocks.len() {
            return Err(damaged("its blocks do not add up"));
        }
        let snapshot = Snapshot {
            digest: found,
            modified: Timestamp::from_unix(content.modified).map_err(|_| damaged("its time cannot be read"))?,
            ecosystems: content.present.iter().map(|(name, count)| (Ecosystem::from(name.clone()), *count)).collect(),
        };
        Ok(Self { map, snapshot, content, layout, checked: Mutex::default() })
    }

    /// How many records it holds.
    pub fn records(&self) -> u64 {
        u64::from(self.content.records)
    }

    /// Bytes of the file.
    pub fn file_bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// Reads and checks every block.
    ///
    /// # Errors
    /// Any of them is damaged.
    pub fn verify(&self) -> Result<(), AdvisoriesError> {
        let sums = self.content.record_blocks.iter().map(|block| block.sum);
        let sums = sums.chain(self.content.key_blocks.iter().map(|block| block.sum));
        sums.enumerate().try_for_each(|(number, sum)| self.read_block(number, sum).map(drop))
    }

    /// Every record, in order of id.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn all(&self) -> impl Iterator<Item = Result<Advisory, AdvisoriesError>> + '_ {
        (0..self.content.records).map(|number| self.record(number, |_| true))
    }

    fn read_block(&self, number: usize, sum: Sum) -> Result<Vec<u8>, AdvisoriesError> {
        let frame = || {
            let (offset, length) = *self.layout.blocks.get(number)?;
            let offset = usize::try_from(offset).ok()?;
            self.map.get(offset..offset.checked_add(usize::try_from(length).ok()?)?)
        };
        let frame = frame().ok_or_else(|| damaged(format!("block {number} is not in the file")))?;
        if sum.bytes > MAX_BLOCK_BYTES {
            return Err(damaged(format!("block {number} is too large")));
        }
        let text = zstd::bulk::decompress(frame, sum.bytes as usize)
            .map_err(|_| damaged(format!("block {number} cannot be decompressed")))?;
        if text.len() != sum.bytes as usize || Digest::of(&text) != sum.digest {
            return Err(damaged(format!("block {number} does not have its digest")));
        }
        Ok(text)
    }

    fn block(&self, number: usize, sum: Sum) -> Result<Arc<Vec<u8>>, AdvisoriesError> {
        let lock = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(block) = lock().blocks.get(&number) {
            return Ok(Arc::clone(block));
        }
        let block = Arc::new(self.read_block(number, sum)?);
        let mut checked = lock();
        if checked.blocks.insert(number, Arc::clone(&block)).is_none() {
            checked.order.push_back(number);
            checked.bytes += block.len();
        }
        while checked.bytes > CACHE_BYTES
            && let Some(oldest) = checked.order.pop_front()
        {
            checked.bytes -= checked.blocks.remove(&oldest).map_or(0, |block| block.len());
        }
        Ok(block)
    }

    /// The records that name this package in exactly this ecosystem, and as which of their packages.
    fn find(&self, ecosystem: &str, name: &str) -> Result<Vec<(u32, u32)>, AdvisoriesError> {
        let Ok(ecosystem) = self.content.ecosystems.binary_search_by(|one| one.as_str().cmp(ecosystem)) else {
            return Ok(Vec::new());
        };
        let ecosystem = u32::try_from(ecosystem).map_err(|_| damaged("too many ecosystems"))?;
        let key = (ecosystem, name);
        let blocks = &self.content.key_blocks;
        let after = blocks.partition_point(|block| (block.ecosystem, block.name.as_str()) <= key);
        let Some((number, block)) = after.checked_sub(1).and_then(|at| Some((at, blocks.get(at)?))) else {
            return Ok(Vec::new());
        };
        let text = self.block(self.content.record_blocks.len() + number, block.sum)?;
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            let (entry, left): (KeyEntry<'_>, _) =
                postcard::take_from_bytes(rest).map_err(|_| damaged(format!("key block {number} cannot be read")))?;
            match (entry.ecosystem, entry.name).cmp(&key) {
                std::cmp::Ordering::Less => rest = left,
                std::cmp::Ordering::Equal => return Ok(entry.records),
                std::cmp::Ordering::Greater => break,
            }
        }
        Ok(Vec::new())
    }

    /// A record with those of its packages that are asked for.
    fn record(&self, number: u32, wanted: impl Fn(u32) -> bool) -> Result<Advisory, AdvisoriesError> {
        let missing = || damaged(format!("record {number} is not in its block"));
        let unreadable = |error: serde_json::Error| damaged(format!("record {number} cannot be read: {error}"));
        let blocks = &self.content.record_blocks;
        let at = blocks.partition_point(|block| block.first <= number).checked_sub(1).ok_or_else(missing)?;
        let block = blocks.get(at).ok_or_else(missing)?;
        let text = self.block(at, block.sum)?;
        let skipped = usize::try_from(number - block.first).map_err(|_| missing())?;
        let record = pieces(&text).nth(skipped).ok_or_else(missing)?;
        let mut parts = pieces(record);
        let mut advisory: Advisory = serde_json::from_slice(parts.next().ok_or_else(missing)?).map_err(unreadable)?;
        for (_, part) in (0..).zip(parts).filter(|(part, _)| wanted(*part)) {
            advisory.affected.extend(serde_json::from_slice::<Vec<Affected>>(part).map_err(unreadable)?);
        }
        Ok(advisory)
    }
}

impl Advisories for IndexAdvisories {
    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn lookup(&self, ecosystem: &Ecosystem, name: &str) -> Result<Vec<Advisory>, AdvisoriesError> {
        let normal = ecosystem.kind.normal_name(name);
        let mut records = Vec::new();
        for one in ecosystem.spoken_of_in() {
            records.extend(self.find(&one.to_string(), &normal)?);
        }
        records.sort_unstable();
        let one = |parts: &[(u32, u32)]| {
            let number = parts.first().map_or(0, |(number, _)| *number);
            self.record(number, |part| parts.iter().any(|(_, wanted)| *wanted == part))
        };
        records.chunk_by(|a, b| a.0 == b.0).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::{Builder, Prepared};
    use super::super::osv;
    use super::*;
    use std::path::PathBuf;

    fn advisory(number: u32) -> Advisory {
        let json = format!(
            r#"{{"id":"T-{number:04}","modified":"2024-01-01T00:00:00Z","summary":"{}","affected":[
              {{"package":{{"ecosystem":"npm","name":"p{}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"{number}.0.0"}}]}}]}},
              {{"package":{{"ecosystem":"Debian:{}","name":"common"}}}}]}}"#,
            "words ".repeat(usize::try_from(number % 40).unwrap()),
            number / 2,
            number % 3 + 11,
        );
        osv::parse(json.as_bytes()).unwrap().advisory
    }

    fn build(dir: &Path, numbers: impl Iterator<Item = u32>) -> (PathBuf, Digest) {
        let mut builder = Builder::new().unwrap();
        builder.mark_present(Ecosystem::from("npm".to_owned()));
        for number in numbers {
            builder.add(Prepared::new(advisory(number)).unwrap()).unwrap();
        }
        let built = builder.finish(dir).unwrap();
        let (_, path) = built.file.keep().unwrap();
        (path, built.digest)
    }

    type Answers = Vec<Result<Vec<Advisory>, String>>;

    fn answers(path: &Path, digest: &Digest) -> Result<Answers, AdvisoriesError> {
        let index = IndexAdvisories::open(path, digest)?;
        let asked = [("npm", "p0"), ("npm", "p299"), ("Debian:12", "common"), ("npm", "none"), ("PyPI", "p1")];
        Ok(asked
            .iter()
            .map(|(ecosystem, name)| {
                index.lookup(&Ecosystem::from((*ecosystem).to_owned()), name).map_err(|error| error.to_string())
            })
            .collect())
    }

    #[test]
    fn the_order_of_records_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let (forward, digest) = build(dir.path(), 0..600);
        let (backward, same) = build(dir.path(), (0..600).rev().chain(100..200));
        assert_eq!(digest, same);
        assert_eq!(std::fs::read(forward).unwrap(), std::fs::read(backward).unwrap());
        assert_ne!(build(dir.path(), 0..599).1, digest);
        let (empty, digest) = build(dir.path(), 0..0);
        let index = IndexAdvisories::open(&empty, &digest).unwrap();
        index.verify().unwrap();
        assert_eq!(index.lookup(&Ecosystem::from("npm".to_owned()), "p0").unwrap(), []);
        assert_eq!(index.snapshot().ecosystems.len(), 1);
    }

    #[test]
    fn a_damaged_file_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let (path, digest) = build(dir.path(), 0..600);
        let right = answers(&path, &digest).unwrap();
        assert!(right.iter().all(Result::is_ok));
        assert_eq!(right[0].as_ref().unwrap().len(), 2);
        assert_eq!(right[2].as_ref().unwrap().len(), 200);
        let bytes = std::fs::read(&path).unwrap();
        let damaged = dir.path().join("damaged.idx");
        let mut seen = 0;
        let mut check = |bytes: &[u8]| {
            std::fs::write(&damaged, bytes).unwrap();
            match answers(&damaged, &digest) {
                Err(error) => {
                    assert!(matches!(error, AdvisoriesError::Damaged(_)), "{error}");
                    seen += 1;
                }
                Ok(found) => {
                    for (found, right) in found.iter().zip(&right) {
                        assert!(found.is_err() || found == right);
                    }
                    seen += usize::from(found.iter().any(Result::is_err));
                }
            }
        };
        let tail = bytes.len().saturating_sub(700);
        for at in (0..tail).step_by(97).chain(tail..bytes.len()) {
            for flip in [1, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                check(&changed);
            }
        }
        for cut in [0, 1, 23, 24, 25, bytes.len() / 2, bytes.len() - 1] {
            check(&bytes[..cut]);
        }
        let mut longer = bytes.clone();
        longer.extend_from_slice(&bytes);
        check(&longer);
        assert!(seen > 700, "{seen}");
        let elsewhere = Digest::of(b"another");
        assert!(matches!(IndexAdvisories::open(&path, &elsewhere), Err(AdvisoriesError::Damaged(_))));
    }
}
