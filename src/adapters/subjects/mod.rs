//! Subjects on this machine: images in OCI layouts, in archives and as root filesystems, and source trees, below the project's
//! root. Reads indexes, manifests and lockfiles; never a layer, and never anything outside the root.

mod archive;
pub(crate) mod blobs;
mod docker;
pub(crate) mod document;
mod glob;
mod layout;
mod place;
mod platform;
pub(crate) mod rootfs;
mod select;
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
            SubjectSpec::Image(image) => match image.reference.split_once(':') {
                Some(("oci", rest)) => layout::locate(&root, image, rest, false),
                Some(("oci-archive", rest)) => layout::locate(&root, image, rest, true),
                Some(("docker-archive", rest)) => docker::locate(&root, image, rest),
                Some(("dir", rest)) => tree::locate_installed(&root, image, rest, known),
                _ => Err(SubjectError::Reference(format!(
                    "{}: this version does not read images in registries",
                    image.reference
                ))),
            },
            SubjectSpec::Source(source) => tree::locate(&root, source, known),
        }
    }
}

#[cfg(test)]
mod tests;
