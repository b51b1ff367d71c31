//! A package found in a subject.

use super::{Digest, Ecosystem, Purl};
use serde::{Deserialize, Serialize};

/// One installed or locked package, at one version. Equal packages found in several places are one component with
/// several locations. Every field is always serialized, so that forms without field names can hold it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Component {
    /// Its identity, with distribution qualifiers where it is a system package.
    pub purl: Purl,
    /// Name as its ecosystem writes it (`@babel/core`, `com.google.guava:guava`, `github.com/x/y`).
    pub name: String,
    /// Version as its ecosystem writes it, Go's leading `v` included; empty where the source states none.
    pub version: String,
    /// Where advisories for it are looked up; `None` where we know of no such place (a git dependency, a local path),
    /// which is not a gap.
    pub ecosystem: Option<Ecosystem>,
    /// The source package that distribution advisories are written for, where it differs from `name` and `version`.
    pub source: Option<SourcePackage>,
    /// What it is needed for.
    pub scope: Scope,
    /// Licences as the source states them: SPDX expressions where they are such, else the raw text. Sorted.
    pub licenses: Vec<String>,
    /// Where it was found. Sorted, distinct.
    pub locations: Vec<Location>,
    /// What it needs directly, where the source says so. Sorted, distinct.
    pub depends_on: Vec<Purl>,
}

impl Component {
    /// A component with an identity and nothing else said of it.
    pub fn new(purl: Purl, name: &str, version: &str, ecosystem: Option<Ecosystem>) -> Self {
        Self {
            purl,
            name: name.to_owned(),
            version: version.to_owned(),
            ecosystem,
            source: None,
            scope: Scope::Runtime,
            licenses: Vec::new(),
            locations: Vec::new(),
            depends_on: Vec::new(),
        }
    }

    /// The name and version that advisories are looked up by.
    pub fn lookup(&self) -> (&str, &str) {
        let by_source = self.ecosystem.as_ref().is_none_or(|ecosystem| !ecosystem.kind.names_binaries());
        let source = self.source.as_ref().filter(|_| by_source);
        source.map_or((&self.name, &self.version), |source| (&source.name, &source.version))
    }

    /// The name that advisories are looked up by as well: its own, where [`Component::lookup`] gives that of its source.
    pub fn second_name(&self) -> Option<&str> {
        let both = self.ecosystem.as_ref().is_some_and(|ecosystem| ecosystem.kind.names_both());
        (both && self.lookup().0 != self.name).then_some(&self.name)
    }
}

/// The source package of a binary package (`openssl` of `libssl3`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What a component is needed for. Where sources differ the least in this order wins: needed at run time beats all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// At run time, or not said.
    #[default]
    Runtime,
    /// At run time, if present.
    Optional,
    /// For building and testing only.
    Development,
}

/// A place in a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// Path from the subject's root, with `/`, without a leading one.
    pub path: String,
    /// The diff id (digest of the uncompressed tar) of the image layer that the file comes from.
    pub layer: Option<Digest>,
}
