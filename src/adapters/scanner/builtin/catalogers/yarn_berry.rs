//! `yarn.lock` of yarn 2 and later: YAML, with `__metadata`.
//!
//! Members of the workspace are the project's own code and are left out; a patched package is the package that was patched.
//! Where two entries have one key, as after a merge, yarn takes the last, and so is it here.
//! Format: <https://yarnpkg.com/configuration/manifest> and what yarn writes.

use super::super::catalog::{File, ParseError, Parsed};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::npm_lock;
use super::package_json::Manifest;
use super::reach::{self, Edge};
use super::yaml::{self, Scalar};
use super::yarn_lock::split;
use crate::model::{Component, Purl, Scope};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    version: Scalar,
    resolution: Scalar,
    dependencies: Option<BTreeMap<String, Scalar>>,
    dependencies_meta: Option<BTreeMap<String, Meta>>,
    language_name: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Meta {
    optional: bool,
}

/// Reads the text of a file that has `__metadata`; the manifests of the workspace lie beside it.
pub(super) fn parse(text: &str, file: &File<'_>) -> Result<Parsed, ParseError> {
    let mut all = Collector::default();
    let documents = yaml::documents_by_last_keys::<BTreeMap<String, Entry>>(text)?;
    let entries: Vec<(&str, &Entry)> = documents
        .iter()
        .flatten()
        .filter(|(key, _)| key.as_str() != "__metadata")
        .map(|(key, entry)| (key.as_str(), entry))
        .collect();
    let mut known: Vec<(&Entry, &str, Option<Component>)> = Vec::new();
    for (key, entry) in &entries {
        if lacks(entry) {
            all.gap(format!("`{key}` is not whole: it lacks its resolution, version or languageName"));
        }
        match component(key, entry) {
            Ok(component) => known.push((entry, key, component)),
            Err(reason) => all.gap(reason),
        }
    }
    let mut exact: BTreeMap<&str, usize> = BTreeMap::new();
    // By name alone: nothing where several packages have it, or a member of the workspace.
    let mut named: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for (index, (_, key, component)) in known.iter().enumerate() {
        let purl = component.as_ref().map(|component| &component.purl);
        let of = |at: usize| known.get(at).and_then(|(_, _, component)| component.as_ref()).map(|it| &it.purl);
        for descriptor in key.split(", ") {
            exact.insert(descriptor, index);
            let of_name = named.entry(split(descriptor).0).or_insert(Some(index).filter(|_| purl.is_some()));
            *of_name = of_name.filter(|known| of(*known) == purl);
        }
    }
    let mut edges: Vec<Vec<Edge>> = Vec::with_capacity(known.len());
    let mut roots = Vec::new();
    for (index, (entry, key, component)) in known.iter().enumerate() {
        let manifest = match (component, split(entry.resolution.as_str()).1.strip_prefix("workspace:")) {
            (None, Some(place)) => Manifest::beside(file, place),
            _ => None,
        };
        let mut found = Vec::new();
        for (name, range) in entry.dependencies.iter().flatten() {
            let range = range.as_str();
            let optional = entry.dependencies_meta.as_ref().and_then(|meta| meta.get(name)).is_some_and(|m| m.optional);
            let tries = [format!("{name}@{range}"), format!("{name}@npm:{range}")];
            let exactly = tries.iter().find_map(|descriptor| exact.get(descriptor.as_str()));
            // `resolutions` of a project can put another range in place of the one asked for, never another name.
            match (exactly, named.get(name.as_str())) {
                (Some(to), _) | (None, Some(Some(to))) => match manifest.as_ref().and_then(|it| it.scope(name)) {
                    Some(Scope::Development) => roots.push((*to, Scope::Development)),
                    _ => found.push(Edge { to: *to, optional }),
                },
                (None, None) if !optional => {
                    all.gap(format!("{} needs `{name}`, which is not in the file", split(key).0));
                }
                _ => {}
            }
        }
        edges.push(found);
        roots.extend(component.is_none().then_some((index, Scope::Runtime)));
    }
    // Yarn lists the workspace itself; where that is not so, its manifest says what it needs.
    let root = Manifest::beside(file, "").filter(|_| roots.is_empty());
    for (name, range, scope) in root.iter().flat_map(Manifest::wishes) {
        let tries = [format!("{name}@{range}"), format!("{name}@npm:{range}")];
        let exactly = tries.iter().find_map(|descriptor| exact.get(descriptor.as_str())).copied();
        roots.extend(exactly.or(named.get(name).copied().flatten()).map(|node| (node, scope)));
    }
    let scopes = reach::scopes(&edges, &roots);
    // Yarn's own patches stand beside what they patch, and nothing asks for them by their name.
    let mut told: BTreeMap<&Purl, Scope> = BTreeMap::new();
    for ((_, _, component), scope) in known.iter().zip(&scopes) {
        if let (Some(component), Some(scope)) = (component, scope) {
            let of_all = told.entry(&component.purl).or_insert(*scope);
            *of_all = (*of_all).min(*scope);
        }
    }
    let scopes: Vec<Scope> = known
        .iter()
        .zip(scopes)
        .map(|((_, _, component), scope)| {
            let twin = component.as_ref().and_then(|component| told.get(&component.purl)).copied();
            scope.or(twin).unwrap_or_default()
        })
        .collect();
    let purls: Vec<_> = known.iter().map(|(_, _, component)| component.as_ref().map(|it| it.purl.clone())).collect();
    for (((_, _, component), edges), scope) in known.into_iter().zip(&edges).zip(scopes) {
        let Some(mut component) = component else { continue };
        component.depends_on = edges.iter().filter_map(|edge| all.link(purls.get(edge.to)?.as_ref()?)).collect();
        component.scope = scope;
        all.add(component);
    }
    Ok(all.finish())
}

