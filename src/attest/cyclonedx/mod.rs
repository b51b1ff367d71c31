//! `Sbom` ↔ CycloneDX 1.6 JSON (<https://cyclonedx.org/docs/1.6/json/>), canonical: sorted, RFC 8785, with no serial number
//! and no time of its own, so that the same scan gives the same bytes.
//!
//! Where what stands: the subject is `metadata.component`, the scanner `metadata.tools`; a distribution is the first
//! component, of type `operating-system`; each package is a `library` whose `bom-ref` is its package URL, with `scope`
//! (`excluded` for development only), `licenses`, `evidence.occurrences` for its locations (the layer in
//! `additionalContext`) and properties `proofmark:…` for what CycloneDX has no field for. Dependencies that are themselves
//! components stand in `dependencies`, others in properties. Each gap is a property of the document, and the aggregate of the
//! composition is `incomplete` where there is one, else `unknown`: a scanner can tell that something is missing, never that
//! nothing is.
//!
//! [`decode`] reads only what [`encode`] writes. It does not depend on the list of SPDX licences, which grows: an older
//! document stays readable.

mod decode;
mod encode;
mod license;
mod naming;
mod raw;
#[cfg(test)]
mod tests;

pub use decode::{Document, decode, decode_document};
pub use encode::{Body, encode, subject};

/// The largest document that is read, in bytes.
pub const LIMIT: usize = 256 << 20;

const FORMAT: &str = "CycloneDX";
const SPEC_VERSION: &str = "1.6";
const SUBJECT_REF: &str = "urn:proofmark:subject";
const DISTRO_REF: &str = "urn:proofmark:distro";

const URI: &str = "proofmark:subject:uri";
const CODENAME: &str = "proofmark:distro:codename";
const ECOSYSTEM: &str = "proofmark:ecosystem";
const SOURCE_NAME: &str = "proofmark:source:name";
const SOURCE_VERSION: &str = "proofmark:source:version";
const DEPENDS_ON: &str = "proofmark:depends-on";
const GAP: &str = "proofmark:gap";
const LAYER: &str = "layer ";
