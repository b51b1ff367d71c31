//! Images: every layer catalogued once, whichever images share it, then laid over each other.

use super::Builtin;
use super::assemble::{Identity, Placed, assemble, identity};
use super::catalog::{FOUND_LIMIT, Found};
use super::catalogue::{LayerCatalogue, Stack};
use super::facts::Facts;
use super::layer::{self, LayerId};
use crate::adapters::subjects::blobs::Blobs;
use crate::adapters::subjects::document::{DOCUMENT_LIMIT, Descriptor, ImageConfig, LAYER_LIMIT, Manifest};
use crate::model::{Blob, Digest, Gap, GapKind, Location, Sbom};
use crate::ports::{ActionKey, BlobLookup, Cache, Output, ScanError, ScanRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::{Arc, PoisonError};

/// The name of a layer's only output in the cache.
const OUTPUT: &str = "layer";

pub(super) fn scan(builtin: &Builtin, request: &ScanRequest) -> Result<Arc<Sbom>, ScanError> {
    let blobs = Blobs::of(&request.located)
        .map_err(|error| ScanError::Unusable(format!("{}: {error}", request.located.subject.uri)))?;
    // Trouble on the way to the blobs is no fault of the image's.
    let or_unreachable = |error: ScanError| {
        blobs.failure().filter(|_| !matches!(error, ScanError::Cancelled)).map_or(error, ScanError::Unavailable)
    };
    let layers = layers(request, &blobs).map_err(or_unreachable)?;
    let ids: Vec<LayerId> = layers.iter().map(|(_, id)| *id).collect();
    if let Some(known) = builtin.stacks.get(&ids) {
        return Ok(known);
    }
    let mut catalogues = Vec::with_capacity(layers.len());
    let mut weight = 0;
    for (descriptor, id) in &layers {
        if request.cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let catalogue = once(builtin, request, &blobs, descriptor, id).map_err(or_unreachable)?;
        weight += catalogue.weight();
        if weight > FOUND_LIMIT {
            let reason = format!("more than {FOUND_LIMIT} packages in its layers");
            return Ok(Arc::new(Sbom { gaps: vec![Gap::new(GapKind::LimitReached, "", reason)], ..Sbom::default() }));
        }
        catalogues.push(catalogue);
    }
    let stack = Stack(&catalogues);
    let mut gaps: Vec<Gap> = catalogues.iter().flat_map(|catalogue| catalogue.gaps.iter().cloned()).collect();
    for (path, target) in stack.unread_links() {
        let reason = format!("a symbolic link to {target}, which was not read");
        gaps.push(Gap::new(GapKind::UnreadableFile, path, reason));
    }
    for (path, target) in stack.unread_places() {
        let reason = format!("a symbolic link above it leads to {target}, which was not read");
        gaps.push(Gap::new(GapKind::UnreadableFile, path, reason));
    }
    let diff_id = |place: usize| layers.get(place).map(|(_, id)| id.diff_id);
    let stack = &stack;
    let placed = stack.files().map(|(place, path, facts)| Placed {
        location: Location { path: path.clone(), layer: diff_id(place) },
        facts,
        origins: origins(facts, stack.earlier(place, path), &diff_id),
    });
    let placed: Vec<Placed<'_>> = placed.collect();
    let mut sbom = assemble(&placed, gaps);
    // An image that shows nothing of what it is made of was not looked into: that is not the same as one with no packages.
    if sbom.components.is_empty() && sbom.gaps.is_empty() {
        let reason = "there is no package database, package or program of a kind that is read by this version";
        sbom.gaps.push(Gap::new(GapKind::UnreadableFile, "", reason));
    }
    let sbom = Arc::new(sbom);
    builtin.stacks.put(ids, &sbom);
    Ok(sbom)
}

/// A package came with the lowest layer since which the database has had it.
fn origins<'a>(
    facts: &'a Facts,
    earlier: impl Iterator<Item = (usize, &'a Facts)>,
    diff_id: &impl Fn(usize) -> Option<Digest>,
) -> BTreeMap<Identity<'a>, Digest> {
    let mut origins = BTreeMap::new();
    let mut kept = identities(facts);
    for (place, facts) in earlier {
        if kept.is_empty() {
            break;
        }
        let before = identities(facts);
        kept.retain(|package| before.contains(package));
        origins.extend(diff_id(place).into_iter().flat_map(|layer| kept.iter().map(move |package| (*package, layer))));
    }
    origins
}

