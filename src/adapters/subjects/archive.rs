//! An uncompressed tar file as a set of files: where each lies is noted once, then each is read in place. Nothing is unpacked,
//! and no name in it is ever a path on this machine.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Error, Read, Result, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// The most entries of an archive.
const ENTRY_LIMIT: usize = 100_000;
/// The longest path, in bytes.
const PATH_LIMIT: usize = 4096;
/// What the headers of one entry may take, in bytes.
const HEADER_LIMIT: u64 = 2 << 20;
/// How many links may lead from one to the next.
const LINK_LIMIT: usize = 8;

/// The archive.
pub(crate) struct Archive {
    file: Arc<File>,
    size: u64,
    members: BTreeMap<String, Member>,
}

enum Member {
    File {
        offset: u64,
        size: u64,
    },
    /// To another path in the archive.
    Link(String),
}

impl Archive {
    /// Reads the headers of a tar file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(Error::other("not a file"));
        }
        let mut start = [0; 6];
        let count = file.read(&mut start)?;
        if let Some(kind) = compression(&start[..count]) {
            return Err(Error::other(format!("compressed by {kind}: decompress it first")));
        }
        file.rewind()?;
        let members = members(&file)?;
        Ok(Self { file: Arc::new(file), size: metadata.len(), members })
    }

    /// The place and size of a file, links followed.
    fn find(&self, name: &str) -> Result<(u64, u64)> {
        let missing = || Error::new(std::io::ErrorKind::NotFound, "is missing");
        let mut name = normal("", name).ok_or_else(missing)?;
        for _ in 0..LINK_LIMIT {
            match self.members.get(&name) {
                None => return Err(missing()),
                Some(Member::Link(target)) => name.clone_from(target),
                Some(Member::File { offset, size }) => {
                    let is_whole = offset.checked_add(*size).is_some_and(|end| end <= self.size);
                    return if is_whole { Ok((*offset, *size)) } else { Err(Error::other("is cut off")) };
                }
            }
        }
        Err(Error::other("is a link that leads in circles"))
    }

    /// The size of a file.
    pub(crate) fn size_of(&self, name: &str) -> Result<u64> {
        self.find(name).map(|(_, size)| size)
    }

    /// Reads a file from its beginning.
    pub(crate) fn reader(&self, name: &str) -> Result<MemberReader> {
        let (at, left) = self.find(name)?;
        Ok(MemberReader { file: Arc::clone(&self.file), at, left })
    }

    /// A small file, whole.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let mut reader = self.reader(name)?;
        if reader.left > limit {
            return Err(Error::other(format!("larger than {limit} bytes")));
        }
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// One file of an archive.
pub(crate) struct MemberReader {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Read for MemberReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

fn compression(start: &[u8]) -> Option<&'static str> {
    match start {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [b'B', b'Z', b'h', ..] => Some("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Some("xz"),
        _ => None,
    }
}

fn members(file: &File) -> Result<BTreeMap<String, Member>> {
    let allowance = Rc::new(Cell::new(HEADER_LIMIT));
    let mut members = BTreeMap::new();
    let mut archive = tar::Archive::new(Headers { file, allowance: Rc::clone(&allowance) });
    for (count, entry) in archive.entries_with_seek()?.enumerate() {
        let entry = entry.map_err(|error| Error::other(format!("a damaged tar archive: {error}")))?;
        allowance.set(HEADER_LIMIT);
        if count >= ENTRY_LIMIT {
            return Err(Error::other(format!("more than {ENTRY_LIMIT} files")));
        }
        let raw = entry.path_bytes();
        let path = std::str::from_utf8(&raw).ok().filter(|path| path.len() <= PATH_LIMIT);
        // Names that are odd are none that a manifest may use.
        let Some(path) = path.and_then(|path| normal("", path)) else { continue };
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let base = if kind.is_symlink() { parent } else { "" };
            let target = entry.link_name_bytes().and_then(|bytes| String::from_utf8(bytes.into_owned()).ok());
            if let Some(target) = target.and_then(|target| normal(base, &target)) {
                members.insert(path, Member::Link(target));
            }
        } else if kind.is_file() || kind.is_contiguous() {
            members.insert(path, Member::File { offset: entry.raw_file_position(), size: entry.size() });
        }
    }
    Ok(members)
}

/// A path within the archive; none for one that leads out of it.
fn normal(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    (!path.starts_with('/')).then(|| parts.join("/"))
}

/// The file, of which only so much is read between two files: long names are held in memory.
struct Headers<'a> {
    file: &'a File,
    allowance: Rc<Cell<u64>>,
}

impl Read for Headers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let most = buffer.len().min(usize::try_from(self.allowance.get()).unwrap_or(usize::MAX));
        if most == 0 && !buffer.is_empty() {
            return Err(Error::other("headers of more than 2 MiB"));
        }
        let count = self.file.read(&mut buffer[..most])?;
        self.allowance.set(self.allowance.get() - count as u64);
        Ok(count)
    }
}

impl Seek for Headers<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.file.seek(to)
    }
}
