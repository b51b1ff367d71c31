//! The end of a build: statements that nobody has signed yet are signed, evidence is kept, and last of all the lock is written.

use super::assemble::{self, Assembled, Draft, Inputs};
use super::build::LockOutcome;
use super::seen::Seen;
use super::signing::{Signed, Signing};
use super::store::{Kind, Store};
use super::{Exit, Failure, World};
use crate::attest::{self, Trust};
use crate::config::{Config, SignWith};
use crate::execute::SubjectEvidence;
use crate::lockfile;
use crate::model::{Digest, Lock, LockAttestation, LockInputs, Name, SignerId};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be sealed, and where.
pub(super) struct Seal<'a> {
    /// The world.
    pub(super) world: &'a World,
    /// The config.
    pub(super) config: &'a Config,
    /// Where evidence lies.
    pub(super) store: Store<'a>,
    /// The lock before, and its text.
    pub(super) previous: Option<&'a (Lock, String)>,
    /// What everything was judged from.
    pub(super) inputs: &'a Inputs<'a>,
    /// Verdicts and statements.
    pub(super) assembled: &'a Assembled,
    /// What others have attested and the policies require, by digest.
    pub(super) others: &'a BTreeMap<Digest, Vec<u8>>,
    /// Which evidence need not be looked at again.
    pub(super) seen: Seen,
}

/// Payloads that are signed at once, in bytes.
const AT_ONCE: usize = 4 << 20;

/// A statement, who is to sign it, and the evidence that it is about.
type Unsigned<'a> = (&'a SignWith, &'a Draft, &'a SubjectEvidence);

/// By statement: the bundle that holds it, and who signed.
pub(super) type Bundles = BTreeMap<Digest, (Digest, SignerId)>;

impl<'a> Seal<'a> {
    /// Bundles of the last lock that hold a statement of this run, are whole, have a time where one is wanted, and were signed by
    /// the signer that the config names and somebody still trusted.
    pub(super) fn reusable(&self, trust: &Trust) -> Bundles {
        let wanted = self.drafts();
        let recorded = self
            .previous
            .iter()
            .flat_map(|(lock, _)| &lock.services)
            .flat_map(|service| &service.subjects)
            .flat_map(|subject| &subject.attestations)
            .filter_map(|attestation| Some((attestation, wanted.get(&attestation.statement)?)));
        let wants_time = self.config.sign.timestamp.is_some();
        let holds = |(attestation, (with, draft, evidence)): &(&LockAttestation, &Unsigned<'_>)| {
            if !super::vault::is_by(self.config, with, &attestation.signer) {
                return false;
            }
            if self.seen.has_verified(&self.store, attestation) {
                return true;
            }
            let bytes = self.store.read(Kind::Bundle, &attestation.bundle).ok();
            let signed = bytes.zip(draft.payload(evidence).ok());
            let signed = signed.and_then(|(bytes, payload)| attest::verify_known(&bytes, &payload, trust).ok()?);
            signed
                .is_some_and(|signed| attestation.signer.is_of(&signed.by) && !(wants_time && signed.stamps.is_empty()))
        };
        recorded
            .filter(holds)
            .map(|(attestation, _)| (attestation.statement, (attestation.bundle, attestation.signer.clone())))
            .collect()
    }

