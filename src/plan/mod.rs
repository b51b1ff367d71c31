//! What will run, and why. Pure: config, graph, located subjects, the last lock and what the cache knows, to a [`Plan`].
//!
//! `proofmark plan` shows the plan; `execute` is given the same value, so that the two cannot differ.
//!
//! Three kinds of action: `sbom` (scan a subject), `match` (look its components up in the advisories), `judge` (a service's
//! verdict). A statement is signed after judging where it came out different; that cannot be planned, only what may lead to
//! it.

mod action;
mod key;
mod make;
mod render;
mod stagger;

pub use action::{Action, ActionKind, Decision, Plan, RunReason, ServicePlan, SubjectPlan};
pub use key::{MatchedBy, match_key, sbom_key};
pub(crate) use make::DOCUMENT;
pub use make::{Known, PlanInput, plan};
pub use render::{PlanReport, render};
pub use stagger::offset;

#[cfg(test)]
mod tests;
