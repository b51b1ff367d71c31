//! Runs a plan through the ports: `Plan` → evidence.
//!
//! The only room where work is done in parallel. Waiting (staggered starts, time-outs, Ctrl-C, processes, the network) is
//! tokio's, on one thread; computing (inflate, parse, hash, match) is a rayon pool's of `jobs` threads; [`bridge`] is the
//! one place where they meet. Where everything is cached neither is started.
//!
//! A scan that fails or does not end in time is a gap of its subject, never a missing subject. What would make the evidence
//! untrue (bytes that are not what their digest says) stops the run.

mod bridge;
mod contents;
mod errors;
mod evidence;
mod finder;
mod run;
mod subject;

pub use bridge::{Waiter, wait_for};
pub use errors::ExecuteError;
pub use evidence::{Document, EvidenceMap, PackedSbom, SubjectEvidence};
pub use finder::Finder;
pub use run::{Options, Tools, run};
pub use subject::{MatchNowError, match_now, scan_now};

#[cfg(test)]
mod tests;
