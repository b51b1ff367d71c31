//! An SBOM as a subject: `sbom:FILE`. It goes by the digest of the file: what it describes is known by its word alone.

use super::place::{Root, unreadable, unusable};
use crate::adapters::documents;
use crate::adapters::stamp::stamp;
use crate::model::{Digest, Subject, SubjectDigest, SubjectKind};
use crate::ports::{ImageSpec, Located, Stamp, SubjectError};

pub(super) fn locate(
    root: &Root,
    spec: &ImageSpec,
    rest: &str,
    known: &(dyn Fn(&str, &Stamp) -> Option<Digest> + Sync),
) -> Result<Located, SubjectError> {
    let (place, path) = root.resolve(rest)?;
    let metadata = path.metadata().map_err(|error| unreadable(&place, &error))?;
    if !metadata.is_file() {
        return Err(unusable(&place, "not a file"));
    }
    let stamp = stamp(&metadata);
    let digest = match known(&place, &stamp) {
        Some(digest) => digest,
        None => Digest::of(&super::place::read(&place, &path, documents::LIMIT)?),
    };
    let subject = Subject {
        name: spec.name.clone(),
        kind: SubjectKind::Image,
        uri: spec.reference.clone(),
        digest: SubjectDigest::Sha256(digest),
    };
    Ok(Located::here(subject, path, Vec::new(), vec![(place, stamp, Some(digest))]))
}
