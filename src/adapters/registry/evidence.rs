//! Evidence in registries: bundles as referrers of images, as cosign lays them (one blob, an empty config), and the files of a lock
//! as the layers of one artefact.

use super::blob::BlobReader;
use super::client::{Registries, unusable};
use super::reference::Reference;
use super::referrers::{Entry, MANIFEST, own_tag};
use crate::adapters::http::backoff::Backoff;
use crate::model::Digest;
use crate::ports::{
    Attached, EvidenceAt, ImageAt, KeptFile, ReadFile, Referrer, Registry, RegistryError, RegistryLogin,
};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

/// A bundle's type.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The type of the files of a lock.
const EVIDENCE: &str = "application/vnd.proofmark.evidence.v1";
/// The type of each of them.
const FILE: &str = "application/vnd.proofmark.evidence.file.v1";
/// Holds a file's path.
const TITLE: &str = "org.opencontainers.image.title";
/// The empty config, which such artefacts have.
const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
/// The largest bundle that is read, in bytes.
const BUNDLE_LIMIT: u64 = 256 << 20;
/// The most referrers of one image that are looked at.
const REFERRERS: usize = 10_000;

/// Keeps evidence in registries.
pub struct Evidence {
    registries: Arc<Registries>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    layers: Vec<Layer>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: Digest,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Evidence {
    /// In these registries.
    pub fn new(registries: Arc<Registries>) -> Self {
        Self { registries }
    }

    fn places(image: &ImageAt<'_>) -> Result<(Reference, Reference), RegistryError> {
        let own = reference(image.reference)?;
        let beside = image.beside.map(reference).transpose()?;
        Ok((beside.unwrap_or_else(|| own.clone()), own))
    }

    /// A blob, whole and checked.
    fn blob(&self, at: &Reference, digest: &Digest, size: u64, limit: u64) -> Result<Vec<u8>, RegistryError> {
        if size > limit {
            return Err(unusable(at, &format!("{digest} has more than {limit} bytes")));
        }
        let mut bytes = Vec::new();
        let reader = BlobReader::open(&self.registries, at, *digest, size)?;
        reader
            .take(size.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| super::client::unreachable(at, error.to_string()))?;
        if Digest::of(&bytes) == *digest {
            Ok(bytes)
        } else {
            Err(RegistryError::Integrity { place: format!("{at}@{digest}") })
        }
    }

    /// Puts one bundle there, in a few tries: a registry that is given the same blob by several at once may deny for a moment
    /// that it has it.
    async fn attach_one(&self, to: &Reference, image: &Entry, referrer: &Referrer) -> Result<bool, RegistryError> {
        let backoff = Backoff { base: Duration::from_millis(50), most: Duration::from_secs(2), ..Backoff::default() };
        let mut tries = 0;
        loop {
            match self.attach_now(to, image, referrer).await {
                Err(RegistryError::Unusable { .. }) if tries < backoff.retries => {
                    tokio::time::sleep(backoff.jittered(tries)).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// Whether it was new.
    async fn attach_now(&self, to: &Reference, image: &Entry, referrer: &Referrer) -> Result<bool, RegistryError> {
        let digest = Digest::of(&referrer.bundle);
        let mut annotations = referrer.annotations.clone();
        annotations.insert("org.opencontainers.image.created".into(), referrer.created.to_string());
        annotations.insert("dev.sigstore.bundle.content".into(), "dsse-envelope".into());
        annotations.insert("dev.sigstore.bundle.predicateType".into(), referrer.predicate_type.clone());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE,
            "config": empty(),
            "layers": [{"mediaType": BUNDLE, "digest": digest, "size": referrer.bundle.len()}],
            "subject": {"mediaType": image.media_type, "digest": image.digest, "size": image.size},
            "annotations": annotations,
        });
        let manifest = serde_json::to_vec(&manifest).map_err(|error| unusable(to, &error))?;
        let tag = own_tag(&image.digest, &Digest::of(&manifest));
        if let Some(stored) = self.registries.manifest(to, &tag).await?
            && stored.bytes == manifest
            && self.registries.has_blob(to, &digest).await?
        {
            return Ok(false);
        }
        self.registries.put_blob(to, &Digest::of(EMPTY), EMPTY).await?;
        self.registries.put_blob(to, &digest, &referrer.bundle).await?;
        self.registries.put_manifest(to, &tag, MANIFEST, &manifest).await?;
        match self.registries.manifest(to, &Digest::of(&manifest).to_string()).await? {
            Some(stored) if stored.bytes == manifest => Ok(true),
            _ => Err(unusable(to, &format!("it took {tag} and has something else"))),
        }
    }
}

fn reference(text: &str) -> Result<Reference, RegistryError> {
    let bad = || RegistryError::Unusable { place: text.to_owned(), reason: "not a repository of a registry".into() };
    Reference::parse(text).ok_or_else(bad)
}

fn empty() -> serde_json::Value {
    json!({"mediaType": EMPTY_TYPE, "digest": Digest::of(EMPTY), "size": EMPTY.len()})
}

impl Registry for Evidence {
    fn log_in_with(&self, logins: BTreeMap<String, RegistryLogin>) {
        self.registries.log_in_with(logins);
    }

    fn attach(&self, image: &ImageAt<'_>, bundles: &[Referrer]) -> Result<Attached, RegistryError> {
        let (to, own) = Self::places(image)?;
        self.registries.wait(async {
            let digest = image.digest.to_string();
            let Some(stored) = self.registries.manifest(&own, &digest).await? else {
                return Err(RegistryError::Missing(format!("{own}@{digest}")));
            };
            let mut subject = Entry::of(&stored.bytes, "", &BTreeMap::new());
            subject.media_type = stored.media_type.unwrap_or(subject.media_type);
            let mut done = Attached::default();
            for referrer in bundles {
                let new = self.attach_one(&to, &subject, referrer).await?;
                done.new += usize::from(new);
                done.known += usize::from(!new);
            }
            done.unlisted = self.registries.list_all(&to, image.digest).await?;
            Ok(done)
        })
    }

    fn attached(&self, image: &ImageAt<'_>) -> Result<Vec<Vec<u8>>, RegistryError> {
        let (at, _) = Self::places(image)?;
        let entries = self.registries.wait(self.registries.referrers(&at, image.digest))?;
        let mut bundles = BTreeMap::new();
        for entry in entries.iter().take(REFERRERS) {
            let selector = entry.digest.to_string();
            let Some(stored) = self.registries.wait(self.registries.manifest(&at, &selector))? else { continue };
            let manifest: Artifact = serde_json::from_slice(&stored.bytes).map_err(|error| unusable(&at, &error))?;
            // What a list says of a type is the registry's own reading; the layer says it for itself.
            let [layer] = manifest.layers.as_slice() else { continue };
            let is_ours = manifest.annotations.contains_key("dev.proofmark.lock");
            if !is_ours && layer.media_type.starts_with("application/vnd.dev.sigstore.bundle") {
                bundles.insert(layer.digest, self.blob(&at, &layer.digest, layer.size, BUNDLE_LIMIT)?);
            }
        }
        // Where they were before there were referrers: envelopes, all in one manifest.
        let legacy = format!("sha256-{}.att", image.digest.hex());
        if let Some(stored) = self.registries.wait(self.registries.manifest(&at, &legacy))? {
            let manifest: Artifact = serde_json::from_slice(&stored.bytes).map_err(|error| unusable(&at, &error))?;
            for layer in manifest.layers.iter().take(REFERRERS) {
                if layer.media_type.starts_with("application/vnd.dsse.envelope") {
                    bundles.insert(layer.digest, self.blob(&at, &layer.digest, layer.size, BUNDLE_LIMIT)?);
                }
            }
        }
        Ok(bundles.into_values().collect())
    }

    fn keep(
        &self,
        evidence: &EvidenceAt<'_>,
        files: &[KeptFile],
        read: &ReadFile<'_>,
    ) -> Result<Attached, RegistryError> {
        let to = reference(evidence.repository)?;
        let mut done = Attached::default();
        self.registries.wait(self.registries.put_blob(&to, &Digest::of(EMPTY), EMPTY))?;
        for file in files {
            if self.registries.wait(self.registries.has_blob(&to, &file.digest))? {
                done.known += 1;
                continue;
            }
            let bytes = read(file)?;
            self.registries.wait(self.registries.put_blob(&to, &file.digest, &bytes))?;
            done.new += 1;
        }
        let layers: Vec<_> = files
            .iter()
            .map(|file| {
                json!({"mediaType": FILE, "digest": file.digest, "size": file.size, "annotations": {(TITLE): file.path}})
            })
            .collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": EVIDENCE, "config": empty(), "layers": layers,
        });
        let manifest = serde_json::to_vec(&manifest).map_err(|error| unusable(&to, &error))?;
        // A tag that is as it should be is not written again: there are registries that never change one.
        if self
            .registries
            .wait(self.registries.manifest(&to, evidence.tag))?
            .is_none_or(|stored| stored.bytes != manifest)
        {
            self.registries.wait(self.registries.put_manifest(&to, evidence.tag, MANIFEST, &manifest))?;
        }
        match self.registries.wait(self.registries.manifest(&to, evidence.tag))? {
            Some(stored) if stored.bytes == manifest => Ok(done),
            _ => Err(unusable(&to, &format!("it took {} and has something else", evidence.tag))),
        }
    }

    fn kept(&self, evidence: &EvidenceAt<'_>) -> Result<Vec<KeptFile>, RegistryError> {
        let at = reference(evidence.repository)?;
        let Some(stored) = self.registries.wait(self.registries.manifest(&at, evidence.tag))? else {
            return Err(RegistryError::Missing(format!("{at}:{}", evidence.tag)));
        };
        let manifest: Artifact = serde_json::from_slice(&stored.bytes).map_err(|error| unusable(&at, &error))?;
        let mut files = Vec::new();
        for mut layer in manifest.layers {
            if layer.media_type == FILE
                && let Some(path) = layer.annotations.remove(TITLE)
            {
                files.push(KeptFile { path, digest: layer.digest, size: layer.size });
            }
        }
        Ok(files)
    }

    fn file(&self, evidence: &EvidenceAt<'_>, file: &KeptFile) -> Result<Vec<u8>, RegistryError> {
        self.blob(&reference(evidence.repository)?, &file.digest, file.size, BUNDLE_LIMIT)
    }
}
