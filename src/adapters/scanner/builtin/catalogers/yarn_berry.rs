//! `yarn.lock` of yarn 2 and later: YAML, with `__metadata`.
//!
//! Members of the workspace are the project's own code and are left out; a patched package is the package that was patched.
//! Where two entries have one key, as after a merge, yarn takes the last, and so is it here.
//! Format: <https://yarnpkg.com/configuration/manifest> and what yarn writes.

use super::super::catalog::{ParseError, Parsed};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::npm_lock;
use super::yaml::{self, Scalar};
use super::yarn_lock::split;
use crate::model::{Component, Purl};
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

/// Reads the text of a file that has `__metadata`.
pub(super) fn parse(text: &str) -> Result<Parsed, ParseError> {
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
        match component(key, entry) {
            Ok(component) => known.push((entry, key, component)),
            Err(reason) => all.gap(reason),
        }
    }
    let mut exact: BTreeMap<&str, Option<&Purl>> = BTreeMap::new();
    // By name alone: nothing where several packages have it, or a member of the workspace.
    let mut named: BTreeMap<&str, Option<&Purl>> = BTreeMap::new();
    for (_, key, component) in &known {
        let purl = component.as_ref().map(|component| &component.purl);
        for descriptor in key.split(", ") {
            exact.insert(descriptor, purl);
            let of_name = named.entry(split(descriptor).0).or_insert(purl);
            *of_name = of_name.filter(|known| Some(*known) == purl);
        }
    }
    let mut needs: Vec<Vec<Purl>> = Vec::with_capacity(known.len());
    for (entry, key, _) in &known {
        let mut purls = Vec::new();
        for (name, range) in entry.dependencies.iter().flatten() {
            let range = range.as_str();
            let optional = entry.dependencies_meta.as_ref().and_then(|meta| meta.get(name)).is_some_and(|m| m.optional);
            let tries = [format!("{name}@{range}"), format!("{name}@npm:{range}")];
            let found = tries.iter().find_map(|descriptor| exact.get(descriptor.as_str()));
            // `resolutions` of a project can put another range in place of the one asked for, never another name.
            match (found, named.get(name.as_str())) {
                (Some(Some(purl)), _) | (None, Some(Some(purl))) => purls.extend(all.link(purl)),
                (None, None) if !optional => {
                    all.gap(format!("{} needs `{name}`, which is not in the file", split(key).0));
                }
                _ => {}
            }
        }
        needs.push(purls);
    }
    for ((_, _, component), needs) in known.into_iter().zip(needs) {
        if let Some(mut component) = component {
            component.depends_on = needs;
            all.add(component);
        }
    }
    Ok(all.finish())
}

/// The component of an entry; `None` for a member of the workspace.
fn component(key: &str, entry: &Entry) -> Result<Option<Component>, String> {
    let resolution = entry.resolution.as_str();
    let (name, reference) = split(resolution);
    if name.is_empty() || entry.version.as_str().is_empty() || entry.language_name.as_str().is_empty() {
        return Err(format!("`{key}` is not whole: it lacks its resolution, version or languageName"));
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
    use super::super::testing::{NOTHING, components, damage, parse as parse_file};
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
    fn a_cut_file_does_not_pass() {
        damage(&YarnLock, "yarn.lock", SAMPLE);
        for end in ["\"c-alias", "    c: ^3", "  resolution: \"c", "\"b@patch"] {
            let half = parse_file(&YarnLock, "yarn.lock", &SAMPLE[..SAMPLE.find(end).unwrap()]);
            assert!(half.map_or(true, |parsed| !parsed.gaps.is_empty()), "{end}");
        }
    }
}
