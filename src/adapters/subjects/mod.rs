//! Subjects on this machine: images in OCI layouts and source trees, below the project's root. Reads indexes, manifests and
//! lockfiles; never a layer, and never anything outside the root.

pub(crate) mod document;
mod glob;
mod layout;
mod place;
mod platform;
mod tree;

use crate::model::Digest;
use crate::ports::{Located, Stamp, SubjectError, SubjectSpec, Subjects};
use std::path::PathBuf;

/// Finds subjects below one directory.
pub struct LocalSubjects {
    project_root: PathBuf,
}

impl LocalSubjects {
    /// For the project whose config lies in this directory.
    pub fn new(project_root: PathBuf) -> Self {
        Self { project_root }
    }
}

impl Subjects for LocalSubjects {
    fn locate(
        &self,
        spec: &SubjectSpec,
        known: &(dyn Fn(&str, &Stamp) -> Option<Digest> + Sync),
    ) -> Result<Located, SubjectError> {
        let root = place::Root::open(&self.project_root)?;
        match spec {
            SubjectSpec::Image(image) => layout::locate(&root, image),
            SubjectSpec::Source(source) => tree::locate(&root, source, known),
        }
    }
}

#[cfg(test)]
mod tests;
