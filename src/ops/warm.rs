//! What the last good build looked at: lets the next one end after a few stats when nothing has changed.
//!
//! It holds no verdict of a service: only what every input looked like, and from when until when the lock that came out
//! holds. A build whose inputs all look the same ends there; any difference, doubt or damage means the whole way. It also
//! remembers the digest of every input file, so that the whole way re-hashes only what changed.
//!
//! Files are compared as git's index does, by size, times and inode. A file changed so shortly before it was hashed that its
//! times could not show one more change is remembered as matching nothing.

use super::World;
use super::memory;
use crate::model::{Digest, Timestamp};
use crate::ports::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Raised whenever the form of the file changes.
const FORMAT: u32 = 3;

/// How long a file must have been still for its times to be trusted, in nanoseconds: more than the grain of the clocks that
/// file systems stamp with.
pub(super) const STILL: i64 = 20_000_000;

/// What the last good build came to, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The project's name.
    pub project: String,
    /// Services that pass outright.
    pub pass: usize,
    /// Services that pass because of waivers.
    pub waived: usize,
}

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    database: String,
    snapshot: Digest,
    lock: Digest,
    /// Unix seconds; verdicts hold from here …
    from: i64,
    /// … to before here; `None` for ever.
    until: Option<i64>,
    summary: Summary,
    /// Sorted by path.
    inputs: Vec<(String, Option<Stamp>, Option<Digest>)>,
    /// Marks of the scanners that are programs of their own.
    programs: Vec<String>,
}

/// What a finished build leaves to remember. Paths are from the project's root.
pub(super) struct Remember {
    /// Which database.
    pub database: String,
    /// Which snapshot of it.
    pub snapshot: Digest,
    /// Digest of the lock's text.
    pub lock: Digest,
    /// The instant it was judged at.
    pub as_of: Timestamp,
    /// The first later instant at which a verdict could differ.
    pub until: Option<Timestamp>,
    /// What it came to.
    pub summary: Summary,
    /// What it read, with the stamp from before it was read and, for a hashed file, the digest.
    pub read: BTreeMap<String, (Stamp, Option<Digest>)>,
    /// Marks of the scanners that are programs of their own.
    pub programs: Vec<String>,
    /// Whether something it looked at may be another tomorrow though no file changes.
    pub moves: bool,
    /// When it began, in nanoseconds since 1970: what it read was read later.
    pub began: i64,
    /// What it wrote, or found to be already as it would have written it.
    pub wrote: Vec<String>,
}

impl State {
    /// Reads the state; `None` where there is none that can be used.
    pub fn load(world: &World) -> Option<Self> {
        memory::recall(world, &world.state_path(), FORMAT)
    }

    /// The summary, if a build at `as_of` would read the same and judge the same.
    pub fn if_current(&self, world: &World, as_of: Timestamp) -> Option<&Summary> {
        let same_advisories = || world.advisories.current(&self.database).ok().flatten() == Some(self.snapshot);
        let same = |path: &str, stamp: &Option<Stamp>| {
            stamp.is_some() && world.workspace.stat(path).ok().flatten().map(|now| now.stamp) == *stamp
        };
        let all_same = || self.inputs.iter().all(|(path, stamp, _)| same(path, stamp));
        let same_programs = || self.programs.iter().all(|mark| world.scanners.holds(mark));
        (self.holds(as_of) && same_advisories() && all_same() && same_programs()).then_some(&self.summary)
    }

    /// Whether the verdicts, with all else the same, are the same at another instant.
    pub fn holds(&self, as_of: Timestamp) -> bool {
        self.from <= as_of.unix() && self.until.is_none_or(|until| as_of.unix() < until)
    }

    /// Whether it is of the lock with this digest.
    pub fn is_of_lock(&self, digest: &Digest) -> bool {
        self.lock == *digest
    }

    /// The digest of a file that still has the stamp it was hashed with.
    pub fn known(&self, path: &str, stamp: &Stamp) -> Option<Digest> {
        let at = self.inputs.binary_search_by(|(known, ..)| known.as_str().cmp(path)).ok()?;
        let (_, known, digest) = self.inputs.get(at)?;
        known.as_ref().filter(|known| *known == stamp).and(*digest)
    }
}

impl Remember {
    /// Writes the state. That it cannot be written costs the next build time, nothing else.
    pub(super) fn save(self, world: &World) {
        let still = self.began - STILL;
        let mut inputs: BTreeMap<String, (Option<Stamp>, Option<Digest>)> = self
            .read
            .into_iter()
            .map(|(path, (stamp, digest))| {
                let trusted = stamp.mtime < still && stamp.ctime < still;
                (path, (trusted.then_some(stamp), digest))
            })
            .collect();
        for path in self.wrote {
            let stamp = stamp_once_still(world, &path);
            inputs.insert(path, (stamp, None));
        }
        if self.moves {
            // No file is like this one: the next build looks again, and still need not hash what has not changed.
            inputs.insert(String::new(), (None, None));
        }
        let state = State {
            database: self.database,
            snapshot: self.snapshot,
            lock: self.lock,
            from: self.as_of.unix(),
            until: self.until.map(Timestamp::unix),
            summary: self.summary,
            inputs: inputs.into_iter().map(|(path, (stamp, digest))| (path, stamp, digest)).collect(),
            programs: self.programs,
        };
        memory::remember(world, &world.state_path(), FORMAT, &state);
    }
}

/// The stamp of something just written, once its times are old enough to show another change.
fn stamp_once_still(world: &World, path: &str) -> Option<Stamp> {
    let stamp = world.workspace.stat(path).ok()??.stamp;
    let age = world.clock.unix_nanos().saturating_sub(stamp.ctime.max(stamp.mtime));
    if (0..STILL).contains(&age) {
        std::thread::sleep(std::time::Duration::from_nanos((STILL - age).unsigned_abs()));
    }
    let later = world.workspace.stat(path).ok()??.stamp;
    (later == stamp).then_some(stamp)
}
