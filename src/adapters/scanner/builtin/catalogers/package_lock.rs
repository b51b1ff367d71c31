//! npm's lockfiles: `package-lock.json` and `npm-shrinkwrap.json`, versions 1, 2 and 3.
//! Format: <https://docs.npmjs.com/cli/configuring-npm/package-lock-json>.

use super::npm::{self, Origin};
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};
use crate::model::{Component, Scope};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The deepest nesting of version 1 that is followed.
const DEEPEST: usize = 256;

/// Reads the lockfiles.
pub(super) struct PackageLock;

impl Cataloger for PackageLock {
    fn name(&self) -> &'static str {
        "npm-package-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        matches!(file.file_name(), "package-lock.json" | "npm-shrinkwrap.json")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let lock: Lock = serde_json::from_str(&text).map_err(|error| ParseError(error.to_string()))?;
        let mut parsed = Parsed::default();
        match (&lock.packages, &lock.dependencies) {
            // Version 2 has both; `packages` says more.
            (Some(packages), _) => by_path(packages, &mut parsed),
            (None, Some(dependencies)) => by_nesting(dependencies, &mut parsed),
            // A project without dependencies has neither, but it is a lockfile.
            (None, None) if lock.lockfile_version.is_some() => {}
            (None, None) => return Err(ParseError("it has neither `packages` nor `dependencies`".into())),
        }
        Ok(parsed)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    lockfile_version: Option<serde_json::Number>,
    packages: Option<BTreeMap<String, Package>>,
    dependencies: Option<BTreeMap<String, Dependency>>,
}

/// An entry of versions 2 and 3, by its place in the tree (`node_modules/a/node_modules/b`).
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Package {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    link: bool,
    dev: bool,
    optional: bool,
    dev_optional: bool,
    license: Option<serde_json::Value>,
    dependencies: BTreeMap<String, serde_json::Value>,
    optional_dependencies: BTreeMap<String, serde_json::Value>,
    peer_dependencies: BTreeMap<String, serde_json::Value>,
}

/// An entry of version 1, by name, nested as in the tree.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Dependency {
    version: String,
    resolved: Option<serde_json::Value>,
    dev: bool,
    optional: bool,
    dependencies: BTreeMap<String, Dependency>,
}

fn by_path(packages: &BTreeMap<String, Package>, parsed: &mut Parsed) {
    let mut components: BTreeMap<&str, Component> = BTreeMap::new();
    for (path, package) in packages {
        // The root, members of the workspace and links to them are the project itself.
        let Some((_, folder)) = path.rsplit_once("node_modules/") else { continue };
        if package.link {
            continue;
        }
        let name = package.name.as_deref().unwrap_or(folder);
        let Some(version) = package.version.as_deref() else {
            parsed.gaps.push(format!("{path}: it has no version"));
            continue;
        };
        let origin = package.resolved.as_deref().map_or(Origin::Registry, npm::origin);
        match npm::component(name, version, origin) {
            Ok(mut component) => {
                component.scope = scope(package.dev, package.optional || package.dev_optional);
                component.licenses = npm::licenses(package.license.as_ref());
                components.insert(path, component);
            }
            Err(error) => parsed.gaps.push(format!("{path}: {error}")),
        }
    }
    let needs: Vec<(&str, Vec<_>)> = packages
        .iter()
        .filter(|(path, _)| components.contains_key(path.as_str()))
        .map(|(path, package)| {
            let names = package.dependencies.keys().chain(package.optional_dependencies.keys());
            let names = names.chain(package.peer_dependencies.keys());
            let found =
                names.filter_map(|name| Some(components.get(resolve(path, name, packages)?.as_str())?.purl.clone()));
            (path.as_str(), found.collect())
        })
        .collect();
    for (path, needs) in needs {
        if let Some(component) = components.get_mut(path) {
            component.depends_on = needs;
        }
    }
    parsed.found.extend(components.into_values().map(Found::Component));
}

/// Where a package's dependency lies: in its own `node_modules`, else in the nearest above.
fn resolve(path: &str, name: &str, packages: &BTreeMap<String, Package>) -> Option<String> {
    let mut at = path;
    loop {
        let candidate =
            if at.is_empty() { format!("node_modules/{name}") } else { format!("{at}/node_modules/{name}") };
        if packages.contains_key(&candidate) {
            return Some(candidate);
        }
        if at.is_empty() {
            return None;
        }
        at = at.rfind("node_modules/").map_or("", |start| at[..start].trim_end_matches('/'));
    }
}

