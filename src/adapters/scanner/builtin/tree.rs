//! Source trees and root filesystems: the selected files, read again and held to the digests they were located with.

use super::assemble::{Placed, assemble};
use super::catalog::FOUND_LIMIT;
use super::facts::{Facts, wanting};
use super::spool::{Spool, SpoolError};
use crate::adapters::subjects::rootfs::UnreadLinks;
use crate::model::{Digest, Gap, GapKind, Hasher, Location, Sbom};
use crate::ports::{ScanError, ScanRequest};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;

/// Reads a source tree, or what is `installed` in a root filesystem.
pub(super) fn scan(request: &ScanRequest, installed: bool) -> Result<Sbom, ScanError> {
    let located = &request.located;
    let uri = located.subject.uri.strip_prefix("dir:").unwrap_or_default();
    let parts: Vec<&str> = uri.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let base = parts.join("/");
    // Path below the tree's root to digest.
    let files: BTreeMap<&str, Digest> =
        located.inputs.iter().filter_map(|(path, _, digest)| Some((below(&base, path)?, (*digest)?))).collect();
    let mut weight = 0;
    let mut read: Vec<(&str, Facts)> = Vec::with_capacity(files.len());
    for (path, digest) in &files {
        if request.cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let Opened { spool, size, executable } = open(request, path, digest)?;
        let wanting = wanting(installed, path, size, executable);
        let failure = RefCell::new(None);
        let companion = |name: &str| {
            let beside = beside(path, name)?;
            let digest = files.get(beside.as_str())?;
            let bytes = open(request, &beside, digest).and_then(|opened| whole(&beside, &opened.spool));
            bytes.map_err(|error| failure.replace(Some(error))).ok()
        };
        let facts = Facts::of(&wanting, path, spool.content(), &companion);
        if let Some(error) = failure.take() {
            return Err(error);
        }
        weight += facts.weight();
        if weight > FOUND_LIMIT {
            let reason = format!("more than {FOUND_LIMIT} packages");
            return Ok(Sbom { gaps: vec![Gap::new(GapKind::LimitReached, "", reason)], ..Sbom::default() });
        }
        read.push((path, facts));
    }
    let placed = read.iter().map(|(path, facts)| Placed {
        location: Location { path: (*path).to_owned(), layer: None },
        facts,
        origins: BTreeMap::new(),
    });
    // A tree in which nothing says what it is made of was not looked into: that is not the same as one with no packages.
    let nothing = match installed {
        true => "there is nothing that tells what is installed",
        false => "there is no lockfile or manifest that is read by this version",
    };
    let mut gaps = Vec::new();
    if files.is_empty() {
        gaps.push(Gap::new(GapKind::UnreadableFile, "", nothing));
    }
    if installed {
        let links: UnreadLinks = serde_json::from_slice(&located.manifest)
            .map_err(|error| ScanError::Unusable(format!("{}: {error}", located.subject.uri)))?;
        gaps.extend(links.into_iter().map(|(path, target)| {
            let reason = format!("a symbolic link to {target}, which was not read");
            Gap::new(GapKind::UnreadableFile, path, reason)
        }));
    }
    Ok(assemble(&placed.collect::<Vec<_>>(), gaps))
}

/// A path from the project's root as one from the tree's.
fn below<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    if base.is_empty() { Some(path) } else { path.strip_prefix(base)?.strip_prefix('/') }
}

/// The path of a companion, which may lie above the file but within the tree.
fn beside(path: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

struct Opened {
    spool: Spool,
    size: u64,
    executable: bool,
}

/// The content of a file and what is known of it; of a file that is no longer what was located an error.
fn open(request: &ScanRequest, path: &str, digest: &Digest) -> Result<Opened, ScanError> {
    let fail = |reason: &dyn std::fmt::Display| ScanError::Unusable(format!("{path}: {reason}"));
    let file = std::fs::File::open(request.located.root.join(path)).map_err(|error| fail(&error.kind()))?;
    let metadata = file.metadata().map_err(|error| fail(&error.kind()))?;
    if !metadata.is_file() {
        return Err(fail(&"not a file"));
    }
    let executable = metadata.permissions().mode() & 0o111 != 0;
    let mut counted = Counted { inner: file, hasher: Hasher::new(), size: 0 };
    let spool = Spool::fill(&mut counted).map_err(|error| match error {
        SpoolError::Read(error) => fail(&error.kind()),
        SpoolError::Write(error) => ScanError::Unavailable(format!("no temporary file for {path}: {error}")),
    })?;
    if counted.hasher.finish() != *digest {
        return Err(fail(&"changed while being read"));
    }
    Ok(Opened { spool, size: counted.size, executable })
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
