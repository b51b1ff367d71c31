//! Images in OCI layouts: `oci:PATH[:TAG|@DIGEST]`, or `oci-archive:` for a layout in a tar file, to the manifest it means.
//! Indexes, manifests and configs are read and checked against their digests; of layers only presence and size are looked at.

use super::archive::Archive;
use super::document::{DOCUMENT_LIMIT, Descriptor, Index, parse};
use super::place::{Root, join, read, unreadable, unusable};
use super::select::{self, Image, Wanted};
use crate::adapters::stamp::stamp;
use crate::model::{Digest, Subject, SubjectDigest, SubjectKind};
use crate::ports::{ImageSpec, Located, Stamp, SubjectError};
use std::collections::BTreeMap;

pub(super) fn locate(root: &Root, spec: &ImageSpec, rest: &str, is_archive: bool) -> Result<Located, SubjectError> {
    let reference = &spec.reference;
    let (path, selector) = split(reference, rest)?;
    let (place, directory) = root.resolve(path)?;
    let mut layout = Layout { root, place, archive: None, inputs: BTreeMap::new() };
    if is_archive {
        layout.open(&directory)?;
    }
    layout.check_marker()?;
    let (place, bytes) = layout.document("index.json")?;
    let index: Index = parse(&place, &bytes)?;
    let candidates = index.manifests.into_iter().filter_map(|descriptor| match &selector {
        Selector::Any => Some((descriptor, true)),
        Selector::Tag(tag) => descriptor.has_tag(tag).then_some((descriptor, true)),
        Selector::Digest(digest) => {
            let selected = descriptor.digest == *digest;
            Some((descriptor, selected))
        }
    });
    let digest = match &selector {
        Selector::Digest(digest) => Some(digest),
        Selector::Any | Selector::Tag(_) => None,
    };
    let wanted = Wanted { reference, digest, platform: spec.platform.as_deref() };
    let Image { descriptor, bytes, manifest, .. } =
        select::image(&wanted, candidates.collect(), |descriptor| layout.blob(descriptor))?;
    for blob in manifest.layers.iter().chain([&manifest.config]) {
        layout.note_blob(blob)?;
    }
    let subject = Subject {
        name: spec.name.clone(),
        kind: SubjectKind::Image,
        uri: reference.clone(),
        digest: SubjectDigest::Sha256(descriptor.digest),
    };
    let inputs = layout.inputs.into_iter().map(|(path, (stamp, digest))| (path, stamp, digest));
    Ok(Located::here(subject, directory, bytes, inputs.collect()))
}

/// What a layout holds about one of its images: referrers of it, and what goes by the tags that stand in for those.
pub(super) fn attached(
    root: &Root,
    reference: &str,
    rest: &str,
    is_archive: bool,
    image: &Digest,
) -> Result<Vec<Vec<u8>>, SubjectError> {
    let (path, _) = split(reference, rest)?;
    let (place, directory) = root.resolve(path)?;
    let mut layout = Layout { root, place, archive: None, inputs: BTreeMap::new() };
    if is_archive {
        layout.open(&directory)?;
    }
    let (place, bytes) = layout.document("index.json")?;
    let index: Index = parse(&place, &bytes)?;
    let fallback = format!("sha256-{}", image.hex());
    let legacy = format!("{fallback}.att");
    let mut found = std::collections::BTreeMap::new();
    let mut open: Vec<(Descriptor, bool)> = index
        .manifests
        .into_iter()
        .filter(|each| each.digest != *image)
        .take(ATTACHED)
        .map(|each| (each, false))
        .collect();
    while let Some((descriptor, inner)) = open.pop() {
        let is_list = descriptor.is_index();
        if (is_list && (inner || !descriptor.has_tag(&fallback))) || descriptor.size > DOCUMENT_LIMIT {
            continue;
        }
        let (place, bytes) = layout.blob(&descriptor)?;
        if is_list {
            let list: Index = parse(&place, &bytes)?;
            open.extend(list.manifests.into_iter().take(ATTACHED).map(|each| (each, true)));
            continue;
        }
        // Not every manifest of a layout is one that is understood here.
        let Ok(artifact) = serde_json::from_slice::<Artifact>(&bytes) else { continue };
        let refers = artifact.subject.is_some_and(|subject| subject.digest == *image);
        if !(refers || descriptor.has_tag(&legacy)) || artifact.annotations.contains_key("dev.proofmark.lock") {
            continue;
        }
        for layer in artifact.layers.into_iter().take(ATTACHED) {
            let is_evidence = ["application/vnd.dev.sigstore.bundle", "application/vnd.dsse.envelope"]
                .iter()
                .any(|kind| layer.media_type.starts_with(kind));
            if is_evidence && layer.size <= DOCUMENT_LIMIT {
                let (_, bytes) = layout.blob(&layer)?;
                found.insert(layer.digest, bytes);
            }
        }
    }
    Ok(found.into_values().collect())
}

/// The most artefacts about an image that are looked at.
const ATTACHED: usize = 1000;

/// A manifest of something about an image.
#[derive(serde::Deserialize)]
struct Artifact {
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    subject: Option<Descriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
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
}

/// The place, if what lies there has the size that the manifest says.
fn of_size(place: String, size: u64, descriptor: &Descriptor) -> Result<String, SubjectError> {
    if size == descriptor.size {
        return Ok(place);
    }
    let reason = format!("{size} bytes where the manifest says {}", descriptor.size);
    Err(SubjectError::Integrity { place, reason })
}
