//! `proofmark init`: what services and images a tree seems to have, and a first `compliance.toml` for them.
//!
//! In: the tree's files, found by the caller, with the content of those few that [`wants_content`] names. Out: [`Detected`],
//! and by [`render`] the text of a config that is valid as it stands. Pure; it guesses, and says in [`Detected::notes`] what it
//! could not use, so that nothing is left out unsaid. It must not read files, and nothing in a file can make it fail.
//!
//! | file | means |
//! |---|---|
//! | `[services.*]` | a directory with a Dockerfile, a lockfile or a manifest; a build of a compose file, `docker-bake.json` or `skaffold.yaml` |
//! | `[images.*]` | a directory with `oci-layout` |

mod builds;
mod grouping;
mod markers;
mod naming;
mod render;

#[cfg(test)]
mod tests;

pub use render::render;

use crate::model::Name;
use builds::Build;
use grouping::Tree;
use markers::Marker;
use std::collections::{BTreeMap, BTreeSet};

/// Directories that the caller's walk leaves out, and that are left out here where it does not.
pub const SKIPPED_DIRECTORIES: &[&str] = &[
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

/// Longest content that is looked at, in bytes.
pub const MAX_CONTENT: usize = 1 << 20;

/// A file of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// From the tree's root, with `/`.
    pub path: String,
    /// Its bytes, where [`wants_content`] asked for them.
    pub content: Option<Vec<u8>>,
}

/// What a tree seems to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detected {
    /// Services, by name.
    pub services: Vec<DetectedService>,
    /// Images, by name.
    pub images: Vec<DetectedImage>,
    /// What was seen and not used, and why. Sorted.
    pub notes: Vec<String>,
}

/// A service that a tree seems to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedService {
    /// Unique; from a compose file, else from the directory.
    pub name: Name,
    /// Its directory from the tree's root, `.` for the root itself; `None` for one known by its image alone.
    pub path: Option<String>,
    /// Globs below `path`: directories that are services of their own.
    pub exclude: Vec<String>,
    /// Images of the same name.
    pub images: Vec<Name>,
    /// Services that a compose file says it needs. Without circles.
    pub depends_on: Vec<Name>,
    /// The files that speak for it, from the tree's root. Sorted.
    pub evidence: Vec<String>,
}

/// An image that a tree seems to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedImage {
    /// Unique.
    pub name: Name,
    /// `oci:PATH`.
    pub reference: String,
}

/// Whether detection looks into a file of this path.
pub fn wants_content(path: &str) -> bool {
    markers::marker(file_name(path)).is_some_and(|marker| matches!(marker, Marker::Builds(_)))
}

/// Guesses the services and images of a tree. The order of the files does not matter.
pub fn detect(files: &[FoundFile]) -> Detected {
    let mut notes = BTreeSet::new();
    let mut files: Vec<&FoundFile> = files.iter().filter(|file| is_usable(&file.path, &mut notes)).collect();
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let layouts: BTreeSet<&str> =
        files.iter().filter(|f| file_name(&f.path) == "oci-layout").map(|f| parent(&f.path)).collect();
    files.retain(|file| !ancestors(parent(&file.path)).any(|directory| layouts.contains(directory)));

    let mut tree = Tree::default();
    let mut found_builds = Vec::new();
    let directories: BTreeSet<&str> = files.iter().flat_map(|file| ancestors(parent(&file.path))).collect();
    for file in &files {
        match markers::marker(file_name(&file.path)) {
            None => {}
            Some(Marker::Builds(format)) => match builds::read(format, file, &mut notes) {
                Ok(builds) => found_builds.extend(builds),
                Err(why) => drop(notes.insert(format!("{}: {why}", file.path))),
            },
            Some(marker) => tree.add(parent(&file.path), &file.path, marker),
        }
    }
    found_builds.retain(|build| {
        let known = directories.contains(build.directory.as_str());
        if !known {
            notes.insert(format!(
                "{}: `{}` is built from `{}`, where nothing is",
                build.file, build.name, build.directory
            ));
        }
        known
    });
    for build in &found_builds {
        tree.add(&build.directory, &build.file, Marker::Dockerfile);
    }

    let groups = tree.group(&mut notes);
    let mut services = naming::services(&groups, &found_builds);
    connect(&mut services, &groups, &found_builds);
    let images = naming::images(&layouts, &mut notes);
    for service in &mut services {
        service.images.extend(images.iter().map(|image| &image.name).filter(|name| **name == service.name).cloned());
    }
    if services.is_empty() {
        services.extend(images.iter().map(of_image));
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    Detected { services, images, notes: notes.into_iter().collect() }
}

/// A service of an image alone.
fn of_image(image: &DetectedImage) -> DetectedService {
    DetectedService {
        name: image.name.clone(),
        path: None,
        exclude: Vec::new(),
        images: vec![image.name.clone()],
        depends_on: Vec::new(),
        evidence: Vec::new(),
    }
}

/// Fills in `depends_on`. A dependency that would close a circle is left out: two builds in one directory may need each other.
fn connect(services: &mut [DetectedService], groups: &[grouping::Group], builds: &[Build]) {
    let owner = |build: &Build| grouping::owner(groups, &build.directory);
    let by_name: BTreeMap<(&str, &str), usize> =
        builds.iter().filter_map(|build| Some(((build.file.as_str(), build.name.as_str()), owner(build)?))).collect();
    let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
    for build in builds {
        let Some(from) = owner(build) else { continue };
        for needed in &build.depends_on {
            let Some(to) = by_name.get(&(build.file.as_str(), needed.as_str())).copied() else { continue };
            if from != to && !reaches(&edges, to, from) {
                edges.insert((from, to));
            }
        }
    }
    let names: Vec<Name> = services.iter().map(|service| service.name.clone()).collect();
    for (from, to) in edges {
        if let (Some(service), Some(needed)) = (services.get_mut(from), names.get(to)) {
            service.depends_on.push(needed.clone());
        }
    }
    services.iter_mut().for_each(|service| service.depends_on.sort());
}

/// Whether one service needs another, over any number of steps.
fn reaches(edges: &BTreeSet<(usize, usize)>, from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        open.extend(edges.range((at, 0)..=(at, usize::MAX)).map(|(_, next)| *next).filter(|next| seen.insert(*next)));
    }
    false
}

/// Whether a path can stand in a config, and is not below a directory that is left out.
fn is_usable(path: &str, notes: &mut BTreeSet<String>) -> bool {
    if parent(path).split('/').any(|part| SKIPPED_DIRECTORIES.contains(&part)) {
        return false;
    }
    let fits = path.len() <= 1024
        && !path.starts_with(['/', '~'])
        && !path.contains('\\')
        && !path.chars().any(char::is_control);
    let inside = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !(fits && inside) && markers::marker(file_name(path)).is_some() {
        notes.insert(format!("{}: a path that cannot stand in a config", path.escape_debug()));
    }
    fits && inside
}

/// Everything behind the last slash.
fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Everything before the last slash; empty for the root.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// A directory and all above it, the root (empty) last.
fn ancestors(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |path| (!path.is_empty()).then(|| parent(path)))
}
