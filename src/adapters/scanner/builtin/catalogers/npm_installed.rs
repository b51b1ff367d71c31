//! Installed npm packages: the `package.json` of each directory right below a `node_modules`, and any other that names a package
//! and its version. Distributions and programs keep packages elsewhere too (`usr/share/nodejs`, `app/package.json`).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::npm_lock::licenses;
use crate::model::Component;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Formatter;

/// Reads the manifests of installed npm packages.
pub(super) struct NpmInstalled;

impl Cataloger for NpmInstalled {
    fn name(&self) -> &'static str {
        "npm-installed"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == MANIFEST
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let Some(directory) = directory_name(file.path) else {
            // Of these many are a program's settings or test data: what names no package is none.
            return Ok(elsewhere(file).unwrap_or_default());
        };
        let manifest = Manifest::read(file)?;
        let mut all = Collector::default();
        let (name, version) = (text(&manifest.name), text(&manifest.version));
        let name = if name.is_empty() { directory } else { name };
        if !version.is_empty() {
            all.add_or_gap(manifest.component(name, version, &Origin::Registry));
        } else if is_installed(file.path) {
            all.gap(format!("{name}: no version"));
        }
        Ok(all.finish())
    }
}

const MANIFEST: &str = "package.json";

/// The package of a manifest that does not lie where npm installs packages.
fn elsewhere(file: &File<'_>) -> Option<Parsed> {
    let manifest = Manifest::read(file).ok()?;
    let (name, version) = (text(&manifest.name), text(&manifest.version));
    if name.is_empty() || version.is_empty() {
        return None;
    }
    // What npm is told never to publish is nobody else's package of the same name.
    let is_private = manifest.private == Some(Value::Bool(true));
    let origin = if is_private { Origin::Local } else { Origin::Registry };
    let mut all = Collector::default();
    all.add(manifest.component(name, version, &origin).ok()?);
    Some(all.finish())
}

#[derive(Default)]
struct Manifest {
    name: Option<Value>,
    version: Option<Value>,
    license: Option<Value>,
    licenses: Option<Value>,
    private: Option<Value>,
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// Reads a manifest as JavaScript does: of a field that stands there twice the last counts.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Manifest;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Manifest, A::Error> {
        let mut manifest = Manifest::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let field = match key.as_ref() {
                "name" => &mut manifest.name,
                "version" => &mut manifest.version,
                "license" => &mut manifest.license,
                "licenses" => &mut manifest.licenses,
                "private" => &mut manifest.private,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = map.next_value()?;
        }
        Ok(manifest)
    }
}

impl Manifest {
    fn read(file: &File<'_>) -> Result<Self, ParseError> {
        serde_json::from_str(&file.content.text()?).map_err(|error| ParseError(error.to_string()))
    }

    fn component(&self, name: &str, version: &str, origin: &Origin) -> Result<Component, String> {
        let mut component = identity::npm(name, version, origin)?;
        component.licenses = [&self.license, &self.licenses].into_iter().flatten().flat_map(licenses).collect();
        Ok(component)
    }
}

fn text(value: &Option<Value>) -> &str {
    value.as_ref().and_then(Value::as_str).unwrap_or_default().trim()
}

/// The directory of a package right below a `node_modules` (`@babel/core`), by the path of its manifest.
fn directory_name(path: &str) -> Option<&str> {
    let directory = path.strip_suffix("/package.json")?;
    let start = match directory.rfind("/node_modules/") {
        Some(slash) => slash + "/node_modules/".len(),
        None if directory.starts_with("node_modules/") => "node_modules/".len(),
        None => return None,
    };
    let name = &directory[start..];
    let plain = !name.contains('/') && !name.starts_with(['@', '.']);
    let scoped = name.starts_with('@') && name.matches('/').count() == 1;
    (plain || scoped).then_some(name)
}

/// Whether a package lies where a package manager puts one, not among the test data of another package.
fn is_installed(path: &str) -> bool {
    let mut parts = path.split("node_modules/").skip(1).peekable();
    while let Some(part) = parts.next() {
        let directories = part.trim_end_matches('/').matches('/').count();
        let scoped = usize::from(part.starts_with('@'));
        if parts.peek().is_some() && directories != scoped && !part.starts_with('.') {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    #[test]
    fn reads_name_version_and_licence() {
        let text = r#"{"name":"@s/a","version":"1.2.3","license":"MIT","licenses":[{"type":"ISC"},"0BSD"]}"#;
        let parsed = parse(&NpmInstalled, "app/node_modules/@s/a/package.json", text).unwrap();
        let all = components(&parsed);
        assert_eq!(all[0].purl.as_str(), "pkg:npm/%40s/a@1.2.3");
        assert_eq!(all[0].licenses, ["0BSD", "ISC", "MIT"]);
        damage(&NpmInstalled, "app/node_modules/@s/a/package.json", text);
    }

    #[test]
    fn a_package_without_version_is_a_gap_but_not_test_data() {
        let gaps = |path| parse(&NpmInstalled, path, r#"{"type":"module"}"#).unwrap().gaps;
        assert_eq!(gaps("node_modules/a/package.json"), ["a: no version"]);
        assert_eq!(gaps("node_modules/.pnpm/a@1/node_modules/a/package.json").len(), 1);
        assert!(gaps("node_modules/a/test/node_modules/b/package.json").is_empty());
        assert!(parse(&NpmInstalled, "node_modules/a/package.json", "{").is_err());
        let twice = r#"{"name":"a","version":"1.0.0","name":"b","x":{"name":"c"}}"#;
        let parsed = parse(&NpmInstalled, "node_modules/a/package.json", twice).unwrap();
        assert_eq!(components(&parsed)[0].purl.as_str(), "pkg:npm/b@1.0.0");
    }

    #[test]
    fn packages_lie_in_other_places_too() {
        let good = r#"{"name":"a","version":"1.2.3","license":"MIT"}"#;
        let private = r#"{"name":"app","version":"0.1.0","private":true}"#;
        for path in
            ["usr/share/nodejs/a/package.json", "app/package.json", "package.json", "node_modules/b/c/package.json"]
        {
            assert!(NpmInstalled.wants(&FileFacts { path, size: 1, executable: false }), "{path}");
            let parsed = parse(&NpmInstalled, path, good).unwrap();
            let [a] = components(&parsed)[..] else { panic!("{path}: {parsed:?}") };
            assert_eq!((a.purl.as_str(), a.ecosystem.is_some()), ("pkg:npm/a@1.2.3", true));
            assert!(components(&parse(&NpmInstalled, path, private).unwrap())[0].ecosystem.is_none());
            for none in ["{", "[]", r#"{"type":"module"}"#, r#"{"name":"a"}"#, r#"{"name":"a b","version":"1"}"#] {
                assert_eq!(parse(&NpmInstalled, path, none).unwrap(), Parsed::default(), "{path}: {none}");
            }
        }
    }

    #[test]
    fn only_manifests_right_below_node_modules_must_name_a_package() {
        for path in [
            "node_modules/a/package.json",
            "usr/lib/node_modules/npm/node_modules/@s/a/package.json",
            "n/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
        ] {
            assert!(directory_name(path).is_some(), "{path}");
        }
        for path in [
            "package.json",
            "node_modules/a/dist/package.json",
            "node_modules/.cache/package.json",
            "node_modules/@s/package.json",
            "my_node_modules/a/package.json",
            "node_modules/a/package.json.bak",
        ] {
            assert_eq!(directory_name(path), None, "{path}");
        }
        assert!(!NpmInstalled.wants(&FileFacts { path: "a/package.json.bak", size: 1, executable: false }));
    }
}
