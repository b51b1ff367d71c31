//! Images in archives that `docker save` writes: `docker-archive:PATH[:TAG|@NUMBER]`.
//!
//! Such an archive has no manifest with a digest. What identifies the image is the digest of its config, docker's image id: it
//! names the digest of every layer. <https://github.com/moby/moby/blob/master/image/spec/spec.md>

use super::archive::Archive;
use super::document::{DOCUMENT_LIMIT, ImageConfig, LAYER_LIMIT, Platform};
use super::place::{Root, unusable};
use super::platform;
use crate::adapters::stamp::stamp;
use crate::model::{Digest, Subject, SubjectDigest, SubjectKind};
use crate::ports::{ImageSpec, Located, SubjectError};
use serde::Deserialize;

/// The most images of one archive.
const IMAGE_LIMIT: usize = 1024;

/// An image in `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

struct Image<'a> {
    raw: &'a RawImage,
    bytes: Vec<u8>,
    config: ImageConfig,
    platform: Platform,
}

pub(super) fn locate(root: &Root, spec: &ImageSpec, rest: &str) -> Result<Located, SubjectError> {
    let reference = &spec.reference;
    let (path, selector) = match rest.split_once('@') {
        Some((path, number)) => (path, Some((number, true))),
        None => rest.split_once(':').map_or((rest, None), |(path, tag)| (path, Some((tag, false)))),
    };
    let (place, file) = root.resolve(path)?;
    let within = |name: &str, error: std::io::Error| unusable(&format!("{place}: {name}"), error.to_string());
    let metadata = file.metadata().map_err(|error| within("archive", error))?;
    let archive = Archive::open(&file).map_err(|error| unusable(&place, error.to_string()))?;
    let read = |name: &str| archive.read(name, DOCUMENT_LIMIT).map_err(|error| within(name, error));
    let all: Vec<RawImage> = serde_json::from_slice(&read("manifest.json")?)
        .map_err(|error| unusable(&place, format!("manifest.json: not as it should be: {error}")))?;
    if all.len() > IMAGE_LIMIT {
        return Err(unusable(&place, format!("more than {IMAGE_LIMIT} images")));
    }
    let mut images = Vec::new();
    for (number, raw) in all.iter().enumerate() {
        let selected = match selector {
            None => true,
            Some((wanted, true)) => wanted.parse() == Ok(number),
            Some((tag, false)) => raw.repo_tags.iter().flatten().any(|name| has_tag(name, tag)),
        };
        if selected {
            let bytes = read(&raw.config)?;
            let as_it_should = |error| unusable(&place, format!("{}: not as it should be: {error}", raw.config));
            let config = serde_json::from_slice(&bytes).map_err(as_it_should)?;
            let platform = serde_json::from_slice(&bytes).map_err(as_it_should)?;
            images.push(Image { raw, bytes, config, platform });
        }
    }
    let platforms: Vec<Platform> = images.iter().map(|image| image.platform.clone()).collect();
    let chosen = platform::choose(reference, spec.platform.as_deref(), &platforms)?;
    let Some(image) = images.get(chosen) else {
        return Err(SubjectError::Reference(format!("{reference}: it holds no image")));
    };
    let manifest = manifest(&place, &archive, image)?;
    let subject = Subject {
        name: spec.name.clone(),
        kind: SubjectKind::Image,
        uri: reference.clone(),
        digest: SubjectDigest::Sha256(Digest::of(&image.bytes)),
    };
    Ok(Located::here(subject, file, manifest, vec![(place, stamp(&metadata), None)]))
}

/// Whether a name (`registry.example/shop/cart:1.0`) goes by this tag: its last part, or all of it.
fn has_tag(name: &str, tag: &str) -> bool {
    name == tag || name.strip_suffix(tag).is_some_and(|rest| rest.ends_with([':', '/']))
}

/// A manifest in OCI's form. The digests of its layers are those of the tars.
fn manifest(place: &str, archive: &Archive, image: &Image<'_>) -> Result<Vec<u8>, SubjectError> {
    let (layers, diff_ids) = (&image.raw.layers, &image.config.rootfs.diff_ids);
    if layers.len() != diff_ids.len() || layers.len() > LAYER_LIMIT {
        let reason = format!("{} layers where the config says {}", layers.len(), diff_ids.len());
        return Err(unusable(place, reason));
    }
    let mut blobs = Vec::with_capacity(layers.len());
    for (name, digest) in layers.iter().zip(diff_ids) {
        let size = archive.size_of(name).map_err(|error| unusable(&format!("{place}: {name}"), error.to_string()))?;
        blobs.push(serde_json::json!({
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar", "digest": digest, "size": size, "member": name,
        }));
    }
    let config = serde_json::json!({
        "mediaType": "application/vnd.docker.container.image.v1+json", "digest": Digest::of(&image.bytes),
        "size": image.bytes.len(), "member": image.raw.config,
    });
    serde_json::to_vec(&serde_json::json!({ "schemaVersion": 2, "config": config, "layers": blobs }))
        .map_err(|error| unusable(place, error.to_string()))
}
