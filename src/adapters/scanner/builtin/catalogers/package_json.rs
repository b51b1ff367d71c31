//! What a `package.json` beside a lockfile asks for. A lockfile of yarn does not say for what a package is needed: this does.

use super::super::catalog::File;
use crate::model::Scope;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The name of the file.
pub(super) const NAME: &str = "package.json";

/// The most members of a workspace that are looked for.
const MEMBERS: usize = 1000;

/// The most patterns that are followed.
pub(super) const PATTERNS: usize = 100;

/// What a project asks for.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Manifest {
    dependencies: BTreeMap<String, Value>,
    dev_dependencies: BTreeMap<String, Value>,
    optional_dependencies: BTreeMap<String, Value>,
    workspaces: Option<Value>,
}

impl Manifest {
    /// The manifest in a directory, told from that of the file; `None` where there is none that can be read.
    pub(super) fn beside(file: &File<'_>, directory: &str) -> Option<Self> {
        let path = if matches!(directory, "" | ".") { NAME.to_owned() } else { format!("{directory}/{NAME}") };
        let bytes = (file.companion)(&path)?;
        serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).ok()
    }

    /// For what a package is needed; `None` for one that the project does not ask for.
    pub(super) fn scope(&self, name: &str) -> Option<Scope> {
        match () {
            // What stands in both is optional.
            () if self.optional_dependencies.contains_key(name) => Some(Scope::Optional),
            () if self.dependencies.contains_key(name) => Some(Scope::Runtime),
            () if self.dev_dependencies.contains_key(name) => Some(Scope::Development),
            () => None,
        }
    }

    /// Names and ranges of all that the project asks for, a package that stands in several lists once.
    pub(super) fn wishes(&self) -> impl Iterator<Item = (&str, &str, Scope)> {
        let lists = [
            (&self.optional_dependencies, Scope::Optional),
            (&self.dependencies, Scope::Runtime),
            (&self.dev_dependencies, Scope::Development),
        ];
        lists.into_iter().flat_map(move |(list, scope)| {
            list.iter()
                .filter(move |(name, _)| self.scope(name) == Some(scope))
                .map(move |(name, range)| (name.as_str(), range.as_str().unwrap_or_default(), scope))
        })
    }

    /// The directories of the workspace's members; `None` where not all are known. What the workspace leaves out (`!…`) is not
    /// left out here: one member too many makes nothing unneeded.
    pub(super) fn members(&self, file: &File<'_>) -> Option<Vec<String>> {
        let list = match &self.workspaces {
            None => return Some(Vec::new()),
            Some(Value::Object(map)) => map.get("packages"),
            list => list.as_ref(),
        };
        let Some(Value::Array(list)) = list else { return Some(Vec::new()) };
        if list.iter().filter_map(Value::as_str).filter(|pattern| pattern.contains('*')).count() > PATTERNS {
            return None;
        }
        let mut members = BTreeSet::new();
        for pattern in list {
            let pattern = pattern.as_str()?.trim_end_matches('/');
            match pattern {
                _ if pattern.starts_with('!') => {}
                _ if pattern.contains(['?', '[', '{', '(']) => return None,
                _ if pattern.contains('*') => {
                    let found = file.directories(pattern, NAME);
                    if found.is_empty() {
                        return None;
                    }
                    members.extend(found);
                }
                plain => drop(members.insert(plain.trim_start_matches("./").to_owned())),
            }
            if members.len() > MEMBERS {
                return None;
            }
        }
        Some(members.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::catalog::Content;
    use super::*;

    fn manifest(text: &str) -> Option<Manifest> {
        let companion = |path: &str| (path == "a/package.json").then(|| text.as_bytes().to_vec());
        Manifest::beside(&File { path: "yarn.lock", content: Content::Bytes(b""), companion: &companion }, "a")
    }

    #[test]
    fn says_for_what_a_package_is_needed() {
        let text = r#"{"dependencies":{"a":"1","b":"2"},"devDependencies":{"a":"1","c":"^3"},"optionalDependencies":{"b":"2"}}"#;
        let manifest = manifest(text).unwrap();
        let wishes: Vec<_> = manifest.wishes().collect();
        assert_eq!(wishes, [("b", "2", Scope::Optional), ("a", "1", Scope::Runtime), ("c", "^3", Scope::Development)]);
        assert_eq!((manifest.scope("c"), manifest.scope("d")), (Some(Scope::Development), None));
    }

    #[test]
    fn members_are_known_where_they_can_be_found() {
        let companion =
            |path: &str| (path == "p/*/package.json").then(|| b"p/a/package.json\np/b/package.json\nodd\n".to_vec());
        let file = File { path: "yarn.lock", content: Content::Bytes(b""), companion: &companion };
        let members = |text: &str| manifest(text).unwrap().members(&file).map(|all| all.join(" "));
        assert_eq!(members("{}"), Some(String::new()));
        assert_eq!(members(r#"{"workspaces":["x","y/z/","!y/*"]}"#), Some("x y/z".into()));
        assert_eq!(
            members(r#"{"workspaces":{"packages":["./p/*","./x"],"nohoist":["**"]}}"#),
            Some("p/a p/b x".into())
        );
        assert_eq!(members(r#"{"workspaces":["packages/*"]}"#), None);
        assert_eq!(members(r#"{"workspaces":["packages/{a,b}"]}"#), None);
        let stars = vec!["\"p/*\""; PATTERNS + 1].join(",");
        assert_eq!(members(&format!("{{\"workspaces\":[{stars}]}}")), None);
        let many: Vec<String> = (0..=MEMBERS).map(|at| format!("\"{at}\"")).collect();
        assert_eq!(members(&format!("{{\"workspaces\":[{}]}}", many.join(","))), None);
        for text in ["", "{", r#"{"dependencies":1}"#] {
            assert!(manifest(text).is_none(), "{text}");
        }
    }
}
