//! Results in words, one format a file. Takes results, gives text; writes nothing.

pub mod github;
mod human;
mod json;
mod markdown;
mod packages;
mod words;

pub use human::{Limits, service, verdicts};
pub use json::{BuildReport, ServiceReport};
pub use markdown::{fenced, markdown};
pub use packages::{FindingFacts, PackageFacts, packages};
pub use words::reason;
