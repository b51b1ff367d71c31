//! `packages.lock.json`: every package that NuGet resolved for a project of .NET, by target framework.
//! Format: <https://learn.microsoft.com/en-us/nuget/consume-packages/package-references-in-project-files#locking-dependencies>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::json;
use crate::model::{Component, Purl};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Reads NuGet's lockfile.
pub(super) struct NugetLock;

impl Cataloger for NugetLock {
    fn name(&self) -> &'static str {
        "nuget-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        // A project may call its own `packages.PROJECT.lock.json`.
        let name = file.file_name();
        name == "packages.lock.json" || name.starts_with("packages.") && name.ends_with(".lock.json")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = json::read(file)?;
        let frameworks = lock.dependencies.filter(|_| lock.version.is_some());
        let frameworks =
            frameworks.ok_or_else(|| ParseError("not a lockfile of NuGet: no `version` or `dependencies`".into()))?;
        let mut all = Collector::default();
        for packages in frameworks.values() {
            let mut known: Vec<(&Package, Component)> = Vec::new();
            // A project is source of its own.
            for (name, package) in packages.iter().filter(|(_, package)| package.kind != "Project") {
                match component(name, package.resolved.as_deref().unwrap_or_default()) {
                    Ok(component) => known.push((package, component)),
                    Err(reason) => all.gap(reason),
                }
            }
            let purls: BTreeMap<String, Purl> =
                known.iter().map(|(_, component)| (component.name.to_lowercase(), component.purl.clone())).collect();
            for (package, mut component) in known {
                let found = package.dependencies.keys().filter_map(|name| purls.get(&name.to_lowercase()));
                component.depends_on = found.filter_map(|purl| all.link(purl)).collect();
                all.add(component);
            }
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    version: Option<IgnoredAny>,
    dependencies: Option<BTreeMap<String, BTreeMap<String, Package>>>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(rename = "type", default)]
    kind: String,
    resolved: Option<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, IgnoredAny>,
}

/// A package of NuGet.
///
/// # Errors
/// No version, or a name or version that no package can have.
pub(super) fn component(name: &str, version: &str) -> Result<Component, String> {
    if version.is_empty() {
        return Err(format!("{name}: no version"));
    }
    identity::component("nuget", None, name, name, version, &Origin::Registry)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"{"version":1,"dependencies":{
        "net6.0":{"Core.Dep":{"type":"Direct","requested":"[1.24.0, )","resolved":"1.24.0","dependencies":{"some.one":"1.1.1"}},
            "Some.One":{"type":"Transitive","resolved":"1.1.1"},"own":{"type":"Project"},"odd":{"type":"Direct"}},
        "net8.0":{"Some.One":{"type":"Transitive","resolved":"1.2.0"}}}}"#;

    #[test]
    fn every_framework_is_read() {
        let parsed = parse(&NugetLock, "packages.lock.json", SAMPLE).unwrap();
        let show = |c: &&Component| format!("{} {}", c.purl, c.depends_on.len());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["pkg:nuget/Core.Dep@1.24.0 1", "pkg:nuget/Some.One@1.1.1 0", "pkg:nuget/Some.One@1.2.0 0"]);
        assert_eq!(parsed.gaps, ["odd: no version"]);
        for text in ["", "{}", &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&NugetLock, "packages.lock.json", text).is_err(), "{text}");
        }
        damage(&NugetLock, "packages.lock.json", SAMPLE);
    }
}