/// Whether an entry was cut off.
fn lacks(entry: &Entry) -> bool {
    [&entry.resolution, &entry.version, &entry.language_name].iter().any(|field| field.as_str().is_empty())
}

/// The component of an entry; `None` for a member of the workspace.
fn component(key: &str, entry: &Entry) -> Result<Option<Component>, String> {
    let resolution = entry.resolution.as_str();
    let (name, reference) = split(resolution);
    if name.is_empty() {
        // It is told as not whole.
        return Ok(None);
    }
    let (protocol, rest) = reference.split_once(':').unwrap_or(("", reference));
    let origin = match protocol {
        "workspace" | "link" | "portal" => return Ok(None),
        "npm" | "patch" => Origin::Registry,
        "file" | "exec" => Origin::Local,
        "" => return Err(format!("`{key}`: `{resolution}` is not a resolution")),
        _ => match npm_lock::origin(reference) {
            Origin::Download(_) if rest.contains("#commit=") => Origin::repository(reference),
            origin => origin,
        },
    };
    identity::npm(name, entry.version.as_str(), &origin).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse as parse_file, parse_with};
    use super::super::yarn_lock::YarnLock;

    const SAMPLE: &str = r#"# generated

__metadata:
  version: 8
  cacheKey: 10

"a@npm:^1.0.0, a@npm:^1.1.0":
  version: 1.1.0
  resolution: "a@npm:1.1.0"
  dependencies:
    b: "npm:^2.0.0"
    c: ^3.0.0
    gone: "npm:^1.0.0"
  dependenciesMeta:
    gone:
      optional: true
  languageName: node
  linkType: hard

"b@patch:b@npm%3A2.0.0#~/.yarn/b.patch":
  version: 2.0.0
  resolution: "b@patch:b@npm%3A2.0.0#~/.yarn/b.patch::version=2.0.0&hash=1"
  languageName: node
  linkType: hard

"c-alias@npm:c@^3.0.0, c@npm:^3.0.0":
  version: 3.0.0
  resolution: "c@npm:3.0.0"
  languageName: node
  linkType: hard

"g@https://github.com/o/g.git#f2435fe1f9f7c91ade0bd472c4723e5eacd7d19a":
  version: 2.1.6+git
  resolution: "g@https://github.com/o/g.git#commit=f2435fe1f9f7c91ade0bd472c4723e5eacd7d19a"
  languageName: node
  linkType: hard

"root@workspace:.":
  version: 0.0.0-use.local
  resolution: "root@workspace:."
  dependencies:
    a: "npm:^1.0.0"
  languageName: unknown
  linkType: soft
