//! The verbs, one a file. Each takes the [`World`] and plain options, and gives a result that `report` words; none prints.

mod assemble;
mod build;
mod diff;
mod exit;
mod explain;
mod failure;
pub mod init;
mod pack;
mod prepare;
mod project;
mod pull;
mod push;
mod recall;
mod recorded;
mod scan;
mod signing;
mod store;
mod verify;
mod warm;
mod world;

pub use build::{Built, LockOutcome, Options as BuildOptions, Outcome as BuildOutcome, build};
pub use diff::diff;
pub use exit::Exit;
pub use explain::{Explanation, explain, explain_action, is_action_label};
pub use failure::Failure;
pub use init::{FoundFile, SKIPPED_DIRECTORIES, detect, render, wants_content};
pub use pack::pack;
pub use prepare::{Prepared, Wanted, advisories_failure, database, prepare};
pub use project::{Project, limit_place};
pub use pull::{fetch, pull};
pub use push::{Pushed, push};
pub use scan::{Scan, scan};
pub use verify::{Options as VerifyOptions, Verified, verify};
pub use warm::{State, Summary};
pub use world::{LOCAL_KEY, World};
