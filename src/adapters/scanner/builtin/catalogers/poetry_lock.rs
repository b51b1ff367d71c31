//! `poetry.lock`: every package that Poetry 1 or 2 resolved for a Python project.
//!
//! A dependency with a marker, or of an extra, may rightly be missing; any other that has no entry, or a file without its
//! closing `[metadata]` table, was cut off and is a gap.

use super::{pypi, toml_lock};
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};
use crate::model::{Component, Purl, Scope};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Reads `poetry.lock`.
pub(super) struct PoetryLock;

#[derive(Deserialize)]
struct RawLock {
    #[serde(default)]
    package: Vec<RawPackage>,
    metadata: Option<toml::Table>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    optional: bool,
    category: Option<String>,
    groups: Option<Vec<String>>,
    source: Option<RawSource>,
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct RawSource {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    resolved_reference: String,
}

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
        let lock: RawLock = toml_lock::read(file)?;
        let mut parsed = Parsed::default();
        if !lock.metadata.is_some_and(|table| table.contains_key("content-hash")) {
            parsed.gap("it does not end with `[metadata]` and its `content-hash`: cut off".into());
        }
        let mut entries = Vec::new();
        let mut by_name: BTreeMap<String, BTreeSet<Purl>> = BTreeMap::new();
        for (index, package) in lock.package.into_iter().enumerate() {
            match component(&package) {
                Ok(component) => {
                    by_name.entry(pypi::normal(&component.name)).or_default().insert(component.purl.clone());
                    entries.push((component, package.dependencies));
                }
                Err(reason) => parsed.gap(format!("package {}: {reason}", index + 1)),
            }
        }
        for (mut component, dependencies) in entries {
            let mut needs = BTreeSet::new();
            for (name, wish) in &dependencies {
                match by_name.get(&pypi::normal(name)) {
                    // Several versions are for several environments; which of them is meant, only markers say.
                    Some(purls) if purls.len() == 1 => needs.extend(purls.iter().cloned()),
                    Some(_) => {}
                    None if is_conditional(wish) => {}
                    None => {
                        parsed.gap(format!("`{}` needs `{}`, which has no entry", component.name, name.escape_debug()))
                    }
                }
            }
            component.depends_on = needs.into_iter().collect();
            parsed.add(Found::Component(component));
        }
        Ok(parsed)
    }
}

fn component(package: &RawPackage) -> Result<Component, String> {
    let (Some(name), Some(version)) = (&package.name, &package.version) else {
        return Err("no name or no version".into());
    };
    let elsewhere = package.source.as_ref().and_then(|source| match source.kind.as_str() {
        "git" => Some(("vcs_url", toml_lock::vcs_url(&format!("{}#{}", source.url, source.resolved_reference)))),
        "url" => Some(("download_url", source.url.clone())),
        // A local path is no identity of its own; the empty value leaves the qualifier out.
        "file" | "directory" => Some(("download_url", String::new())),
        _ => None,
    });
    let elsewhere = elsewhere.as_ref().map(|(key, value)| (*key, value.as_str()));
    let mut component = pypi::with_source(name, version, elsewhere)?;
    let groups = package.groups.as_deref().unwrap_or_default();
    let development = package.category.as_deref().is_some_and(|category| category != "main")
        || (!groups.is_empty() && !groups.iter().any(|group| group == "main"));
    component.scope = match (package.optional, development) {
        (_, true) => Scope::Development,
        (true, false) => Scope::Optional,
        (false, false) => Scope::Runtime,
    };
    Ok(component)
}

fn is_conditional(wish: &toml::Value) -> bool {
    match wish {
        toml::Value::Table(table) => {
            table.contains_key("markers")
                || table.contains_key("python")
                || table.contains_key("platform")
                || table.get("optional").and_then(toml::Value::as_bool).unwrap_or(false)
        }
        toml::Value::Array(wishes) => wishes.iter().all(|wish| wish.as_table().is_some() && is_conditional(wish)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::scanner::builtin::catalog::Content;

    const END: &str = "[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"0\"\n";

    fn parse(text: &str) -> Result<Parsed, ParseError> {
        PoetryLock.parse(&File { path: "poetry.lock", content: Content::Bytes(text.as_bytes()), companion: &|_| None })
    }

    #[test]
    fn groups_give_scopes_and_sources_identities() {
        let parsed = parse(&format!(
            "[[package]]\nname = \"A_b\"\nversion = \"1\"\ngroups = [\"dev\"]\n[package.dependencies]\nc = \"*\"\n\
             x = {{version = \"*\", markers = \"os_name == 'nt'\"}}\n\
             [[package]]\nname = \"c\"\nversion = \"2\"\noptional = true\ngroups = [\"main\", \"dev\"]\n\
             [[package]]\nname = \"d\"\nversion = \"3\"\ncategory = \"dev\"\n\
             [package.source]\ntype = \"git\"\nurl = \"https://example.com/d\"\nresolved_reference = \"12\"\n{END}"
        ))
        .unwrap();
        assert!(parsed.gaps.is_empty(), "{:?}", parsed.gaps);
        let read = |found: &Found| match found {
            Found::Component(c) => (c.purl.to_string(), c.scope, c.ecosystem.is_some(), c.depends_on.len()),
            other => panic!("{other:?}"),
        };
        let expected = [
            ("pkg:pypi/a-b@1".to_owned(), Scope::Development, true, 1),
            ("pkg:pypi/c@2".to_owned(), Scope::Optional, true, 0),
            ("pkg:pypi/d@3?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fd%4012".to_owned(), Scope::Development, false, 0),
        ];
        assert_eq!(parsed.found.iter().map(read).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_cut_off_is_missed() {
        let parsed = parse("[[package]]\nname = \"a\"\nversion = \"1\"\n[package.dependencies]\nb = \"*\"\n").unwrap();
        assert_eq!(parsed.gaps.len(), 2);
        assert_eq!(parse("").unwrap().gaps.len(), 1);
        assert_eq!(parse(&format!("[[package]]\nname = \"a\"\n{END}")).unwrap().gaps.len(), 1);
        assert!(parse("package = 1").is_err());
    }
}
