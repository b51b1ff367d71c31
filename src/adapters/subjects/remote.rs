//! Images in registries: `registry.example/repository:tag`, to the manifest that the reference means now.

use super::select::{self, Image, Wanted};
use crate::adapters::registry::Registries;
use crate::adapters::registry::images::Repository;
use crate::adapters::registry::reference::Reference;
use crate::model::{Subject, SubjectDigest, SubjectKind};
use crate::ports::{Cache, ImageSpec, Located, RegistryError, SubjectError};
use std::path::PathBuf;
use std::sync::Arc;

/// What asks registries.
#[derive(Clone)]
pub struct Remote {
    /// The registries.
    pub registries: Arc<Registries>,
    /// Keeps documents: a digest that is known is not asked for again.
    pub cache: Arc<dyn Cache>,
    /// Whether nothing may be asked.
    pub offline: bool,
}

pub(super) fn locate(remote: &Remote, spec: &ImageSpec) -> Result<Located, SubjectError> {
    let text = &spec.reference;
    let reference = Reference::parse(text)
        .ok_or_else(|| SubjectError::Reference(format!("{text}: not a reference to an image in a registry")))?;
    let pinned = reference.digest;
    let repository = Repository::new(&remote.registries, &remote.cache, reference, remote.offline);
    let failed = |error: RegistryError| failure(text, &error);
    let (named, bytes) = repository.named().map_err(failed)?;
    let mut top = Some(bytes);
    let digest = named.digest;
    let wanted = Wanted { reference: text, digest: None, platform: spec.platform.as_deref() };
    let Image { descriptor, bytes, .. } = select::image(&wanted, vec![(named, true)], |descriptor| {
        let bytes = match top.take_if(|_| descriptor.digest == digest) {
            Some(bytes) => bytes,
            None => repository.document(descriptor).map_err(failed)?,
        };
        Ok((format!("{text}: {}", descriptor.digest), bytes))
    })?;
    let subject = Subject {
        name: spec.name.clone(),
        kind: SubjectKind::Image,
        uri: text.clone(),
        digest: SubjectDigest::Sha256(descriptor.digest),
    };
    Ok(Located {
        attested: None,
        subject,
        root: PathBuf::new(),
        manifest: bytes,
        inputs: Vec::new(),
        remote: Some(Arc::new(repository)),
        moves: pinned.is_none(),
    })
}

fn failure(reference: &str, error: &RegistryError) -> SubjectError {
    let place = reference.to_owned();
    match error {
        RegistryError::Missing(_) => SubjectError::Missing { place },
        RegistryError::Unusable { reason, .. } | RegistryError::Refused { reason, .. } => {
            SubjectError::Unusable { place, reason: reason.clone() }
        }
        RegistryError::Integrity { .. } => {
            SubjectError::Integrity { place, reason: "not the bytes of its digest".into() }
        }
        RegistryError::Denied { .. } | RegistryError::Unreachable { .. } => {
            SubjectError::Unavailable(error.to_string())
        }
        RegistryError::Offline(_) => SubjectError::Offline { place },
    }
}
