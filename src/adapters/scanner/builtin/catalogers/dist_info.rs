//! Installed Python packages: `*.dist-info/METADATA` (wheels), `*.egg-info/PKG-INFO`, `EGG-INFO/PKG-INFO` and
//! `*.egg-info` files (setuptools). Format: <https://packaging.python.org/en/latest/specifications/core-metadata/>.

use super::pypi;
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};

/// Reads the metadata of installed Python packages.
pub(super) struct DistInfo;

/// Classifiers that name exactly one licence of the SPDX list; the others are kept as they are.
const CLASSIFIERS: &[(&str, &str)] = &[
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    ("GNU Affero General Public License v3 or later (AGPLv3+)", "AGPL-3.0-or-later"),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    ("GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
    ("GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"),
    ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"),
    ("ISC License (ISCL)", "ISC"),
    ("MIT License", "MIT"),
    ("Mozilla Public License 1.1 (MPL 1.1)", "MPL-1.1"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("The Unlicense (Unlicense)", "Unlicense"),
];

/// A `License` field longer than this (characters) is a licence's text, not its name.
const NAME_LIMIT: usize = 200;

impl Cataloger for DistInfo {
    fn name(&self) -> &'static str {
        "python-dist-info"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let mut parts = file.path.rsplit('/');
        let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match name {
            "METADATA" => folder.ends_with(".dist-info"),
            "PKG-INFO" => folder.ends_with(".egg-info") || folder == "EGG-INFO",
            _ => name.ends_with(".egg-info"),
        }
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        read(&file.content.bytes()?)
    }
}

/// What the metadata of a package says.
///
/// # Errors
/// No name or no version, or none that a package can have.
pub(super) fn read(bytes: &[u8]) -> Result<Parsed, ParseError> {
    // Old metadata is in any encoding; names and versions are ASCII.
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let headers = Headers::read(text);
    let name = headers.first("name").ok_or_else(|| ParseError("it has no `Name`".into()))?;
    let version = headers.first("version").ok_or_else(|| ParseError("it has no `Version`".into()))?;
    let mut component = pypi::component(name, version).map_err(ParseError)?;
    component.licenses = licenses(&headers);
    let mut gaps = Vec::new();
    if headers.cut {
        gaps.push("it ends within its headers: cut off".into());
    }
    Ok(Parsed { found: vec![Found::Component(component)], gaps })
}

/// Header fields, keys in lower case, in order.
struct Headers {
    fields: Vec<(String, String)>,
    /// Whether the last header has no line end.
    cut: bool,
}

impl Headers {
    fn read(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut cut = !text.is_empty();
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            cut = content.len() == line.len();
            if content.is_empty() {
                break;
            }
            if content.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push('\n');
                    value.push_str(content.trim());
                }
            } else if let Some((key, value)) = content.split_once(':') {
                fields.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self { fields, cut }
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn first(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// The expression; else the classifiers, which are of a closed list; else the free text where it is no full text.
fn licenses(headers: &Headers) -> Vec<String> {
    if let Some(expression) = headers.first("license-expression") {
        return vec![expression.to_owned()];
    }
    let free = headers
        .first("license")
        .filter(|text| !text.contains('\n') && text.chars().count() <= NAME_LIMIT && *text != "UNKNOWN");
    if let Some(text) = free.filter(|text| spdx::Expression::parse(text).is_ok()) {
        return vec![text.to_owned()];
    }
    let mut licenses: Vec<String> = headers
        .all("classifier")
        .filter_map(|classifier| classifier.strip_prefix("License :: "))
        .filter(|classifier| *classifier != "OSI Approved")
        .filter_map(|classifier| classifier.rsplit(" :: ").next())
        .map(|name| CLASSIFIERS.iter().find(|(text, _)| *text == name).map_or(name, |(_, id)| *id).to_owned())
        .collect();
    if licenses.is_empty() {
        licenses.extend(free.map(str::to_owned));
    }
    licenses.sort();
    licenses.dedup();
    licenses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::scanner::builtin::catalog::Content;

    fn parse(text: &str) -> Result<Parsed, ParseError> {
        let content = Content::Bytes(text.as_bytes());
        DistInfo.parse(&File { path: "a.dist-info/METADATA", content, companion: &|_| None })
    }

    fn licenses_of(headers: &str) -> Vec<String> {
        match parse(&format!("Name: A\nVersion: 1\n{headers}\n\nbody")).unwrap().found.remove(0) {
            Found::Component(component) => component.licenses,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn licences_are_the_plainest_that_is_stated() {
        assert_eq!(licenses_of("License-Expression: MIT OR Apache-2.0\nLicense: x"), ["MIT OR Apache-2.0"]);
        assert_eq!(licenses_of("License: MIT\nClassifier: License :: OSI Approved :: BSD License"), ["MIT"]);
        assert_eq!(licenses_of("License: BSD\nClassifier: License :: OSI Approved :: MIT License"), ["MIT"]);
        assert_eq!(licenses_of("License: Dual\n"), ["Dual"]);
        assert_eq!(licenses_of("License: Copyright\n        All rights"), Vec::<String>::new());
        assert_eq!(licenses_of("Classifier: License :: OSI Approved :: BSD License"), ["BSD License"]);
    }

    #[test]
    fn the_body_says_nothing_and_a_cut_is_missed() {
        assert!(parse("Name: a\n\nVersion: 1\n").is_err());
        assert!(parse("").is_err());
        assert_eq!(parse("Name: a\nVersion: 1").unwrap().gaps.len(), 1);
        assert!(parse("name: a\nversion: 1\n").unwrap().gaps.is_empty());
    }

    #[test]
    fn wants_metadata_of_installed_packages_only() {
        let wants = |path| DistInfo.wants(&FileFacts { path, size: 1, executable: false });
        for path in ["l/a-1.dist-info/METADATA", "l/a.egg-info/PKG-INFO", "l/a.egg-info", "a.egg/EGG-INFO/PKG-INFO"] {
            assert!(wants(path), "{path}");
        }
        assert!(!wants("METADATA") && !wants("a/PKG-INFO"));
    }
}
