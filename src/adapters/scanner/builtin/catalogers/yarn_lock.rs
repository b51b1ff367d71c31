//! `yarn.lock` of yarn 1; the files of later yarns, which share the name, go to [`yarn_berry`](super::yarn_berry).
//!
//! The form is yarn's own: a line of descriptors (`a@^1.0.0, "a@npm:b@^2":`), its fields indented by two, theirs by four. It
//! has no end mark, so that every entry must be whole and every dependency must be there by name. For what a package is needed
//! is told by the `package.json` beside it and those of the members of its workspace; where not all are found it is not known.
//! Format: <https://classic.yarnpkg.com/lang/en/docs/yarn-lock/>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::package_json::{self, Manifest};
use super::reach::{self, Edge};
use super::{npm_lock, yarn_berry};
use crate::model::{Component, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// Reads yarn's lockfiles.
pub(super) struct YarnLock;

impl Cataloger for YarnLock {
    fn name(&self) -> &'static str {
        "yarn-lock"
    }

    fn revision(&self) -> u32 {
        3
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "yarn.lock"
    }

    fn companions(&self) -> &'static [&'static str] {
        &[package_json::NAME]
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut lines = text.lines();
        if lines.any(|line| line.trim_end() == "__metadata:") {
            return yarn_berry::parse(&text, file);
        }
        let entries = entries(&text)?;
        if entries.is_empty() && !text.contains("yarn lockfile v1") {
            return Err(ParseError("not a yarn lockfile: neither entries nor yarn's first line".into()));
        }
        Ok(read(&entries, &manifests(file)))
    }
}

/// A locked package.
#[derive(Debug, Default)]
struct Entry {
    line: usize,
    descriptors: Vec<String>,
    version: Option<String>,
    resolved: Option<String>,
    has_integrity: bool,
    dependencies: Vec<(String, String)>,
    optional: Vec<(String, String)>,
}

fn entries(text: &str) -> Result<Vec<Entry>, ParseError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut block = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let error = |what: &str| ParseError(format!("line {}: {what}", index + 1));
        let words = words(content).ok_or_else(|| error("a quote without its end"))?;
        match line.len() - content.len() {
            0 => {
                let descriptors = words.strip_suffix(&[Word::Colon]).ok_or_else(|| error("neither entry nor field"))?;
                let descriptors: Vec<String> = descriptors.iter().filter_map(Word::text).map(str::to_owned).collect();
                if descriptors.is_empty() {
                    return Err(error("an entry without a name"));
                }
                entries.push(Entry { line: index + 1, descriptors, ..Entry::default() });
                block.clear();
            }
            indent => {
                let entry = entries.last_mut().ok_or_else(|| error("a field before the first entry"))?;
                match (indent, words.as_slice()) {
                    (2, [Word::Text(name), Word::Colon]) => name.clone_into(&mut block),
                    (2, [Word::Text(name), Word::Text(value), ..]) => match name.as_str() {
                        "version" => entry.version = Some(value.clone()),
                        "resolved" => entry.resolved = Some(value.clone()),
                        "integrity" => entry.has_integrity = true,
                        _ => {}
                    },
                    (4.., [Word::Text(name), Word::Text(range), ..]) => match block.as_str() {
                        "dependencies" => entry.dependencies.push((name.clone(), range.clone())),
                        "optionalDependencies" => entry.optional.push((name.clone(), range.clone())),
                        _ => {}
                    },
                    (4.., _) if !matches!(block.as_str(), "dependencies" | "optionalDependencies") => {}
                    _ => return Err(error("neither entry nor field")),
                }
            }
        }
    }
    Ok(entries)
}

#[derive(Debug, PartialEq, Eq)]
enum Word {
    Text(String),
    Colon,
}

impl Word {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Colon => None,
        }
    }
}

