//! The entries of a layer's tar, in order: what catalogers want is read, the rest is only noted.

use super::catalog::FOUND_LIMIT;
use super::catalogers::{misses, places_below};
use super::catalogue::LayerCatalogue;
use super::decode::{Meter, Stop, TarBytes};
use super::facts::{Facts, wanting};
use super::layer::LayerId;
use super::sparse::Sparse;
use super::spool::{Spool, SpoolError};
use crate::model::{Gap, GapKind};
use crate::ports::ScanError;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// The most entries of a layer.
const ENTRY_LIMIT: u64 = 10_000_000;
/// The longest path, in bytes.
const PATH_LIMIT: usize = 4096;
/// What the headers between two files may take, in bytes.
const HEADER_LIMIT: u64 = 2 << 20;
/// The most gaps that are told one by one.
const GAP_LIMIT: usize = 1000;

/// What sparse files of a layer may take together once their holes are filled, in bytes.
const SPARSE_LIMIT: u64 = 256 << 20;
/// The most hard links that are looked for in a second reading.
const LINK_LIMIT: usize = 100_000;

/// Hard links with a wanted name to files without one, by the file: each a set of names.
#[derive(Default)]
pub(super) struct HardLinks {
    /// Those whose content is to be read under their names.
    pub(super) wanted: BTreeMap<String, BTreeSet<String>>,
    /// Those whose content had passed when they were met.
    pub(super) missing: BTreeMap<String, BTreeSet<String>>,
}

/// Walks a tar to its end, or to where it stops making sense (a gap).
///
/// # Errors
/// [`ScanError::Unavailable`] where there is no room for temporary files.
pub(super) fn walk<R: Read>(
    bytes: TarBytes<'_, R>,
    meter: &Meter,
    layer: &LayerId,
    links: &mut HardLinks,
) -> Result<LayerCatalogue, ScanError> {
    let mut walk = Walk {
        catalogue: LayerCatalogue::default(),
        place: format!("layer {}", layer.diff_id),
        meter,
        links,
        linked: BTreeMap::new(),
        missing: 0,
        sparse: SPARSE_LIMIT,
        room: FOUND_LIMIT,
        told: BTreeSet::new(),
    };
    let mut archive = tar::Archive::new(bytes);
    if let Ok(entries) = archive.entries_with_seek() {
        walk.entries(entries)?;
    }
    walk.catalogue.entries.sort();
    walk.catalogue.directories.sort();
    walk.catalogue.whiteouts.sort();
    walk.catalogue.opaque.sort();
    let Walk { catalogue, links, .. } = walk;
    links.missing.retain(|target, _| catalogue.entries.contains(target));
    Ok(catalogue)
}

struct Walk<'a> {
    catalogue: LayerCatalogue,
    /// What the layer is called in gaps.
    place: String,
    meter: &'a Meter,
    links: &'a mut HardLinks,
    /// What was read for hard links that are still to come, by their names.
    linked: BTreeMap<String, Facts>,
    missing: usize,
    /// What sparse files may still take.
    sparse: u64,
    /// How much more is kept.
    room: usize,
    /// What was said of the layer as a whole.
    told: BTreeSet<&'static str>,
}

