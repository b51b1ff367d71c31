//! Source trees: the lockfiles and manifests below a directory, by their directory hash; and root filesystems: the package
//! databases, installed packages and programs below it, in the same way.

use super::glob::Glob;
use super::place::{Root, join, unreadable, unusable};
use super::rootfs;
use crate::adapters::scanner::builtin::catalogers::{misses, places, wants_installed, wants_source};
use crate::adapters::stamp::stamp;
use crate::model::{Digest, Hasher, Name, Subject, SubjectDigest, SubjectKind};
use crate::ports::{ImageSpec, Located, SourceSpec, Stamp, SubjectError};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The most files and directories that are looked at.
const ENTRY_LIMIT: usize = 1_000_000;
/// How deep directories may lie in each other.
const DEPTH_LIMIT: usize = 128;
/// What is installed, built or kept there, not written: never part of a source tree.
const SKIPPED: [&str; 11] = [
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    ".venv",
    "venv",
    "target",
    "__pycache__",
    ".tox",
    ".compliance",
    ".proofmark",
];

type Known<'a> = &'a (dyn Fn(&str, &Stamp) -> Option<Digest> + Sync);

pub(super) fn locate(root: &Root, spec: &SourceSpec, known: Known<'_>) -> Result<Located, SubjectError> {
    let (place, directory) = root.resolve(&spec.path)?;
    let exclude = spec.exclude.iter().map(|pattern| Glob::new(pattern)).collect();
    let walk = Walk::all(root, &place, &directory, exclude, known, false)?;
    let digest = SubjectDigest::of_files(walk.files.iter().map(|(path, digest)| (path.as_str(), *digest)));
    let name = Name::new("source").map_err(|error| SubjectError::Reference(error.to_string()))?;
    let subject = Subject { name, kind: SubjectKind::Source, uri: format!("dir:{place}"), digest };
    Ok(Located::here(subject, directory, Vec::new(), walk.inputs()))
}

/// A root filesystem. Its digest is of the files that are read, and of the links that could be.
pub(super) fn locate_installed(
    root: &Root,
    spec: &ImageSpec,
    path: &str,
    known: Known<'_>,
) -> Result<Located, SubjectError> {
    let (place, directory) = root.resolve(path)?;
    let mut walk = Walk::all(root, &place, &directory, Vec::new(), known, true)?;
    let mut unread = rootfs::UnreadLinks::new();
    // Links above where package databases lie lead elsewhere as well.
    let links = std::mem::take(&mut walk.links).into_iter().chain(places().map(str::to_owned));
    for path in links.collect::<BTreeSet<_>>() {
        let Some(target) = rootfs::follow(&directory, &path) else { continue };
        if walk.files.iter().all(|(read, _)| *read != target) {
            walk.files.push((path.clone(), Digest::of(format!("link {target}").as_bytes())));
            unread.push((path, target));
        }
    }
    let digest = SubjectDigest::of_files(walk.files.iter().map(|(path, digest)| (path.as_str(), *digest)));
    let subject = Subject { name: spec.name.clone(), kind: SubjectKind::Image, uri: spec.reference.clone(), digest };
    let manifest = serde_json::to_vec(&unread).map_err(|error| unusable(&place, error.to_string()))?;
    Ok(Located::here(subject, directory, manifest, walk.inputs()))
}

struct Walk<'a> {
    root: &'a Root,
    place: String,
    exclude: Vec<Glob>,
    known: Known<'a>,
    /// Selected files, by path from the tree's root.
    files: Vec<(String, Digest)>,
    inputs: BTreeMap<String, (Stamp, Option<Digest>)>,
    /// Directories to read: path from the tree's root, path, depth.
    pending: Vec<(String, PathBuf, usize)>,
    entries: usize,
    /// Whether it is a root filesystem.
    installed: bool,
    /// Symbolic links of a root filesystem that have the name of a file that would be missed.
    links: Vec<String>,
}

impl<'a> Walk<'a> {
    fn all(
        root: &'a Root,
        place: &str,
        directory: &Path,
        exclude: Vec<Glob>,
        known: Known<'a>,
        installed: bool,
    ) -> Result<Self, SubjectError> {
        let mut walk = Self {
            root,
            place: place.to_owned(),
            exclude,
            known,
            files: Vec::new(),
            inputs: BTreeMap::new(),
            pending: vec![(String::new(), directory.to_owned(), 0)],
            entries: 0,
            installed,
            links: Vec::new(),
        };
        while let Some((below, path, depth)) = walk.pending.pop() {
            walk.directory(&below, &path, depth)?;
        }
        Ok(walk)
    }