/// A line's words; commas between them are dropped, a colon at the end is kept. `None` for a quote that is not closed.
fn words(line: &str) -> Option<Vec<Word>> {
    let (line, colon) = match line.strip_suffix(':') {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut text = String::new();
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next()? {
                    (_, '\\') => text.push(chars.next()?.1),
                    (at, '"') => break at,
                    (_, c) => text.push(c),
                }
            };
            words.push(Word::Text(text));
            rest = &quoted[end + 1..];
        } else {
            let end = rest.find([',', ' ']).unwrap_or(rest.len());
            words.push(Word::Text(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches([',', ' ', '\t']);
    }
    if colon {
        words.push(Word::Colon);
    }
    Some(words)
}

/// The project's manifest and those of the members of its workspace; none where not all are known.
fn manifests(file: &File<'_>) -> Vec<Manifest> {
    let Some(root) = Manifest::beside(file, "") else { return Vec::new() };
    let members = root.members(file).and_then(|all| all.iter().map(|path| Manifest::beside(file, path)).collect());
    let Some(mut all): Option<Vec<Manifest>> = members else { return Vec::new() };
    all.push(root);
    all
}

fn read(entries: &[Entry], manifests: &[Manifest]) -> Parsed {
    let mut all = Collector::default();
    let mut known: Vec<(&Entry, Component)> = Vec::new();
    for entry in entries {
        match component(entry) {
            Ok(component) => known.push((entry, component)),
            Err(reason) => all.gap(format!("line {}: {reason}", entry.line)),
        }
    }
    if let [others @ .., last] = entries
        && lacks_checksum(last)
        && !others.is_empty()
        && !others.iter().any(lacks_checksum)
    {
        all.gap(format!("line {}: the last entry lacks the checksum that all others have", last.line));
    }
    let mut exact: BTreeMap<&str, usize> = BTreeMap::new();
    // By name alone: nothing where several packages have it.
    let mut named: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    let mut of_name: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, (entry, component)) in known.iter().enumerate() {
        for descriptor in &entry.descriptors {
            of_name.entry(split(descriptor).0).or_default().insert(index);
            exact.insert(descriptor, index);
            let same = |other: &usize| known.get(*other).is_some_and(|(_, other)| other.purl == component.purl);
            named.entry(split(descriptor).0).and_modify(|known| *known = known.filter(same)).or_insert(Some(index));
        }
    }
    // `resolutions` of a project can put another range in place of the one asked for, never another name.
    let find = |name: &str, range: &str| match exact.get(format!("{name}@{range}").as_str()) {
        Some(index) => Ok(Some(*index)),
        None => named.get(name).copied().ok_or(()),
    };
    let mut edges: Vec<Vec<Edge>> = Vec::with_capacity(known.len());
    for (entry, component) in &known {
        let mut found = Vec::new();
        let both = [(&entry.dependencies, false), (&entry.optional, true)];
        for (name, range, optional) in both.into_iter().flat_map(|(list, o)| list.iter().map(move |(n, r)| (n, r, o))) {
            match find(name, range) {
                Ok(to) => found.extend(to.map(|to| Edge { to, optional })),
                Err(()) if optional => {}
                Err(()) => all.gap(format!("{} needs `{name}`, which is not in the file", component.name)),
            }
        }
        edges.push(found);
    }
    let mut roots = Vec::new();
    let mut asked = BTreeSet::new();
    for (name, range, scope) in manifests.iter().flat_map(Manifest::wishes) {
        let local = ["link:", "file:", "portal:", "workspace:"].iter().any(|protocol| range.starts_with(protocol));
        match find(name, range) {
            Ok(Some(node)) => roots.push((node, scope)),
            // Which of several is meant cannot be told: none of them is for development only by this.
            Ok(None) if asked.insert((name, scope)) => {
                roots.extend(of_name.get(name).into_iter().flatten().map(|node| (*node, scope)));
            }
            Ok(None) => {}
            // A member of the workspace has no entry.
            Err(()) if scope == Scope::Optional || local || manifests.len() > 1 => {}
            Err(()) => all.gap(format!("the project needs `{name}`, which is not in the file")),
        }
    }
    let scopes = reach::scopes(&edges, &roots);
    let purls: Vec<_> = known.iter().map(|(_, component)| component.purl.clone()).collect();
    for (((_, mut component), edges), scope) in known.into_iter().zip(&edges).zip(scopes) {
        component.depends_on = edges.iter().filter_map(|edge| all.link(purls.get(edge.to)?)).collect();
        component.scope = scope.unwrap_or_default();
        all.add(component);
    }
    all.finish()
}

/// Whether an entry from a registry has no checksum. Old yarns wrote none at all.
fn lacks_checksum(entry: &Entry) -> bool {
    let published = |resolved: &str| npm_lock::origin(resolved) == Origin::Registry;
    !entry.has_integrity && entry.resolved.as_deref().is_none_or(published)
}

fn component(entry: &Entry) -> Result<Component, String> {
    let descriptor = entry.descriptors.first().map(String::as_str).unwrap_or_default();
    let (name, range) = split(descriptor);
    let name = match range.strip_prefix("npm:") {
        Some(alias) => split(alias).0,
        None => name,
    };
    let version = entry.version.as_deref().ok_or_else(|| format!("{name}: no version"))?;
    let origin = match entry.resolved.as_deref() {
        Some(resolved) => npm_lock::origin(resolved),
        None if range.starts_with("file:") || range.starts_with("link:") => Origin::Local,
        None => Origin::Registry,
    };
    identity::npm(name, version, &origin)
}

