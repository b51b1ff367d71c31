//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1, 2 and 3.
//!
//! Versions 2 and 3 list what is installed by its place (`node_modules/a/node_modules/b`); version 1 nests it, and is first
//! brought to the same form. Workspace members and the root are the project's own code and are left out; a directory that is
//! asked for as a dependency (`file:../x`) is one, with the name and version that it says.
//! Format: <https://docs.npmjs.com/cli/configuring-npm/package-lock-json>.

use super::super::catalog::{Cataloger, FOUND_LIMIT, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use crate::model::{Component, Purl, Scope};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads npm's lockfiles.
pub(super) struct NpmLock;

impl Cataloger for NpmLock {
    fn name(&self) -> &'static str {
        "npm-package-lock"
    }

    fn revision(&self) -> u32 {
        2
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
        let version = match lock.lockfile_version {
            Some(version @ 1..=3) => version,
            Some(other) => return Err(ParseError(format!("lockfileVersion {other} is not known (1 to 3 are)"))),
            None if lock.dependencies.is_some() || lock.packages.is_some() => 1,
            None => return Err(ParseError("not an npm lockfile: no lockfileVersion".into())),
        };
        Ok(match lock.packages {
            Some(packages) => read(packages),
            None if version == 3 => return Err(ParseError("lockfileVersion 3 without `packages`".into())),
            None => read(by_place(lock.dependencies.unwrap_or_default())?),
        })
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "lockfileVersion")]
    lockfile_version: Option<u64>,
    packages: Option<BTreeMap<String, Entry>>,
    dependencies: Option<BTreeMap<String, Nested>>,
}

/// An installed package by its place.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    name: Option<String>,
    version: Option<Value>,
    resolved: Option<Value>,
    link: bool,
    dev: bool,
    optional: bool,
    dev_optional: bool,
    license: Option<Value>,
    dependencies: BTreeMap<String, Wish>,
    dev_dependencies: BTreeMap<String, Wish>,
    optional_dependencies: BTreeMap<String, Wish>,
    peer_dependencies: BTreeMap<String, IgnoredAny>,
}

/// What is asked for of a dependency: kept where it is a directory.
#[derive(Default)]
struct Wish(Option<String>);

impl<'de> Deserialize<'de> for Wish {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wish = Value::deserialize(deserializer)?;
        Ok(Self(wish.as_str().and_then(|wish| wish.strip_prefix("file:")).map(str::to_owned)))
    }
}

/// A package of version 1, with those installed below it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Nested {
    version: Option<Value>,
    resolved: Option<Value>,
    dev: bool,
    optional: bool,
    requires: Option<Value>,
    dependencies: Option<BTreeMap<String, Nested>>,
}

/// Version 1 in the form of the later ones. How deep it nests is bounded by the JSON reader.
fn by_place(top: BTreeMap<String, Nested>) -> Result<BTreeMap<String, Entry>, ParseError> {
    let mut places = BTreeMap::new();
    let mut held = 0usize;
    let mut open = vec![(String::new(), top)];
    while let Some((parent, level)) = open.pop() {
        for (key, nested) in level {
            let place = format!("{parent}node_modules/{key}");
            held = held.saturating_add(place.len());
            if held > PLACES {
                return Err(ParseError("its names are longer than any real tree's".into()));
            }
            let stated = nested.version.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
            let mut entry = Entry { dev: nested.dev, optional: nested.optional, ..Entry::default() };
            if let Some((name, version)) = stated.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@')) {
                entry.name = Some(name.to_owned());
                entry.version = Some(version.into());
                entry.resolved = nested.resolved;
            } else if stated.contains([':', '/']) {
                // The version of a dependency that does not come from a registry is its address.
                entry.resolved = Some(stated.into());
            } else {
                entry.version = Some(stated.into());
                entry.resolved = nested.resolved;
            }
            if let Some(Value::Object(requires)) = nested.requires {
                entry.dependencies = requires.into_iter().map(|(name, _)| (name, Wish::default())).collect();
            }
            open.push((format!("{place}/"), nested.dependencies.unwrap_or_default()));
            places.insert(place, entry);
        }
    }
    Ok(places)
}