fn identities(facts: &Facts) -> BTreeSet<Identity<'_>> {
    let packages = facts.found.iter().filter_map(|found| match found {
        Found::System(package) => Some(identity(package)),
        Found::Component(_) | Found::Distro(_) | Found::Licensed(_) => None,
    });
    packages.collect()
}

/// The layers of an image, lowest first.
fn layers(request: &ScanRequest, blobs: &Blobs) -> Result<Vec<(Descriptor, LayerId)>, ScanError> {
    let unusable = |what: &str, reason: &dyn std::fmt::Display| ScanError::Unusable(format!("{what}: {reason}"));
    let manifest: Manifest =
        serde_json::from_slice(&request.located.manifest).map_err(|error| unusable("manifest", &error))?;
    let place = format!("config {}", manifest.config.digest);
    let mut bytes = Vec::new();
    open(blobs, &manifest.config)?
        .take(DOCUMENT_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unusable(&place, &error.kind()))?;
    if bytes.len() as u64 > DOCUMENT_LIMIT {
        return Err(unusable(&place, &format!("larger than {DOCUMENT_LIMIT} bytes")));
    }
    if Digest::of(&bytes) != manifest.config.digest {
        return Err(ScanError::Integrity { place, reason: "does not have the digest that the manifest says".into() });
    }
    let config: ImageConfig = serde_json::from_slice(&bytes).map_err(|error| unusable(&place, &error))?;
    let diff_ids = config.rootfs.diff_ids;
    if diff_ids.len() != manifest.layers.len() || diff_ids.len() > LAYER_LIMIT {
        let reason = format!("{} layers where the manifest has {}", diff_ids.len(), manifest.layers.len());
        return Err(unusable(&place, &reason));
    }
    let layers = manifest.layers.into_iter().zip(diff_ids);
    Ok(layers
        .map(|(blob, diff_id)| (LayerId { blob: blobs.has_blob_digests().then_some(blob.digest), diff_id }, blob))
        .map(|(id, blob)| (blob, id))
        .collect())
}

fn open<'a>(blobs: &'a Blobs, blob: &Descriptor) -> Result<Box<dyn std::io::Read + 'a>, ScanError> {
    blobs.open(blob).map_err(|error| ScanError::Unusable(format!("blob {}: {error}", blob.digest)))
}

/// A layer's catalogue: of this process, else of the cache, else of the blob. Those who ask for one that is being made wait.
fn once(
    builtin: &Builtin,
    request: &ScanRequest,
    blobs: &Blobs,
    blob: &Descriptor,
    id: &LayerId,
) -> Result<Arc<LayerCatalogue>, ScanError> {
    let slot = {
        let mut layers = builtin.layers.lock().unwrap_or_else(PoisonError::into_inner);
        layers.entry(*id).or_default().clone()
    };
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(catalogue) = &*slot {
        return Ok(catalogue.clone());
    }
    let key = key(builtin, id);
    let catalogue = match recall(request.cache.as_ref(), &key) {
        Some(catalogue) => Arc::new(catalogue),
        None => {
            let (catalogue, whole) = layer::catalogue(|| open(blobs, blob), id, &request.cancel)?;
            if whole {
                // A cache that cannot be written costs time only.
                let _ = keep(request.cache.as_ref(), &key, &catalogue);
            }
            Arc::new(catalogue)
        }
    };
    *slot = Some(catalogue.clone());
    Ok(catalogue)
}

/// Of both digests: that this blob is this tar was checked when the entry was made.
fn key(builtin: &Builtin, id: &LayerId) -> ActionKey {
    let mut hasher = blake3::Hasher::new_derive_key("proofmark 2026-11 layer catalogue 2");
    let options = super::catalogers::options();
    let blob = id.blob.map_or_else(String::new, |blob| blob.to_string());
    for part in [&blob, &id.diff_id.to_string(), &options, &builtin.identity.version] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    ActionKey(*hasher.finalize().as_bytes())
}

fn recall(cache: &dyn Cache, key: &ActionKey) -> Option<LayerCatalogue> {
    match cache.output(key, OUTPUT).ok()? {
        BlobLookup::Found((_, bytes)) => serde_json::from_slice(&bytes).ok(),
        BlobLookup::Missing | BlobLookup::Corrupted => None,
    }
}

fn keep(cache: &dyn Cache, key: &ActionKey, catalogue: &LayerCatalogue) -> Option<()> {
    let catalogue = Blob::new(&serde_json::to_vec(catalogue).ok()?);
    cache.put_action(key, &[(OUTPUT, Output::Whole(&catalogue))]).ok()
}
