//! `push`: the attestations of a lock to registries. Each bundle about an image becomes a referrer of that image; and all that
//! verifies the lock becomes one artefact, tagged by the lock's digest, from which `pull` and `verify --from-registry` read.

use super::project::{Project, read_lock};
use super::recall::subjects;
use super::store::{Kind, Store};
use super::{Exit, Failure, World};
use crate::config::Config;
use crate::model::{Digest, Lock, LockSubject, SubjectDigest, SubjectKind};
use crate::ports::{Attached, EvidenceAt, ImageAt, KeptFile, Referrer, RegistryError};
use std::collections::{BTreeMap, BTreeSet};

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Pushed {
    /// 1.
    pub version: u32,
    /// The lock's digest.
    pub lock: Digest,
    /// By image reference.
    pub images: BTreeMap<String, Attached>,
    /// The repository and tag that hold the lock's evidence.
    pub evidence: String,
    /// How many files that is.
    pub files: Attached,
}

/// Pushes the evidence of the project's lock. `to` names a repository for all of it; else bundles lie beside their images, and
/// the lock's evidence beside the first of them.
///
/// # Errors
/// There is no lock, evidence is gone or altered, no place for it is known, or a registry does not take it.
pub fn push(world: &World, to: Option<&str>) -> Result<Pushed, Failure> {
    let project = Project::open(world)?;
    let Some((lock, text)) = read_lock(world)? else {
        return Err(Failure::new(Exit::Stale, "lock::missing", format!("there is no {}", world.lock_path()))
            .help("`proofmark build` writes it"));
    };
    let digest = Digest::of(text.as_bytes());
    let store = Store::new(world, &project.config.store.dir);
    let place = place(&lock, to)?;
    let mut images = BTreeMap::new();
    for ((reference, image), referrers) in referrers(&store, &lock, &digest)? {
        let at = ImageAt { reference: &reference, digest: &image, beside: to };
        let attached = world.registry.attach(&at, &referrers).map_err(|error| registry_failure(&error))?;
        images.insert(reference, attached);
    }
    let tag = tag(&digest);
    let at = EvidenceAt { repository: &place, tag: &tag };
    let mut kinds = BTreeMap::new();
    let mut files = Vec::new();
    for (kind, digest) in evidence(&lock, &digest) {
        let bytes = store.read(kind, &digest)?;
        let path = relative(&project.config, &store, kind, &digest);
        let file = KeptFile { path, digest: Digest::of(&bytes), size: bytes.len() as u64 };
        kinds.insert(file.clone(), (kind, digest));
        files.push(file);
    }
    let read = |file: &KeptFile| {
        let unusable = |reason: String| RegistryError::Unusable { place: file.path.clone(), reason };
        let (kind, digest) = kinds.get(file).ok_or_else(|| unusable("not a file of the lock".into()))?;
        let bytes = store.read(*kind, digest).map_err(|failure| unusable(failure.message))?;
        if Digest::of(&bytes) == file.digest { Ok(bytes) } else { Err(unusable("was changed meanwhile".into())) }
    };
    let kept = world.registry.keep(&at, &files, &read).map_err(|error| registry_failure(&error))?;
    Ok(Pushed { version: 1, lock: digest, images, evidence: format!("{place}:{tag}"), files: kept })
}