/// How many bytes of places are made of one file of version 1.
const PLACES: usize = 256 << 20;

/// Places longer than this many bytes are not read; real ones stay far below.
const LONGEST: usize = 1024;

/// Places deeper than this are not followed; real trees stay far below.
const DEEPEST: usize = 32;

fn read(places: BTreeMap<String, Entry>) -> Parsed {
    let mut all = Collector::default();
    let mut known: BTreeMap<&str, Component> = BTreeMap::new();
    for (place, entry) in places.iter().filter(|(_, entry)| !entry.link).take(FOUND_LIMIT + 1) {
        let Some(key) = installed_name(place) else { continue };
        if place.len() > LONGEST {
            all.gap(format!("{key}: it lies deeper than is read"));
            continue;
        }
        match component(key, entry) {
            Ok(component) => {
                known.insert(place, component);
            }
            Err(reason) => all.gap(reason),
        }
    }
    for (place, mut component) in directories(&places, &mut all) {
        component.scope = places.get(place).map(scope).unwrap_or_default();
        known.insert(place, component);
    }
    let purls: BTreeMap<&str, Purl> = known.iter().map(|(place, known)| (*place, known.purl.clone())).collect();
    for (place, mut component) in known {
        if let Some(entry) = places.get(place) {
            let named = entry.dependencies.keys().chain(entry.optional_dependencies.keys());
            let named = named.chain(entry.peer_dependencies.keys());
            component.depends_on = named.filter_map(|name| all.link(resolve(&purls, place, name)?)).collect();
        }
        all.add(component);
    }
    all.finish()
}

/// The directories of the tree that the project asks for as dependencies, by their places: no workspace members, which npm
/// finds by themselves.
fn directories<'a>(places: &'a BTreeMap<String, Entry>, all: &mut Collector) -> BTreeMap<&'a str, Component> {
    let mut found = BTreeMap::new();
    for (place, entry) in places.iter().filter(|(place, _)| installed_name(place).is_none()) {
        let wishes = entry.dependencies.iter().chain(&entry.dev_dependencies).chain(&entry.optional_dependencies);
        for (name, wish) in wishes {
            let path = wish.0.as_deref().filter(|wish| !is_archive(wish)).and_then(|wish| joined(place, wish));
            let Some((target, directory)) = path.and_then(|path| places.get_key_value(&path)) else { continue };
            if installed_name(target).is_some() || target.is_empty() {
                continue;
            }
            let name = directory.name.as_deref().unwrap_or(name);
            let version = directory.version.as_ref().and_then(Value::as_str).unwrap_or_default();
            match identity::npm(name, version, &Origin::Local) {
                Ok(component) => drop(found.insert(target.as_str(), component)),
                Err(reason) => all.gap(reason),
            }
        }
    }
    found
}

/// A path from a place of the tree as one from its root, as places are written: what lies above begins with `..`.
fn joined(place: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = place.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (parts.len() <= LONGEST).then(|| parts.join("/"))
}

/// The name in a place below `node_modules`; `None` for the root and for members.
fn installed_name(place: &str) -> Option<&str> {
    let start = place.rfind("node_modules/")?;
    let whole = start == 0 || place[..start].ends_with('/');
    whole.then(|| &place[start + "node_modules/".len()..])
}

fn component(key: &str, entry: &Entry) -> Result<Component, String> {
    let name = entry.name.as_deref().unwrap_or(key);
    let version = entry.version.as_ref().and_then(Value::as_str).unwrap_or_default();
    let resolved = entry.resolved.as_ref().and_then(Value::as_str).unwrap_or_default();
    let origin = origin(resolved);
    if version.is_empty() && origin == Origin::Registry {
        return Err(format!("{name}: no version"));
    }
    let mut component = identity::npm(name, version, &origin)?;
    component.scope = scope(entry);
    component.licenses = entry.license.as_ref().map(licenses).unwrap_or_default();
    Ok(component)
}

fn scope(entry: &Entry) -> Scope {
    match entry {
        Entry { dev: true, .. } => Scope::Development,
        // Installed with an optional dependency of the product even where development ones are left out.
        Entry { optional: true, .. } | Entry { dev_optional: true, .. } => Scope::Optional,
        _ => Scope::Runtime,
    }
}

