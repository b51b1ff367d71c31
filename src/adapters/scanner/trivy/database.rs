//! Trivy's database, fetched from a registry as Trivy itself does it: an artefact of one layer, a tar with `trivy.db` and
//! `metadata.json`. One that was fetched is kept by its manifest's digest, never changed, and fetched by one process alone, however
//! many want it: <https://trivy.dev/latest/docs/advanced/self-hosting/>.

use super::matcher::FILES;
use crate::adapters::registry::Registries;
use crate::adapters::registry::blob::BlobReader;
use crate::adapters::registry::images::Repository;
use crate::adapters::registry::reference::Reference;
use crate::model::{Digest, Hasher};
use crate::ports::{Cache, RegistryError};
use serde::Deserialize;
use std::fs::File;
use std::io::{Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The type of the layer.
const LAYER: &str = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip";
/// The largest layer, in bytes.
const LAYER_LIMIT: u64 = 2 << 30;
/// The largest database, in bytes.
const LIMIT: u64 = 16 << 30;

#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: Digest,
    size: u64,
}

/// Where it is kept, fetched first where it is not there yet.
///
/// # Errors
/// In words: it is no reference, not there, out of reach, not what its digest says, or no database.
pub(super) fn fetch(
    registries: &Arc<Registries>,
    cache: &Arc<dyn Cache>,
    kept: &Path,
    reference: &str,
    offline: bool,
) -> Result<PathBuf, String> {
    let bad = |reason: &dyn std::fmt::Display| format!("{reference}: {reason}");
    let parsed =
        Reference::parse(reference).ok_or_else(|| bad(&"neither a directory nor a reference to an artefact"))?;
    let repository = Repository::new(registries, cache, parsed.clone(), offline);
    let (named, bytes) = repository.named().map_err(|error| error.to_string())?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| bad(&error))?;
    let [layer] = manifest.layers.as_slice() else { return Err(bad(&"it does not have one layer")) };
    if layer.media_type != LAYER || layer.size > LAYER_LIMIT {
        return Err(bad(&"it is no database of Trivy, or too large"));
    }
    let io = |error: std::io::Error| bad(&error);
    let place = kept.join(named.digest.hex());
    std::fs::create_dir_all(kept).map_err(io)?;
    let alone = File::create(kept.join("lock")).map_err(io)?;
    // Given up when it is closed, also by a process that is ended.
    alone.lock().map_err(io)?;
    if place.is_dir() {
        return Ok(place);
    }
    if offline {
        return Err(RegistryError::Offline(reference.to_owned()).to_string());
    }
    let mut reader =
        BlobReader::open(registries, &parsed, layer.digest, layer.size).map_err(|error| error.to_string())?;
    let archive = download(&mut reader, layer).map_err(io)?;
    let made = tempfile::Builder::new().prefix("fetching-").tempdir_in(kept).map_err(io)?;
    unpack(archive, made.path()).map_err(io)?;
    std::fs::rename(made.path(), &place).map_err(io)?;
    Ok(place)
}

/// The layer in a file that has no name.
fn download(reader: &mut BlobReader, layer: &Layer) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 1 << 18];
    let mut reader = reader.take(layer.size.saturating_add(1));
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        file.write_all(&buffer[..count])?;
    }
    if hasher.finish() != layer.digest {
        return Err(std::io::Error::other("the layer is not the bytes of its digest"));
    }
    file.rewind()?;
    Ok(file)
}

/// Takes the files of a database out of the layer, and nothing else.
fn unpack(layer: File, to: &Path) -> std::io::Result<()> {
    let bytes = flate2::read::MultiGzDecoder::new(layer).take(LIMIT);
    let mut archive = tar::Archive::new(bytes);
    // Raw: what says something of the next entry is an entry too, and is stepped over.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let path = entry.path_bytes().into_owned();
        let name = path.strip_prefix(b"./").unwrap_or(&path);
        let Some(name) = FILES.iter().find(|wanted| wanted.as_bytes() == name) else { continue };
        if !entry.header().entry_type().is_file() {
            return Err(std::io::Error::other(format!("{name} is not a file")));
        }
        let mut file = File::options().write(true).create_new(true).open(to.join(name))?;
        std::io::copy(&mut entry, &mut file)?;
        let mut permissions = file.metadata()?.permissions();
        permissions.set_readonly(true);
        file.set_permissions(permissions)?;
    }
    match FILES.iter().find(|name| !to.join(name).is_file()) {
        None => Ok(()),
        Some(name) => Err(std::io::Error::other(format!("the layer has no {name}"))),
    }
}