fn by_nesting(dependencies: &BTreeMap<String, Dependency>, parsed: &mut Parsed) {
    let mut open: Vec<(&BTreeMap<String, Dependency>, usize)> = vec![(dependencies, 0)];
    while let Some((level, depth)) = open.pop() {
        for (name, dependency) in level {
            match component(name, dependency) {
                Ok(Some(component)) => parsed.found.push(Found::Component(component)),
                Ok(None) => {}
                Err(error) => parsed.gaps.push(format!("{name}: {error}")),
            }
            if dependency.dependencies.is_empty() {
                continue;
            }
            if depth < DEEPEST {
                open.push((&dependency.dependencies, depth + 1));
            } else {
                parsed.gaps.push(format!("{name}: nested too deep"));
            }
        }
    }
}

fn component(name: &str, dependency: &Dependency) -> Result<Option<Component>, ParseError> {
    let version = dependency.version.as_str();
    if version.is_empty() {
        return Err(ParseError("it has no version".into()));
    }
    if version.starts_with("file:") || version.starts_with("link:") {
        return Ok(None);
    }
    // An alias: `npm:real-name@1.0.0`.
    let (name, version) = match version.strip_prefix("npm:") {
        Some(real) => real.rsplit_once('@').filter(|(name, _)| !name.is_empty()).unwrap_or((name, real)),
        None => (name, version),
    };
    let origin = npm::origin(version);
    let mut component = npm::component(name, version, origin)?;
    component.scope = scope(dependency.dev, dependency.optional);
    Ok(Some(component))
}

fn scope(dev: bool, optional: bool) -> Scope {
    match (dev, optional) {
        (true, _) => Scope::Development,
        (false, true) => Scope::Optional,
        (false, false) => Scope::Runtime,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{endures_damage, parse};
    use super::*;

    fn components(text: &str) -> Vec<Component> {
        let parsed = parse(&PackageLock, "package-lock.json", text.as_bytes()).unwrap();
        assert_eq!(parsed.gaps, Vec::<String>::new());
        let component = |found| if let Found::Component(component) = found { component } else { panic!("a component") };
        parsed.found.into_iter().map(component).collect()
    }

    const V3: &str = r#"{"name":"x","lockfileVersion":3,"packages":{
        "":{"name":"x","version":"1.0.0","dependencies":{"a":"^1"}},
        "members/m":{"version":"0.0.1"},
        "node_modules/m":{"resolved":"members/m","link":true},
        "node_modules/a":{"version":"1.2.3","license":"MIT","dependencies":{"@s/b":"^2","c":"*"}},
        "node_modules/@s/b":{"version":"1.0.0","dev":true},
        "node_modules/a/node_modules/@s/b":{"version":"2.0.0","optional":true},
        "node_modules/c":{"name":"real","version":"3.0.0"},
        "node_modules/g":{"version":"1.0.0","resolved":"git+ssh://git@example.com/g.git#0123"}}}"#;

    #[test]
    fn reads_version_3() {
        let found = components(V3);
        let purls: Vec<&str> = found.iter().map(|component| component.purl.as_str()).collect();
        assert_eq!(
            purls,
            [
                "pkg:npm/%40s/b@1.0.0",
                "pkg:npm/a@1.2.3",
                "pkg:npm/%40s/b@2.0.0",
                "pkg:npm/real@3.0.0",
                "pkg:npm/g@1.0.0"
            ]
        );
        let a = &found[1];
        assert_eq!(a.licenses, ["MIT"]);
        let needs: Vec<&str> = a.depends_on.iter().map(crate::model::Purl::as_str).collect();
        assert_eq!(needs, ["pkg:npm/%40s/b@2.0.0", "pkg:npm/real@3.0.0"]);
        assert_eq!((found[0].scope, found[2].scope), (Scope::Development, Scope::Optional));
        assert_eq!(found[4].ecosystem, None, "a git dependency is not that of the registry");
    }

    #[test]
    fn reads_version_1() {
        let found = components(
            r#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","dependencies":{"b":{"version":"npm:@s/c@2.0.0","dev":true}}},
                "local":{"version":"file:../x"}}}"#,
        );
        let purls: Vec<&str> = found.iter().map(|component| component.purl.as_str()).collect();
        assert_eq!(purls, ["pkg:npm/a@1.0.0", "pkg:npm/%40s/c@2.0.0"]);
    }

    #[test]
    fn half_a_file_is_an_error() {
        assert!(parse(&PackageLock, "package-lock.json", &V3.as_bytes()[..V3.len() / 2]).is_err());
        assert!(parse(&PackageLock, "package-lock.json", b"{}").is_err());
        let deep = format!("{}{}", "{\"dependencies\":{\"a\":".repeat(5000), "1".repeat(10));
        assert!(parse(&PackageLock, "package-lock.json", deep.as_bytes()).is_err());
    }

    #[test]
    fn no_damage_panics() {
        endures_damage(&PackageLock, "package-lock.json", V3.as_bytes());
    }
}