impl Walk<'_> {
    fn gap(&mut self, kind: GapKind, place: &str, reason: &str) {
        let gaps = &mut self.catalogue.gaps;
        if gaps.len() < GAP_LIMIT {
            gaps.push(Gap::new(kind, place, reason));
        } else if gaps.len() == GAP_LIMIT {
            gaps.push(Gap::new(GapKind::LimitReached, &self.place, format!("more than {GAP_LIMIT} gaps")));
        }
    }

    fn layer_gap(&mut self, kind: GapKind, reason: &'static str) {
        if self.told.insert(reason) {
            let place = self.place.clone();
            self.gap(kind, &place, reason);
        }
    }

    fn entries<R: Read>(&mut self, mut entries: tar::Entries<'_, R>) -> Result<(), ScanError> {
        let mut count = 0_u64;
        let mut end = 0;
        let mut unread = 0;
        loop {
            // What was not read of the last file is passed over now; beyond it there may only be headers.
            self.meter.allowance.set(HEADER_LIMIT.saturating_add(unread));
            let entry = entries.next();
            if self.meter.read.get() < end {
                self.layer_gap(GapKind::UnreadableFile, "it ends within a file");
                return Ok(());
            }
            let mut entry = match entry {
                None => return Ok(()),
                Some(Ok(entry)) => entry,
                Some(Err(error)) => {
                    match &*self.meter.stop.borrow() {
                        Some(Stop::Allowance) => {}
                        Some(_) => return Ok(()),
                        None => {
                            let reason = format!("a damaged tar archive: {error}");
                            self.catalogue.gaps.push(Gap::new(GapKind::UnreadableFile, &self.place, reason));
                            return Ok(());
                        }
                    }
                    self.layer_gap(GapKind::LimitReached, "headers of more than 2 MiB");
                    return Ok(());
                }
            };
            count += 1;
            if count > ENTRY_LIMIT {
                self.layer_gap(GapKind::LimitReached, "more than 10 million files");
                return Ok(());
            }
            let sparse = entry.header().entry_type().is_gnu_sparse();
            let size = if sparse { entry.header().entry_size().unwrap_or(u64::MAX) } else { entry.size() };
            // Of a sparse file further headers were read already.
            let start = if sparse { self.meter.read.get() } else { entry.raw_file_position() };
            end = start.saturating_add(size);
            let read = self.entry(&mut entry, sparse, end)?;
            unread = if read { 0 } else { size };
        }
    }

    /// Keeps what a file says, within what is kept of a layer.
    fn keep(&mut self, path: String, facts: Facts) {
        match self.room.checked_sub(facts.weight()) {
            Some(left) => {
                self.room = left;
                self.catalogue.files.insert(path, facts);
            }
            None => self.layer_gap(GapKind::LimitReached, "more packages than are kept of a layer"),
        }
    }

    /// One entry; whether its content was read.
    fn entry<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>, sparse: bool, end: u64) -> Result<bool, ScanError> {
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            return Ok(false);
        }
        let holes = if kind.is_file() { Sparse::of(entry) } else { None };
        let named = holes.as_ref().and_then(|holes| holes.name.clone());
        let raw = named.unwrap_or_else(|| entry.path_bytes().into_owned());
        if raw.len() > PATH_LIMIT {
            self.layer_gap(GapKind::LimitReached, "a path of more than 4096 bytes");
            return Ok(false);
        }
        let Some(path) = normal("", &String::from_utf8_lossy(&raw), false) else {
            self.gap(GapKind::UnreadableFile, &String::from_utf8_lossy(&raw), "a path with `..`");
            return Ok(false);
        };
        if path.is_empty() || self.whiteout(&path) {
            return Ok(false);
        }
        if kind.is_dir() || raw.ends_with(b"/") {
            self.catalogue.directories.push(&path);
            return Ok(false);
        }
        self.catalogue.entries.push(&path);
        self.catalogue.files.remove(&path);
        self.catalogue.links.remove(&path);
        if kind.is_symlink() || kind.is_hard_link() {
            let target = entry.link_name_bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            self.link(path, &target.unwrap_or_default(), kind.is_symlink());
            return Ok(false);
        }
        if kind.is_file() || kind.is_contiguous() || sparse {
            return self.file(entry, path, (sparse, holes), end);
        }
        Ok(false)
    }

    /// Notes a whiteout; whether it was one. <https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>
    fn whiteout(&mut self, path: &str) -> bool {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(hidden) = name.strip_prefix(".wh.") else { return false };
        if hidden == ".wh..opq" {
            self.catalogue.opaque.push(parent);
        } else if !hidden.is_empty() && !hidden.starts_with(".wh.") {
            let whiteout = if parent.is_empty() { hidden.to_owned() } else { format!("{parent}/{hidden}") };
            self.catalogue.whiteouts.push(&whiteout);
        }
        true
    }

    fn link(&mut self, path: String, target: &str, symbolic: bool) {
        if symbolic {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let wanted = misses(&path) || places_below(&path).next().is_some();
            if wanted && let Some(target) = normal(parent, target, true) {
                if self.catalogue.links.len() < LINK_LIMIT {
                    self.catalogue.links.insert(path, target);
                } else {
                    self.layer_gap(GapKind::LimitReached, "more symbolic links than are kept");
                }
            }
            return;
        }
        let target = normal("", target, false);
        let read = self.linked.remove(&path);
        let facts = read.or_else(|| self.catalogue.files.get(target.as_ref()?).cloned());
        if let Some(facts) = facts {
            self.keep(path, facts);
        } else if !wanting(true, &path, 1, false).is_empty() {
            let facts = Facts::gap(GapKind::UnreadableFile, &path, "a hard link to a file that was not read");
            self.keep(path.clone(), facts);
            if let Some(target) = target.filter(|_| self.missing < LINK_LIMIT) {
                self.missing += 1;
                self.links.missing.entry(target).or_default().insert(path);
            }
        }
    }

    fn file<R: Read>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        path: String,
        (sparse, holes): (bool, Option<Sparse>),
        end: u64,
    ) -> Result<bool, ScanError> {
        let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
        let size = holes.as_ref().map_or_else(|| entry.size(), |holes| holes.size);
        let readers = wanting(true, &path, size, executable);
        let links = self.links.wanted.get(&path);
        if readers.is_empty() && links.is_none() {
            return Ok(false);
        }
        if sparse || holes.is_some() {
            // Holes cost nothing in the layer, but room where the file is put.
            match self.sparse.checked_sub(size) {
                Some(left) => self.sparse = left,
                None => {
                    let facts = Facts::gap(GapKind::LimitReached, &path, "sparse files of more than 256 MiB");
                    self.keep(path, facts);
                    return Ok(false);
                }
            }
        }
        self.meter.allowance.set(u64::MAX);
        let filled = match holes {
            Some(holes) => {
                holes.fill(&mut *entry).map_err(SpoolError::Read).and_then(|mut whole| Spool::fill(&mut whole))
            }
            None => Spool::fill(entry),
        };
        let spool = match filled {
            Ok(spool) => spool,
            Err(SpoolError::Read(error)) if self.meter.stop.borrow().is_none() => {
                let facts = Facts::gap(GapKind::UnreadableFile, &path, format!("a damaged sparse file: {error}"));
                self.keep(path, facts);
                return Ok(false);
            }
            // The meter knows why; the next step tells it.
            Err(SpoolError::Read(_)) => return Ok(true),
            Err(SpoolError::Write(error)) => {
                return Err(ScanError::Unavailable(format!("no temporary file for a large file of an image: {error}")));
            }
        };
        if self.meter.read.get() < end {
            let facts = Facts::gap(GapKind::UnreadableFile, &path, "the layer ends within it");
            self.keep(path, facts);
            return Ok(true);
        }
        for link in links.into_iter().flatten() {
            let readers = wanting(true, link, size, executable);
            self.linked.insert(link.clone(), Facts::of(&readers, link, spool.content(), &|_| None));
        }
        if !readers.is_empty() {
            let facts = Facts::of(&readers, &path, spool.content(), &|_| None);
            self.keep(path, facts);
        }
        Ok(true)
    }
}

/// A path from the root, seen from a directory: without `.`, empty parts and a leading `/`. `..` is followed (and stops at
/// the root) where allowed, else there is none.
fn normal(base: &str, path: &str, up: bool) -> Option<String> {
    let base = if path.starts_with('/') { "" } else { base };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if up => {
                parts.pop();
            }
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
