//! Why a text is no lock. Every code is stable; every span is byte offset and length in the text.

use crate::model::{Digest, LockVersion};
use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

/// Why a text is no lock.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum LockError {
    /// Larger than is ever read.
    #[error("the lock is larger than {limit} bytes")]
    #[diagnostic(code("lock::too-large"))]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A merge was left unfinished.
    #[error("the lock has an unresolved merge conflict")]
    #[diagnostic(
        code("lock::conflict"),
        help("take either side whole, then run `proofmark build`: it brings the lock up to date with what is there")
    )]
    Conflict {
        /// The marker.
        #[label("conflict marker")]
        span: SourceSpan,
    },
    /// Not TOML.
    #[error("the lock is not TOML: {reason}")]
    #[diagnostic(code("lock::syntax"), help("restore the file from version control, or build it anew"))]
    Syntax {
        /// What is wrong.
        reason: String,
        /// Where.
        #[label("here")]
        span: SourceSpan,
    },
    /// A form of lock that this program does not know.
    #[error("the lock is of version {found}; this program reads version {}", LockVersion::NUMBER)]
    #[diagnostic(code("lock::unknown-version"), help("use the version of proofmark that wrote it, or a later one"))]
    UnknownVersion {
        /// The number in the file.
        found: String,
        /// Where.
        #[label("version")]
        span: SourceSpan,
    },
    /// A key that no lock of this version has.
    #[error("unknown key `{key}`")]
    #[diagnostic(
        code("lock::unknown-key"),
        help("the lock is generated: restore it from version control, or build it anew")
    )]
    UnknownKey {
        /// Which, with the tables around it.
        key: String,
        /// Where.
        #[label("not a key of a lock")]
        span: SourceSpan,
    },
    /// A value that its key cannot have.
    #[error("bad value of `{key}`: {reason}")]
    #[diagnostic(
        code("lock::bad-value"),
        help("the lock is generated: restore it from version control, or build it anew")
    )]
    Value {
        /// Which key.
        key: &'static str,
        /// What is wrong.
        reason: String,
        /// Where.
        #[label("{reason}")]
        span: SourceSpan,
    },
    /// Entries out of order.
    #[error("`{found}` is out of order in `{key}`")]
    #[diagnostic(
        code("lock::unsorted"),
        help("the lock is generated: restore it from version control, or build it anew")
    )]
    Unsorted {
        /// Entries of what.
        key: &'static str,
        /// Which entry.
        found: String,
        /// Where.
        #[label("belongs further up")]
        span: SourceSpan,
    },
    /// One entry twice.
    #[error("`{found}` is twice in `{key}`")]
    #[diagnostic(
        code("lock::duplicate"),
        help("the lock is generated: restore it from version control, or build it anew")
    )]
    Duplicate {
        /// Entries of what.
        key: &'static str,
        /// Which entry.
        found: String,
        /// Where the second one is.
        #[label("again")]
        span: SourceSpan,
    },
    /// TOML, but not the text that this program writes: something is missing, added, or said in other words.
    #[error("the lock is not as it was written: expected {expected}")]
    #[diagnostic(
        code("lock::not-canonical"),
        help("the lock is generated: restore it from version control, or build it anew")
    )]
    NotCanonical {
        /// What should stand there.
        expected: String,
        /// Where the text first differs.
        #[label("expected {expected}")]
        span: SourceSpan,
    },
    /// The root is not that of the statements in the lock: an entry was changed, added or taken out.
    #[error("the root is {recorded}, but the statements in the lock give {computed}")]
    #[diagnostic(code("lock::root-mismatch"), help("the lock was changed after it was written; do not trust it"))]
    RootMismatch {
        /// The recorded root.
        recorded: Digest,
        /// What the statements give.
        computed: Digest,
        /// Where the recorded one is.
        #[label("recorded here")]
        span: SourceSpan,
    },
}
