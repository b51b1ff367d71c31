//! Images in OCI layouts: `oci:PATH[:TAG|@DIGEST]`, or `oci-archive:` for a layout in a tar file, to the manifest it means.
//! Indexes, manifests and configs are read and checked against their digests; of layers only presence and size are looked at.

use super::archive::Archive;
use super::document::{DOCUMENT_LIMIT, Descriptor, Index, LAYER_LIMIT, Manifest, Platform};
use super::place::{Root, join, read, unreadable, unusable};
use super::platform;
use crate::adapters::stamp::stamp;
use crate::model::{Digest, Subject, SubjectDigest, SubjectKind};
use crate::ports::{ImageSpec, Located, Stamp, SubjectError};
use std::collections::BTreeMap;

/// How deep indexes may lie in indexes.
const DEPTH_LIMIT: usize = 4;
/// The most manifests of all indexes together.
const MANIFEST_LIMIT: usize = 1024;

pub(super) fn locate(root: &Root, spec: &ImageSpec, rest: &str, is_archive: bool) -> Result<Located, SubjectError> {
    let reference = &spec.reference;
    let (path, selector) = split(reference, rest)?;
    let (place, directory) = root.resolve(path)?;
    let mut layout = Layout { root, place, archive: None, inputs: BTreeMap::new() };
    if is_archive {
        layout.open(&directory)?;
    }
    layout.check_marker()?;
    let images = layout.images(reference, &selector, spec.platform.as_deref())?;
    let platforms: Vec<Platform> = images.iter().map(|image| image.platform.clone()).collect();
    let chosen = platform::choose(reference, spec.platform.as_deref(), &platforms)?;
    let Some(Image { descriptor, bytes, manifest, .. }) = images.into_iter().nth(chosen) else {
        return Err(SubjectError::Reference(format!("{reference}: it holds no image")));
    };
    if manifest.layers.len() > LAYER_LIMIT {
        return Err(unusable(reference, format!("more than {LAYER_LIMIT} layers")));
    }
    for blob in manifest.layers.iter().chain([&manifest.config]) {
        layout.note_blob(blob)?;
    }
    Ok(Located {
        subject: Subject {
            name: spec.name.clone(),
            kind: SubjectKind::Image,
            uri: reference.clone(),
            digest: SubjectDigest::Sha256(descriptor.digest),
        },
        root: directory,
        manifest: bytes,
        inputs: layout.inputs.into_iter().map(|(path, (stamp, digest))| (path, stamp, digest)).collect(),
    })
}

/// Which of the images of a layout.
enum Selector {
    Any,
    Tag(String),
    Digest(Digest),
}

fn split<'a>(reference: &str, rest: &'a str) -> Result<(&'a str, Selector), SubjectError> {
    if let Some((path, digest)) = rest.split_once('@') {
        let digest = Digest::parse(digest).map_err(|error| SubjectError::Reference(format!("{reference}: {error}")))?;
        return Ok((path, Selector::Digest(digest)));
    }
    Ok(match rest.split_once(':') {
        Some((path, tag)) => (path, Selector::Tag(tag.to_owned())),
        None => (rest, Selector::Any),
    })
}

/// An image of a layout.
struct Image {
    descriptor: Descriptor,
    bytes: Vec<u8>,
    manifest: Manifest,
    platform: Platform,
}

struct Layout<'a> {
    root: &'a Root,
    /// Its path from the project's root.
    place: String,
    /// Where it is a tar file.
    archive: Option<Archive>,
    inputs: BTreeMap<String, (Stamp, Option<Digest>)>,
}

