//! What policies require others to have attested of images: looked for beside the image, verified against `[trust]`, and kept.
//!
//! What the last lock has and is still good stays, so that a lock does not change because somebody attests something again, and
//! nothing has to be asked while nothing has changed.

use super::project::Project;
use super::push::registry_failure;
use super::store::{Kind, Store};
use super::verify::read_trust;
use super::{Exit, Failure, World};
use crate::attest::{ForeignAttestation, Stamp, Trust, VerifyError, verify_foreign};
use crate::execute::EvidenceMap;
use crate::model::{Digest, Lock, LockRequired, LockSubject, Name, Requirement, Subject, SubjectDigest, SubjectKind};
use crate::ports::{AttestedSbom, Event, ImageAt, Located};
use std::collections::{BTreeMap, BTreeSet};

/// By service and subject.
pub(super) type Required = BTreeMap<(Name, Name), Vec<LockRequired>>;

/// SBOMs that others have attested, of the subjects that take them instead of a scan: by service and subject.
pub(super) type Sboms = BTreeMap<(Name, Name), Evidence>;

/// What was found, and its bytes by digest.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What goes into the lock.
    pub(super) required: Required,
    /// The evidence itself.
    pub(super) bytes: BTreeMap<Digest, Vec<u8>>,
}

/// Finds what is required of the images of the services that are built.
///
/// # Errors
/// A place cannot be reached, or nobody is trusted. That nothing was found is no error: the policy is not met.
pub(super) fn find(
    world: &World,
    project: &Project,
    trust: &dyn Fn() -> Result<Trust, Failure>,
    previous: Option<&Lock>,
    evidence: &EvidenceMap,
    sboms: &Sboms,
) -> Result<Found, Failure> {
    let config = &project.config;
    let store = Store::new(world, &config.store.dir);
    let mut found = Found::default();
    let mut trusted = None;
    for ((service, name), evidence) in evidence {
        let policy = config.services.get(service).and_then(|service| config.policies.get(&service.policy));
        let sbom = sboms.get(&(service.clone(), name.clone()));
        let Some(policy) = policy.filter(|policy| sbom.is_some() || !policy.require.is_empty()) else { continue };
        let subject = &evidence.subject;
        let (SubjectKind::Image, SubjectDigest::Sha256(digest)) = (subject.kind, subject.digest) else { continue };
        let trust = match &trusted {
            Some(trust) => trust,
            None => trusted.insert(trust()?),
        };
        let image = Image { world, store: &store, trust, subject, digest };
        let recorded = previous.and_then(|lock| subject_of(lock, service, name));
        let mut chosen = image.choose(&policy.require, recorded)?;
        chosen.extend(sbom.cloned());
        let mut required = Vec::new();
        for (attestation, bytes) in chosen {
            required.push(entry(&attestation));
            found.bytes.insert(attestation.bundle, bytes);
        }
        required.sort();
        required.dedup();
        found.required.insert((service.clone(), name.clone()), required);
    }
    Ok(found)
}

/// Finds the SBOMs of the images whose components are to come from one that somebody trusted has attested, and gives them to the
/// subjects.
///
/// # Errors
/// A place cannot be reached; or there is none, and so nothing is known of the image.
pub(super) fn sboms(
    world: &World,
    project: &Project,
    previous: Option<&Lock>,
    located: &mut BTreeMap<(Name, Name), Located>,
) -> Result<Sboms, Failure> {
    let config = &project.config;
    let store = Store::new(world, &config.store.dir);
    let wanted = Requirement::parse("sbom").map_err(|error| Failure::new(Exit::Bug, "required::word", error))?;
    let wanted = BTreeSet::from([wanted]);
    let mut found = Sboms::new();
    let mut trusted = None;
    for ((service, name), located) in located {
        if !config.images.get(name).is_some_and(|image| image.sbom_attested)
            || located.subject.kind != SubjectKind::Image
        {
            continue;
        }
        let missing = |why: &str| {
            let what = format!("images.{name}: {why}");
            Failure::new(Exit::Incomplete, "required::no-sbom", what)
                .help("have it attested, or scan the image: `sbom = \"scanned\"`")
        };
        let SubjectDigest::Sha256(digest) = located.subject.digest else {
            return Err(missing("there is no manifest that an SBOM could be attested of"));
        };
        let trust = match &trusted {
            Some(trust) => trust,
            None => trusted.insert(read_trust(world.workspace.as_ref(), &config.trust)?),
        };
        let image = Image { world, store: &store, trust, subject: &located.subject, digest };
        let recorded = previous.and_then(|lock| subject_of(lock, service, name));
        let evidence = image.choose(&wanted, recorded)?.into_iter().next();
        let (attestation, bytes) =
            evidence.ok_or_else(|| missing("nobody who is trusted has attested an SBOM of it"))?;
        let document = serde_json::to_vec(&attestation.predicate).unwrap_or_default().into();
        located.attested = Some(AttestedSbom { statement: attestation.statement, document });
        found.insert((service.clone(), name.clone()), (attestation, bytes));
    }
    Ok(found)
}

/// What a lock records.
pub(super) fn recorded(lock: &Lock) -> Required {
    super::recall::subjects(lock)
        .filter(|(_, subject)| !subject.required.is_empty())
        .map(|(service, subject)| ((service.name.clone(), subject.name.clone()), subject.required.clone()))
        .collect()
}

