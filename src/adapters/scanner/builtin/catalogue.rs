//! What one layer holds, and how layers lie over each other.

use super::catalogers::places_below;
use super::facts::Facts;
use crate::model::Gap;
use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A layer, as far as it matters to a scan; kept in the cache by the layer's digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LayerCatalogue {
    /// Files that a cataloger wanted, by path.
    pub(super) files: BTreeMap<String, Facts>,
    /// Symbolic links whose name a cataloger wanted, or above where a wanted file may lie: path to target, a path from the root
    /// of the image.
    pub(super) links: BTreeMap<String, String>,
    /// Paths that are gone from the layers below.
    pub(super) whiteouts: PathSet,
    /// Directories whose content is gone from the layers below.
    pub(super) opaque: PathSet,
    /// Everything that is not a directory: hides what has its path, or has it as a parent, below.
    pub(super) entries: PathSet,
    /// Directories: hide a file of their path below.
    pub(super) directories: PathSet,
    /// What concerns the layer as a whole.
    pub(super) gaps: Vec<Gap>,
}

impl LayerCatalogue {
    /// What it counts for against the most that is kept of an image.
    pub(super) fn weight(&self) -> usize {
        self.files.values().map(Facts::weight).sum()
    }

    /// Whether what lies at a path in a layer below is no longer seen.
    fn hides(&self, place: &Place) -> bool {
        let Place { path, parents, root } = place;
        let here = self.entries.has(path) || self.directories.has(path) || self.whiteouts.has(path);
        here || self.opaque.has(root)
            || parents.iter().any(|it| self.entries.has(it) || self.whiteouts.has(it) || self.opaque.has(it))
    }

    /// Whether a file of a path in a layer below is not the one that this layer changed.
    fn removes(&self, place: &Place) -> bool {
        let Place { path, parents, root } = place;
        let gone = |it| self.whiteouts.has(it) || self.opaque.has(it);
        self.whiteouts.has(path) || self.opaque.has(root) || parents.iter().any(gone)
    }
}

/// A path with those above it, hashed once for all layers and sets.
struct Place {
    path: Hash,
    parents: Vec<Hash>,
    root: Hash,
}

impl Place {
    fn of(path: &str) -> Self {
        Self { path: hash(path), parents: parents(path).map(hash).collect(), root: hash("") }
    }
}

/// The parents of a path, without the root.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(slash, _)| &path[..slash])
}

/// A set of paths that can be asked but not listed: 16 bytes of BLAKE3 each, so that a layer of millions of files stays small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PathSet(Vec<Hash>);

type Hash = [u8; 16];

impl PathSet {
    pub(super) fn push(&mut self, path: &str) {
        self.0.push(hash(path));
    }

    /// To be called once, after the last `push`.
    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.has(&hash(path))
    }

    fn has(&self, hash: &Hash) -> bool {
        self.0.binary_search(hash).is_ok()
    }
}

fn hash(path: &str) -> Hash {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(blake3::hash(path.as_bytes()).as_bytes()) {
        *to = *from;
    }
    short
}

impl Serialize for PathSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // In parts: of millions of paths the whole text would be a further copy.
        serializer.collect_str(&Base64Display::new(self.0.as_flattened(), &STANDARD))
    }
}

impl<'de> Deserialize<'de> for PathSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        let (hashes, []) = bytes.as_chunks::<16>() else {
            return Err(serde::de::Error::custom("not a set of paths"));
        };
        let mut set = Self(hashes.to_vec());
        set.sort();
        Ok(set)
    }
}

/// How many links a path may take.
const LINK_STEPS: usize = 40;

/// The layers of an image, lowest first.
pub(super) struct Stack<'a>(pub(super) &'a [std::sync::Arc<LayerCatalogue>]);

impl<'a> Stack<'a> {
    /// Whether a path of this layer is seen in the image.
    fn seen(&self, layer: usize, path: &str) -> bool {
        let above = &self.0[layer + 1..];
        if above.is_empty() {
            return true;
        }
        let place = Place::of(path);
        !above.iter().any(|above| above.hides(&place))
    }

    /// The wanted files that are seen, each with its layer's place.
    pub(super) fn files(&self) -> impl Iterator<Item = (usize, &'a String, &'a Facts)> {
        let all = self.0.iter().enumerate();
        all.flat_map(|(layer, catalogue)| catalogue.files.iter().map(move |(path, facts)| (layer, path, facts)))
            .filter(|(layer, path, _)| self.seen(*layer, path))
    }

    /// Wanted symbolic links that are seen and lead to a file that is there but was not read, with its target.
    pub(super) fn unread_links(&self) -> impl Iterator<Item = (&'a String, &'a String)> {
        let all = self.0.iter().enumerate();
        all.flat_map(|(layer, catalogue)| catalogue.links.iter().map(move |link| (layer, link)))
            .filter(|(layer, (path, target))| {
                let is_unread = |target: &str| {
                    self.find(target, |below, target| below.entries.contains(target))
                        && !self.find(target, |below, target| below.files.contains_key(target))
                };
                self.seen(*layer, path) && is_unread(self.end(target))
            })
            .map(|(_, link)| link)
    }

    /// Where package databases lie that a link above them moved to where they were not read, each with that place.
    pub(super) fn unread_places(&self) -> impl Iterator<Item = (&'static str, String)> {
        let all = self.0.iter().enumerate();
        let links = all.flat_map(|(layer, catalogue)| catalogue.links.iter().map(move |link| (layer, link)));
        let seen = links.filter(|(layer, (path, _))| self.seen(*layer, path));
        seen.flat_map(move |(_, (path, target))| {
            let target = self.end(target);
            places_below(path).filter_map(move |(place, rest)| {
                let moved = if target.is_empty() { rest.to_owned() } else { format!("{target}/{rest}") };
                let is_unread = self.find(&moved, |below, moved| below.entries.contains(moved))
                    && !self.find(&moved, |below, moved| below.files.contains_key(moved));
                is_unread.then_some((place, moved))
            })
        })
    }

    /// Where a path leads that may be a wanted link itself.
    fn end(&self, path: &'a str) -> &'a str {
        let mut at = path;
        for _ in 0..LINK_STEPS {
            let link = |layer: usize| self.0[layer].links.get(at).filter(|_| self.seen(layer, at));
            match (0..self.0.len()).rev().find_map(link) {
                Some(target) => at = target,
                None => break,
            }
        }
        at
    }

    fn find(&self, path: &str, holds: impl Fn(&LayerCatalogue, &str) -> bool) -> bool {
        (0..self.0.len()).any(|layer| holds(&self.0[layer], path) && self.seen(layer, path))
    }

    /// The same file in the layers below, nearest first, as long as nothing in between removes it.
    pub(super) fn earlier(&self, layer: usize, path: &str) -> impl Iterator<Item = (usize, &'a Facts)> {
        let place = Place::of(path);
        let lowest = (0..=layer).rev().find(|at| self.0[*at].removes(&place)).unwrap_or(0);
        (lowest..layer).rev().filter_map(move |at| self.0[at].files.get(path).map(|facts| (at, facts)))
    }
}
