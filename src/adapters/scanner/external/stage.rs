//! The private directory that a program is given: exactly the subject, checked against its digest while it is put there.
//!
//! Every image becomes a layout of that one image, whatever it lay in, so that no program has to choose among tags and platforms.
//! A source tree or root filesystem becomes a copy of the files that its digest is of. The subject's directory is named by its
//! digest: a report that names another is of something else.

use super::environment::private;
use crate::adapters::stamp::stamp;
use crate::adapters::subjects::blobs::Blobs;
use crate::adapters::subjects::document::{DOCUMENT_LIMIT, Descriptor, ImageConfig, LAYER_LIMIT, Manifest};
use crate::adapters::subjects::rootfs::UnreadLinks;
use crate::model::{Digest, Gap, GapKind, Hasher, SubjectDigest, SubjectKind};
use crate::ports::{Cancel, Located, ScanError, ScanRequest, Stamp};
use serde_json::json;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The largest second report, in bytes.
const EXTRA_LIMIT: u64 = 128 << 20;

/// What kind of thing the subject's directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An OCI layout with one image.
    Layout,
    /// A root filesystem.
    Rootfs,
    /// A source tree.
    Source,
}

/// What a report is held against.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Which kind.
    pub(crate) form: Form,
    /// The name of its directory.
    pub(crate) name: String,
    /// Of an image: the digest of its manifest.
    pub(crate) manifest: Option<Digest>,
    /// Of an image: the digest of its config.
    pub(crate) config: Option<Digest>,
    /// Of an image: the digests of its layers' tars.
    pub(crate) diff_ids: Vec<Digest>,
    /// What of the subject could not be put there.
    pub(crate) gaps: Vec<Gap>,
}

/// A subject in its private directory, which goes away with it.
pub(crate) struct Staged {
    directory: tempfile::TempDir,
    pub(crate) facts: Facts,
    /// Files outside that the private directory leads to, as they were when they were hashed.
    outside: Vec<(PathBuf, Stamp)>,
}

impl Staged {
    /// The private directory.
    pub(crate) fn private(&self) -> &Path {
        self.directory.path()
    }

    /// Where a second report goes, from the private directory.
    pub(crate) const EXTRA: &'static str = "tmp/extra.json";

    /// The second report; empty where there is none.
    pub(super) fn read_extra(&self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match File::open(self.private().join(Self::EXTRA)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(file) => drop(file.take(EXTRA_LIMIT + 1).read_to_end(&mut bytes)?),
        }
        if bytes.len() as u64 > EXTRA_LIMIT { Err(std::io::Error::other("it is too large")) } else { Ok(bytes) }
    }

    /// Whether what was scanned is what was hashed.
    pub(super) fn is_still_the_same(&self) -> Result<(), ScanError> {
        let changed = |(path, before): &&(PathBuf, Stamp)| path.metadata().map(|now| stamp(&now)).ok() != Some(*before);
        match self.outside.iter().find(changed) {
            None => Ok(()),
            Some(_) => Err(ScanError::Unusable("the image changed while it was scanned".into())),
        }
    }
}

/// Puts a subject into a private directory.
///
/// # Errors
/// It is not what its digest says, cannot be read, or there is no room.
pub(super) fn stage(request: &ScanRequest) -> Result<Staged, ScanError> {
    let located = &request.located;
    if located.subject.uri.starts_with("sbom:") {
        return Err(unusable(&located.subject.uri, &"an SBOM is no image; the engine builtin reads it"));
    }
    let form = match (located.subject.kind, located.subject.digest) {
        (SubjectKind::Image, SubjectDigest::Sha256(_)) => Form::Layout,
        (SubjectKind::Image, SubjectDigest::DirHash(_)) => Form::Rootfs,
        (SubjectKind::Source, _) => Form::Source,
    };
    let directory = private().map_err(|error| no_room(&error))?;
    let name = located.subject.digest.hex();
    let facts = Facts { form, name, manifest: None, config: None, diff_ids: Vec::new(), gaps: Vec::new() };
    let mut staged = Staged { directory, facts, outside: Vec::new() };
    let place = staged.private().join(&staged.facts.name);
    std::fs::create_dir(&place).map_err(|error| no_room(&error))?;
    match form {
        Form::Layout => image(&mut staged, &place, request)?,
        Form::Rootfs | Form::Source => tree(&mut staged, &place, request)?,
    }
    Ok(staged)
}

