//! `uv.lock`, version 1.
//!
//! Packages that are virtual, editable or a directory are the project's own and are left out. uv locks for every platform at
//! once, so that all that any package needs is in the file, and a name that is not there means that the rest is missing.
//! Format: <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>, and uv's `lock/mod.rs`.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin, pypi_name};
use super::reach::{self, Edge};
use crate::model::{Component, Scope};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reads uv's lockfile.
pub(super) struct UvLock;

impl Cataloger for UvLock {
    fn name(&self) -> &'static str {
        "uv-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "uv.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let lock: Lock = super::toml_text::read(&text)?;
        match lock.version {
            Some(1) => Ok(read(&lock)),
            Some(other) => Err(ParseError(format!("version {other} of the format is not known (1 is)"))),
            None => Err(ParseError("not a uv lockfile: no version".into())),
        }
    }
}

#[derive(Deserialize)]
struct Lock {
    version: Option<i64>,
    manifest: Option<Manifest>,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    requirements: Vec<Dependency>,
    #[serde(rename = "dependency-groups", default)]
    dependency_groups: BTreeMap<String, Vec<Dependency>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: String,
    #[serde(default)]
    version: String,
    source: Option<Source>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Dependency>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<Dependency>>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    version: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Source {
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    #[serde(rename = "virtual")]
    virtual_: Option<String>,
}

impl Package {
    fn is_own(&self) -> bool {
        self.source.as_ref().is_some_and(|s| s.directory.is_some() || s.editable.is_some() || s.virtual_.is_some())
    }

    fn component(&self) -> Result<Component, String> {
        let origin = match &self.source {
            Some(Source { git: Some(address), .. }) => Origin::repository(address),
            Some(Source { url: Some(address), .. }) => Origin::download(address),
            Some(Source { path: Some(_), .. }) => Origin::Local,
            _ => Origin::Registry,
        };
        if self.version.is_empty() && origin == Origin::Registry {
            return Err(format!("{}: no version", self.name));
        }
        identity::pypi(&self.name, &self.version, &origin)
    }
}

fn read(lock: &Lock) -> Parsed {
    let mut all = Collector::default();
    let mut named: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, package) in lock.package.iter().enumerate() {
        named.entry(pypi_name(&package.name)).or_default().push(index);
    }
    let find = |dependency: &Dependency, who: &str, all: &mut Collector| -> Vec<usize> {
        let of_name = named.get(&pypi_name(&dependency.name)).map(Vec::as_slice).unwrap_or_default();
        let fits = |index: &&usize| {
            let version = lock.package.get(**index).map(|package| package.version.as_str());
            dependency.version.as_deref().is_none_or(|wanted| version == Some(wanted))
        };
        let found: Vec<usize> = of_name.iter().filter(fits).copied().collect();
        if found.is_empty() {
            let version = dependency.version.as_deref().unwrap_or_default();
            all.gap(format!("{who} needs `{} {version}`, which is not in the file", dependency.name));
        }
        found
    };

    let mut roots: Vec<(usize, Scope)> = Vec::new();
    let mut edges: Vec<Vec<Edge>> = Vec::with_capacity(lock.package.len());
    for package in &lock.package {
        let mut needs = Vec::new();
        for dependency in &package.dependencies {
            needs.extend(find(dependency, &package.name, &mut all));
        }
        let mut extra = Vec::new();
        for dependency in package.optional_dependencies.values().flatten() {
            extra.extend(find(dependency, &package.name, &mut all));
        }
        let mut development = Vec::new();
        for dependency in package.dev_dependencies.values().flatten() {
            development.extend(find(dependency, &package.name, &mut all));
        }
        if package.is_own() {
            roots.extend(needs.iter().map(|to| (*to, Scope::Runtime)));
            roots.extend(extra.iter().map(|to| (*to, Scope::Optional)));
            roots.extend(development.iter().map(|to| (*to, Scope::Development)));
        } else {
            // Extras of others are locked only where somebody asked for them.
            needs.append(&mut extra);
        }
        edges.push(needs.into_iter().map(|to| Edge { to, optional: false }).collect());
    }
    if let Some(manifest) = &lock.manifest {
        for member in manifest.members.iter().filter(|member| !named.contains_key(&pypi_name(member))) {
            all.gap(format!("the member `{member}` is not in the file"));
        }
        for dependency in &manifest.requirements {
            roots.extend(find(dependency, "the script", &mut all).into_iter().map(|to| (to, Scope::Runtime)));
        }
        for dependency in manifest.dependency_groups.values().flatten() {
            roots.extend(find(dependency, "the project", &mut all).into_iter().map(|to| (to, Scope::Development)));
        }
    } else if !lock.package.is_empty() && !lock.package.iter().any(Package::is_own) {
        all.gap("the project itself is not in the file");
    }

