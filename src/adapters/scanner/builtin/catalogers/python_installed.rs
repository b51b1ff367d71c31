//! Installed Python packages: `*.dist-info/METADATA`, `*.egg-info/PKG-INFO`, `EGG-INFO/PKG-INFO` and `*.egg-info` files.
//!
//! Format: <https://packaging.python.org/en/latest/specifications/core-metadata/>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};

/// Reads the metadata of installed Python packages.
pub(super) struct PythonInstalled;

impl Cataloger for PythonInstalled {
    fn name(&self) -> &'static str {
        "python-installed"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let (directory, name) = file.path.rsplit_once('/').unwrap_or(("", file.path));
        let directory = directory.rsplit('/').next().unwrap_or_default();
        match name {
            "METADATA" => directory.ends_with(".dist-info"),
            "PKG-INFO" => directory.ends_with(".egg-info") || directory == "EGG-INFO",
            name => name.ends_with(".egg-info") && name.len() > ".egg-info".len(),
        }
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let bytes = file.content.bytes()?;
        // Old metadata is in whatever encoding its author had; names and versions are ASCII in all of them.
        let text = String::from_utf8_lossy(&bytes);
        let metadata = Metadata::read(&text);
        let name = metadata.name.ok_or_else(|| ParseError("no Name".into()))?;
        let version = metadata.version.ok_or_else(|| ParseError(format!("{name}: no Version")))?;
        let mut all = Collector::default();
        all.add_or_gap(identity::pypi(name, version, &Origin::Registry).map(|mut component| {
            component.licenses = metadata.licenses();
            component
        }));
        Ok(all.finish())
    }
}

#[derive(Default)]
struct Metadata<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
    expression: Option<&'a str>,
    license: Option<&'a str>,
    license_goes_on: bool,
    classifiers: Vec<&'a str>,
}

impl<'a> Metadata<'a> {
    /// The header: up to the first empty line. Lines that are neither field nor continuation are passed over.
    fn read(text: &'a str) -> Self {
        let mut metadata = Self::default();
        let mut in_license = false;
        for line in text.lines().map(|line| line.trim_end_matches('\r')).take_while(|line| !line.is_empty()) {
            if line.starts_with([' ', '\t']) {
                metadata.license_goes_on |= in_license;
                continue;
            }
            let Some((field, value)) = line.split_once(':') else { continue };
            let value = Some(value.trim()).filter(|value| !value.is_empty() && *value != "UNKNOWN");
            in_license = field.eq_ignore_ascii_case("license");
            let place = match field.to_ascii_lowercase().as_str() {
                "name" => &mut metadata.name,
                "version" => &mut metadata.version,
                "license-expression" => &mut metadata.expression,
                "license" => &mut metadata.license,
                "classifier" => {
                    metadata.classifiers.extend(value.and_then(|value| value.strip_prefix("License :: ")));
                    continue;
                }
                _ => continue,
            };
            *place = place.or(value);
        }
        metadata
    }

    /// The expression where there is one; else the licence field if it is one line that is an expression; else what the
    /// classifiers say; else that line as it is.
    fn licenses(&self) -> Vec<String> {
        if let Some(expression) = self.expression {
            return vec![expression.to_owned()];
        }
        let line = self.license.filter(|text| !self.license_goes_on && text.len() <= 128);
        if let Some(expression) = line.filter(|text| spdx::Expression::parse(text).is_ok()) {
            return vec![expression.to_owned()];
        }
        let classified: Vec<String> = self
            .classifiers
            .iter()
            .filter_map(|classifier| {
                let name = classifier.rsplit(" :: ").next().unwrap_or(classifier);
                (name != "OSI Approved").then(|| spdx_of(name).unwrap_or(name).to_owned())
            })
            .collect();
        if classified.is_empty() { line.map(str::to_owned).into_iter().collect() } else { classified }
    }
}