"#;

    #[test]
    fn reads_entries() {
        let parsed = parse_file(&YarnLock, "yarn.lock", SAMPLE).unwrap();
        assert_eq!(parsed.gaps, NOTHING);
        let shown: Vec<String> = components(&parsed)
            .iter()
            .map(|c| format!("{}@{} {} {}", c.name, c.version, c.ecosystem.is_some(), c.depends_on.len()))
            .collect();
        assert_eq!(shown, ["a@1.1.0 true 2", "b@2.0.0 true 0", "c@3.0.0 true 0", "g@2.1.6+git false 0"]);
    }

    #[test]
    fn of_two_entries_with_one_key_the_last_counts() {
        let again = "\"c-alias@npm:c@^3.0.0, c@npm:^3.0.0\":\n  version: 3.0.1\n  resolution: \"c@npm:3.0.1\"\n  languageName: node\n";
        let parsed = parse_file(&YarnLock, "yarn.lock", &format!("{SAMPLE}\n{again}")).unwrap();
        assert_eq!(parsed.gaps, NOTHING);
        let shown: Vec<String> = components(&parsed).iter().map(|c| format!("{}@{}", c.name, c.version)).collect();
        assert_eq!(shown, ["a@1.1.0", "b@2.0.0", "c@3.0.1", "g@2.1.6+git"]);
    }

    #[test]
    fn manifests_of_the_workspace_say_what_is_for_development() {
        let member = r#"
"m@workspace:packages/m":
  version: 0.0.0-use.local
  resolution: "m@workspace:packages/m"
  dependencies:
    c-alias: c@^3.0.0
    b: "patch:b@npm%3A2.0.0#~/.yarn/b.patch"
    g: "https://github.com/o/g.git#f2435fe1f9f7c91ade0bd472c4723e5eacd7d19a"
  dependenciesMeta:
    g:
      optional: true
  languageName: unknown
  linkType: soft
"#;
        let text = format!("{SAMPLE}{member}");
        let scopes = |root: &'static str, member: Option<&'static str>| {
            let companion = |path: &str| match path {
                "package.json" => Some(root.as_bytes().to_vec()),
                "packages/m/package.json" => member.map(|text| text.as_bytes().to_vec()),
                _ => None,
            };
            let parsed = parse_with(&YarnLock, "yarn.lock", &text, &companion).unwrap();
            assert_eq!(parsed.gaps, NOTHING);
            let shown = components(&parsed);
            shown.iter().map(|c| format!("{} {:?}", c.name, c.scope)).collect::<Vec<_>>().join(", ")
        };
        let root = r#"{"devDependencies":{"a":"^1.0.0"}}"#;
        assert_eq!(
            scopes(root, Some(r#"{"dependencies":{"c-alias":"c@^3.0.0"},"devDependencies":{"b":"2"}}"#)),
            "a Development, b Development, c Runtime, g Optional"
        );
        assert_eq!(scopes(root, None), "a Development, b Runtime, c Runtime, g Optional");
        assert_eq!(scopes("{}", None), "a Runtime, b Runtime, c Runtime, g Optional");
    }

    #[test]
    fn a_patch_of_yarns_own_is_needed_for_what_it_patches() {
        let patched = "\n\"a@patch:a@npm%3A^1.0.0#optional!builtin<compat/a>\":\n  version: 1.1.0\n  \
                       resolution: \"a@patch:a@npm%3A1.1.0#optional!builtin<compat/a>::version=1.1.0&hash=1\"\n  languageName: node\n";
        let manifest = r#"{"devDependencies":{"a":"^1.0.0"}}"#;
        let companion = |path: &str| (path == "package.json").then(|| manifest.as_bytes().to_vec());
        let parsed = parse_with(&YarnLock, "yarn.lock", &format!("{SAMPLE}{patched}"), &companion).unwrap();
        let shown: Vec<String> = components(&parsed).iter().map(|c| format!("{} {:?}", c.name, c.scope)).collect();
        assert_eq!(shown, ["a Development", "b Development", "c Development", "g Runtime"]);
    }

    #[test]
    fn the_manifest_says_it_where_the_workspace_is_not_listed() {
        let text = &SAMPLE[..SAMPLE.find("\"root@").unwrap()];
        let manifest = r#"{"dependencies":{"c-alias":"c@^3.0.0"},"devDependencies":{"a":"^1.1.0"}}"#;
        let companion = |path: &str| (path == "package.json").then(|| manifest.as_bytes().to_vec());
        let parsed = parse_with(&YarnLock, "yarn.lock", text, &companion).unwrap();
        let shown: Vec<String> = components(&parsed).iter().map(|c| format!("{} {:?}", c.name, c.scope)).collect();
        assert_eq!(shown, ["a Development", "b Development", "c Runtime", "g Runtime"]);
    }

    #[test]
    fn an_entry_that_is_not_whole_is_listed_and_told() {
        let cut = SAMPLE.replacen("  languageName: node\n  linkType: hard\n", "", 1);
        let parsed = parse_file(&YarnLock, "yarn.lock", &cut).unwrap();
        assert_eq!((components(&parsed).len(), parsed.gaps.len()), (4, 1), "{:?}", parsed.gaps);
    }

    #[test]
    fn a_cut_file_does_not_pass() {
        damage(&YarnLock, "yarn.lock", SAMPLE);
        for end in ["\"c-alias", "    c: ^3", "  resolution: \"c", "\"b@patch"] {
            let half = parse_file(&YarnLock, "yarn.lock", &SAMPLE[..SAMPLE.find(end).unwrap()]);
            assert!(half.map_or(true, |parsed| !parsed.gaps.is_empty()), "{end}");
        }
    }
}
