//! The text form of `compliance.lock`. Pure: text in, values out, and back.
//!
//! | file | from → to |
//! |---|---|
//! | [`encode()`] | `Lock` → text: sorted, one spelling for each meaning |
//! | [`decode()`] | text → `Lock`, or what is wrong and where |
//! | [`satisfy()`] | lock and the present → every reason why it is stale |
//! | [`diff()`] | two locks → what changed, as data; [`render()`] words it |
//!
//! The file is TOML, and any TOML reader can read it. `decode` takes only the text that `encode` writes: a lock that says
//! the same in other words was edited by hand, or by a merge that went wrong, and is refused. That also lets it be read by
//! one pass over its lines, which a build without changes depends on; the TOML parser is asked only when that fails, to say
//! what is wrong.
//!
//! Must not: read files, verify signatures, look at evidence.

mod decode;
mod diff;
mod encode;
mod errors;
mod reader;
mod render;
mod satisfy;
#[cfg(test)]
mod tests;
mod words;

pub use decode::{LIMIT, decode, root};
pub use diff::{
    AttestationChange, Change, ComponentChange, ComponentDiff, DIFF_VERSION, FindingChange, FindingText, InputsDiff,
    LockDiff, Names, PackageText, ServiceDiff, ServiceText, SubjectDiff, diff, diff_components,
};
pub use encode::encode;
pub use errors::LockError;
pub use render::render;
pub use satisfy::{Current, CurrentService, CurrentSubject, Stale, satisfy};
