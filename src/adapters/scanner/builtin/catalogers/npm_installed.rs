//! Installed npm packages: the `package.json` of each directory right below a `node_modules`.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::npm_lock::licenses;
use serde::Deserialize;
use serde_json::Value;

/// Reads the manifests of installed npm packages.
pub(super) struct NpmInstalled;

impl Cataloger for NpmInstalled {
    fn name(&self) -> &'static str {
        "npm-installed"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        directory_name(file.path).is_some()
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let manifest: Manifest = serde_json::from_str(&text).map_err(|error| ParseError(error.to_string()))?;
        let mut all = Collector::default();
        let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let (name, version) = (text(&manifest.name), text(&manifest.version));
        let name = if name.is_empty() { directory_name(file.path).unwrap_or_default() } else { &name };
        if !version.is_empty() {
            let component = identity::npm(name, &version, &Origin::Registry).map(|mut component| {
                let stated = [&manifest.license, &manifest.licenses].into_iter().flatten();
                component.licenses = stated.flat_map(licenses).collect();
                component
            });
            all.add_or_gap(component);
        } else if is_installed(file.path) {
            all.gap(format!("{name}: no version"));
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Manifest {
    name: Option<Value>,
    version: Option<Value>,
    license: Option<Value>,
    licenses: Option<Value>,
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
    }

    #[test]
    fn wants_packages_only() {
        let wants = |path| NpmInstalled.wants(&FileFacts { path, size: 1, executable: false });
        for path in [
            "node_modules/a/package.json",
            "usr/lib/node_modules/npm/node_modules/@s/a/package.json",
            "n/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
        ] {
            assert!(wants(path), "{path}");
        }
        for path in [
            "package.json",
            "node_modules/a/dist/package.json",
            "node_modules/.cache/package.json",
            "node_modules/@s/package.json",
            "my_node_modules/a/package.json",
            "node_modules/a/package.json.bak",
        ] {
            assert!(!wants(path), "{path}");
        }
    }
}
