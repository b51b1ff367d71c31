//! Statements, DSSE envelopes, Sigstore bundles, SBOM documents. Pure: values in, bytes out, and back.
//!
//! | file | from → to |
//! |---|---|
//! | [`cyclonedx`] | `Sbom` ↔ CycloneDX 1.6 document |
//! | [`slice`] | `AdvisorySlice` ↔ its stored bytes |
//! | [`statements`] | results → the in-toto statements of a subject and of a lock |
//! | [`payload`] | `Statement` ↔ DSSE payload (JCS) |
//! | [`bundle`] | `Bundle` ↔ Sigstore bundle v0.3 |
//! | [`keys`], [`verify`] | a bundle's bytes and whom to trust → [`Attestation`] |
//! | `trusted_root` | authorities → Sigstore's `trusted_root.json` |
//! | [`foreign`] | what others have signed → [`ForeignAttestation`] |
//! | [`identities`], [`timestamps`] | a certificate's identity and a signature's time → whether they are trusted |
//! | [`merkle`] | statement digests → the lock's root |
//! | [`pack`] | a lock's files ↔ one archive |
//!
//! Everything written here is canonical JSON (RFC 8785) and everything read back must be exactly what would be written:
//! one meaning has one spelling, so no changed byte goes unnoticed. Bytes that nobody has verified
//! ([`crate::model::Bundle`]) and an [`Attestation`] are different types; only [`verify_bundle`] makes the latter.
//!
//! Must not: sign, read files, read a clock.

mod authorities;
pub mod bundle;
mod certificates;
pub mod cyclonedx;
mod errors;
pub mod foreign;
pub mod identities;
mod json;
pub mod keys;
pub mod merkle;
pub mod pack;
pub mod payload;
pub mod slice;
pub mod statements;
pub mod timestamps;
mod trust;
mod trusted_root;
pub mod verify;
mod x509;
mod x509_errors;

pub use authorities::Authorities;
pub use certificates::{Issued, issued};
pub use errors::{BundleError, DocumentError, KeyError, PackError, StatementError, TrustError, VerifyError};
pub use foreign::{ForeignAttestation, verify_foreign};
pub use keys::TrustedKeys;
pub use payload::{parse_payload, payload};
pub use timestamps::{Stamp, TimeSource};
pub use trust::{Trust, TrustFiles};
pub use trusted_root::trusted_root;
pub use verify::{Attestation, Signed, signer, verify_bundle, verify_known};
pub use x509_errors::{AuthorityError, CertificateError, StampError};