    let scopes = reach::scopes(&edges, &roots);
    let components: Vec<Option<Component>> = lock
        .package
        .iter()
        .map(|package| match (package.is_own(), package.component()) {
            (true, _) => None,
            (false, Ok(component)) => Some(component),
            (false, Err(reason)) => {
                all.gap(reason);
                None
            }
        })
        .collect();
    for (index, component) in components.iter().enumerate() {
        let Some(mut component) = component.clone() else { continue };
        component.scope = scopes.get(index).copied().flatten().unwrap_or_default();
        let needed = edges.get(index).into_iter().flatten().filter_map(|edge| components.get(edge.to)?.as_ref());
        component.depends_on = needed.map(|component| component.purl.clone()).collect();
        all.add(component);
    }
    all.finish()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"version = 1
requires-python = ">=3.10"

[manifest]
members = ["app", "zz"]

[[package]]
name = "a"
version = "1.0"
source = { registry = "https://pypi.example/simple" }
dependencies = [{ name = "b", version = "2.0", source = { registry = "x" }, marker = "sys_platform == 'x'" }]

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "a" }]

[package.optional-dependencies]
more = [{ name = "c" }]

[package.dev-dependencies]
dev = [{ name = "b", version = "3.0" }]

[[package]]
name = "b"
version = "2.0"
source = { registry = "https://pypi.example/simple" }

[[package]]
name = "b"
version = "3.0"
source = { registry = "https://pypi.example/simple" }

[[package]]
name = "c"
version = "0.8.1"
source = { git = "https://github.com/o/c?rev=1#84748be16341b76e073d117329f7f5f4ee2941ad" }

[[package]]
name = "zz"
source = { editable = "zz" }
"#;

    #[test]
    fn reads_packages() {
        let parsed = parse(&UvLock, "uv.lock", SAMPLE).unwrap();
        let shown: Vec<String> = components(&parsed)
            .iter()
            .map(|c| format!("{}@{} {:?} {} {}", c.name, c.version, c.scope, c.ecosystem.is_some(), c.depends_on.len()))
            .collect();
        assert_eq!(
            shown,
            ["a@1.0 Runtime true 1", "b@2.0 Runtime true 0", "b@3.0 Development true 0", "c@0.8.1 Optional false 0"]
        );
        assert_eq!(parsed.gaps, NOTHING);
    }

    #[test]
    fn a_cut_file_does_not_pass() {
        for (at, _) in SAMPLE.match_indices('\n') {
            if SAMPLE[at..].contains("name =") {
                let half = parse(&UvLock, "uv.lock", &SAMPLE[..at]);
                let passes = half.is_ok_and(|parsed| parsed.gaps.is_empty());
                // Before the list of members nothing tells that anything would follow.
                assert!(!passes || !SAMPLE[..at].contains("members"), "{}", &SAMPLE[..at]);
            }
        }
        for text in ["", "version = 2", "this is not toml"] {
            assert!(parse(&UvLock, "uv.lock", text).is_err(), "{text}");
        }
        damage(&UvLock, "uv.lock", SAMPLE);
    }
}
