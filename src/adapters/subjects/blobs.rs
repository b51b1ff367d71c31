//! Where the blobs of a located image are: in a layout's directory, in an archive, or in a registry.

use super::archive::Archive;
use super::document::Descriptor;
use crate::ports::{Located, RemoteBlobs};
use std::fs::File;
use std::io::{Error, Read, Result};
use std::path::PathBuf;
use std::sync::Arc;

/// The blobs of one image.
pub(crate) enum Blobs {
    /// A layout.
    Layout(PathBuf),
    /// An archive of a layout.
    OciArchive(Archive),
    /// What `docker save` writes: layers have names of their own.
    DockerArchive(Archive),
    /// A registry.
    Remote(Arc<dyn RemoteBlobs>),
}

impl Blobs {
    /// Opens what the image lies in.
    ///
    /// # Errors
    /// It can no longer be read.
    pub(crate) fn of(located: &Located) -> Result<Self> {
        if let Some(remote) = &located.remote {
            return Ok(Self::Remote(Arc::clone(remote)));
        }
        Ok(match located.subject.uri.split_once(':') {
            Some(("oci-archive", _)) => Self::OciArchive(Archive::open(&located.root)?),
            Some(("docker-archive", _)) => Self::DockerArchive(Archive::open(&located.root)?),
            _ => Self::Layout(located.root.clone()),
        })
    }

    /// Whether the digests of its layers are those of the blobs, not only of the tars in them.
    pub(crate) fn has_blob_digests(&self) -> bool {
        !matches!(self, Self::DockerArchive(_))
    }

    /// Reads a blob. Its bytes are not checked.
    ///
    /// # Errors
    /// It is not there, or no file.
    pub(crate) fn open(&self, blob: &Descriptor) -> Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Layout(root) => {
                let path = root.join(blob.blob_path());
                if !path.metadata()?.is_file() {
                    return Err(Error::other("not a file"));
                }
                Box::new(File::open(path)?)
            }
            Self::OciArchive(archive) => Box::new(archive.reader(&blob.blob_path())?),
            Self::Remote(remote) => remote.open(&blob.digest, blob.size)?,
            Self::DockerArchive(archive) => {
                let name = blob.member.as_deref().ok_or_else(|| Error::other("has no name in its archive"))?;
                Box::new(archive.reader(name)?)
            }
        })
    }

    /// Why a read failed, where that was for want of reaching the place.
    pub(crate) fn failure(&self) -> Option<String> {
        match self {
            Self::Remote(remote) => remote.failure(),
            Self::Layout(_) | Self::OciArchive(_) | Self::DockerArchive(_) => None,
        }
    }
}