/// What is wrong with what a lock records of somebody else's attestation.
pub(super) enum Wrong {
    /// It is gone, or altered.
    Gone(Failure),
    /// Nobody who is trusted has signed it.
    Unverified(Box<VerifyError>),
    /// It is not what the lock says, or about something else.
    Mismatch(&'static str),
}

/// Looks at what a lock records of somebody else's attestation; gives its times.
pub(super) fn check(
    store: &Store<'_>,
    trust: &Trust,
    subject: &LockSubject,
    recorded: &LockRequired,
) -> Result<Vec<Stamp>, Wrong> {
    let bytes = store.read(Kind::Foreign, &recorded.bundle).map_err(Wrong::Gone)?;
    let attestation = verify_foreign(&bytes, trust).map_err(|error| Wrong::Unverified(Box::new(error)))?;
    let is_about = |digest| attestation.is_about(&digest);
    if !matches!(subject.digest, SubjectDigest::Sha256(digest) if is_about(digest)) {
        return Err(Wrong::Mismatch("it is about something else"));
    }
    if entry(&attestation) != *recorded {
        return Err(Wrong::Mismatch("it is not what the lock says"));
    }
    Ok(attestation.signed.stamps)
}

fn subject_of<'a>(lock: &'a Lock, service: &Name, name: &Name) -> Option<&'a LockSubject> {
    let service = lock.services.iter().find(|locked| locked.name == *service)?;
    service.subjects.iter().find(|subject| subject.name == *name)
}

fn entry(attestation: &ForeignAttestation) -> LockRequired {
    LockRequired {
        predicate_type: attestation.predicate_type.clone(),
        statement: attestation.statement,
        bundle: attestation.bundle,
        signer: attestation.signer(),
    }
}

fn verified(store: &Store<'_>, trust: &Trust, bundle: &Digest) -> Result<(ForeignAttestation, Vec<u8>), Failure> {
    let bytes = store.read(Kind::Foreign, bundle)?;
    let attestation =
        verify_foreign(&bytes, trust).map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
    Ok((attestation, bytes))
}

/// An attestation, and its bytes.
pub(super) type Evidence = (ForeignAttestation, Vec<u8>);

struct Image<'a> {
    world: &'a World,
    store: &'a Store<'a>,
    trust: &'a Trust,
    subject: &'a Subject,
    digest: Digest,
}

impl Image<'_> {
    /// One attestation for each requirement that is met.
    fn choose(
        &self,
        requirements: &BTreeSet<Requirement>,
        recorded: Option<&LockSubject>,
    ) -> Result<Vec<Evidence>, Failure> {
        let recorded = recorded.filter(|subject| subject.digest == self.subject.digest);
        let kept: Vec<Evidence> = recorded
            .iter()
            .flat_map(|subject| &subject.required)
            .filter_map(|required| verified(self.store, self.trust, &required.bundle).ok())
            .filter(|(attestation, _)| attestation.is_about(&self.digest))
            .collect();
        let of = |requirement: &Requirement, from: &[Evidence]| {
            from.iter().find(|(attestation, _)| requirement.is_met_by(&attestation.predicate_type)).cloned()
        };
        let mut chosen = Vec::new();
        let mut fetched: Option<Vec<Evidence>> = None;
        for requirement in requirements {
            if let Some(found) = of(requirement, &kept) {
                chosen.push(found);
                continue;
            }
            let fetched = match &fetched {
                Some(fetched) => fetched,
                None => fetched.insert(self.fetch()?),
            };
            chosen.extend(of(requirement, fetched));
        }
        Ok(chosen)
    }

    /// What lies beside the image and is signed by somebody trusted, in an order of its own.
    fn fetch(&self) -> Result<Vec<Evidence>, Failure> {
        let mut fetched: Vec<Evidence> = Vec::new();
        for bytes in self.attached()? {
            match verify_foreign(&bytes, self.trust) {
                Ok(attestation) if attestation.is_ours() => {}
                Ok(attestation) if attestation.is_about(&self.digest) => fetched.push((attestation, bytes)),
                Ok(attestation) => self.passed_over(&attestation.bundle, "it is about something else"),
                Err(error) => self.passed_over(&Digest::of(&bytes), &error.to_string()),
            }
        }
        let order = |(attestation, _): &Evidence| {
            (attestation.predicate_type.clone(), attestation.statement, attestation.bundle)
        };
        fetched.sort_by_key(order);
        Ok(fetched)
    }

    fn attached(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let uri = self.subject.uri.as_str();
        if ["oci:", "oci-archive:"].iter().any(|scheme| uri.starts_with(scheme)) {
            let attached = self.world.subjects.attached(uri, &self.digest);
            return attached.map_err(|error| super::project::subject_failure(uri, &error));
        }
        if ["docker-archive:", "dir:", "sbom:"].iter().any(|scheme| uri.starts_with(scheme)) {
            return Ok(Vec::new());
        }
        if self.world.offline {
            let what = format!("{uri}: what is required of it would have to be looked for in its registry");
            return Err(Failure::new(Exit::Infrastructure, "required::offline", what));
        }
        let at = ImageAt { reference: uri, digest: &self.digest, beside: None };
        self.world.registry.attached(&at).map_err(|error| registry_failure(&error))
    }

    fn passed_over(&self, bundle: &Digest, why: &str) {
        let message = format!("{}: the attestation {bundle} does not count: {why}", self.subject.uri);
        self.world.events.emit(Event::Warning { code: "required::untrusted", message });
    }
}
