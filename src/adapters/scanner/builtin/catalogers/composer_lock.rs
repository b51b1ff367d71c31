//! `composer.lock`, and `vendor/composer/installed.json` where packages are installed: PHP's packages.
//! Format: what Composer writes (<https://getcomposer.org/doc/01-basic-usage.md#commit-your-composer-lock-file-to-version-control>).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::json;
use crate::model::{Component, Purl, Scope};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};

/// Reads Composer's lockfile.
pub(super) struct ComposerLock;

/// Reads Composer's list of installed packages.
pub(super) struct ComposerInstalled;

impl Cataloger for ComposerLock {
    fn name(&self) -> &'static str {
        "composer-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "composer.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = json::read(file)?;
        let packages = lock.packages.ok_or_else(|| ParseError("not a composer.lock: no `packages`".into()))?;
        let development = lock.packages_dev.unwrap_or_default();
        let with = |scope| move |package| (package, scope);
        let packages = packages.iter().map(with(Scope::Runtime));
        Ok(catalogue(packages.chain(development.iter().map(with(Scope::Development)))))
    }
}

impl Cataloger for ComposerInstalled {
    fn name(&self) -> &'static str {
        "composer-installed"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "installed.json"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let (packages, development) = match json::read(file) {
            Ok(Installed::Two { packages, development }) => (packages, development),
            Ok(Installed::One(packages)) => (packages, BTreeSet::new()),
            // Elsewhere others may have a file of that name.
            Err(_) if !is_composers(file.path) => return Ok(Parsed::default()),
            Err(error) => return Err(error),
        };
        // A list of other things than packages is none of Composer's.
        if !is_composers(file.path) && packages.iter().any(|package| component(package).is_err()) {
            return Ok(Parsed::default());
        }
        let scoped = packages.iter().map(|package| {
            let is_development = package.name.as_ref().is_some_and(|name| development.contains(name));
            (package, if is_development { Scope::Development } else { Scope::Runtime })
        });
        Ok(catalogue(scoped))
    }
}

