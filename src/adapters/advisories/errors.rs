//! Why a database cannot be made or fetched. Why one cannot be *used* is [`AdvisoriesError`].

use crate::ports::AdvisoriesError;
use miette::Diagnostic;

/// Why an import gave no database. The one before stays as it was.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ImportError {
    /// Nothing to import.
    #[error("{place}: there are no advisories here")]
    #[diagnostic(
        code("advisories::nothing-there"),
        help(
            "expected an `all.zip`, a directory of OSV `.json` records, or directories named by ecosystem with either of them"
        )
    )]
    NothingThere {
        /// Where, as the user gave it.
        place: String,
    },
    /// Files, but none that says which ecosystem it is about.
    #[error("{place}: no ecosystem can be told from the records")]
    #[diagnostic(
        code("advisories::no-ecosystem"),
        help("name the directory by the ecosystem, as in the osv.dev layout: `npm/all.zip`, `Debian/all.zip`")
    )]
    NoEcosystem {
        /// Where, as the user gave it.
        place: String,
    },
    /// A file or directory could not be read as a whole.
    #[error("{place}: {reason}")]
    #[diagnostic(code("advisories::unreadable-source"))]
    Source {
        /// Which.
        place: String,
        /// Why.
        reason: String,
    },
    /// Records that could not be read. Any of them might be about a package in use, so nothing was imported.
    #[error("{} of the records cannot be read:{}", .0.total, .0.list())]
    #[diagnostic(
        code("advisories::unreadable-records"),
        help("a record that cannot be read may be about a package in use: mend or remove it, then import again")
    )]
    Records(UnreadableRecords),
    /// The database could not be written or read back.
    #[error(transparent)]
    #[diagnostic(code("advisories::database"))]
    Database(#[from] AdvisoriesError),
}

/// Records that could not be read.
#[derive(Debug)]
pub struct UnreadableRecords {
    /// How many.
    pub total: usize,
    /// The first of them, in order of place.
    pub first: Vec<UnreadableRecord>,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadableRecord {
    /// The file, with the archive it is in.
    pub place: String,
    /// Its id, where that much could be read.
    pub id: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl UnreadableRecords {
    /// How many are listed.
    pub const SHOWN: usize = 20;

    fn list(&self) -> String {
        let mut lines = String::new();
        for record in &self.first {
            let id = record.id.as_ref().map_or(String::new(), |id| format!(" ({id})"));
            lines.push_str(&format!("\n  {}{id}: {}", record.place, record.reason));
        }
        if self.total > self.first.len() {
            lines.push_str(&format!("\n  and {} more", self.total - self.first.len()));
        }
        lines
    }
}

/// Why an update gave no database. The one before stays as it was; what was fetched so far is kept for the next try.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum UpdateError {
    /// A source that makes no sense.
    #[error("`{source_text}` is not a source of advisories: {reason}")]
    #[diagnostic(
        code("advisories::bad-source"),
        help("use `osv`, an `https:` address in the osv.dev layout, or a path")
    )]
    BadSource {
        /// As configured.
        source_text: String,
        /// What is wrong.
        reason: String,
    },
    /// The server says that there is no such file.
    #[error("{url}: the server says {status}")]
    #[diagnostic(
        code("advisories::refused"),
        help("is the ecosystem's name right? It is case-sensitive, as in the OSV schema")
    )]
    Refused {
        /// Which file.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server cannot be reached, or kept failing.
    #[error("{url}: {reason}")]
    #[diagnostic(code("advisories::unreachable"), help("the database as it was is still there; try again later"))]
    Unreachable {
        /// Which file.
        url: String,
        /// What happened last.
        reason: String,
    },
    /// What the server sent is not an archive, or too large.
    #[error("{url}: {reason}")]
    #[diagnostic(code("advisories::bad-download"))]
    BadDownload {
        /// Which file.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Local files cannot be written or read.
    #[error("{place}: {source}")]
    #[diagnostic(code("advisories::store"))]
    Store {
        /// Which.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// Another update of the same database is under way.
    #[error("another update of this database is under way")]
    #[diagnostic(code("advisories::busy"), help("wait for it, then try again"))]
    Busy,
    /// The update was stopped.
    #[error("stopped")]
    #[diagnostic(code("advisories::stopped"))]
    Stopped,
    /// What was fetched could not be imported.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Import(#[from] ImportError),
}
