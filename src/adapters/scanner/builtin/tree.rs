//! Source trees and root filesystems: the selected files, read again and held to the digests they were located with.

use super::assemble::{Placed, assemble};
use super::catalog::{FOUND_LIMIT, LISTED};
use super::facts::{Facts, wanting};
use super::spool::{Spool, SpoolError};
use crate::adapters::subjects::glob::Glob;
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
    // A file that is only asked for beside another one says nothing by itself.
    let mut wanted = false;
    // Many files ask for one companion, as the members of a workspace do for its lockfile: the last one is kept.
    let last: RefCell<Option<(String, Vec<u8>)>> = RefCell::new(None);
    let mut read: Vec<(&str, Facts)> = Vec::with_capacity(files.len());
    for (path, digest) in &files {
        if request.cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let Opened { spool, size, executable } = open(request, path, digest)?;
        let wanting = wanting(installed, path, size, executable);
        wanted |= !wanting.is_empty();
        let failure = RefCell::new(None);
        let companion = |name: &str| {
            if name.contains('*') {
                return Some(named(path, name, files.keys().copied()));
            }
            let beside = beside(path, name)?;
            let digest = files.get(beside.as_str())?;
            if let Some((_, bytes)) = last.borrow().as_ref().filter(|(path, _)| *path == beside) {
                return Some(bytes.clone());
            }
            let bytes = open(request, &beside, digest).and_then(|opened| whole(&beside, &opened.spool));
            let bytes = bytes.map_err(|error| failure.replace(Some(error))).ok()?;
            last.replace(Some((beside, bytes.clone())));
            Some(bytes)
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
    if !wanted {
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

/// The paths of the files below a file's directory that a pattern names, from there, a line each.
fn named<'a>(path: &str, pattern: &str, files: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let glob = Glob::new(pattern);
    // Most paths are told apart by their ends alone.
    let name = pattern.rsplit(['/', '*']).next().unwrap_or(pattern);
    let below =
        files.filter_map(|file| below(directory, file)).filter(|file| file.ends_with(name) && !file.contains('\n'));
    below.filter(|file| glob.matches(file)).take(LISTED).collect::<Vec<_>>().join("\n").into_bytes()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::subjects::Locator;
    use crate::model::{Blob, Scope};
    use crate::ports::{
        ActionKey, ActionRecord, BlobLookup, Cache, CacheError, Cancel, Output, SourceSpec, SubjectSpec, Subjects as _,
    };
    use std::sync::Arc;

    /// A cache that keeps nothing.
    struct Forgetful;

    impl Cache for Forgetful {
        fn blob(&self, _: &Digest) -> Result<BlobLookup, CacheError> {
            Ok(BlobLookup::Missing)
        }
        fn put_blob(&self, bytes: &[u8]) -> Result<Digest, CacheError> {
            Ok(Digest::of(bytes))
        }
        fn action(&self, _: &ActionKey) -> Result<Option<ActionRecord>, CacheError> {
            Ok(None)
        }
        fn output(&self, _: &ActionKey, _: &str) -> Result<BlobLookup<(Blob, Vec<u8>)>, CacheError> {
            Ok(BlobLookup::Missing)
        }
        fn put_action(&self, _: &ActionKey, _: &[(&str, Output<'_>)]) -> Result<(), CacheError> {
            Ok(())
        }
    }

    fn sbom(files: &[(&str, &str)]) -> Sbom {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for (path, text) in files {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
        }
        let spec = SubjectSpec::Source(SourceSpec { path: ".".into(), exclude: Vec::new() });
        let located = Locator::here(root.to_owned()).locate(&spec, &|_, _| None).unwrap();
        scan(&ScanRequest { located, cache: Arc::new(Forgetful), cancel: Cancel::new() }, false).unwrap()
    }

    fn gaps(sbom: &Sbom) -> String {
        sbom.gaps.iter().map(|gap| format!("{}: {}", gap.place, gap.reason)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_lies_beside_another_file_says_nothing_by_itself() {
        let alone = sbom(&[("go.sum", "x y z\n"), ("main.go", "")]);
        assert!(gaps(&alone).contains("there is no lockfile or manifest"), "{}", gaps(&alone));
    }

    #[test]
    fn members_of_a_workspace_are_locked_by_its_lockfile() {
        let manifest = r#"{"dependencies":{"a":"1.0.0"}}"#;
        let lock = r#"{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}}}"#;
        let tree = [("x/package.json", manifest), ("y/z/package.json", manifest), ("w/package.json", manifest)];
        let whole = sbom(&[&tree[..], &[("package-lock.json", lock)]].concat());
        assert_eq!((gaps(&whole).as_str(), whole.components.len()), ("", 1));
        let python =
            [("p/pyproject.toml", "[project]\ndependencies = [\"a\"]\n"), ("p/requirements/base.txt", "a==1.0\n")];
        assert_eq!(gaps(&sbom(&python)), "");
        assert!(gaps(&sbom(&[python[0], ("requirements/base.txt", "a==1.0\n")])).starts_with("p/pyproject.toml: "));
        let part = sbom(&[&tree[..], &[("w/package-lock.json", lock)]].concat());
        assert_eq!(part.gaps.len(), 2, "{}", gaps(&part));
        assert!(gaps(&part).starts_with("x/package.json: it asks for packages"), "{}", gaps(&part));
    }

    #[test]
    fn patterns_of_a_workspace_are_followed() {
        let lock = "# yarn lockfile v1\n\na@1:\n  version \"1.0.0\"\n\nb@1:\n  version \"1.0.0\"\n";
        let root = r#"{"workspaces":["packages/*","!packages/no"],"devDependencies":{"a":"1","b":"1"}}"#;
        let member = r#"{"name":"m","dependencies":{"b":"1"}}"#;
        let files = [
            ("s/yarn.lock", lock),
            ("s/package.json", root),
            ("s/packages/m/package.json", member),
            ("packages/x/package.json", "{}"),
        ];
        let found = sbom(&files);
        let scopes: Vec<Scope> = found.components.iter().map(|component| component.scope).collect();
        assert_eq!((gaps(&found).as_str(), scopes), ("", vec![Scope::Development, Scope::Runtime]));
        let package = |name: &str, needs: &str, source: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{source}dependencies = [{needs}]\n")
        };
        let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let lock = [package("m", "\"a\", \"b\"", ""), package("a", "", source), package("b", "", source)].concat();
        let manifest = "[package]\nname = \"m\"\n[dependencies]\nb = \"1\"\n[dev-dependencies]\na = \"1\"\n";
        let root = "[workspace]\nmembers = [\"crates/*\"]\n";
        let found = sbom(&[("Cargo.lock", lock.as_str()), ("Cargo.toml", root), ("crates/m/Cargo.toml", manifest)]);
        let shown: Vec<String> = found.components.iter().map(|c| format!("{} {:?}", c.name, c.scope)).collect();
        assert_eq!((gaps(&found).as_str(), shown.join(", ").as_str()), ("", "a Development, b Runtime, m Runtime"));
    }

    #[test]
    fn a_manifest_beside_the_lock_tells_what_is_for_development() {
        let lock = "# yarn lockfile v1\n\na@^1.0.0:\n  version \"1.0.0\"\n";
        let found = sbom(&[("s/yarn.lock", lock), ("s/package.json", r#"{"devDependencies":{"a":"^1.0.0"}}"#)]);
        let scopes: Vec<Scope> = found.components.iter().map(|component| component.scope).collect();
        assert_eq!((gaps(&found).as_str(), scopes), ("", vec![Scope::Development]));
    }
}
