//! The nouns of the product, with no I/O and no clock.
//!
//! Every type that is written to a published place (lock, statement, SBOM, slice) is built only from these, so that
//! the same inputs give the same bytes. Constructors parse; a value that exists is valid.

mod advisory;
mod blob;
mod component;
mod digest;
mod ecosystem;
mod envelope;
mod finding;
mod gap;
mod lock;
mod name;
mod policy;
mod purl;
mod requirement;
mod sbom;
mod severity;
mod statement;
mod subject;
mod suse;
mod time;
mod verdict;
mod waiver;

pub use advisory::{
    Advisory, AdvisorySlice, Affected, AffectedPackage, Event, OtherAnswer, Range, RangeKind, Reference, SeverityScore,
    Snapshot,
};
pub use blob::Blob;
pub use component::{Component, Location, Scope, SourcePackage};
pub use digest::{Digest, DigestError, Hasher};
pub use ecosystem::{Distro, Ecosystem, EcosystemKind};
pub use envelope::{Bundle, Envelope, Hint, Material, SignatureBytes, SignedBy, SignerId};
pub use finding::{Finding, FindingClass};
pub use gap::{Gap, GapKind};
pub use lock::{
    Lock, LockAdvisories, LockAttestation, LockFinding, LockInputs, LockRequired, LockService, LockSubject, LockVersion,
};
pub use name::{Name, NameError};
pub use policy::{EndOfLife, LicenseRules, Policy, UnknownLicense};
pub use purl::{Purl, PurlError};
pub use requirement::Requirement;
pub use sbom::{Sbom, ScannerIdentity};
pub use severity::{Severity, SeverityCounts};
pub use statement::{PredicateType, Statement, StatementSubject};
pub use subject::{Subject, SubjectDigest, SubjectKind};
pub use time::{Date, Duration, TimeError, Timestamp};
pub use verdict::{FindingStatus, JudgedFinding, Reason, ServiceVerdict, SubjectVerdict, Verdict};
pub use waiver::Waiver;