/// The bundles about each image in a registry: by reference and manifest.
fn referrers(
    store: &Store<'_>,
    lock: &Lock,
    lock_digest: &Digest,
) -> Result<BTreeMap<(String, Digest), Vec<Referrer>>, Failure> {
    let mut services: BTreeMap<Digest, BTreeSet<String>> = BTreeMap::new();
    for (service, subject) in subjects(lock) {
        for attestation in &subject.attestations {
            services.entry(attestation.bundle).or_default().insert(format!("{}={}", service.name, service.verdict));
        }
    }
    let mut all: BTreeMap<(String, Digest), Vec<Referrer>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (_, subject) in subjects(lock) {
        let Some(image) = in_registry(subject) else { continue };
        for attestation in &subject.attestations {
            if !seen.insert((subject.uri.clone(), attestation.bundle)) {
                continue;
            }
            let verdicts: Vec<&str> =
                services.get(&attestation.bundle).into_iter().flatten().map(String::as_str).collect();
            let annotations = BTreeMap::from([
                ("dev.proofmark.image".to_owned(), subject.uri.clone()),
                ("dev.proofmark.lock".to_owned(), lock_digest.to_string()),
                ("dev.proofmark.verdicts".to_owned(), verdicts.join(",")),
            ]);
            all.entry((subject.uri.clone(), image)).or_default().push(Referrer {
                bundle: store.read(Kind::Bundle, &attestation.bundle)?,
                predicate_type: attestation.predicate_type.to_string(),
                created: lock.inputs.as_of,
                annotations,
            });
        }
    }
    Ok(all)
}

/// The manifest of a subject that is an image in a registry.
fn in_registry(subject: &LockSubject) -> Option<Digest> {
    const LOCAL: [&str; 5] = ["oci:", "oci-archive:", "docker-archive:", "dir:", "sbom:"];
    match (subject.kind, subject.digest) {
        (SubjectKind::Image, SubjectDigest::Sha256(digest)) if !LOCAL.iter().any(|it| subject.uri.starts_with(it)) => {
            Some(digest)
        }
        _ => None,
    }
}

/// The repository that holds the lock's evidence.
pub(super) fn place(lock: &Lock, named: Option<&str>) -> Result<String, Failure> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let first = subjects(lock).find(|(_, subject)| in_registry(subject).is_some());
    first.map(|(_, subject)| subject.uri.clone()).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "registry::no-place",
            "no image of the lock is in a registry, so there is no place for its evidence",
        )
        .help("name a repository: `--repository registry.example/team/evidence`")
    })
}

/// The tag that a lock's evidence goes by.
pub(super) fn tag(lock: &Digest) -> String {
    format!("proofmark-{}", lock.hex())
}

/// What verifies a lock.
pub(super) fn evidence(lock: &Lock, lock_digest: &Digest) -> BTreeSet<(Kind, Digest)> {
    let mut evidence = BTreeSet::from([(Kind::LockBundle, *lock_digest)]);
    for (_, subject) in subjects(lock) {
        evidence.extend([(Kind::Sbom, subject.sbom), (Kind::Slice, subject.slice)]);
        evidence.extend(subject.attestations.iter().map(|attestation| (Kind::Bundle, attestation.bundle)));
        evidence.extend(subject.required.iter().map(|required| (Kind::Foreign, required.bundle)));
    }
    evidence
}

/// A file's path within the store.
pub(super) fn relative(config: &Config, store: &Store<'_>, kind: Kind, digest: &Digest) -> String {
    let path = store.path(kind, digest);
    path.strip_prefix(&format!("{}/", config.store.dir)).unwrap_or(&path).to_owned()
}

/// What trouble with a registry means.
pub(super) fn registry_failure(error: &RegistryError) -> Failure {
    let (exit, code) = match error {
        RegistryError::Missing(_) => (Exit::Incomplete, "registry::missing"),
        RegistryError::Denied { .. } => (Exit::Infrastructure, "registry::denied"),
        RegistryError::Unusable { .. } => (Exit::Infrastructure, "registry::unusable"),
        RegistryError::Refused { .. } => (Exit::Infrastructure, "registry::refused"),
        RegistryError::Integrity { .. } => (Exit::Integrity, "registry::integrity"),
        RegistryError::Offline(_) => (Exit::Usage, "registry::offline"),
        RegistryError::Unreachable { .. } => (Exit::Infrastructure, "registry::unreachable"),
    };
    Failure::new(exit, code, error.to_string())
}