/// As Node.js looks a package up: below the place itself, then below each package around it.
fn resolve<'a>(purls: &'a BTreeMap<&str, Purl>, place: &str, name: &str) -> Option<&'a Purl> {
    let mut around = Some(place);
    for _ in 0..DEEPEST {
        let Some(base) = around else { break };
        let slash = if base.is_empty() { "" } else { "/" };
        if let Some(purl) = purls.get(format!("{base}{slash}node_modules/{name}").as_str()) {
            return Some(purl);
        }
        around = match base.rfind("/node_modules/") {
            Some(end) => Some(&base[..end]),
            None => (!base.is_empty()).then_some(""),
        };
    }
    None
}

/// Where a package comes from, by the address that a lockfile of npm or yarn gives for it.
pub(super) fn origin(resolved: &str) -> Origin {
    const REPOSITORY: [&str; 8] = ["git+", "git:", "git@", "ssh:", "github:", "gitlab:", "bitbucket:", "gist:"];
    let address = resolved.split(['#', '?']).next().unwrap_or_default();
    if resolved.is_empty() {
        Origin::Registry
    } else if REPOSITORY.iter().any(|prefix| resolved.starts_with(prefix)) || address.ends_with(".git") {
        Origin::repository(resolved)
    } else if let Some(path) = address.strip_prefix("https://codeload.github.com/") {
        let mut parts = path.splitn(4, '/');
        let (owner, repository) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let commit = parts.nth(1).unwrap_or_default();
        Origin::repository(&format!("https://github.com/{owner}/{repository}#{commit}"))
    } else if !address.starts_with("http://") && !address.starts_with("https://") {
        Origin::Local
    } else if address.contains("/-/") {
        Origin::Registry
    } else if !is_archive(address)
        && resolved.split_once('#').is_some_and(|(_, fragment)| identity::is_commit(fragment))
    {
        Origin::repository(resolved)
    } else {
        Origin::download(resolved)
    }
}

fn is_archive(address: &str) -> bool {
    [".tgz", ".tar.gz", ".tar"].iter().any(|end| address.ends_with(end))
}

