//! `pdm.lock`, lock version 4. Format: what PDM writes (<https://pdm-project.org/en/latest/usage/lockfile/>).
//!
//! Nothing closes the file, so that a package that another needs on every platform must be in it.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::Origin;
use super::{pypi, toml_lock};
use crate::model::{Component, Purl, Scope};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Reads PDM's lockfile.
pub(super) struct PdmLock;

impl Cataloger for PdmLock {
    fn name(&self) -> &'static str {
        "pdm-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "pdm.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = toml_lock::read(file)?;
        if lock.metadata.is_none() {
            return Err(ParseError("not a PDM lockfile: no `[metadata]`".into()));
        }
        let mut all = Collector::default();
        let mut known: Vec<(&Package, Component)> = Vec::new();
        for package in lock.package.iter().filter(|package| !package.editable) {
            match component(package) {
                Ok(component) => known.push((package, component)),
                Err(reason) => all.gap(reason),
            }
        }
        let purls: BTreeMap<String, Purl> =
            known.iter().map(|(_, component)| (pypi::normal(&component.name), component.purl.clone())).collect();
        for (package, mut component) in known {
            for dependency in &package.dependencies {
                let name = dependency.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).next();
                match purls.get(&pypi::normal(name.unwrap_or_default())) {
                    Some(purl) => component.depends_on.extend(all.link(purl)),
                    None if dependency.contains(';') => {}
                    None => all.gap(format!("{} needs `{dependency}`, which is not in the file", package.name)),
                }
            }
            all.add(component);
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    metadata: Option<IgnoredAny>,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    editable: bool,
    git: Option<String>,
    revision: Option<String>,
    url: Option<String>,
    path: Option<String>,
}

fn component(package: &Package) -> Result<Component, String> {
    let origin = match package {
        Package { git: Some(address), revision, .. } => {
            Origin::repository(&format!("{address}#{}", revision.as_deref().unwrap_or_default()))
        }
        Package { url: Some(address), .. } => Origin::download(address),
        Package { path: Some(_), .. } => Origin::Local,
        Package { version, name, .. } if version.is_empty() => return Err(format!("{name}: no version")),
        _ => Origin::Registry,
    };
    let mut component = pypi::from(&package.name, &package.version, &origin)?;
    let groups = &package.groups;
    component.scope = if groups.is_empty() || groups.iter().any(|group| group == "default") {
        Scope::Runtime
    } else if groups.iter().all(|group| group == "dev") {
        Scope::Development
    } else {
        Scope::Optional
    };
    Ok(component)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"
[metadata]
lock_version = "4.4.1"

[[package]]
name = "a"
version = "1.0"
groups = ["default", "dev"]
dependencies = ["zz>=2", "gone; os_name == 'nt'"]

[[package]]
name = "g"
version = "0.1"
git = "https://github.com/o/g.git"
revision = "af885e2e890b9ef0875edd2b117305119ee5bdc5"
groups = ["dev"]

[[package]]
name = "Zz"
version = "2.0"
groups = ["more"]
"#;

    #[test]
    fn reads_packages_and_notices_a_cut() {
        let parsed = parse(&PdmLock, "pdm.lock", SAMPLE).unwrap();
        let show = |c: &&Component| format!("{}@{} {:?} {}", c.name, c.version, c.scope, c.depends_on.len());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["a@1.0 Runtime 1", "g@0.1 Development 0", "Zz@2.0 Optional 0"]);
        assert_eq!(parsed.gaps, NOTHING);
        let half = parse(&PdmLock, "pdm.lock", &SAMPLE[..SAMPLE.find("[[package]]\nname = \"Zz").unwrap()]).unwrap();
        assert_eq!(half.gaps, ["a needs `zz>=2`, which is not in the file"]);
        assert!(parse(&PdmLock, "pdm.lock", "").is_err());
        damage(&PdmLock, "pdm.lock", SAMPLE);
    }
}
