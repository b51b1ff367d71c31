//! The advisory database: OSV records in one compact, memory-mapped index file, whose digest names the snapshot.
//!
//! | file | from → to |
//! |---|---|
//! | [`osv`] | bytes of one OSV record → [`crate::model::Advisory`], cut down |
//! | [`sources`] | files and directories in the osv.dev layout → records |
//! | [`mod@import`] | records → an index in the store |
//! | [`build`], [`mod@format`] | the index file's bytes, written |
//! | [`LocalAdvisories`] | one store for each set of sources: `impl ports::AdvisoryStore` |
//! | [`index`], `mmap` | the same bytes, looked up: `impl ports::Advisories` |
//! | [`store`] | where index files lie, and which one is current |
//! | [`mod@update`], [`download`] | a bucket's files → local copies → an import |
//!
//! Nothing here decides whether a package is affected: that is `matching`, which is pure.

pub mod build;
pub mod download;
pub mod errors;
pub mod format;
pub mod import;
pub mod index;
mod local;
mod mmap;
pub mod osv;
pub mod sources;
pub mod store;
pub mod update;

pub use errors::{ImportError, UpdateError};
pub use import::{Imported, import};
pub use index::IndexAdvisories;
pub use local::LocalAdvisories;
pub use store::open;
pub use update::{UpdateRequest, Updated, update};

#[cfg(test)]
mod testing;
