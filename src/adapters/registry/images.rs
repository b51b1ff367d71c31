//! An image of a registry as a subject: its manifest now, its layers only when they are read.

use super::blob::BlobReader;
use super::client::{ANSWER_LIMIT, Access, Registries, bytes, unusable};
use super::reference::Reference;
use crate::adapters::subjects::document::Descriptor;
use crate::model::Digest;
use crate::ports::{BlobLookup, Cache, RegistryError, RemoteBlobs};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use std::io::{Cursor, Error, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// What may be answered to a request for a manifest.
pub(super) const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";
/// Blobs up to this size are kept in the cache, in bytes: configs, not layers.
const KEPT: u64 = 256 << 10;

/// A repository to read from.
#[derive(Clone)]
pub(crate) struct Repository {
    registries: Arc<Registries>,
    cache: Arc<dyn Cache>,
    reference: Reference,
    /// Whether only what the cache has may be read.
    offline: bool,
    /// Why a read failed for want of the registry.
    failure: Arc<Mutex<Option<String>>>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Repository").field(&self.reference).finish()
    }
}

impl Repository {
    /// The repository of a reference.
    pub(crate) fn new(
        registries: &Arc<Registries>,
        cache: &Arc<dyn Cache>,
        reference: Reference,
        offline: bool,
    ) -> Self {
        let (registries, cache) = (Arc::clone(registries), Arc::clone(cache));
        Self { registries, cache, reference, offline, failure: Arc::default() }
    }

    /// The manifest or index that the reference names, with its descriptor.
    ///
    /// # Errors
    /// Not there, refused, out of reach, or not what its digest says.
    pub(crate) fn named(&self) -> Result<(Descriptor, Vec<u8>), RegistryError> {
        if let Some(digest) = self.reference.digest
            && let Some(bytes) = self.recall(&digest)
        {
            return Ok((descriptor(None, digest, &bytes), bytes));
        }
        self.may_ask()?;
        let (media_type, bytes) = self.fetch(&self.reference.selector())?;
        let digest = Digest::of(&bytes);
        if self.reference.digest.is_some_and(|wanted| wanted != digest) {
            return Err(RegistryError::Integrity { place: format!("{}@{digest}", self.reference) });
        }
        self.keep(&bytes);
        Ok((descriptor(media_type, digest, &bytes), bytes))
    }

    /// A manifest, index or config by its descriptor, checked.
    ///
    /// # Errors
    /// As [`Self::named`]'s.
    pub(crate) fn document(&self, wanted: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        if let Some(bytes) = self.recall(&wanted.digest) {
            return Ok(bytes);
        }
        self.may_ask()?;
        let is_config = wanted.media_type.contains("config") || wanted.media_type.contains("container.image");
        let bytes = if is_config {
            let mut bytes = Vec::new();
            let size = wanted.size.min(ANSWER_LIMIT);
            let blob = BlobReader::open(&self.registries, &self.reference, wanted.digest, size)?;
            blob.take(ANSWER_LIMIT)
                .read_to_end(&mut bytes)
                .map_err(|error| super::client::unreachable(&self.reference, error.to_string()))?;
            bytes
        } else {
            self.fetch(&wanted.digest.to_string())?.1
        };
        if Digest::of(&bytes) != wanted.digest || bytes.len() as u64 != wanted.size {
            return Err(RegistryError::Integrity { place: format!("{}@{}", self.reference, wanted.digest) });
        }
        self.keep(&bytes);
        Ok(bytes)
    }

    fn fetch(&self, selector: &str) -> Result<(Option<String>, Vec<u8>), RegistryError> {
        let path = format!("manifests/{selector}");
        self.registries.wait(async {
            let accept = |client: &reqwest::Client, url| client.get(url).header(ACCEPT, MANIFESTS);
            let response = self.registries.send(&self.reference, Access::Pull, &path, accept).await?;
            let place = || format!("{} {selector}", self.reference);
            match response.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Err(RegistryError::Missing(place())),
                status => return Err(unusable(&self.reference, &format!("it says {status} to {selector}"))),
            }
            let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let media_type = header(CONTENT_TYPE.as_str());
            let said = header("docker-content-digest");
            let bytes = bytes(&self.reference, response, ANSWER_LIMIT).await?;
            let digest = Digest::of(&bytes).to_string();
            if said.is_some_and(|said| said.starts_with("sha256:") && said != digest) {
                return Err(RegistryError::Integrity { place: place() });
            }
            Ok((media_type, bytes))
        })
    }

    fn may_ask(&self) -> Result<(), RegistryError> {
        if self.offline { Err(RegistryError::Offline(self.reference.to_string())) } else { Ok(()) }
    }

    fn recall(&self, digest: &Digest) -> Option<Vec<u8>> {
        match self.cache.blob(digest).ok()? {
            BlobLookup::Found(bytes) => Some(bytes),
            BlobLookup::Missing | BlobLookup::Corrupted => None,
        }
    }

    fn keep(&self, bytes: &[u8]) {
        // A cache that cannot be written costs time only.
        let _ = self.cache.put_blob(bytes);
    }

    fn fail(&self, error: &dyn std::fmt::Display) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert_with(|| error.to_string());
    }
}

/// The descriptor of a document, by what it says of itself, else by how it was answered.
fn descriptor(answered: Option<String>, digest: Digest, bytes: &[u8]) -> Descriptor {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    let typed: Option<Typed> = serde_json::from_slice(bytes).ok();
    let shape = typed.as_ref().and_then(|typed| typed.manifests.as_ref());
    let shape = shape.map(|_| "application/vnd.oci.image.index.v1+json".to_owned());
    let media_type = typed.and_then(|typed| typed.media_type).or(shape).or(answered).unwrap_or_default();
    Descriptor { media_type, digest, size: bytes.len() as u64, platform: None, annotations: None, member: None }
}

impl RemoteBlobs for Repository {
    fn open(&self, digest: &Digest, size: u64) -> std::io::Result<Box<dyn Read + Send>> {
        if size <= KEPT
            && let Some(bytes) = self.recall(digest)
        {
            return Ok(Box::new(Cursor::new(bytes)));
        }
        let opened = self.may_ask().and_then(|()| BlobReader::open(&self.registries, &self.reference, *digest, size));
        match opened {
            Ok(reader) => Ok(Box::new(Noting { reader, repository: self.clone() })),
            Err(error) => {
                if !matches!(error, RegistryError::Missing(_)) {
                    self.fail(&error);
                }
                Err(Error::other(error))
            }
        }
    }

    fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Notes why a read failed.
struct Noting {
    reader: BlobReader,
    repository: Repository,
}

impl Read for Noting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(buffer).inspect_err(|error| self.repository.fail(error))
    }
}