    fn inputs(self) -> Vec<(String, Stamp, Option<Digest>)> {
        self.inputs.into_iter().map(|(path, (stamp, digest))| (path, stamp, digest)).collect()
    }

    /// Whether a directory is no part of the subject.
    fn skips(&self, below: &str, name: &str) -> bool {
        if self.installed { below.is_empty() && rootfs::FILLED.contains(&name) } else { SKIPPED.contains(&name) }
    }

    fn directory(&mut self, below: &str, path: &Path, depth: usize) -> Result<(), SubjectError> {
        let place = if below.is_empty() { self.place.clone() } else { join(&self.place, below) };
        if depth > DEPTH_LIMIT {
            return Err(unusable(&place, format!("directories more than {DEPTH_LIMIT} deep")));
        }
        let fail = |error: std::io::Error| unreadable(&place, &error);
        // Stat before list: what changes in between is then seen as a change the next time.
        let metadata = path.metadata().map_err(fail)?;
        if !metadata.is_dir() {
            return Err(unusable(&place, "not a directory"));
        }
        self.inputs.insert(place.clone(), (stamp(&metadata), None));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            names.push((entry.file_name(), entry.file_type().map_err(fail)?));
            self.entries += 1;
            if self.entries > ENTRY_LIMIT {
                return Err(unusable(&self.place, format!("more than {ENTRY_LIMIT} files")));
            }
        }
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in names {
            let text = name.to_string_lossy();
            let inner = if below.is_empty() { text.to_string() } else { format!("{below}/{text}") };
            if self.exclude.iter().any(|glob| glob.matches(&inner)) {
                continue;
            }
            let readable = name.to_str().is_some() && !text.contains('\n');
            if kind.is_dir() {
                if self.skips(below, &text) {
                    continue;
                }
                if !readable {
                    return Err(unusable(&join(&self.place, &inner), "a name that is not plain UTF-8"));
                }
                self.pending.push((inner, path.join(&name), depth + 1));
            } else if !self.installed {
                self.file(inner, &path.join(&name), kind.is_symlink(), readable)?;
            } else if kind.is_file() {
                self.installed_file(inner, &path.join(&name), readable)?;
            } else if kind.is_symlink() && misses(&inner) {
                self.links.push(inner);
            }
        }
        Ok(())
    }

    fn file(&mut self, inner: String, path: &Path, is_link: bool, readable: bool) -> Result<(), SubjectError> {
        let place = join(&self.place, &inner);
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            Err(_) if !wants_source(&inner, 1) => return Ok(()),
            Err(error) if is_link => {
                return Err(unusable(&place, format!("a symbolic link that leads nowhere: {}", error.kind())));
            }
            Err(error) => return Err(unreadable(&place, &error)),
        };
        if !wants_source(&inner, metadata.len()) {
            return Ok(());
        }
        if !readable {
            return Err(unusable(&place, "a name that is not plain UTF-8"));
        }
        if is_link {
            // A directory that has a lockfile's name is none.
            if metadata.is_dir() {
                return Ok(());
            }
            self.root.resolve(&place).map_err(|_| unusable(&place, "a symbolic link that leads out of the project"))?;
        }
        self.take(inner, place, path, &metadata)
    }

    /// A file of a root filesystem, which is none of links, devices and sockets.
    fn installed_file(&mut self, inner: String, path: &Path, readable: bool) -> Result<(), SubjectError> {
        let place = join(&self.place, &inner);
        let metadata = path.symlink_metadata().map_err(|error| unreadable(&place, &error))?;
        if !wants_installed(&inner, metadata.len(), metadata.permissions().mode() & 0o111 != 0) {
            return Ok(());
        }
        if !readable {
            return Err(unusable(&place, "a name that is not plain UTF-8"));
        }
        self.take(inner, place, path, &metadata)
    }

    /// Notes a wanted file.
    fn take(
        &mut self,
        inner: String,
        place: String,
        path: &Path,
        metadata: &std::fs::Metadata,
    ) -> Result<(), SubjectError> {
        if !metadata.is_file() {
            return Err(unusable(&place, "neither a file nor a directory"));
        }
        let stamp = stamp(metadata);
        let digest = match (self.known)(&place, &stamp) {
            Some(digest) => digest,
            None => hash(path).map_err(|error| unreadable(&place, &error))?,
        };
        self.inputs.insert(place, (stamp, Some(digest)));
        self.files.push((inner, digest));
        Ok(())
    }
}

fn hash(path: &Path) -> std::io::Result<Digest> {
    let mut hasher = Hasher::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finish())
}
