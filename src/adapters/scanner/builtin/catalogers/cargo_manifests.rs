//! The `Cargo.toml` files behind a `Cargo.lock`: which packages of the workspace need what for tests, examples and benches only.
//!
//! The manifest beside the lock names the others, as members of the workspace and as dependencies by path. Where a pattern names
//! none that is found, not all are known, and nothing is told.

use super::super::catalog::File;
use super::package_json::PATTERNS;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// The name of the file.
pub(super) const NAME: &str = "Cargo.toml";

/// The most manifests that are followed.
const MANIFESTS: usize = 1000;

/// Of each package of the workspace, by name, the packages that it needs for development only.
pub(super) fn development(file: &File<'_>) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let root = read(file, "")?;
    let workspace = root.get("workspace").and_then(Value::as_table);
    let inherited =
        workspace.and_then(|it| it.get("dependencies")).and_then(Value::as_table).cloned().unwrap_or_default();
    let mut open: Vec<String> = Vec::new();
    let mut patterns = 0;
    for member in workspace.and_then(|it| it.get("members")).and_then(Value::as_array).into_iter().flatten() {
        let member = member.as_str().filter(|path| !path.contains(['?', '[', '{']))?;
        if !member.contains('*') {
            open.push(joined("", member)?);
            continue;
        }
        patterns += 1;
        let found = file.directories(member, NAME);
        if found.is_empty() || patterns > PATTERNS {
            return None;
        }
        open.extend(found);
    }
    let mut found = BTreeMap::new();
    let mut seen: BTreeSet<String> = [String::new()].into();
    let mut add = |directory: &str, manifest: &Table, open: &mut Vec<String>| -> Option<()> {
        let lists = Lists::of(manifest, &inherited);
        for path in &lists.paths {
            // One that the workspace names stands there, from its root.
            open.extend(joined(directory, path));
        }
        open.extend(lists.inherited_paths.iter().filter_map(|path| joined("", path)));
        let Some(package) = manifest.get("package").and_then(Value::as_table) else { return Some(()) };
        let name = package.get("name").and_then(Value::as_str)?;
        let only = lists.development.difference(&lists.needed).cloned().collect();
        found.insert(name.to_owned(), only);
        Some(())
    };
    add("", &root, &mut open)?;
    while let Some(directory) = open.pop() {
        if !seen.insert(directory.clone()) {
            continue;
        }
        if seen.len() > MANIFESTS || open.len() > 100 * MANIFESTS {
            return None;
        }
        // One that lies outside the tree has no dependencies for development in this lock, or is missed by who asks.
        let Some(manifest) = read(file, &directory) else { continue };
        add(&directory, &manifest, &mut open)?;
    }
    Some(found)
}

fn read(file: &File<'_>, directory: &str) -> Option<Table> {
    let path = if directory.is_empty() { NAME.to_owned() } else { format!("{directory}/{NAME}") };
    toml::from_str(&String::from_utf8((file.companion)(&path)?).ok()?).ok()
}

/// A path from a directory as one from that of the lock.
fn joined(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (parts.len() <= 64).then(|| parts.join("/"))
}

/// What a manifest asks for: names of packages, and directories.
#[derive(Default)]
struct Lists {
    needed: BTreeSet<String>,
    development: BTreeSet<String>,
    paths: Vec<String>,
    inherited_paths: Vec<String>,
}

impl Lists {
    fn of(manifest: &Table, inherited: &Table) -> Self {
        let mut lists = Self::default();
        let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        for part in targets.filter_map(Value::as_table).chain([manifest]) {
            for key in ["dependencies", "build-dependencies", "build_dependencies"] {
                lists.take(part.get(key), inherited, false);
            }
            for key in ["dev-dependencies", "dev_dependencies"] {
                lists.take(part.get(key), inherited, true);
            }
        }
        lists
    }

    fn take(&mut self, list: Option<&Value>, inherited: &Table, development: bool) {
        for (key, wish) in list.and_then(Value::as_table).into_iter().flatten() {
            let of = |wish: &Value, field: &str| wish.get(field).and_then(Value::as_str).map(str::to_owned);
            let from_workspace = wish.get("workspace").and_then(Value::as_bool) == Some(true);
            let stated = if from_workspace { inherited.get(key).unwrap_or(wish) } else { wish };
            let name = of(stated, "package").unwrap_or_else(|| key.clone());
            if development {
                self.development.insert(name)
            } else {
                self.needed.insert(name)
            };
            if from_workspace { &mut self.inherited_paths } else { &mut self.paths }.extend(of(stated, "path"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::catalog::Content;
    use super::*;

    fn told(files: &[(&str, &str)]) -> Option<String> {
        let companion =
            |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| text.as_bytes().to_vec());
        let found = development(&File { path: "Cargo.lock", content: Content::Bytes(b""), companion: &companion })?;
        let one = |(name, only): (String, BTreeSet<String>)| {
            format!("{name}: {}", only.into_iter().collect::<Vec<_>>().join(" "))
        };
        Some(found.into_iter().map(one).collect::<Vec<_>>().join(", "))
    }

    const ROOT: &str = "[package]\nname = \"root\"\n[workspace]\nmembers = [\"a\", \"./c\"]\n\
        [workspace.dependencies]\nshared = {package = \"real\", version = \"1\"}\nnear = {path = \"near\"}\n\
        [dependencies]\nb = {path = \"x/b\"}\nused = \"1\"\n[target.'cfg(unix)'.dev-dependencies]\nused = \"1\"\nunixy = \"1\"\n";

    #[test]
    fn every_manifest_is_followed() {
        let a = "[package]\nname = \"a\"\n[dev-dependencies]\nshared = {workspace = true}\nnear.workspace = true\n";
        let b = "[package]\nname = \"b\"\n[build-dependencies]\ncc = \"1\"\n[dev-dependencies]\ncc = \"1\"\nup = {path = \"../../a\"}\n";
        let near = "[package]\nname = \"near\"\n";
        let files = [(NAME, ROOT), ("a/Cargo.toml", a), ("x/b/Cargo.toml", b), ("near/Cargo.toml", near)];
        assert_eq!(told(&files).as_deref(), Some("a: near real, b: up, near: , root: unixy"));
        assert_eq!(told(&files[..1]).as_deref(), Some("root: unixy"));
    }

    #[test]
    fn patterns_are_followed() {
        let root = "[workspace]\nmembers = [\"crates/*\", \"x\"]\n";
        let member = "[package]\nname = \"m\"\n[dev-dependencies]\na = \"1\"\n";
        let files = [(NAME, root), ("crates/*/Cargo.toml", "crates/m/Cargo.toml"), ("crates/m/Cargo.toml", member)];
        assert_eq!(told(&files).as_deref(), Some("m: a"));
        let stars = vec!["\"crates/*\""; PATTERNS + 1].join(",");
        let many = format!("[workspace]\nmembers = [{stars}]\n");
        assert_eq!(told(&[(NAME, &many), files[1], files[2]]), None);
    }

    #[test]
    fn where_not_all_are_known_nothing_is_told() {
        assert_eq!(told(&[(NAME, &ROOT.replace("\"a\"", "\"crates/*\""))]), None);
        assert_eq!(told(&[(NAME, "not TOML")]), None);
        assert_eq!(told(&[(NAME, "[package]\nversion = \"1\"\n")]), None);
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[(NAME, "[workspace]\n")]).as_deref(), Some(""));
    }
}
