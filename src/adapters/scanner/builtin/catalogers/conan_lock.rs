//! `conan.lock`: every package that Conan resolved, as versions 1 and 2 write it.
//! Format: <https://docs.conan.io/2/tutorial/versioning/lockfiles.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::json;
use crate::model::{Component, Scope};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Reads Conan's lockfile.
pub(super) struct ConanLock;

impl Cataloger for ConanLock {
    fn name(&self) -> &'static str {
        "conan-lock"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "conan.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = json::read(file)?;
        let mut all = Collector::default();
        if let Some(graph) = lock.graph_lock {
            let needed: BTreeSet<&str> = graph.nodes.values().flat_map(Node::needs).collect();
            for (id, node) in &graph.nodes {
                // What has a path is the project itself, or, where something needs it, a package that is being edited.
                if node.path.as_deref().is_some_and(|path| !path.is_empty()) && !needed.contains(id.as_str()) {
                    continue;
                }
                let reference = node.pref.as_deref().or(node.r#ref.as_deref()).unwrap_or_default();
                let scope = if node.context.as_deref() == Some("build") { Scope::Development } else { Scope::Runtime };
                all.add_or_gap(component(reference).map(|component| Component { scope, ..component }));
            }
            return Ok(all.finish());
        }
        let lists = [
            (lock.requires, Scope::Runtime),
            (lock.build_requires, Scope::Development),
            (lock.python_requires, Scope::Development),
        ];
        if lock.version.is_none() || lists.iter().all(|(list, _)| list.is_none()) {
            return Err(ParseError("not a conan.lock: no `version`, or nothing that is required".into()));
        }
        for (list, scope) in lists {
            for reference in list.into_iter().flatten() {
                all.add_or_gap(component(&reference).map(|component| Component { scope, ..component }));
            }
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    version: Option<String>,
    graph_lock: Option<Graph>,
    requires: Option<Vec<String>>,
    build_requires: Option<Vec<String>>,
    python_requires: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Graph {
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    r#ref: Option<String>,
    pref: Option<String>,
    path: Option<String>,
    context: Option<String>,
    requires: Option<Needs>,
    build_requires: Option<Needs>,
}

impl Node {
    /// The numbers of the nodes that it needs.
    fn needs(&self) -> impl Iterator<Item = &str> {
        self.requires.iter().chain(&self.build_requires).flat_map(Needs::numbers)
    }
}

/// The numbers of nodes: by reference in format 0.1, a list since 0.2.
#[derive(Deserialize)]
#[serde(untagged)]
enum Needs {
    List(Vec<String>),
    ByReference(BTreeMap<String, String>),
}

impl Needs {
    fn numbers(&self) -> Vec<&str> {
        match self {
            Self::List(numbers) => numbers.iter().map(String::as_str).collect(),
            Self::ByReference(numbers) => numbers.values().map(String::as_str).collect(),
        }
    }
}

/// `name/version[@user/channel][#revision][:package][%time]`.
fn component(reference: &str) -> Result<Component, String> {
    let plain = reference.split(['#', '%', ':']).next().unwrap_or(reference);
    let (package, user) = plain.split_once('@').map_or((plain, None), |(package, user)| (package, Some(user)));
    let (name, version) = package.split_once('/').ok_or_else(|| format!("`{reference}` has no name"))?;
    if name.is_empty() || version.is_empty() {
        return Err(format!("`{reference}` has no name or version"));
    }
    let (user, channel) =
        user.and_then(|user| user.split_once('/')).filter(|(user, _)| *user != "_").unwrap_or_default();
    identity::qualified(
        "conan",
        (None, name),
        name,
        version,
        &Origin::Registry,
        &[("user", user), ("channel", channel)],
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const TWO: &str = r#"{"version":"0.5","requires":["zlib/1.2.13#13c9%1667396813.733","own/1.0@team/stable","1.2#1"],"build_requires":["cmake/3.25"],"python_requires":[]}"#;
    const ONE: &str = r#"{"graph_lock":{"nodes":{"0":{"ref":"test/1.0","path":"conanfile.py","requires":["1","3"],"build_requires":["2"]},"1":{"ref":"zlib/1.2.11#ffa7","context":"host"},
        "2":{"pref":"ninja/1.11.1:24647d#0","context":"build"},
        "3":{"ref":"own/0.1@team/testing","path":"../own/conanfile.py"}}},"version":"0.4"}"#;

    const OLDEST: &str = r#"{"graph_lock":{"nodes":{"a":{"pref":"test/1.0:2ce0","path":"conanfile.py","requires":{"zlib/1.2.11#5f49":"b"}},
        "b":{"pref":"zlib/1.2.11#5f49:1972#5884","path":"../zlib/conanfile.py"}}},"version":"0.1"}"#;

    #[test]
    fn the_first_format_names_needs_by_reference() {
        let parsed = parse(&ConanLock, "conan.lock", OLDEST).unwrap();
        let shown: Vec<&str> = components(&parsed).iter().map(|component| component.purl.as_str()).collect();
        assert_eq!(shown, ["pkg:conan/zlib@1.2.11"]);
        assert!(parsed.gaps.is_empty());
        damage(&ConanLock, "conan.lock", OLDEST);
    }

    #[test]
    fn both_versions_are_read() {
        let show = |c: &&Component| format!("{} {:?}", c.purl, c.scope);
        let parsed = parse(&ConanLock, "conan.lock", TWO).unwrap();
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let expected = [
            "pkg:conan/cmake@3.25 Development",
            "pkg:conan/own@1.0?channel=stable&user=team Runtime",
            "pkg:conan/zlib@1.2.13 Runtime",
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps.len(), 1);
        let parsed = parse(&ConanLock, "conan.lock", ONE).unwrap();
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let expected = [
            "pkg:conan/ninja@1.11.1 Development",
            "pkg:conan/own@0.1?channel=testing&user=team Runtime",
            "pkg:conan/zlib@1.2.11 Runtime",
        ];
        assert_eq!(shown, expected);
        for text in ["", "null", "{}", &TWO[..TWO.len() / 2]] {
            assert!(parse(&ConanLock, "conan.lock", text).is_err(), "{text}");
        }
        damage(&ConanLock, "conan.lock", TWO);
        damage(&ConanLock, "conan.lock", ONE);
    }
}
