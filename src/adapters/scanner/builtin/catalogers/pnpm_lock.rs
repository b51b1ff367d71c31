//! `pnpm-lock.yaml`, lockfile versions 5, 6 and 9.
//!
//! A package's key is its identity: `/@s/a/1.0.0_peer@2.0.0` (5), `/@s/a@1.0.0(peer@2.0.0)` (6), `@s/a@1.0.0` (9, where the
//! peers stand in `snapshots`). Half a YAML file is often YAML still, so everything that the importers and packages need
//! must be in the file, or the rest is missing. Format: <https://github.com/pnpm/spec/tree/master/lockfile>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::npm_lock;
use super::pnpm_key::{is_version, split_key, without_peers};
use super::reach::{self, Edge};
use super::yaml::{self, Scalar};
use crate::model::{Component, Scope};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};

/// Reads pnpm's lockfile.
pub(super) struct PnpmLock;

impl Cataloger for PnpmLock {
    fn name(&self) -> &'static str {
        "pnpm-lock"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "pnpm-lock.yaml"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut all = Collector::default();
        let locks = yaml::documents::<Lock>(&text)?;
        if locks.is_empty() {
            return Err(ParseError("not a pnpm lockfile: it is empty".into()));
        }
        for lock in locks {
            let version = lock.lockfile_version.as_str();
            match version.split('.').next() {
                Some("5" | "6" | "9") => read(&lock, &mut all),
                Some("") => return Err(ParseError("not a pnpm lockfile: no lockfileVersion".into())),
                _ => return Err(ParseError(format!("lockfileVersion {version} is not known (5, 6 and 9 are)"))),
            }
        }
        Ok(all.finish())
    }
}

