//! Which of CycloneDX's three ways a licence text is written: SPDX id, SPDX expression, or name.

use super::raw::{RawLicense, RawLicenseChoice};

/// Ids of newer SPDX lists that the schema of CycloneDX 1.6 does not have: written as expressions, which it takes unread.
const NOT_IN_SCHEMA: [&str; 20] = [
    "BSD-2-Clause-pos-unchanged",
    "BSD-3-Clause-OpenWebUI",
    "BSD-Source-Code-no-disclaimer",
    "BSD-Source-alt-GPL",
    "BSD-ask-to-endorse",
    "Brian-Gladman-3-Clause-no-conversion",
    "Bugroff",
    "CC-BY-NC-3.0-IGO",
    "FDK-MPEG-H",
    "GFDL-1.1-invariants",
    "GFDL-1.1-no-invariants",
    "GFDL-1.2-invariants",
    "GFDL-1.2-no-invariants",
    "GFDL-1.3-invariants",
    "GFDL-1.3-no-invariants",
    "Hippocratic-3.0-core",
    "Informatica",
    "MVT-1.1",
    "NOASSERTION",
    "atc-game",
];

/// Whether the schema takes the text as a licence id.
pub(super) fn is_id(text: &str) -> bool {
    spdx::identifiers::LICENSES.binary_search_by(|id| id.name.cmp(text)).is_ok() && !NOT_IN_SCHEMA.contains(&text)
}

/// The `licenses` of a component. CycloneDX allows one expression alone, or any number of ids and names.
pub(super) fn write(licenses: &[String]) -> Vec<RawLicenseChoice<'_>> {
    if let [only] = licenses
        && !is_id(only)
        && spdx::Expression::parse(only).is_ok()
    {
        return vec![RawLicenseChoice { expression: Some(only.into()), license: None }];
    }
    licenses.iter().map(|text| id_or_name(text)).collect()
}

fn id_or_name(text: &str) -> RawLicenseChoice<'_> {
    let (id, name) = if is_id(text) { (Some(text.into()), None) } else { (None, Some(text.into())) };
    RawLicenseChoice { expression: None, license: Some(RawLicense { id, name }) }
}

/// The text of one entry, whichever way it was written; `None` for one that says nothing or two things.
pub(super) fn read(choice: RawLicenseChoice<'_>) -> Option<String> {
    let text = match choice {
        RawLicenseChoice { expression: Some(text), license: None }
        | RawLicenseChoice {
            expression: None,
            license: Some(RawLicense { id: Some(text), name: None } | RawLicense { id: None, name: Some(text) }),
        } => text,
        _ => return None,
    };
    Some(text.into_owned())
}