impl Layout<'_> {
    /// Opens the tar file, which is the only input then.
    fn open(&mut self, path: &std::path::Path) -> Result<(), SubjectError> {
        let metadata = path.metadata().map_err(|error| unreadable(&self.place, &error))?;
        self.archive = Some(Archive::open(path).map_err(|error| unusable(&self.place, error.to_string()))?);
        self.inputs.insert(self.place.clone(), (stamp(&metadata), None));
        Ok(())
    }

    fn check_marker(&mut self) -> Result<(), SubjectError> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Marker {
            image_layout_version: String,
        }
        let (place, bytes) = self.document("oci-layout")?;
        let marker: Marker = parse(&place, &bytes)?;
        match marker.image_layout_version.as_str() {
            "1.0.0" => Ok(()),
            other => Err(unusable(&place, format!("image layout version {other} is not read by this version"))),
        }
    }

    /// Reads a document by its path in the layout.
    fn document(&mut self, name: &str) -> Result<(String, Vec<u8>), SubjectError> {
        if let Some(archive) = &self.archive {
            let place = join(&self.place, name);
            let bytes = archive.read(name, DOCUMENT_LIMIT).map_err(|error| unusable(&place, error.to_string()))?;
            return Ok((place, bytes));
        }
        let (place, path) = self.find(name)?;
        let metadata = path.metadata().map_err(|error| unreadable(&place, &error))?;
        if !metadata.is_file() {
            return Err(unusable(&place, "not a file"));
        }
        let bytes = read(&place, &path, DOCUMENT_LIMIT)?;
        self.inputs.insert(place.clone(), (stamp(&metadata), Some(Digest::of(&bytes))));
        Ok((place, bytes))
    }

    fn find(&self, name: &str) -> Result<(String, std::path::PathBuf), SubjectError> {
        self.root.resolve(&join(&self.place, name)).map_err(|error| match error {
            SubjectError::Missing { place } => unusable(&place, "is missing"),
            other => other,
        })
    }

    /// Reads a blob that is a document, and checks it.
    fn blob(&mut self, descriptor: &Descriptor) -> Result<(String, Vec<u8>), SubjectError> {
        let (place, bytes) = self.document(&descriptor.blob_path())?;
        if bytes.len() as u64 != descriptor.size || Digest::of(&bytes) != descriptor.digest {
            return Err(SubjectError::Integrity { place, reason: "not the bytes of its digest and size".into() });
        }
        Ok((place, bytes))
    }

    /// Notes a blob as input without reading it.
    fn note_blob(&mut self, descriptor: &Descriptor) -> Result<(), SubjectError> {
        if let Some(archive) = &self.archive {
            let place = join(&self.place, &descriptor.blob_path());
            let size = archive.size_of(&descriptor.blob_path());
            let size = size.map_err(|error| unusable(&place, error.to_string()))?;
            return of_size(place, size, descriptor).map(drop);
        }
        let (place, path) = self.find(&descriptor.blob_path())?;
        let metadata = path.metadata().map_err(|error| unreadable(&place, &error))?;
        if !metadata.is_file() {
            return Err(unusable(&place, "not a file"));
        }
        let place = of_size(place, metadata.len(), descriptor)?;
        self.inputs.insert(place, (stamp(&metadata), Some(descriptor.digest)));
        Ok(())
    }

    /// The images that the selector leaves, each once, in the order of the indexes.
    fn images(
        &mut self,
        reference: &str,
        selector: &Selector,
        wanted: Option<&str>,
    ) -> Result<Vec<Image>, SubjectError> {
        let (place, bytes) = self.document("index.json")?;
        let index: Index = parse(&place, &bytes)?;
        let mut pending: Vec<(Descriptor, usize, bool)> = Vec::new();
        for descriptor in index.manifests.into_iter().rev() {
            let selected = match selector {
                Selector::Any => true,
                Selector::Tag(tag) if !descriptor.has_tag(tag) => continue,
                Selector::Tag(_) => true,
                Selector::Digest(digest) => descriptor.digest == *digest,
            };
            pending.push((descriptor, 0, selected));
        }
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
                let (place, bytes) = self.blob(&descriptor)?;
                let nested: Index = parse(&place, &bytes)?;
                for inner in nested.manifests.into_iter().rev() {
                    let selected = selected || matches!(selector, Selector::Digest(digest) if inner.digest == *digest);
                    pending.push((inner, depth + 1, selected));
                }
            } else if selected
                && !descriptor.is_attestation()
                && leaves.iter().all(|leaf| leaf.digest != descriptor.digest)
            {
                leaves.push(descriptor);
            }
        }
        let mut images = Vec::new();
        let only = leaves.len() == 1;
        for descriptor in leaves {
            images.extend(self.image(descriptor, wanted, only)?);
        }
        Ok(images)
    }

    /// The image of a descriptor; `None` for another artefact.
    fn image(
        &mut self,
        descriptor: Descriptor,
        wanted: Option<&str>,
        only: bool,
    ) -> Result<Option<Image>, SubjectError> {
        let known = descriptor.platform.clone();
        let (place, bytes) = match self.blob(&descriptor) {
            // A layout may hold the images of some platforms only.
            Err(SubjectError::Unusable { .. }) if !only && known.as_ref().is_some_and(|it| !maybe(it, wanted)) => {
                return Ok(None);
            }
            other => other?,
        };
        let manifest: Manifest = parse(&place, &bytes)?;
        if !manifest.is_image() {
            if only {
                return Err(unusable(&place, "the manifest is not one of an image"));
            }
            return Ok(None);
        }
        let platform = match known {
            Some(platform) => platform,
            None => {
                let (place, bytes) = self.blob(&manifest.config)?;
                parse(&place, &bytes)?
            }
        };
        Ok(Some(Image { descriptor, bytes, manifest, platform }))
    }
}

/// The place, if what lies there has the size that the manifest says.
fn of_size(place: String, size: u64, descriptor: &Descriptor) -> Result<String, SubjectError> {
    if size == descriptor.size {
        return Ok(place);
    }
    let reason = format!("{size} bytes where the manifest says {}", descriptor.size);
    Err(SubjectError::Integrity { place, reason })
}

fn maybe(platform: &Platform, wanted: Option<&str>) -> bool {
    let mut parts = wanted.unwrap_or("linux/amd64").split('/');
    parts.next() == Some(&platform.os) && parts.next() == Some(&platform.architecture)
}

fn parse<T: serde::de::DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, SubjectError> {
    serde_json::from_slice(bytes).map_err(|error| unusable(place, format!("not as it should be: {error}")))
}