type Map<T> = Option<BTreeMap<String, T>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    #[serde(default)]
    lockfile_version: Scalar,
    #[serde(default)]
    importers: Map<Option<Importer>>,
    #[serde(default)]
    dependencies: Map<Wanted>,
    #[serde(default)]
    optional_dependencies: Map<Wanted>,
    #[serde(default)]
    dev_dependencies: Map<Wanted>,
    #[serde(default)]
    packages: Map<Option<Package>>,
    #[serde(default)]
    snapshots: Map<Option<Package>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Importer {
    #[serde(default)]
    dependencies: Map<Wanted>,
    #[serde(default)]
    optional_dependencies: Map<Wanted>,
    #[serde(default)]
    dev_dependencies: Map<Wanted>,
    /// pnpm itself, and what it is set up with.
    #[serde(default)]
    package_manager_dependencies: Map<Wanted>,
    #[serde(default)]
    config_dependencies: Map<Wanted>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Package {
    name: Scalar,
    version: Scalar,
    dev: Option<bool>,
    optional: Option<bool>,
    resolution: Option<BTreeMap<String, Scalar>>,
    dependencies: Map<Scalar>,
    optional_dependencies: Map<Scalar>,
}

/// What an importer wants: the version itself (5), or a map with `version` (6, 9).
struct Wanted(String);

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Wanted;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a version, or a map with one")
            }
            fn visit_str<E>(self, text: &str) -> Result<Wanted, E> {
                Ok(Wanted(text.to_owned()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Wanted, E> {
                Ok(Wanted(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Wanted, E> {
                Ok(Wanted(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Wanted, E> {
                Ok(Wanted(value.to_string()))
            }
            fn visit_unit<E>(self) -> Result<Wanted, E> {
                Ok(Wanted(String::new()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wanted, A::Error> {
                let mut version = Scalar::default();
                while let Some(key) = map.next_key::<String>()? {
                    let value: Scalar = map.next_value()?;
                    if key == "version" {
                        version = value;
                    }
                }
                Ok(Wanted(version.0.unwrap_or_default()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

fn read(lock: &Lock, all: &mut Collector) {
    let empty = BTreeMap::new();
    let packages = lock.packages.as_ref().unwrap_or(&empty);
    let nodes = lock.snapshots.as_ref().unwrap_or(packages);
    let keys: Vec<&str> = nodes.keys().map(String::as_str).collect();
    let mut edges: Vec<Vec<Edge>> = Vec::with_capacity(keys.len());
    for (key, node) in nodes {
        let mut needs = Vec::new();
        if let Some(node) = node {
            let kinds = [(&node.dependencies, false), (&node.optional_dependencies, true)];
            for (name, version, optional) in
                kinds.into_iter().flat_map(|(map, optional)| map.iter().flatten().map(move |(n, v)| (n, v, optional)))
            {
                match find(&keys, name, version.as_str()) {
                    Found::At(to) => needs.push(Edge { to, optional }),
                    Found::Outside => {}
                    Found::Nowhere => all.gap(missing(key, name, version.as_str())),
                }
            }
        }
        edges.push(needs);
    }
    let roots = roots(lock, &keys, all);
    let scopes = reach::scopes(&edges, &roots);

    let components: Vec<Option<Component>> = keys
        .iter()
        .map(|key| {
            let described = packages.get(*key).or_else(|| packages.get(without_peers(key)));
            if described.is_none() {
                all.gap(format!("`{key}` is in `snapshots` but not in `packages`"));
            }
            component(key, described.and_then(Option::as_ref)).map_err(|reason| all.gap(reason)).ok()
        })
        .collect();
    for (index, component) in components.iter().enumerate() {
        let (Some(component), Some(key)) = (component, keys.get(index)) else { continue };
        let mut component = component.clone();
        let stated = packages.get(*key).and_then(Option::as_ref);
        component.scope = match (stated.and_then(|p| p.dev), stated.and_then(|p| p.optional)) {
            (Some(true), _) => Scope::Development,
            (Some(false), Some(true)) => Scope::Optional,
            (Some(false), _) => Scope::Runtime,
            _ => scopes.get(index).copied().flatten().unwrap_or_default(),
        };
        let needed = edges.get(index).into_iter().flatten().filter_map(|edge| components.get(edge.to)?.as_ref());
        component.depends_on = needed.filter_map(|component| all.link(&component.purl)).collect();
        all.add(component);
    }
    let used: BTreeSet<&str> = keys.iter().map(|key| without_peers(key)).collect();
    if lock.snapshots.is_some() {
        for (key, package) in packages.iter().filter(|(key, _)| !used.contains(without_peers(key))) {
            all.gap(format!("`{key}` is in `packages` but not in `snapshots`"));
            all.add_or_gap(component(key, package.as_ref()));
        }
    } else if lock.lockfile_version.as_str().starts_with('9') && !packages.is_empty() {
        all.gap("the file ends before its `snapshots`");
    }
}

/// The packages that the project itself needs, and for what.
fn roots(lock: &Lock, keys: &[&str], all: &mut Collector) -> Vec<(usize, Scope)> {
    let own = [
        (&lock.dependencies, Scope::Runtime),
        (&lock.optional_dependencies, Scope::Optional),
        (&lock.dev_dependencies, Scope::Development),
    ];
    let members = lock.importers.iter().flatten().filter_map(|(_, importer)| importer.as_ref()).flat_map(|importer| {
        [
            (&importer.dependencies, Scope::Runtime),
            (&importer.optional_dependencies, Scope::Optional),
            (&importer.dev_dependencies, Scope::Development),
            (&importer.package_manager_dependencies, Scope::Development),
            (&importer.config_dependencies, Scope::Development),
        ]
    });
    let mut roots = Vec::new();
    for (map, scope) in own.into_iter().chain(members) {
        for (name, Wanted(version)) in map.iter().flatten() {
            match find(keys, name, version) {
                Found::At(index) => roots.push((index, scope)),
                Found::Outside => {}
                Found::Nowhere => all.gap(missing("the project", name, version)),
            }
        }
    }
    roots
}

fn missing(who: &str, name: &str, version: &str) -> String {
    format!("{who} needs `{name}` {version}, which is not in the file")
}

enum Found {
    At(usize),
    /// A link to code of the workspace.
    Outside,
    Nowhere,
}

/// The key of a dependency: its name and version in the way of each lockfile version, or the key itself as the version (aliases
/// and addresses).
fn find(keys: &[&str], name: &str, version: &str) -> Found {
    if version.starts_with("link:") || version.starts_with("workspace:") {
        return Found::Outside;
    }
    let tries =
        [format!("{name}@{version}"), format!("/{name}@{version}"), format!("/{name}/{version}"), version.to_owned()];
    tries.iter().find_map(|key| keys.binary_search(&key.as_str()).ok()).map_or(Found::Nowhere, Found::At)
}

fn component(key: &str, package: Option<&Package>) -> Result<Component, String> {
    let empty = Package::default();
    let package = package.unwrap_or(&empty);
    let text = |field: &str| package.resolution.as_ref().and_then(|map| map.get(field)).map(Scalar::as_str);
    let bare = without_peers(key);
    let split = split_key(bare);
    let name = match (package.name.as_str(), split) {
        ("", Some((name, _))) => name,
        ("", None) => return Err(format!("`{key}` has no name and version to be known by")),
        (name, _) => name,
    };
    let keyed = split.map(|(_, version)| version).filter(|version| is_version(version)).unwrap_or_default();
    let version = if package.version.as_str().is_empty() { keyed } else { package.version.as_str() };
    let origin = if let (Some(repository), commit) = (text("repo"), text("commit")) {
        Origin::repository(&format!("{repository}#{}", commit.unwrap_or_default()))
    } else if text("directory").is_some() || bare.starts_with("file:") || bare.contains("@file:") {
        Origin::Local
    } else if let Some(address) = text("tarball") {
        npm_lock::origin(address)
    } else if keyed.is_empty() {
        let address = bare.strip_prefix(name).and_then(|rest| rest.strip_prefix('@')).unwrap_or(bare);
        let scheme = if address.contains("://") { "" } else { "https://" };
        npm_lock::origin(&format!("{scheme}{address}"))
    } else {
        Origin::Registry
    };
    if version.is_empty() && origin == Origin::Registry {
        return Err(format!("`{key}` has no version"));
    }
    identity::npm(name, version, &origin)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const NINE: &str = "lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a:
        specifier: ^1.0.0
        version: 1.0.0(b@2.0.0)
      here:
        specifier: workspace:*
        version: link:../here
    devDependencies:
      alias:
        specifier: npm:b@3
        version: b@3.0.0
packages:
  a@1.0.0:
    resolution: {integrity: sha512-x}
  b@2.0.0: {}
  b@3.0.0: {}
  g@https://codeload.github.com/o/g/tar.gz/af885e2e890b9ef0875edd2b117305119ee5bdc5:
    resolution: {tarball: https://codeload.github.com/o/g/tar.gz/af885e2e890b9ef0875edd2b117305119ee5bdc5}
    version: 0.1.0
snapshots:
  a@1.0.0(b@2.0.0):
    dependencies:
      b: 2.0.0
      g: https://codeload.github.com/o/g/tar.gz/af885e2e890b9ef0875edd2b117305119ee5bdc5
  b@2.0.0: {}
  b@3.0.0: {}
  g@https://codeload.github.com/o/g/tar.gz/af885e2e890b9ef0875edd2b117305119ee5bdc5: {}
";

    #[test]
    fn reads_version_9() {
        let parsed = parse(&PnpmLock, "pnpm-lock.yaml", NINE).unwrap();
        assert_eq!(parsed.gaps, NOTHING);
        let shown: Vec<String> = components(&parsed)
            .iter()
            .map(|c| format!("{}@{} {:?} {} {}", c.name, c.version, c.scope, c.ecosystem.is_some(), c.depends_on.len()))
            .collect();
        assert_eq!(
            shown,
            [
                "a@1.0.0 Runtime true 2",
                "b@2.0.0 Runtime true 0",
                "b@3.0.0 Development true 0",
                "g@0.1.0 Runtime false 0"
            ]
        );
    }

    #[test]
    fn what_lost_its_content_is_refused() {
        for text in ["", "\n\n", "# a comment\n"] {
            assert!(parse(&PnpmLock, "pnpm-lock.yaml", text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_pnpm_itself_needs_is_for_development() {
        let own = "lockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies: {}\n    packageManagerDependencies:\n      \
                   pnpm:\n        specifier: 12.0.0\n        version: 12.0.0\npackages:\n  pnpm@12.0.0: {}\nsnapshots:\n  pnpm@12.0.0: {}\n";
        let parsed = parse(&PnpmLock, "pnpm-lock.yaml", &format!("---\n{own}---\n{NINE}")).unwrap();
        let pnpm: Vec<Scope> = components(&parsed).iter().filter(|c| c.name == "pnpm").map(|c| c.scope).collect();
        assert_eq!((pnpm, parsed.gaps.len()), (vec![Scope::Development], 0));
    }

    #[test]
    fn a_cut_file_does_not_pass() {
        damage(&PnpmLock, "pnpm-lock.yaml", NINE);
        let whole = components(&parse(&PnpmLock, "pnpm-lock.yaml", NINE).unwrap()).len();
        for (at, _) in NINE.match_indices('\n').take(NINE.matches('\n').count() - 1) {
            let complete = parse(&PnpmLock, "pnpm-lock.yaml", &NINE[..at])
                .is_ok_and(|parsed| parsed.gaps.is_empty() && components(&parsed).len() < whole);
            // Before the first dependency nothing tells that one would follow.
            assert!(!complete || at < 60, "{}", &NINE[..at]);
        }
        for text in ["a: 1", "lockfileVersion: 4", "lockfileVersion: '10.0'", "lockfileVersion: [", "- 1"] {
            assert!(parse(&PnpmLock, "pnpm-lock.yaml", text).is_err(), "{text}");
        }
    }
}
