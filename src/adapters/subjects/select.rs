//! From the descriptors of an index to the one image that is meant, wherever the documents lie.

use super::document::{Descriptor, Index, LAYER_LIMIT, Manifest, Platform, parse};
use super::place::unusable;
use super::platform;
use crate::model::Digest;
use crate::ports::SubjectError;

/// How deep indexes may lie in indexes.
const DEPTH_LIMIT: usize = 4;
/// The most manifests of all indexes together.
const MANIFEST_LIMIT: usize = 1024;

/// What is looked for.
pub(super) struct Wanted<'a> {
    /// The whole reference, for messages.
    pub(super) reference: &'a str,
    /// A manifest or index by digest, at any depth.
    pub(super) digest: Option<&'a Digest>,
    /// `os/arch[/variant]`.
    pub(super) platform: Option<&'a str>,
}

/// An image.
pub(super) struct Image {
    /// Of its manifest.
    pub(super) descriptor: Descriptor,
    /// The manifest as stored.
    pub(super) bytes: Vec<u8>,
    /// The same, read.
    pub(super) manifest: Manifest,
}

/// The one image among the candidates, each with whether it is selected itself (else only what its index holds may be). `blob`
/// gives a document and its place, checked against its digest.
///
/// # Errors
/// There is none, or several fit; a document cannot be had or read.
pub(super) fn image(
    wanted: &Wanted<'_>,
    candidates: Vec<(Descriptor, bool)>,
    mut blob: impl FnMut(&Descriptor) -> Result<(String, Vec<u8>), SubjectError>,
) -> Result<Image, SubjectError> {
    let reference = wanted.reference;
    let leaves = leaves(wanted, candidates, &mut blob)?;
    let only = leaves.len() == 1;
    let (mut platforms, mut images) = (Vec::new(), Vec::new());
    for descriptor in leaves {
        match &descriptor.platform {
            // Not every place that has the index has the images of every platform: what cannot be meant is not asked for.
            Some(platform) if !only && !maybe(platform, wanted.platform) => {
                platforms.push(platform.clone());
                images.push(None);
            }
            _ => {
                let Some((platform, image)) = open(descriptor, only, &mut blob)? else { continue };
                platforms.push(platform);
                images.push(Some(image));
            }
        }
    }
    let chosen = platform::choose(reference, wanted.platform, &platforms)?;
    let Some(image) = images.into_iter().nth(chosen).flatten() else {
        return Err(SubjectError::Reference(format!("{reference}: it holds no image")));
    };
    if image.manifest.layers.len() > LAYER_LIMIT {
        return Err(unusable(reference, format!("more than {LAYER_LIMIT} layers")));
    }
    Ok(image)
}

/// Descriptors of manifests, each once, in the order of the indexes.
fn leaves(
    wanted: &Wanted<'_>,
    candidates: Vec<(Descriptor, bool)>,
    blob: &mut impl FnMut(&Descriptor) -> Result<(String, Vec<u8>), SubjectError>,
) -> Result<Vec<Descriptor>, SubjectError> {
    let reference = wanted.reference;
    let mut pending: Vec<(Descriptor, usize, bool)> =
        candidates.into_iter().rev().map(|(descriptor, selected)| (descriptor, 0, selected)).collect();
    let mut leaves: Vec<Descriptor> = Vec::new();
    let mut seen = 0_usize;
    while let Some((descriptor, depth, selected)) = pending.pop() {
        seen += 1;
        if seen > MANIFEST_LIMIT {
            return Err(unusable(reference, format!("more than {MANIFEST_LIMIT} manifests")));
        }
        if descriptor.is_index() {
            if depth >= DEPTH_LIMIT {
                return Err(unusable(reference, format!("indexes more than {DEPTH_LIMIT} deep")));
            }
            let (place, bytes) = blob(&descriptor)?;
            let nested: Index = parse(&place, &bytes)?;
            for inner in nested.manifests.into_iter().rev() {
                let selected = selected || wanted.digest == Some(&inner.digest);
                pending.push((inner, depth + 1, selected));
            }
        } else if selected && !descriptor.is_attestation() && leaves.iter().all(|leaf| leaf.digest != descriptor.digest)
        {
            leaves.push(descriptor);
        }
    }
    Ok(leaves)
}

/// The image of a descriptor; `None` for another artefact.
fn open(
    descriptor: Descriptor,
    only: bool,
    blob: &mut impl FnMut(&Descriptor) -> Result<(String, Vec<u8>), SubjectError>,
) -> Result<Option<(Platform, Image)>, SubjectError> {
    let (place, bytes) = blob(&descriptor)?;
    let manifest: Manifest = parse(&place, &bytes)?;
    if !manifest.is_image() {
        if only {
            return Err(unusable(&place, "the manifest is not one of an image"));
        }
        return Ok(None);
    }
    let platform = match &descriptor.platform {
        Some(platform) => platform.clone(),
        None => {
            let (place, bytes) = blob(&manifest.config)?;
            parse(&place, &bytes)?
        }
    };
    Ok(Some((platform, Image { descriptor, bytes, manifest })))
}

fn maybe(platform: &Platform, wanted: Option<&str>) -> bool {
    let mut parts = wanted.unwrap_or("linux/amd64").split('/');
    parts.next() == Some(&platform.os) && parts.next() == Some(&platform.architecture)
}
