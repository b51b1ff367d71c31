//! Subjects: images in OCI layouts, in archives, as root filesystems and in registries, and source trees. Reads indexes, manifests
//! and lockfiles; never a layer, and on this machine never anything outside the project's root.

mod archive;
pub(crate) mod blobs;
mod docker;
pub(crate) mod document;
pub(crate) mod glob;
mod layout;
mod listed;
mod place;
mod platform;
mod remote;
pub(crate) mod rootfs;
mod select;
mod tree;

pub use remote::Remote;

use crate::model::Digest;
use crate::ports::{Located, Stamp, SubjectError, SubjectSpec, Subjects};
use std::path::PathBuf;

/// Finds subjects below one directory and in registries.
pub struct Locator {
    project_root: PathBuf,
    remote: Option<Remote>,
}

impl Locator {
    /// For the project whose config lies in this directory; asks no registry.
    pub fn here(project_root: PathBuf) -> Self {
        Self { project_root, remote: None }
    }

    /// The same, with registries.
    pub fn with(self, remote: Remote) -> Self {
        Self { remote: Some(remote), ..self }
    }
}

impl Subjects for Locator {
    fn locate(
        &self,
        spec: &SubjectSpec,
        known: &(dyn Fn(&str, &Stamp) -> Option<Digest> + Sync),
    ) -> Result<Located, SubjectError> {
        let root = || place::Root::open(&self.project_root);
        match spec {
            SubjectSpec::Image(image) => match image.reference.split_once(':') {
                Some(("oci", rest)) => layout::locate(&root()?, image, rest, false),
                Some(("oci-archive", rest)) => layout::locate(&root()?, image, rest, true),
                Some(("docker-archive", rest)) => docker::locate(&root()?, image, rest),
                Some(("sbom", rest)) => listed::locate(&root()?, image, rest, known),
                Some(("dir", rest)) => tree::locate_installed(&root()?, image, rest, known),
                _ => match &self.remote {
                    Some(remote) => remote::locate(remote, image),
                    None => Err(SubjectError::Offline { place: image.reference.clone() }),
                },
            },
            SubjectSpec::Source(source) => tree::locate(&root()?, source, known),
        }
    }

    fn attached(&self, reference: &str, image: &Digest) -> Result<Vec<Vec<u8>>, SubjectError> {
        let root = || place::Root::open(&self.project_root);
        match reference.split_once(':') {
            Some(("oci", rest)) => layout::attached(&root()?, reference, rest, false, image),
            Some(("oci-archive", rest)) => layout::attached(&root()?, reference, rest, true, image),
            _ => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests;
