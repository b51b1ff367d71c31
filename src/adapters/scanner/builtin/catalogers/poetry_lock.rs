//! `poetry.lock`: every package that Poetry 1 or 2 resolved for a Python project.
//!
//! A dependency with a marker, or of an extra, may rightly be missing; any other that has no entry, or a file without its
//! closing `[metadata]` table, was cut off and is a gap. For what a package is needed the lock says itself, but for that of
//! Poetry 1.5 to 1.8: there the `pyproject.toml` beside it names what is asked for, and the lock who needs what.

use super::reach::{self, Edge};
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
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "poetry.lock"
    }

    fn companions(&self) -> &'static [&'static str] {
        &[PROJECT]
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: RawLock = toml_lock::read(file)?;
        let mut parsed = Parsed::default();
        if !lock.metadata.is_some_and(|table| table.contains_key("content-hash")) {
            parsed.gap("it does not end with `[metadata]` and its `content-hash`: cut off".into());
        }
        let told = lock.package.iter().any(|package| package.category.is_some() || package.groups.is_some());
        let project = if told { None } else { Project::beside(file) };
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
        if let Some(project) = project {
            project.tell(&mut entries);
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

/// The name of the project file.
const PROJECT: &str = "pyproject.toml";

/// What a project asks for: normal names.
struct Project {
    main: BTreeSet<String>,
    development: BTreeSet<String>,
}

impl Project {
    /// The project file beside the lock; `None` where there is none that can be read.
    fn beside(file: &File<'_>) -> Option<Self> {
        let text = String::from_utf8((file.companion)(PROJECT)?).ok()?;
        let root: toml::Table = toml::from_str(text.trim_start_matches('\u{feff}')).ok()?;
        let keys = |table: Option<&toml::Value>| {
            let names = table.and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
            names.map(|name| pypi::normal(name)).collect::<Vec<_>>()
        };
        // `name[extra] >=1; marker`
        let list = |list: &toml::Value| {
            let all = list.as_array().into_iter().flatten().filter_map(toml::Value::as_str);
            let name = |text: &str| {
                let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(text.len());
                pypi::normal(&text[..end])
            };
            all.map(|text| name(text.trim())).collect::<Vec<_>>()
        };
        let tables = |table: Option<&'_ toml::Value>| {
            table.and_then(toml::Value::as_table).into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        let project = root.get("project");
        let poetry = root.get("tool").and_then(|tool| tool.get("poetry"));
        project.or(poetry)?;
        let mut main = keys(poetry.and_then(|it| it.get("dependencies")));
        main.extend(project.and_then(|it| it.get("dependencies")).map(list).unwrap_or_default());
        let extras: Vec<(String, toml::Value)> = tables(project.and_then(|it| it.get("optional-dependencies")));
        main.extend(extras.iter().flat_map(|(_, extra)| list(extra)));
        let mut development = keys(poetry.and_then(|it| it.get("dev-dependencies")));
        let groups: Vec<(String, toml::Value)> = tables(poetry.and_then(|it| it.get("group")));
        for (name, group) in &groups {
            let names = keys(group.get("dependencies"));
            if name == "main" { main.extend(names) } else { development.extend(names) }
        }
        let groups: Vec<(String, toml::Value)> = tables(root.get("dependency-groups"));
        development.extend(groups.iter().flat_map(|(_, group)| list(group)));
        Some(Self { main: main.into_iter().collect(), development: development.into_iter().collect() })
    }

    /// Says of each entry for what it is needed; of one that nothing leads to nothing is known.
    fn tell(&self, entries: &mut [(Component, BTreeMap<String, toml::Value>)]) {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, (component, _)) in entries.iter().enumerate() {
            by_name.entry(pypi::normal(&component.name)).or_default().push(index);
        }
        // Each name is a node as well, behind the entries: it leads to all of its versions.
        let place: BTreeMap<&str, usize> =
            by_name.keys().enumerate().map(|(at, name)| (name.as_str(), entries.len() + at)).collect();
        let to = |to: usize| Edge { to, optional: false };
        let edges = entries.iter().map(|(_, needs)| {
            needs.keys().filter_map(|name| place.get(pypi::normal(name).as_str())).map(|at| to(*at)).collect()
        });
        let versions = by_name.values().map(|versions| versions.iter().map(|at| to(*at)).collect());
        let edges: Vec<Vec<Edge>> = edges.chain(versions).collect();
        let of = |names: &BTreeSet<String>, scope| {
            names.iter().filter_map(|name| place.get(name.as_str())).map(|node| (*node, scope)).collect::<Vec<_>>()
        };
        let roots = [of(&self.main, Scope::Runtime), of(&self.development, Scope::Development)].concat();
        for ((component, _), scope) in entries.iter_mut().zip(reach::scopes(&edges, &roots)) {
            if scope == Some(Scope::Development) {
                component.scope = Scope::Development;
            }
        }
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
    fn the_project_file_tells_what_is_for_development_where_the_lock_does_not() {
        let package = |name: &str, needs: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"1\"\n[package.dependencies]\n{needs}\n")
        };
        let text = [
            package("main_one", "shared = \"*\""),
            package("tests", "Shared = \"*\"\nlinter = {version = \"*\", markers = \"os_name == 'nt'\"}"),
            package("shared", ""),
            package("linter", ""),
            package("linter", "").replace("\"1\"", "\"2\""),
            package("extra", ""),
            package("stray", ""),
            END.replace("2.1", "2.0"),
        ]
        .concat();
        let scopes = |project: Option<&str>, text: &str| {
            let companion = |path: &str| project.filter(|_| path == "pyproject.toml").map(|it| it.as_bytes().to_vec());
            let file = File { path: "poetry.lock", content: Content::Bytes(text.as_bytes()), companion: &companion };
            let parsed = PoetryLock.parse(&file).unwrap();
            assert!(parsed.gaps.is_empty(), "{:?}", parsed.gaps);
            let development = |found: &Found| match found {
                Found::Component(c) if c.scope == Scope::Development => Some(format!("{}@{}", c.name, c.version)),
                _ => None,
            };
            parsed.found.iter().filter_map(development).collect::<Vec<_>>().join(" ")
        };
        let older = "[tool.poetry.dependencies]\npython = \"^3\"\nmain-one = \"1\"\nextra = \"1\"\n\
                     [tool.poetry.group.test.dependencies]\ntests = \"*\"\n";
        let newer = "[project]\ndependencies = [\"Main.One[x]>=1; os_name == 'nt'\"]\n\
                     [project.optional-dependencies]\ne = [\"extra (>=1)\"]\n\
                     [tool.poetry.dev-dependencies]\ntests = \"*\"\n";
        for project in [older, newer] {
            assert_eq!(scopes(Some(project), &text), "tests@1 linter@1 linter@2");
        }
        for project in [None, Some(""), Some("= "), Some("[tool.other]\n")] {
            assert_eq!(scopes(project, &text), "");
        }
        // A lock that tells by itself is taken at its word.
        let told = text.replace("name = \"main_one\"", "name = \"main_one\"\ngroups = [\"main\"]");
        assert_eq!(scopes(Some(older), &told), "");
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
