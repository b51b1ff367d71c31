//! What a run says while it works. The terminal shows bars, elsewhere lines, on request JSON.

use crate::model::Verdict;
use serde::Serialize;

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A run begins.
    RunStarted {
        /// Actions that will run.
        to_run: usize,
        /// Actions whose result is at hand.
        cached: usize,
    },
    /// An action waits for its staggered start no longer.
    ActionStarted {
        /// Its label (`sbom checkout/source`).
        action: String,
        /// Why it runs, in words.
        reason: String,
    },
    /// An action ended.
    ActionFinished {
        /// Its label.
        action: String,
        /// How.
        outcome: Outcome,
        /// Milliseconds of wall time. Never written anywhere but here.
        millis: u64,
    },
    /// A verdict is known.
    Judged {
        /// The service.
        service: String,
        /// Its verdict.
        verdict: Verdict,
    },
    /// Something that the user should know and that stops nothing (a corrupted cache entry was discarded).
    Warning {
        /// A stable code (`cache::corrupted`).
        code: &'static str,
        /// What.
        message: String,
    },
    /// How often a server was asked.
    Asked {
        /// Which: `Vault`, or a registry's host.
        server: String,
        /// All requests.
        requests: u64,
        /// Those that were made again.
        retries: u64,
    },
    /// A secret was read, with an access of minutes; never what it is.
    SecretRead {
        /// Where it lies.
        path: String,
        /// Which version of it.
        version: u64,
    },
    /// Bytes or records of a long transfer.
    Progress {
        /// What (`npm/all.zip`).
        label: String,
        /// So many.
        done: u64,
        /// Of so many, where known.
        total: Option<u64>,
    },
    /// A run ends.
    RunFinished,
}

/// How an action ended.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It gave a result.
    Done,
    /// Its result was in the cache.
    Cached,
    /// It gave none; why.
    Failed(String),
    /// It was not started, or stopped, because the run was.
    Cancelled,
}

/// Where events go.
pub trait Events: Send + Sync {
    /// Takes one. Must not block for long and must not write to standard output.
    fn emit(&self, event: Event);
}

/// Takes events and does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Events for Silent {
    fn emit(&self, _: Event) {}
}
