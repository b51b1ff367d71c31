//! SBOMs that other tools wrote: CycloneDX and SPDX, as JSON, to ours.
//!
//! Such a document is believed as far as it goes; what it does not say is a gap. A component without a package URL cannot be
//! looked up; one of a distribution needs its release; a document that says of itself that it is incomplete is.

mod cyclonedx;
mod package;
mod spdx;

use crate::model::{Gap, GapKind, Sbom};

/// The largest document that is read, in bytes.
pub const LIMIT: u64 = 128 << 20;
/// The most components of a document: far more than any real one has, and what memory is spent on.
const COMPONENTS: usize = 100_000;

/// Raised whenever the same document would give another result.
pub const REVISION: u32 = 3;

/// A document, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it lists.
    pub sbom: Sbom,
    /// Digests (sha256, hexadecimal) by which it names what it describes.
    pub subjects: Vec<String>,
    /// The tool that it says wrote it: name and version.
    pub tool: Option<(String, String)>,
}

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DocumentError(pub String);

/// Reads a document of either kind.
///
/// # Errors
/// It is neither, of a version that is not known, or lists nothing that can be read.
pub fn read(bytes: &[u8]) -> Result<Document, DocumentError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Kind {
        bom_format: Option<String>,
        spec_version: Option<String>,
        spdx_version: Option<String>,
    }
    let kind: Kind = serde_json::from_slice(bytes).map_err(|error| DocumentError(format!("not JSON: {error}")))?;
    let mut document = match (kind.bom_format.as_deref(), kind.spec_version.as_deref(), kind.spdx_version.as_deref()) {
        (Some("CycloneDX"), Some("1.2" | "1.3" | "1.4" | "1.5" | "1.6" | "1.7"), None) => cyclonedx::read(bytes)?,
        (Some("CycloneDX"), version, None) => {
            return Err(DocumentError(format!("CycloneDX {} is not read", version.unwrap_or("without a version"))));
        }
        (None, _, Some("SPDX-2.2" | "SPDX-2.3")) => spdx::read(bytes)?,
        (None, _, Some(version)) => return Err(DocumentError(format!("{version} is not read"))),
        _ => return Err(DocumentError("neither CycloneDX nor SPDX".to_owned())),
    };
    if document.sbom.components.len() > COMPONENTS {
        return Err(DocumentError(format!("more than {COMPONENTS} components")));
    }
    if document.sbom.components.is_empty() && document.sbom.gaps.is_empty() {
        document.sbom.gaps.push(Gap::new(GapKind::UnreadableFile, "", "the document lists no package"));
    }
    document.sbom = document.sbom.normalized();
    Ok(document)
}

#[cfg(test)]
mod tests;