fn no_room(error: &std::io::Error) -> ScanError {
    ScanError::Unavailable(format!("no temporary files: {error}"))
}

fn unusable(place: &str, reason: &dyn std::fmt::Display) -> ScanError {
    ScanError::Unusable(format!("{place}: {reason}"))
}

fn image(staged: &mut Staged, place: &Path, request: &ScanRequest) -> Result<(), ScanError> {
    let located = &request.located;
    let uri = &located.subject.uri;
    let blobs = Blobs::of(located).map_err(|error| unusable(uri, &error))?;
    let manifest: Manifest = serde_json::from_slice(&located.manifest).map_err(|error| unusable(uri, &error))?;
    if manifest.layers.len() > LAYER_LIMIT || manifest.config.size > DOCUMENT_LIMIT {
        return Err(unusable(uri, &"too many layers, or too large a config"));
    }
    let directory = place.join("blobs/sha256");
    std::fs::create_dir_all(&directory).map_err(|error| no_room(&error))?;
    let (bytes, media_type) = document(located)?;
    let digest = Digest::of(&bytes);
    for blob in manifest.layers.iter().chain([&manifest.config]) {
        if request.cancel.is_cancelled() {
            return Err(ScanError::Cancelled);
        }
        let to = directory.join(blob.digest.hex());
        if !to.exists() {
            staged.outside.extend(put(&blobs, blob, &to, &request.cancel)?);
        }
    }
    let config = std::fs::read(directory.join(manifest.config.digest.hex())).map_err(|error| no_room(&error))?;
    let config: ImageConfig = serde_json::from_slice(&config).map_err(|error| unusable(uri, &error))?;
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{ "mediaType": media_type, "digest": digest, "size": bytes.len() }],
    });
    let write = |name: &str, bytes: &[u8]| std::fs::write(place.join(name), bytes).map_err(|error| no_room(&error));
    write(&format!("blobs/sha256/{}", digest.hex()), &bytes)?;
    write("index.json", index.to_string().as_bytes())?;
    write("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    staged.facts.manifest = Some(digest);
    staged.facts.config = Some(manifest.config.digest);
    staged.facts.diff_ids = config.rootfs.diff_ids;
    Ok(())
}

/// The image's manifest and its media type; of an image that has none, one like what was made up for it.
fn document(located: &Located) -> Result<(Vec<u8>, String), ScanError> {
    let uri = &located.subject.uri;
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&located.manifest).map_err(|error| unusable(uri, &error))?;
    let is_made_up = uri.starts_with("docker-archive:");
    if !is_made_up && SubjectDigest::Sha256(Digest::of(&located.manifest)) != located.subject.digest {
        return Err(ScanError::Integrity {
            place: uri.clone(),
            reason: "the manifest is not that of its digest".into(),
        });
    }
    if is_made_up {
        const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
        for layer in manifest["layers"].as_array_mut().into_iter().flatten() {
            layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar".into();
        }
        manifest["config"]["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
        manifest["mediaType"] = OCI.into();
        return Ok((manifest.to_string().into_bytes(), OCI.into()));
    }
    let media_type = manifest["mediaType"].as_str().unwrap_or("application/vnd.oci.image.manifest.v1+json");
    Ok((located.manifest.clone(), media_type.to_owned()))
}

