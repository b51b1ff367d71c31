//! The documents of an OCI image layout, as far as they are read. <https://github.com/opencontainers/image-spec>

use super::place::unusable;
use crate::model::Digest;
use crate::ports::SubjectError;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The largest index, manifest or config that is read, in bytes.
pub(crate) const DOCUMENT_LIMIT: u64 = 8 << 20;
/// The most layers that an image may have.
pub(crate) const LAYER_LIMIT: usize = 1024;

/// A pointer to a blob.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) platform: Option<Platform>,
    #[serde(default)]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
    /// Its name in a docker archive; of no meaning in any other place.
    #[serde(default)]
    pub(crate) member: Option<String>,
}

impl Descriptor {
    /// Path of its blob in a layout.
    pub(crate) fn blob_path(&self) -> String {
        format!("blobs/sha256/{}", self.digest.hex())
    }

    pub(crate) fn is_index(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "application/vnd.oci.image.index.v1+json" | "application/vnd.docker.distribution.manifest.list.v2+json"
        )
    }

    /// Evidence about an image (as BuildKit puts beside it), not an image.
    pub(crate) fn is_attestation(&self) -> bool {
        let annotated = self.annotations.as_ref().is_some_and(|all| all.contains_key("vnd.docker.reference.type"));
        annotated || self.platform.as_ref().is_some_and(|it| it.os == "unknown" && it.architecture == "unknown")
    }

    /// Whether it goes by this tag: the tag itself or a full name that ends in it.
    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        let names = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];
        let annotations = self.annotations.iter().flatten();
        annotations
            .filter(|(key, _)| names.contains(&key.as_str()))
            .any(|(_, name)| name == tag || name.strip_suffix(tag).is_some_and(|rest| rest.ends_with(':')))
    }
}

/// What an image runs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Platform {
    #[serde(default)]
    pub(crate) os: String,
    #[serde(default)]
    pub(crate) architecture: String,
    #[serde(default)]
    pub(crate) variant: Option<String>,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// An index.
#[derive(Debug, Deserialize)]
pub(crate) struct Index {
    #[serde(default)]
    pub(crate) manifests: Vec<Descriptor>,
}

/// An image manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
}

impl Manifest {
    /// Whether it is of an image, not of some other artefact.
    pub(crate) fn is_image(&self) -> bool {
        matches!(
            self.config.media_type.as_str(),
            "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
        )
    }
}

/// An image config.
#[derive(Debug, Deserialize)]
pub(crate) struct ImageConfig {
    pub(crate) rootfs: RootFs,
}

/// The layers of an image config.
#[derive(Debug, Deserialize)]
pub(crate) struct RootFs {
    pub(crate) diff_ids: Vec<Digest>,
}

/// Reads a document.
///
/// # Errors
/// It is not of this form.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, SubjectError> {
    serde_json::from_slice(bytes).map_err(|error| unusable(place, format!("not as it should be: {error}")))
}