/// The licences that `license` or `licenses` of a package states: a text, `{ "type": … }`, or a list of either.
pub(super) fn licenses(stated: &Value) -> Vec<String> {
    let one = |value: &Value| {
        let text = value.as_str().or_else(|| value.get("type").and_then(Value::as_str))?.trim();
        (!text.is_empty() && text.len() <= 256).then(|| text.to_owned())
    };
    match stated {
        Value::Array(several) => several.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const LATER: &str = r#"{"lockfileVersion":3,"packages":{
        "":{"name":"root","dependencies":{"a":"1"}},
        "packages/member":{"version":"1.0.0"},
        "node_modules/member":{"resolved":"packages/member","link":true},
        "node_modules/a":{"version":"1.0.0","license":"MIT","dependencies":{"b":"^2","@s/c":"1"}},
        "node_modules/a/node_modules/b":{"version":"2.0.0","inBundle":true,"dev":true},
        "node_modules/b":{"version":"1.0.0","optional":true,"peerDependencies":{"a":"1"}},
        "node_modules/alias":{"name":"@s/c","version":"1.0.0","devOptional":true},
        "node_modules/@s/c":{"version":"1.0.0","license":{"type":"ISC"}},
        "node_modules/odd":{"dev":true}}}"#;

    #[test]
    fn reads_places() {
        let parsed = parse(&NpmLock, "package-lock.json", LATER).unwrap();
        let all = components(&parsed);
        let names: Vec<String> = all.iter().map(|c| format!("{}@{} {:?}", c.name, c.version, c.scope)).collect();
        assert_eq!(names, ["@s/c@1.0.0 Runtime", "a@1.0.0 Runtime", "b@1.0.0 Optional", "b@2.0.0 Development"]);
        let needs: Vec<&str> = all[1].depends_on.iter().map(Purl::as_str).collect();
        assert_eq!(needs, ["pkg:npm/%40s/c@1.0.0", "pkg:npm/b@2.0.0"]);
        assert_eq!(all[0].licenses, ["ISC"]);
        assert_eq!(parsed.gaps, ["odd: no version"]);
    }

    #[test]
    fn reads_nesting() {
        let text = r#"{"lockfileVersion":1,"dependencies":{
            "a":{"version":"1.0.0","requires":{"b":"2","x":"1"},"dependencies":{"b":{"version":"2.0.0","dev":true}}},
            "b":{"version":"1.0.0","bundled":true},
            "x":{"version":"npm:@s/y@3.0.0"},
            "here":{"version":"file:../here"},
            "g":{"version":"git+ssh://git@example.com/g.git#af885e2e890b9ef0875edd2b117305119ee5bdc5"}}}"#;
        let parsed = parse(&NpmLock, "package-lock.json", text).unwrap();
        let all = components(&parsed);
        let names: Vec<String> = all.iter().map(|c| format!("{}@{}", c.name, c.version)).collect();
        assert_eq!(names, ["@s/y@3.0.0", "a@1.0.0", "b@1.0.0", "b@2.0.0", "g@", "here@"]);
        assert_eq!(
            all[1].depends_on.iter().map(Purl::as_str).collect::<Vec<_>>(),
            ["pkg:npm/%40s/y@3.0.0", "pkg:npm/b@2.0.0"]
        );
        assert_eq!(all[4].ecosystem, None);
    }

    #[test]
    fn a_directory_that_is_asked_for_is_a_dependency() {
        let text = r#"{"lockfileVersion":3,"packages":{
            "":{"name":"root","workspaces":["packages/*"],"dependencies":{"here":"file:./deps/here","m":"^1.0.0"}},
            "deps/here":{"version":"1.8.0","dependencies":{"a":"1"},"devDependencies":{"up":"file:../../../up"}},
            "../up":{"name":"above","version":"0.1.0","dev":true},
            "packages/m":{"name":"m","version":"1.0.0"},
            "node_modules/a":{"version":"1.0.0"},
            "node_modules/here":{"resolved":"deps/here","link":true},
            "node_modules/m":{"resolved":"packages/m","link":true}}}"#;
        let parsed = parse(&NpmLock, "package-lock.json", text).unwrap();
        let shown: Vec<String> = components(&parsed)
            .iter()
            .map(|c| {
                let (needs, known) = (c.depends_on.len(), c.ecosystem.is_some());
                format!("{}@{} {:?} {needs} {known}", c.name, c.version, c.scope)
            })
            .collect();
        assert_eq!(shown, ["a@1.0.0 Runtime 0 true", "above@0.1.0 Development 0 false", "here@1.8.0 Runtime 1 false"]);
        assert_eq!(parsed.gaps, [""; 0]);
    }

    #[test]
    fn other_files_are_refused() {
        for text in ["null", "{}", "[]", r#"{"lockfileVersion":4,"packages":{}}"#, r#"{"lockfileVersion":3}"#, ""] {
            assert!(parse(&NpmLock, "package-lock.json", text).is_err(), "{text}");
        }
        let deep = format!(r#"{{"lockfileVersion":1,"dependencies":{}"#, r#"{"a":{"dependencies":"#.repeat(100_000));
        assert!(parse(&NpmLock, "package-lock.json", &deep).is_err());
    }

    #[test]
    fn origins_are_told_apart() {
        let commit = "af885e2e890b9ef0875edd2b117305119ee5bdc5";
        assert_eq!(origin(&format!("https://r.example/a/-/a-1.0.0.tgz#{commit}")), Origin::Registry);
        assert_eq!(
            origin("https://cdn.example/a-1.0.0.tgz"),
            Origin::Download("https://cdn.example/a-1.0.0.tgz".into())
        );
        assert_eq!(origin("file:a.tgz"), Origin::Local);
        for address in
            [format!("https://codeload.github.com/o/r/tar.gz/{commit}"), format!("https://github.com/o/r#{commit}")]
        {
            assert_eq!(origin(&address), Origin::Repository("https://github.com/o/r".into(), Some(commit.into())));
        }
    }

    #[test]
    fn damage_never_panics_and_a_half_is_refused() {
        damage(&NpmLock, "package-lock.json", LATER);
        assert!(parse(&NpmLock, "package-lock.json", &LATER[..LATER.len() / 2]).is_err());
    }
}