/// The SPDX identifier of a licence classifier, where it means exactly one licence.
fn spdx_of(classifier: &str) -> Option<&'static str> {
    Some(match classifier {
        "MIT License" => "MIT",
        "MIT No Attribution License (MIT-0)" => "MIT-0",
        "Apache Software License" => "Apache-2.0",
        "ISC License (ISCL)" => "ISC",
        "Mozilla Public License 1.1 (MPL 1.1)" => "MPL-1.1",
        "Mozilla Public License 2.0 (MPL 2.0)" => "MPL-2.0",
        "Python Software Foundation License" => "PSF-2.0",
        "The Unlicense (Unlicense)" => "Unlicense",
        "Zope Public License" => "ZPL-2.1",
        "Boost Software License 1.0 (BSL-1.0)" => "BSL-1.0",
        "GNU General Public License v2 (GPLv2)" => "GPL-2.0-only",
        "GNU General Public License v2 or later (GPLv2+)" => "GPL-2.0-or-later",
        "GNU General Public License v3 (GPLv3)" => "GPL-3.0-only",
        "GNU General Public License v3 or later (GPLv3+)" => "GPL-3.0-or-later",
        "GNU Lesser General Public License v2 (LGPLv2)" => "LGPL-2.0-only",
        "GNU Lesser General Public License v2 or later (LGPLv2+)" => "LGPL-2.0-or-later",
        "GNU Lesser General Public License v3 (LGPLv3)" => "LGPL-3.0-only",
        "GNU Lesser General Public License v3 or later (LGPLv3+)" => "LGPL-3.0-or-later",
        "GNU Affero General Public License v3" => "AGPL-3.0-only",
        "GNU Affero General Public License v3 or later (AGPLv3+)" => "AGPL-3.0-or-later",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const PATH: &str = "usr/lib/python3/dist-packages/a_b-1.0.dist-info/METADATA";

    fn licenses(fields: &str) -> Vec<String> {
        let text = format!("Metadata-Version: 2.4\nName: A_b\nVersion: 1.0\n{fields}\n\nLicense: no\n");
        let parsed = parse(&PythonInstalled, PATH, &text).unwrap();
        let all = components(&parsed);
        assert_eq!(all[0].purl.as_str(), "pkg:pypi/a-b@1.0");
        all[0].licenses.clone()
    }

    #[test]
    fn licences_are_told_by_the_best_field() {
        assert_eq!(licenses("License: BSD\nLicense-Expression: MIT OR Apache-2.0"), ["MIT OR Apache-2.0"]);
        assert_eq!(licenses("License: MIT\nClassifier: License :: OSI Approved :: BSD License"), ["MIT"]);
        assert_eq!(licenses("License: the text\n  of it\nClassifier: License :: OSI Approved :: MIT License"), ["MIT"]);
        assert_eq!(licenses("License: Some words"), ["Some words"]);
        assert_eq!(licenses("License: UNKNOWN\nClassifier: License :: OSI Approved"), NOTHING);
    }

    #[test]
    fn wants_metadata_and_refuses_what_has_no_name() {
        let wants = |path| PythonInstalled.wants(&FileFacts { path, size: 1, executable: false });
        for path in [PATH, "a.egg-info/PKG-INFO", "x.egg/EGG-INFO/PKG-INFO", "lib/pycups-2.0.1.egg-info"] {
            assert!(wants(path), "{path}");
        }
        for path in ["METADATA", "a/METADATA", "a.dist-info/RECORD", "a/PKG-INFO", ".egg-info"] {
            assert!(!wants(path), "{path}");
        }
        for text in ["", "Name: a\n", "Version: 1\n", "\nName: a\nVersion: 1\n"] {
            assert!(parse(&PythonInstalled, PATH, text).is_err(), "{text}");
        }
        damage(&PythonInstalled, PATH, "Name: ä\nVersion: 1\nLicense: x\n y\nClassifier: License :: Z\n\n");
    }
}
