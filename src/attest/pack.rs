//! The pack: a lock with everything that verifies it, in one file for an auditor.
//!
//! A tar archive of plain files: `pack.json` (format version, the config's path, the services of a part, the digest
//! of every other file and of itself), then the
//! files by path. The same evidence gives the same bytes. Reading takes only what is written: any changed byte, padding and
//! headers included, is an error. Says nothing of who signed what is in it: that is for `verify`.

use super::errors::PackError;
use crate::model::{Digest, Name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read as _;

/// The largest pack that is read, in bytes.
pub const LIMIT: usize = 1 << 30;

/// The most files in one.
const FILES: usize = 1_000_000;

const INDEX: &str = "pack.json";

/// What is in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// The config's path.
    pub config: String,
    /// The services that it is of; empty for all of the lock's.
    pub part: Vec<Name>,
    /// Every file but the index, by path from the project's root.
    pub files: BTreeMap<String, Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    config: String,
    files: BTreeMap<String, Digest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    part: Vec<Name>,
    /// Of the rest of this, so that a change of a name in it is one of the pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sum: Option<Digest>,
    version: u32,
}

impl Index {
    fn bytes(&self) -> Result<Vec<u8>, PackError> {
        serde_json_canonicalizer::to_vec(self).map_err(|error| PackError::malformed(error.to_string()))
    }
}

/// The bytes of a pack.
///
/// # Errors
/// A path that an archive cannot hold.
pub fn encode(pack: &Pack) -> Result<Vec<u8>, PackError> {
    let mut index = Index {
        config: pack.config.clone(),
        files: pack.files.iter().map(|(path, bytes)| (path.clone(), Digest::of(bytes))).collect(),
        part: pack.part.clone(),
        sum: None,
        version: 1,
    };
    index.sum = Some(Digest::of(&index.bytes()?));
    let index = index.bytes()?;
    let mut archive = tar::Builder::new(Vec::new());
    let first = std::iter::once((INDEX, &index));
    for (path, bytes) in first.chain(pack.files.iter().map(|(path, bytes)| (path.as_str(), bytes))) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        let written = archive.append_data(&mut header, path, bytes.as_slice());
        written.map_err(|error| PackError::malformed(format!("{path}: {error}")))?;
    }
    archive.into_inner().map_err(|error| PackError::malformed(error.to_string()))
}

/// The pack of these bytes, unverified.
///
/// # Errors
/// Anything but what [`encode`] writes.
pub fn decode(bytes: &[u8]) -> Result<Pack, PackError> {
    if bytes.len() > LIMIT {
        return Err(PackError::TooLarge { limit: LIMIT });
    }
    let malformed = |error: std::io::Error| PackError::malformed(error.to_string());
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries().map_err(malformed)? {
        let mut entry = entry.map_err(malformed)?;
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| PackError::malformed("a path is not UTF-8"))?;
        // An entry says how long it is; it cannot be longer than the archive.
        let mut content = Vec::new();
        entry.by_ref().take(bytes.len() as u64).read_to_end(&mut content).map_err(malformed)?;
        if files.insert(path, content).is_some() || files.len() > FILES {
            return Err(PackError::malformed("a file is there twice, or there are too many"));
        }
    }
    let index = files.remove(INDEX).ok_or_else(|| PackError::malformed("there is no pack.json"))?;
    let index: Index = serde_json::from_slice(&index).map_err(|error| PackError::malformed(error.to_string()))?;
    if index.version != 1 {
        return Err(PackError::Version { version: index.version });
    }
    if !index.files.contains_key(&index.config) {
        return Err(PackError::malformed("its config is not in it"));
    }
    for (path, digest) in &index.files {
        if files.get(path).map(|bytes| Digest::of(bytes)) != Some(*digest) {
            return Err(PackError::Altered { path: path.clone() });
        }
    }
    let pack = Pack { config: index.config, part: index.part, files };
    if pack.files.len() == index.files.len() && encode(&pack)? == bytes {
        Ok(pack)
    } else {
        Err(PackError::NotCanonical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pack() -> Pack {
        let long = format!(".compliance/attestations/sha256/{}.sigstore.json", "a".repeat(64));
        let files = [("compliance.toml".to_owned(), b"version = 1\n".to_vec()), (long, b"{}".to_vec())];
        Pack { config: "compliance.toml".into(), part: vec![Name::new("checkout").unwrap()], files: files.into() }
    }

    #[test]
    fn round_trips_and_every_flipped_byte_is_an_error() {
        let bytes = encode(&pack()).unwrap();
        assert_eq!(decode(&bytes).unwrap(), pack());
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(decode(&other).is_err(), "byte {at}");
        }
        assert!(decode(&bytes[..bytes.len() - 512]).is_err());
        assert!(decode(&[bytes.as_slice(), &[0; 512]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
