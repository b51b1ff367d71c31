//! Which directories are services, and which only hold them.
//!
//! Every directory with a marker is a candidate. Deepest first, each candidate is held against those that were kept below it:
//!
//! - a manifest without a lock of its own, under a lock of the same package manager, is a member of that workspace;
//! - a service (a Dockerfile, a build, or a lock below the root) takes in the lockfiles below it, but not other builds;
//! - a directory with but one candidate below is one service with it;
//! - one with several is a group: they stay, and it is itself a service only for what it locks beyond them.
//!
//! So every lockfile of the tree lies in exactly one service.

use super::markers::{Family, Marker};
use super::{ancestors, parent};
use std::collections::{BTreeMap, BTreeSet};

/// The candidates of a tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    candidates: BTreeMap<String, Candidate>,
}

#[derive(Debug, Default)]
struct Candidate {
    built: bool,
    solution: bool,
    locks: BTreeSet<Family>,
    manifests: BTreeSet<Family>,
    files: BTreeSet<String>,
}

/// A directory that is a service.
#[derive(Debug)]
pub(super) struct Group {
    /// From the tree's root; empty for the root.
    pub(super) directory: String,
    /// Directories below it that are services of their own, from the tree's root. None is below another.
    pub(super) others: Vec<String>,
    /// The files that speak for it.
    pub(super) evidence: BTreeSet<String>,
}

/// The service that a directory belongs to: the nearest one above it, or itself. `groups` is sorted by directory.
pub(super) fn owner(groups: &[Group], directory: &str) -> Option<usize> {
    ancestors(directory).find_map(|path| groups.binary_search_by(|group| group.directory.as_str().cmp(path)).ok())
}

impl Tree {
    /// Notes a marker of a directory.
    pub(super) fn add(&mut self, directory: &str, file: &str, marker: Marker) {
        let candidate = self.candidates.entry(directory.to_owned()).or_default();
        candidate.files.insert(file.to_owned());
        match marker {
            Marker::Dockerfile => candidate.built = true,
            Marker::Lock(family) => drop(candidate.locks.insert(family)),
            Marker::Manifest(family) => drop(candidate.manifests.insert(family)),
            Marker::Solution => candidate.solution = true,
            Marker::Builds(_) => {}
        }
    }

    /// The services, by directory. Notes what belongs to none.
    pub(super) fn group(mut self, notes: &mut BTreeSet<String>) -> Vec<Group> {
        let members: BTreeSet<String> = self.candidates.keys().filter(|path| self.is_member(path)).cloned().collect();
        let mut kept: BTreeMap<String, bool> = BTreeMap::new();
        let mut deepest_first: Vec<&String> = self.candidates.keys().filter(|path| !members.contains(*path)).collect();
        deepest_first.sort_by_key(|path| std::cmp::Reverse(path.split('/').count() - usize::from(path.is_empty())));
        for path in deepest_first {
            if let Some(candidate) = self.candidates.get(path) {
                decide(path, candidate, &mut kept);
            }
        }

        let mut groups: Vec<Group> = kept.keys().map(|path| Group::new(path, &kept)).collect();
        for (directory, candidate) in std::mem::take(&mut self.candidates) {
            match owner(&groups, &directory).and_then(|index| groups.get_mut(index)) {
                Some(group) => group.evidence.extend(candidate.files),
                None => notes.extend(
                    candidate.files.into_iter().map(|file| format!("{file}: holds several services, is none itself")),
                ),
            }
        }
        groups
    }

    fn is_member(&self, path: &str) -> bool {
        let Some(candidate) = self.candidates.get(path) else { return false };
        if path.is_empty() || candidate.built || candidate.solution || !candidate.locks.is_empty() {
            return false;
        }
        let above = || ancestors(parent(path)).filter_map(|directory| self.candidates.get(directory));
        candidate.manifests.iter().all(|family| above().any(|candidate| candidate.locks.contains(family)))
    }
}

impl Group {
    fn new(path: &str, kept: &BTreeMap<String, bool>) -> Self {
        let between = |other: &str| {
            ancestors(parent(other)).take_while(|above| *above != path).any(|above| kept.contains_key(above))
        };
        let others = below(path, kept).map(|(other, _)| other.clone()).filter(|other| !between(other)).collect();
        Self { directory: path.to_owned(), others, evidence: BTreeSet::new() }
    }
}

/// Keeps a candidate, or not, and takes in what is below it, or not. The flag of what is kept: whether it is built there.
fn decide(path: &str, candidate: &Candidate, kept: &mut BTreeMap<String, bool>) {
    let nested: Vec<(String, bool)> = below(path, kept).map(|(directory, built)| (directory.clone(), *built)).collect();
    let built_below = nested.iter().filter(|(_, built)| *built).count();
    let root = path.is_empty();
    let take_in = |kept: &mut BTreeMap<String, bool>, built_too: bool| {
        for (directory, _) in nested.iter().filter(|(_, built)| built_too || !built) {
            kept.remove(directory);
        }
    };
    if candidate.built || nested.is_empty() {
        take_in(kept, false);
        kept.insert(path.to_owned(), candidate.built);
    } else if !root && (nested.len() == 1 || candidate.solution && built_below <= 1) {
        take_in(kept, true);
        kept.insert(path.to_owned(), built_below > 0);
    } else if !candidate.locks.is_empty() {
        if !root || nested.len() == 1 {
            take_in(kept, false);
        }
        kept.insert(path.to_owned(), false);
    } else if root && nested.len() == 1 && built_below == 0 {
        take_in(kept, true);
        kept.insert(String::new(), false);
    }
}

/// What is kept below a directory.
fn below<'a>(path: &str, kept: &'a BTreeMap<String, bool>) -> impl Iterator<Item = (&'a String, &'a bool)> {
    let start = if path.is_empty() { String::new() } else { format!("{path}/") };
    kept.range(start.clone()..)
        .take_while(move |(other, _)| other.starts_with(&start))
        .filter(|(other, _)| !other.is_empty())
}
