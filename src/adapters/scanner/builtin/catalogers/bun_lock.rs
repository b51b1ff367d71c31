//! `bun.lock`: every package that Bun resolved. JSON with comments; each entry of `packages` is a list that begins with
//! `name@version`, or `name@` and where it comes from. Format: <https://bun.sh/docs/install/lockfile>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::json;
use super::reach::{self, Edge};
use crate::model::{Component, Scope};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Reads Bun's text lockfile.
pub(super) struct BunLock;

impl Cataloger for BunLock {
    fn name(&self) -> &'static str {
        "bun-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "bun.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = json::read_with_comments(file)?;
        let Some(workspaces) = lock.workspaces else {
            return Err(ParseError("not a bun.lock: no `workspaces`".into()));
        };
        // A project without dependencies has none; one with some would miss them.
        let packages = lock.packages.unwrap_or_default();
        let mut all = Collector::default();
        let keys: Vec<&str> = packages.keys().map(String::as_str).collect();
        let at: BTreeMap<&str, usize> = keys.iter().enumerate().map(|(index, key)| (*key, index)).collect();
        let needs: Vec<Needs> = packages.values().map(|entry| needs(entry)).collect();
        let mut edges: Vec<Vec<Edge>> = Vec::with_capacity(keys.len());
        for (key, needs) in keys.iter().zip(&needs) {
            let mut found = Vec::new();
            for (names, optional) in [(&needs.dependencies, false), (&needs.optional_dependencies, true)] {
                for name in names.keys() {
                    match nearest(&at, key, name) {
                        Some(to) => found.push(Edge { to, optional }),
                        None if optional || needs.optional_peers.contains(name) => {}
                        None => all.gap(format!("{key} needs `{name}`, which is not in the file")),
                    }
                }
            }
            found.extend(
                needs
                    .peer_dependencies
                    .keys()
                    .filter_map(|name| nearest(&at, key, name))
                    .map(|to| Edge { to, optional: true }),
            );
            edges.push(found);
        }
        let mut roots = Vec::new();
        for (path, workspace) in &workspaces {
            let own = workspace.name.as_deref().unwrap_or(path);
            for (names, scope) in [
                (&workspace.dependencies, Scope::Runtime),
                (&workspace.optional_dependencies, Scope::Optional),
                (&workspace.dev_dependencies, Scope::Development),
            ] {
                for name in names.keys() {
                    match nearest(&at, own, name) {
                        Some(node) => roots.push((node, scope)),
                        None if scope == Scope::Optional => {}
                        None => all.gap(format!("the project needs `{name}`, which is not in the file")),
                    }
                }
            }
        }
        let scopes = reach::scopes(&edges, &roots);
        let mut components: Vec<Option<Component>> = Vec::with_capacity(keys.len());
        for ((key, entry), scope) in packages.iter().zip(&scopes) {
            components.push(match component(entry) {
                Ok(component) => {
                    component.map(|component| Component { scope: scope.unwrap_or(Scope::Runtime), ..component })
                }
                Err(reason) => {
                    all.gap(format!("{key}: {reason}"));
                    None
                }
            });
        }
        let purls: Vec<Option<_>> = components.iter().map(|it| it.as_ref().map(|it| it.purl.clone())).collect();
        for (component, edges) in components.into_iter().zip(&edges) {
            let Some(mut component) = component else { continue };
            let needed = edges.iter().filter_map(|edge| purls.get(edge.to)?.as_ref());
            component.depends_on = needed.filter_map(|purl| all.link(purl)).collect();
            all.add(component);
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    workspaces: Option<BTreeMap<String, Workspace>>,
    packages: Option<BTreeMap<String, Vec<serde_json::Value>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Workspace {
    name: Option<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Needs {
    dependencies: BTreeMap<String, IgnoredAny>,
    optional_dependencies: BTreeMap<String, IgnoredAny>,
    peer_dependencies: BTreeMap<String, IgnoredAny>,
    optional_peers: Vec<String>,
}

/// What an entry says that it needs: the map in it.
fn needs(entry: &[serde_json::Value]) -> Needs {
    let map = entry.iter().find(|part| part.is_object());
    map.and_then(|map| Needs::deserialize(map).ok()).unwrap_or_default()
}

/// The entry that a name means for a package: the one deepest below it, then below what that lies in, and so on up.
fn nearest(at: &BTreeMap<&str, usize>, from: &str, name: &str) -> Option<usize> {
    let mut place = from;
    loop {
        if let Some(found) = at.get(format!("{place}/{name}").as_str()) {
            return Some(*found);
        }
        let Some((above, _)) = place.rsplit_once('/') else { break };
        place = above;
    }
    at.get(name).copied()
}

/// The package of an entry; `None` for one that is the project's own.
fn component(entry: &[serde_json::Value]) -> Result<Option<Component>, String> {
    let id = entry.first().and_then(serde_json::Value::as_str).ok_or("an entry without a name")?;
    // The first `@` of a scope is no separator.
    let split =
        id.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at).ok_or("an entry without a version")?;
    let (name, rest) = (&id[..split], &id[split + 1..]);
    let (version, origin) = match rest.split_once(':') {
        None => (rest, Origin::Registry),
        Some(("npm", version)) => (version, Origin::Registry),
        Some(("workspace" | "root", _)) => return Ok(None),
        Some(("file" | "link" | "portal", _)) => ("", Origin::Local),
        Some(("github", place)) => ("", Origin::repository(&format!("https://github.com/{place}"))),
        Some(("http" | "https", _)) => ("", Origin::download(rest)),
        Some(_) => ("", Origin::repository(rest)),
    };
    identity::npm(name, version, &origin).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"{
  "lockfileVersion": 1, // the text form
  "workspaces": {"": {"name": "own", "dependencies": {"a": "^1", "@s/b": "^2",}, "devDependencies": {"t": "1"}},
    "packages/x": {"name": "x", "dependencies": {"a": "*"}}},
  "packages": {
    "@s/b": ["@s/b@2.0.0", "", {"dependencies": {"a": "^2"}, "optionalDependencies": {"gone": "1"}}, "sha512-x"],
    "@s/b/a": ["a@2.1.0", "", {}, "sha512-x"],
    "a": ["a@1.0.0", "", {}, "sha512-x"],
    "g": ["real@github:o/r#6609a88", {}, "o-r-6609a88"],
    "t": ["t@1.0.0", "", {"dependencies": {"g": "*"}}, "sha512-x"],
    "x": ["x@workspace:packages/x"],
  }
}
"#;

    #[test]
    fn entries_are_found_where_the_package_would_find_them() {
        let parsed = parse(&BunLock, "bun.lock", SAMPLE).unwrap();
        let show = |c: &&Component| format!("{} {:?} {}", c.purl, c.scope, c.depends_on.len());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let expected = [
            "pkg:npm/%40s/b@2.0.0 Runtime 1",
            "pkg:npm/a@1.0.0 Runtime 0",
            "pkg:npm/a@2.1.0 Runtime 0",
            "pkg:npm/real?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fo%2Fr%406609a88 Development 0",
            "pkg:npm/t@1.0.0 Development 1",
        ];
        assert_eq!((shown, parsed.gaps), (expected.map(String::from).to_vec(), NOTHING.map(String::from).to_vec()));
        let cut = SAMPLE.replace("    \"a\": [\"a@1.0.0\", \"\", {}, \"sha512-x\"],\n", "");
        assert!(!parse(&BunLock, "bun.lock", &cut).unwrap().gaps.is_empty());
        for text in ["", "{}", &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&BunLock, "bun.lock", text).is_err(), "{text}");
        }
        damage(&BunLock, "bun.lock", SAMPLE);
    }
}
