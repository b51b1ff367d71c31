//! `poetry.lock`, lock versions 1 and 2.
//!
//! `[metadata]` closes the file: one without it was cut.
//! Format: what poetry writes (<https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock>).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin, pypi_name};
use crate::model::{Component, Purl, Scope};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Reads Poetry's lockfile.
pub(super) struct PoetryLock;

impl Cataloger for PoetryLock {
    fn name(&self) -> &'static str {
        "poetry-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "poetry.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let lock: Lock = super::toml_text::read(&text)?;
        if lock.package.is_empty() && lock.metadata.is_none() {
            return Err(ParseError("not a poetry lockfile: neither packages nor `[metadata]`".into()));
        }
        let mut all = Collector::default();
        if lock.metadata.is_none() {
            all.gap("the file ends before its `[metadata]`");
        }
        let mut known: Vec<(&Package, Component)> = Vec::new();
        for package in &lock.package {
            match component(package) {
                Ok(component) => known.push((package, component)),
                Err(reason) => all.gap(reason),
            }
        }
        let mut named: BTreeMap<String, Vec<Purl>> = BTreeMap::new();
        for (_, component) in &known {
            named.entry(component.name.clone()).or_default().push(component.purl.clone());
        }
        for (package, mut component) in known {
            // A name may be missing: dependencies for a Python that the project does not support are not locked.
            let needed = package.dependencies.keys().filter_map(|name| named.get(&pypi_name(name)));
            component.depends_on = needed.flatten().cloned().collect();
            all.add(component);
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
    metadata: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    optional: bool,
    category: Option<String>,
    groups: Option<Vec<String>>,
    source: Option<Source>,
    #[serde(default)]
    dependencies: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    url: String,
    resolved_reference: Option<String>,
}

fn component(package: &Package) -> Result<Component, String> {
    let origin = match &package.source {
        Some(source) => match source.kind.as_str() {
            "git" => Origin::repository(&format!(
                "{}#{}",
                source.url,
                source.resolved_reference.as_deref().unwrap_or_default()
            )),
            "url" => Origin::download(&source.url),
            "file" | "directory" => Origin::Local,
            _ => Origin::Registry,
        },
        None => Origin::Registry,
    };
    let mut component = identity::pypi(&package.name, &package.version, &origin)?;
    let outside_main = match (&package.groups, &package.category) {
        (Some(groups), _) => !groups.is_empty() && !groups.iter().any(|group| group == "main"),
        (None, Some(category)) => category != "main",
        (None, None) => false,
    };
    component.scope = match (outside_main, package.optional) {
        (true, _) => Scope::Development,
        (false, true) => Scope::Optional,
        (false, false) => Scope::Runtime,
    };
    Ok(component)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"
[[package]]
name = "Web_App"
version = "1.0"
optional = false
groups = ["main", "dev"]

[package.dependencies]
zope-interface = ">=5"
absent = {version = "*", markers = "python_version < '3'"}

[[package]]
name = "zope.interface"
version = "5.0"
optional = true

[[package]]
name = "tool"
version = "0.1"
category = "dev"

[package.source]
type = "git"
url = "https://github.com/o/tool"
resolved_reference = "af885e2e890b9ef0875edd2b117305119ee5bdc5"

[metadata]
content-hash = "x"
"#;

    #[test]
    fn reads_packages() {
        let parsed = parse(&PoetryLock, "poetry.lock", SAMPLE).unwrap();
        let shown: Vec<String> = components(&parsed)
            .iter()
            .map(|c| format!("{}@{} {:?} {} {}", c.name, c.version, c.scope, c.ecosystem.is_some(), c.depends_on.len()))
            .collect();
        assert_eq!(
            shown,
            ["tool@0.1 Development false 0", "web-app@1.0 Runtime true 1", "zope-interface@5.0 Optional true 0"]
        );
        assert!(parsed.gaps.is_empty());
    }

    #[test]
    fn a_cut_file_does_not_pass() {
        for at in (1..SAMPLE.find("[metadata]").unwrap()).step_by(7) {
            let half = parse(&PoetryLock, "poetry.lock", &SAMPLE[..at]);
            assert!(half.map_or(true, |parsed| !parsed.gaps.is_empty()), "{at}");
        }
        damage(&PoetryLock, "poetry.lock", SAMPLE);
    }
}