/// Puts a blob into the layout: one that is a file is led to, one in an archive is copied. Both are hashed.
fn put(blobs: &Blobs, blob: &Descriptor, to: &Path, cancel: &Cancel) -> Result<Option<(PathBuf, Stamp)>, ScanError> {
    let place = blob.digest.to_string();
    let fail = |error: &std::io::Error| match blobs.failure() {
        Some(reason) => ScanError::Unavailable(format!("{place}: {reason}")),
        None => unusable(&place, error),
    };
    let outside = match blobs {
        Blobs::Layout(root) => {
            let path = root.join(blob.blob_path()).canonicalize().map_err(|error| fail(&error))?;
            let before = stamp(&path.metadata().map_err(|error| fail(&error))?);
            Some((path, before))
        }
        Blobs::OciArchive(_) | Blobs::DockerArchive(_) | Blobs::Remote(_) => None,
    };
    let mut reader = blobs.open(blob).map_err(|error| fail(&error))?;
    let digest = match &outside {
        Some((path, _)) => {
            std::os::unix::fs::symlink(path, to).map_err(|error| no_room(&error))?;
            copy(&mut reader, &mut std::io::sink(), cancel)
        }
        None => copy(&mut reader, &mut File::create(to).map_err(|error| no_room(&error))?, cancel),
    };
    let digest = digest.map_err(|error| match error {
        CopyError::Read(error) => fail(&error),
        error => copy_failed(&place, error),
    })?;
    if digest != blob.digest {
        return Err(ScanError::Integrity { place, reason: "not the bytes of its digest".into() });
    }
    Ok(outside)
}

enum CopyError {
    Read(std::io::Error),
    Write(std::io::Error),
    Cancelled,
}

fn copy_failed(place: &str, error: CopyError) -> ScanError {
    match error {
        CopyError::Read(error) => unusable(place, &error),
        CopyError::Write(error) => no_room(&error),
        CopyError::Cancelled => ScanError::Cancelled,
    }
}

fn copy(from: &mut dyn Read, to: &mut dyn Write, cancel: &Cancel) -> Result<Digest, CopyError> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        if cancel.is_cancelled() {
            return Err(CopyError::Cancelled);
        }
        let count = from.read(&mut buffer).map_err(CopyError::Read)?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count]).map_err(CopyError::Write)?;
    }
}

fn tree(staged: &mut Staged, place: &Path, request: &ScanRequest) -> Result<(), ScanError> {
    let located = &request.located;
    let uri = located.subject.uri.strip_prefix("dir:").unwrap_or_default();
    let parts: Vec<&str> = uri.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let base = if parts.is_empty() { String::new() } else { format!("{}/", parts.join("/")) };
    for (path, _, digest) in &located.inputs {
        let (Some(path), Some(digest)) = (path.strip_prefix(&base), digest) else { continue };
        // Located paths are plain; one that is not leads out of here.
        if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            return Err(unusable(path, &"not a path below its tree"));
        }
        let fail = |error: std::io::Error| unusable(path, &error.kind());
        let mut file = File::open(located.root.join(path)).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        if !metadata.is_file() {
            return Err(unusable(path, &"not a file"));
        }
        let to = place.join(path);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).map_err(|error| no_room(&error))?;
        }
        let mode = 0o600 | (metadata.permissions().mode() & 0o111);
        let copied = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&to);
        let found = copy(&mut file, &mut copied.map_err(|error| no_room(&error))?, &request.cancel)
            .map_err(|error| copy_failed(path, error))?;
        if found != *digest {
            return Err(unusable(path, &"changed while being read"));
        }
    }
    if staged.facts.form == Form::Rootfs {
        let links: UnreadLinks =
            serde_json::from_slice(&located.manifest).map_err(|error| unusable(&located.subject.uri, &error))?;
        staged.facts.gaps.extend(links.into_iter().map(|(path, target)| {
            let reason = format!("a symbolic link to {target}, which was not read");
            Gap::new(GapKind::UnreadableFile, path, reason)
        }));
    }
    Ok(())
}