    /// Every statement once: services that share an image share the statements about it.
    fn drafts(&self) -> BTreeMap<Digest, Unsigned<'a>> {
        let mut once = BTreeMap::new();
        for (place, drafts) in &self.assembled.drafts {
            let Some(evidence) = self.inputs.evidence.get(place) else { continue };
            for draft in drafts {
                once.entry(draft.digest).or_insert_with(|| (self.signer(&place.0), draft, evidence.as_ref()));
            }
        }
        once
    }

    fn signer(&self, service: &Name) -> &'a SignWith {
        self.config.services.get(service).map_or(&self.config.sign.with, |service| &service.sign)
    }

    /// The digest of the last lock's text, where that is what would be written, is signed, and all of its evidence is there. The
    /// instant moves only when something else does.
    pub(super) fn holds(&self, bundles: &Bundles, trust: Option<&Trust>, unsigned: bool) -> Option<Digest> {
        let (previous, text) = self.previous?;
        if self.drafts().keys().any(|statement| !bundles.contains_key(statement)) {
            return None;
        }
        let mut again = assemble::lock(self.inputs, self.assembled, &|draft| bundle_of(bundles, draft));
        again.inputs.as_of = previous.inputs.as_of;
        let digest = Digest::of(text.as_bytes());
        let is_signed = || self.lock_is_signed(trust?, previous, &digest).then_some(());
        let holds = lockfile::encode(&again) == *text && (unsigned || is_signed().is_some()) && self.evidence_is_kept();
        holds.then(|| {
            self.seen.remember(self.world, &self.store, previous);
            digest
        })
    }

    fn lock_is_signed(&self, trust: &Trust, lock: &Lock, digest: &Digest) -> bool {
        let bytes = self.store.read(Kind::LockBundle, digest).ok();
        let verified = bytes.and_then(|bytes| attest::verify_bundle(&bytes, trust).ok());
        let expected = attest::statements::lock_statement(digest, &lock.root, lock.inputs.as_of);
        verified.is_some_and(|verified| *verified.statement() == expected)
    }

    fn evidence_is_kept(&self) -> bool {
        let is_kept =
            |kind, digest: &Digest| self.seen.has(&self.store, kind, digest) || self.store.read(kind, digest).is_ok();
        self.inputs.evidence.values().all(|evidence| {
            is_kept(Kind::Sbom, &evidence.document.digest()) && is_kept(Kind::Slice, &evidence.slice.digest())
        }) && self.others.keys().all(|digest| self.store.read(Kind::Foreign, digest).is_ok())
    }

    /// Signs, keeps, and last of all writes the lock; gives the digest of its text.
    ///
    /// # Errors
    /// Something cannot be signed or written; the old lock is then still there, and all of its evidence.
    pub(super) fn write(
        &self,
        mut bundles: Bundles,
        signing: &mut Signing<'_>,
    ) -> Result<(LockOutcome, Digest), Failure> {
        let mut missing = self.drafts();
        missing.retain(|statement, _| !bundles.contains_key(statement));
        // In the order of services, not of digests: it is theirs that people see go by.
        let mut seen = BTreeSet::new();
        let missing: Vec<Unsigned<'_>> = self
            .assembled
            .drafts
            .values()
            .flatten()
            .filter(|draft| seen.insert(draft.digest))
            .filter_map(|draft| missing.get(&draft.digest).copied())
            .collect();
        let mut rest = missing.as_slice();
        while !rest.is_empty() {
            // Payloads are held for a moment only: together they can be larger than memory.
            let (mut payloads, mut bytes) = (Vec::new(), 0);
            for (_, draft, evidence) in rest {
                let payload = draft.payload(evidence)?;
                bytes += payload.len();
                payloads.push(payload);
                if bytes >= AT_ONCE {
                    break;
                }
            }
            let (now, later) = rest.split_at(payloads.len());
            let wanted: Vec<_> =
                now.iter().zip(&payloads).map(|((with, ..), payload)| (*with, payload.as_ref())).collect();
            for ((_, draft, _), signed) in now.iter().zip(signing.sign(&wanted)?) {
                let digest = Digest::of(&signed.bytes);
                self.keep(Kind::Bundle, &digest, &signed)?;
                bundles.insert(draft.digest, (digest, signed.signer));
            }
            rest = later;
        }
        for evidence in self.inputs.evidence.values() {
            let keep = |kind, digest: &Digest, bytes: fn(&SubjectEvidence) -> Result<Vec<u8>, Failure>| {
                let is_there = self.seen.has(&self.store, kind, digest);
                if is_there { Ok(()) } else { self.store.keep(kind, digest, &bytes(evidence)?) }
            };
            keep(Kind::Sbom, &evidence.document.digest(), assemble::document)?;
            keep(Kind::Slice, &evidence.slice.digest(), assemble::slice)?;
        }
        for (digest, bytes) in self.others {
            self.store.keep(Kind::Foreign, digest, bytes)?;
        }
        let mut lock = assemble::lock(self.inputs, self.assembled, &|draft| bundle_of(&bundles, draft));
        if let Some((previous, _)) = self.previous {
            let before = LockInputs { as_of: previous.inputs.as_of, ..lock.inputs.clone() };
            if (&before, &lock.services) == (&previous.inputs, &previous.services) {
                lock.inputs = before;
            }
        }
        let text = lockfile::encode(&lock);
        let digest = Digest::of(text.as_bytes());
        let statement = attest::statements::lock_statement(&digest, &lock.root, lock.inputs.as_of);
        let payload = attest::payload(&statement);
        for signed in signing.sign(&[(&self.config.sign.with, &payload)])? {
            self.keep(Kind::LockBundle, &digest, &signed)?;
        }
        self.store.settle()?;
        self.seen.remember(self.world, &self.store, &lock);
        if self.previous.is_some_and(|(_, old)| *old == text) {
            return Ok((LockOutcome::Unchanged, digest));
        }
        // A run that stops before leaves the old lock, whose evidence is all still there.
        self.world
            .workspace
            .write(&self.world.lock_path(), text.as_bytes())
            .map_err(|error| Failure::new(Exit::Infrastructure, "lock::unwritable", error.to_string()))?;
        Ok((LockOutcome::Written { signed: missing.len() }, digest))
    }

    fn keep(&self, kind: Kind, digest: &Digest, signed: &Signed) -> Result<(), Failure> {
        self.store.keep(kind, digest, &signed.bytes)?;
        let Some(record) = &signed.record else { return Ok(()) };
        self.store.keep(Kind::Record, &record.bundle, &record.bytes())
    }
}

/// A statement's bundle; nobody's where it has none yet.
pub(super) fn bundle_of(bundles: &Bundles, draft: &Draft) -> (Digest, SignerId) {
    let nobody = || (Digest::from_bytes([0; 32]), SignerId("nobody".into()));
    bundles.get(&draft.digest).cloned().unwrap_or_else(nobody)
}

/// By statement: the bundle that a lock records, and who it says has signed.
pub(super) fn recorded_bundles(lock: &Lock) -> Bundles {
    super::recall::subjects(lock)
        .flat_map(|(_, subject)| &subject.attestations)
        .map(|attestation| (attestation.statement, (attestation.bundle, attestation.signer.clone())))
        .collect()
}
