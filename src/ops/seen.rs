//! Files of the evidence store that the last build wrote or verified: lets the next one take them as they are, after a stat each.
//!
//! A file is known by its size, times and inode, as a source file is (see [`super::warm`]); a bundle, besides, by the statement that
//! it holds, who signed, and everything that said whom to trust. No verdict hangs on it: at worst a lock names a bundle that was altered
//! behind the back of the file system's clock, and `verify`, which reads every byte, refuses that.

use super::World;
use super::memory;
use super::recall::subjects;
use super::store::{Kind, Store};
use super::warm::STILL;
use crate::config::Config;
use crate::model::{Digest, Lock, LockAttestation};
use crate::ports::Stamp;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Raised whenever the form of the file changes.
const FORMAT: u32 = 1;

/// The largest file of keys or authorities, in bytes.
const LIMIT: u64 = 1 << 20;

/// Of BLAKE3.
type Mark = [u8; 32];

/// A file of evidence, by its digest; what was verified of it; and how it looked then.
type Known = (Digest, Mark, Stamp);

/// Evidence that is known.
#[derive(Debug, Default)]
pub(super) struct Seen {
    known: BTreeMap<Digest, (Mark, Stamp)>,
    /// Who is trusted; `None` where nothing may be known.
    trust: Option<Mark>,
    /// Whether something had to be looked at that was not known.
    missed: Cell<bool>,
}

impl Seen {
    /// What is remembered, for those whom the config trusts.
    pub(super) fn load(world: &World, config: &Config) -> Self {
        let known: Vec<Known> = memory::recall(world, &world.seen_path(), FORMAT).unwrap_or_default();
        Self {
            known: known.into_iter().map(|(digest, mark, stamp)| (digest, (mark, stamp))).collect(),
            trust: trust_mark(world, config),
            missed: Cell::new(false),
        }
    }

    /// Whether a file that is named by its digest is there as it was.
    pub(super) fn has(&self, store: &Store<'_>, kind: Kind, digest: &Digest) -> bool {
        self.is(store, kind, digest, &mark_of_file(kind))
    }

    /// Whether the bundle of an attestation is there as it was verified.
    pub(super) fn has_verified(&self, store: &Store<'_>, attestation: &LockAttestation) -> bool {
        let Some(trust) = &self.trust else { return self.miss() };
        self.is(store, Kind::Bundle, &attestation.bundle, &mark_of_bundle(trust, attestation))
    }

    fn is(&self, store: &Store<'_>, kind: Kind, digest: &Digest, mark: &Mark) -> bool {
        match self.known.get(digest) {
            Some((known, stamp)) if known == mark && store.stamp(kind, digest).as_ref() == Some(stamp) => true,
            _ => self.miss(),
        }
    }

    fn miss(&self) -> bool {
        self.missed.set(true);
        false
    }

    /// Remembers the evidence of a lock, all of which is there, and was verified just now or before.
    pub(super) fn remember(&self, world: &World, store: &Store<'_>, lock: &Lock) {
        let Some(trust) = self.trust.as_ref().filter(|_| self.missed.get()) else { return };
        let mut known: Vec<Known> = Vec::new();
        let mut add = |kind, digest: &Digest, mark| {
            known.extend(store.stamp(kind, digest).map(|stamp| (*digest, mark, stamp)));
        };
        for (_, subject) in subjects(lock) {
            add(Kind::Sbom, &subject.sbom, mark_of_file(Kind::Sbom));
            add(Kind::Slice, &subject.slice, mark_of_file(Kind::Slice));
            for attestation in &subject.attestations {
                add(Kind::Bundle, &attestation.bundle, mark_of_bundle(trust, attestation));
            }
        }
        // One that was written within the grain of the clock could change again without a trace.
        let still = world.clock.unix_nanos() - STILL;
        known.retain(|(.., stamp)| stamp.mtime < still && stamp.ctime < still);
        memory::remember(world, &world.seen_path(), FORMAT, &known);
    }
}

fn mark_of_file(kind: Kind) -> Mark {
    *blake3::hash(format!("{kind:?}").as_bytes()).as_bytes()
}

fn mark_of_bundle(trust: &Mark, attestation: &LockAttestation) -> Mark {
    let mut hasher = blake3::Hasher::new_keyed(trust);
    hasher.update(attestation.statement.as_bytes()).update(attestation.signer.0.as_bytes());
    *hasher.finalize().as_bytes()
}

/// Everything that says which signatures hold: the files of `[trust]`, what it says of them, and whether a time is wanted.
fn trust_mark(world: &World, config: &Config) -> Option<Mark> {
    let mut hasher = blake3::Hasher::new();
    let said = serde_json::to_vec(&(&config.trust, config.sign.timestamp.is_some())).ok()?;
    hasher.update(&(said.len() as u64).to_le_bytes()).update(&said);
    for path in config.trust.files() {
        let bytes = world.workspace.read(path, LIMIT).ok()?;
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
    }
    Some(*hasher.finalize().as_bytes())
}