/// A descriptor's name and range: the `@` of a scope does not part them.
pub(super) fn split(descriptor: &str) -> (&str, &str) {
    match descriptor.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => (&descriptor[..at], &descriptor[at + 1..]),
        None => (descriptor, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse, parse_with};
    use super::*;

    const SAMPLE: &str = r#"# yarn lockfile v1

"@s/a@^1.0.0", "@s/a@~1.0":
  version "1.0.1"
  resolved "https://r.example/@s/a/-/a-1.0.1.tgz#e83e3a7e3f300b34cb9d87f615fa0cbf357690ee"
  integrity sha512-x
  dependencies:
    b "^2.0.0"
    c-cjs "npm:c@^1.0.0"
  optionalDependencies:
    absent "^1.0.0"

b@^1.0.0, b@^2.0.0:
  version "2.0.0"
  resolved "https://codeload.github.com/o/b/tar.gz/af885e2e890b9ef0875edd2b117305119ee5bdc5"

"c-cjs@npm:c@^1.0.0":
  version "1.5.0"
  resolved "https://r.example/c/-/c-1.5.0.tgz"
  integrity sha512-y
"#;

    #[test]
    fn reads_entries() {
        let parsed = parse(&YarnLock, "yarn.lock", SAMPLE).unwrap();
        assert_eq!(parsed.gaps, NOTHING);
        let shown: Vec<String> = components(&parsed)
            .iter()
            .map(|c| format!("{}@{} {} {}", c.name, c.version, c.ecosystem.is_some(), c.depends_on.len()))
            .collect();
        assert_eq!(shown, ["@s/a@1.0.1 true 2", "b@2.0.0 false 0", "c@1.5.0 true 0"]);
    }

    /// With a manifest beside it, and that of a member in `m`.
    fn with(manifest: &str, member: &'static str) -> Parsed {
        let companion = |path: &str| match path {
            "package.json" => Some(manifest.as_bytes().to_vec()),
            "m/package.json" => Some(member.as_bytes().to_vec()),
            _ => None,
        };
        parse_with(&YarnLock, "yarn.lock", SAMPLE, &companion).unwrap()
    }

    fn scopes(parsed: &Parsed) -> Vec<String> {
        components(parsed).iter().map(|c| format!("{} {:?}", c.name, c.scope)).collect()
    }

    #[test]
    fn the_manifest_says_what_is_for_development() {
        let manifest = r#"{"dependencies":{"b":"^1.0.0"},"devDependencies":{"@s/a":"^1.0.0"}}"#;
        let parsed = with(manifest, "");
        assert_eq!(scopes(&parsed), ["@s/a Development", "b Runtime", "c Development"]);
        assert_eq!(parsed.gaps, NOTHING);
        let member = r#"{"dependencies":{"c-cjs":"npm:c@^1.0.0","b":"^9.0.0"},"optionalDependencies":{"gone":"1"}}"#;
        let workspace = r#"{"workspaces":["m"],"devDependencies":{"@s/a":"^1.0.0"}}"#;
        assert_eq!(scopes(&with(workspace, member)), ["@s/a Development", "b Runtime", "c Runtime"]);
        // Members that cannot be found, or are not known, may need what the project has for development.
        for manifest in [workspace.replace("\"m\"", "\"n\""), workspace.replace("\"m\"", "\"*\""), "{".into()] {
            assert_eq!(scopes(&with(&manifest, member)), ["@s/a Runtime", "b Runtime", "c Runtime"], "{manifest}");
        }
    }

    #[test]
    fn what_the_project_needs_is_there() {
        let gone = with(r#"{"dependencies":{"x":"1"},"devDependencies":{"here":"link:./here","a":"file:a"}}"#, "");
        assert_eq!(gone.gaps, ["the project needs `x`, which is not in the file"]);
    }

    #[test]
    fn a_cut_file_does_not_pass() {
        damage(&YarnLock, "yarn.lock", SAMPLE);
        for end in ["b@^1.0.0", "\n\"c-cjs", "  version \"1.5", "  resolved \"https://r.example/c"] {
            let at = SAMPLE.find(end).unwrap();
            let passes = |text: &str| parse(&YarnLock, "yarn.lock", text).is_ok_and(|parsed| parsed.gaps.is_empty());
            assert!(!passes(&SAMPLE[..at]) || end.starts_with("  resolved"), "{end}");
            assert!(!passes(&SAMPLE[..at + 4]), "{end}");
        }
        for text in ["", "not a lockfile", "{}", "  version \"1\"", "a@1:\n  version \"1"] {
            assert!(parse(&YarnLock, "yarn.lock", text).is_err(), "{text}");
        }
    }
}
