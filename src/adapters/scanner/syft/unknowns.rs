//! What syft could not read, by its own format, which also says what was scanned.
//! <https://github.com/anchore/syft/tree/main/schema/json>

use super::super::external::Asked;
use super::super::external::said::shown;
use super::super::external::stage::Form;
use crate::model::{Digest, Gap, GapKind};
use crate::ports::ScanError;
use serde::Deserialize;

/// Said of every Go program without a symbol table. Its modules are listed all the same: they are in another section.
const HARMLESS: [&str; 1] = ["go-module-binary-cataloger: unable to read golang version info: no symbol section"];

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    files: Vec<File>,
    source: Source,
    descriptor: Descriptor,
}

#[derive(Deserialize)]
struct File {
    location: Place,
    #[serde(default)]
    unknowns: Vec<String>,
}

#[derive(Deserialize)]
struct Place {
    path: String,
}

#[derive(Deserialize)]
struct Source {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    metadata: serde_json::Value,
}

#[derive(Deserialize)]
struct Descriptor {
    name: String,
    version: String,
}

/// Refuses a run in which syft complained: what it says on standard error concerns more than one file.
pub(super) fn refuse_complaints(said: &str) -> Result<(), ScanError> {
    let complains = |line: &&str| {
        !line.trim().is_empty() && !matches!(line.split_whitespace().nth(1), Some("INFO" | "DEBUG" | "TRACE"))
    };
    match said.lines().find(complains) {
        None => Ok(()),
        Some(line) => Err(ScanError::Unusable(format!("syft says: {}", shown(line)))),
    }
}

/// The files that were not read, or not whole.
///
/// # Errors
/// The report is not whole, or not of what was asked for.
pub(super) fn gaps(report: &[u8], asked: &Asked<'_>) -> Result<Vec<Gap>, ScanError> {
    let unusable = |reason: String| ScanError::Unusable(format!("the second report of syft {reason}"));
    let report: Report = serde_json::from_slice(report).map_err(|error| unusable(format!("is not whole: {error}")))?;
    if report.descriptor.name != "syft" || report.descriptor.version.trim_start_matches('v') != asked.version {
        return Err(unusable(format!("does not say that syft {} made it", asked.version)));
    }
    let facts = asked.staged;
    let digest = |name: &str| report.source.metadata[name].as_str().and_then(|text| Digest::parse(text).ok());
    let is_same = match facts.form {
        Form::Layout => {
            report.source.kind == "image"
                && digest("manifestDigest").is_some_and(|digest| facts.manifest == Some(digest))
                && digest("imageID").is_some_and(|digest| facts.config == Some(digest))
        }
        Form::Rootfs | Form::Source => report.source.kind == "directory",
    };
    if !is_same || report.source.name != facts.name {
        return Err(unusable("is of another subject".into()));
    }
    let gap = |file: &File| {
        let unread: Vec<&String> = file.unknowns.iter().filter(|text| !HARMLESS.contains(&text.as_str())).collect();
        if unread.is_empty() {
            return None;
        }
        let catalogers: Vec<&str> = unread.iter().map(|text| text.split(':').next().unwrap_or_default()).collect();
        // The rest of the text may hold names of temporary files.
        let reason = format!("syft could not read it ({})", shown(&catalogers.join(", ")));
        Some(Gap::new(GapKind::UnreadableFile, file.location.path.trim_start_matches('/'), reason))
    };
    Ok(report.files.iter().filter_map(gap).collect())
}
