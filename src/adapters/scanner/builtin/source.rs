//! Source trees: the selected files, read again and held to the digests they were located with.

use super::assemble::{Placed, assemble};
use super::facts::{Facts, wanting};
use super::spool::{Spool, SpoolError};
use crate::model::{Digest, Gap, GapKind, Hasher, Location, Sbom};
use crate::ports::{ScanError, ScanRequest};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read;

pub(super) fn scan(request: &ScanRequest) -> Result<Sbom, ScanError> {
    let located = &request.located;
    let base = located.subject.uri.strip_prefix("dir:").unwrap_or(".");
    // Path below the tree's root to digest.
    let files: BTreeMap<&str, Digest> =
        located.inputs.iter().filter_map(|(path, _, digest)| Some((below(base, path)?, (*digest)?))).collect();
    let mut read: Vec<(&str, Facts)> = Vec::with_capacity(files.len());
    for (path, digest) in &files {
        if request.cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let (spool, size) = open(request, path, digest)?;
        let wanting = wanting(false, path, size, false);
        let failure = RefCell::new(None);
        let companion = |name: &str| {
            let beside =
                path.rsplit_once('/').map_or_else(|| name.to_owned(), |(parent, _)| format!("{parent}/{name}"));
            let digest = files.get(beside.as_str())?;
            let bytes = open(request, &beside, digest).and_then(|(spool, _)| whole(&beside, &spool));
            bytes.map_err(|error| failure.replace(Some(error))).ok()
        };
        let facts = Facts::of(&wanting, path, spool.content(), &companion);
        if let Some(error) = failure.take() {
            return Err(error);
        }
        read.push((path, facts));
    }
    let placed = read.iter().map(|(path, facts)| Placed {
        location: Location { path: (*path).to_owned(), layer: None },
        facts,
        origins: BTreeMap::new(),
    });
    // A tree in which nothing says what it is made of was not looked into: that is not the same as one with no packages.
    let nothing =
        || Gap::new(GapKind::UnreadableFile, "", "there is no lockfile or manifest that is read by this version");
    let gaps = files.is_empty().then(nothing).into_iter().collect();
    Ok(assemble(&placed.collect::<Vec<_>>(), gaps))
}

/// A path from the project's root as one from the tree's.
fn below<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    if base == "." { Some(path) } else { path.strip_prefix(base)?.strip_prefix('/') }
}

/// The content of a file and its size; of a file that is no longer what was located an error.
fn open(request: &ScanRequest, path: &str, digest: &Digest) -> Result<(Spool, u64), ScanError> {
    let fail = |reason: &dyn std::fmt::Display| ScanError::Unusable(format!("{path}: {reason}"));
    let file = std::fs::File::open(request.located.root.join(path)).map_err(|error| fail(&error.kind()))?;
    if !file.metadata().map_err(|error| fail(&error.kind()))?.is_file() {
        return Err(fail(&"not a file"));
    }
    let mut counted = Counted { inner: file, hasher: Hasher::new(), size: 0 };
    let spool = Spool::fill(&mut counted).map_err(|error| match error {
        SpoolError::Read(error) => fail(&error.kind()),
        SpoolError::Write(error) => ScanError::Unavailable(format!("no temporary file for {path}: {error}")),
    })?;
    if counted.hasher.finish() != *digest {
        return Err(fail(&"changed while being read"));
    }
    Ok((spool, counted.size))
}

fn whole(path: &str, spool: &Spool) -> Result<Vec<u8>, ScanError> {
    let content = spool.content();
    let bytes = content.bytes().map_err(|error| ScanError::Unusable(format!("{path}: {error}")))?;
    Ok(bytes.into_owned())
}

struct Counted {
    inner: std::fs::File,
    hasher: Hasher,
    size: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.size = self.size.saturating_add(count as u64);
        Ok(count)
    }
}