/// Whether a file lies where Composer keeps its list.
fn is_composers(path: &str) -> bool {
    path.ends_with("/composer/installed.json") || path == "composer/installed.json"
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lock {
    packages: Option<Vec<Package>>,
    packages_dev: Option<Vec<Package>>,
}

/// What Composer 2 and Composer 1 write.
#[derive(Deserialize)]
#[serde(untagged)]
enum Installed {
    Two {
        packages: Vec<Package>,
        #[serde(default, rename = "dev-package-names")]
        development: BTreeSet<String>,
    },
    One(Vec<Package>),
}

#[derive(Deserialize)]
struct Package {
    name: Option<String>,
    version: Option<String>,
    dist: Option<Dist>,
    #[serde(default)]
    require: Require,
    #[serde(default)]
    license: License,
}

#[derive(Deserialize)]
struct Dist {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Names that a package needs; PHP writes an empty map as an empty list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Require {
    Names(BTreeMap<String, IgnoredAny>),
    Empty([IgnoredAny; 0]),
}

impl Default for Require {
    fn default() -> Self {
        Self::Empty([])
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum License {
    Several(Vec<String>),
    One(String),
}

impl Default for License {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

fn catalogue<'a>(packages: impl Iterator<Item = (&'a Package, Scope)>) -> Parsed {
    let mut all = Collector::default();
    let mut known: Vec<(&Package, Component)> = Vec::new();
    for (package, scope) in packages {
        match component(package) {
            Ok(component) => known.push((package, Component { scope, ..component })),
            Err(reason) => all.gap(reason),
        }
    }
    let purls: BTreeMap<String, Purl> =
        known.iter().map(|(_, component)| (component.name.to_lowercase(), component.purl.clone())).collect();
    for (package, mut component) in known {
        if let Require::Names(names) = &package.require {
            // Platform packages (`php`, `ext-json`) and provided ones have no entry.
            let found = names.keys().filter_map(|name| purls.get(&name.to_lowercase()));
            component.depends_on = found.filter_map(|purl| all.link(purl)).collect();
        }
        component.licenses = match &package.license {
            License::Several(licenses) => licenses.clone(),
            License::One(license) => vec![license.clone()],
        };
        all.add(component);
    }
    all.finish()
}

fn component(package: &Package) -> Result<Component, String> {
    let name = package.name.as_deref().ok_or("a package without a name")?;
    let version = package.version.as_deref().filter(|version| !version.is_empty());
    let version = version.ok_or_else(|| format!("{name}: no version"))?;
    let is_path = package.dist.as_ref().is_some_and(|dist| dist.kind.as_deref() == Some("path"));
    let origin = if is_path { Origin::Local } else { Origin::Registry };
    let lower = name.to_lowercase();
    let (vendor, last) = match lower.split_once('/') {
        Some((vendor, last)) if !last.contains('/') => (Some(vendor), last),
        _ => return Err(format!("`{name}` is not the name of a package")),
    };
    identity::component("composer", vendor, last, name, version, &origin)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const LOCK: &str = r#"{"packages":[
        {"name":"Acme/Yaml","version":"v1.2.0","require":{"php":">=8","acme/here":"*"},"license":["MIT"]},
        {"name":"acme/here","version":"dev-main","dist":{"type":"path"},"require":[],"license":"ISC"}],
        "packages-dev":[{"name":"a/t","version":"2.0"},{"name":"odd","version":"1"},{"name":"a/b"}]}"#;

    #[test]
    fn both_sections_are_read() {
        let parsed = parse(&ComposerLock, "composer.lock", LOCK).unwrap();
        let show = |c: &&Component| {
            format!("{} {:?} {} {} {:?}", c.purl, c.scope, c.ecosystem.is_some(), c.depends_on.len(), c.licenses)
        };
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let expected = [
            "pkg:composer/a/t@2.0 Development true 0 []",
            "pkg:composer/acme/here@dev-main Runtime false 0 [\"ISC\"]",
            "pkg:composer/acme/yaml@v1.2.0 Runtime true 1 [\"MIT\"]",
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps, ["`odd` is not the name of a package", "a/b: no version"]);
        for text in ["", "{}", "[]", &LOCK[..LOCK.len() / 2]] {
            assert!(parse(&ComposerLock, "composer.lock", text).is_err(), "{text}");
        }
        damage(&ComposerLock, "composer.lock", LOCK);
    }

    #[test]
    fn installed_packages_are_read_in_both_forms() {
        let two = r#"{"packages":[{"name":"a/t","version":"2.0"},{"name":"a/b","version":"1"}],"dev":true,"dev-package-names":["a/t"]}"#;
        let parsed = parse(&ComposerInstalled, "app/vendor/composer/installed.json", two).unwrap();
        let scopes: Vec<Scope> = components(&parsed).iter().map(|component| component.scope).collect();
        assert_eq!(scopes, [Scope::Runtime, Scope::Development]);
        let one = r#"[{"name":"a/b","version":"1"}]"#;
        let parsed = parse(&ComposerInstalled, "app/vendor/composer/installed.json", one).unwrap();
        assert_eq!((components(&parsed).len(), parsed.gaps), (1, NOTHING.map(String::from).to_vec()));
        assert!(parse(&ComposerInstalled, "app/vendor/composer/installed.json", "{}").is_err());
        assert_eq!(components(&parse(&ComposerInstalled, "app/installed.json", one).unwrap()).len(), 1);
        for other in ["{}", "[1]", "", r#"[{"name":"a"}]"#, r#"{"packages":[{"name":"a","version":"1"}]}"#] {
            assert_eq!(parse(&ComposerInstalled, "app/installed.json", other).unwrap(), Parsed::default(), "{other}");
        }
        damage(&ComposerInstalled, "app/vendor/composer/installed.json", two);
    }
}
