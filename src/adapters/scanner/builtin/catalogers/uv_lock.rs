//! `uv.lock`: every package that uv resolved for a Python workspace, without the workspace's own members; and `NAME.py.lock`,
//! the same of a script.
//!
//! uv resolves for all environments at once, so that every dependency it names has an entry; one without was cut off and
//! is a gap. What only development groups of the members or of the workspace reach has development scope, what only extras
//! reach is optional.

use super::{pypi, toml_lock};
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};
use crate::model::{Component, Purl, Scope};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Reads `uv.lock`.
pub(super) struct UvLock;

#[derive(Deserialize)]
struct RawLock {
    version: u64,
    manifest: Option<RawManifest>,
    #[serde(default)]
    package: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawManifest {
    #[serde(default)]
    members: Vec<String>,
    /// What a script asks for.
    #[serde(default)]
    requirements: Vec<RawDependency>,
    /// Groups of a workspace whose root is no project.
    #[serde(default, rename = "dependency-groups")]
    groups: BTreeMap<String, Vec<RawDependency>>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    source: BTreeMap<String, toml::Value>,
    #[serde(default)]
    dependencies: Vec<RawDependency>,
    #[serde(default, rename = "optional-dependencies")]
    optional: BTreeMap<String, Vec<RawDependency>>,
    #[serde(default, rename = "dev-dependencies")]
    development: BTreeMap<String, Vec<RawDependency>>,
}

#[derive(Deserialize)]
struct RawDependency {
    name: String,
    version: Option<String>,
}

impl RawManifest {
    /// What the workspace or script itself asks for: there is no package for that.
    fn needs(&self) -> impl Iterator<Item = (Scope, &RawDependency)> {
        let runtime = self.requirements.iter().map(|wish| (Scope::Runtime, wish));
        runtime.chain(self.groups.values().flatten().map(|wish| (Scope::Development, wish)))
    }
}

impl RawPackage {
    /// A member of the workspace or another local directory: its own files are in the subject.
    fn is_local(&self) -> bool {
        ["virtual", "editable", "directory"].iter().any(|key| self.source.contains_key(*key))
    }

    fn needs(&self) -> impl Iterator<Item = (Scope, &RawDependency)> {
        let runtime = self.dependencies.iter().map(|dependency| (Scope::Runtime, dependency));
        let optional = self.optional.values().flatten().map(|dependency| (Scope::Optional, dependency));
        let development = self.development.values().flatten().map(|dependency| (Scope::Development, dependency));
        runtime.chain(optional).chain(development)
    }
}

impl Cataloger for UvLock {
    fn name(&self) -> &'static str {
        "uv-lock"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "uv.lock" || file.file_name().ends_with(".py.lock")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: RawLock = toml_lock::read(file)?;
        if lock.version != 1 {
            return Err(ParseError(format!("lockfile version {} is not known (1 is)", lock.version)));
        }
        if lock.package.is_empty() {
            return Err(ParseError("it names no package, not even its own".into()));
        }
        let mut parsed = catalog(&lock);
        parsed.gaps.extend(missing_roots(&lock));
        Ok(parsed)
    }
}

/// What the lock is for has entries of its own, wherever the alphabet puts them: without them the file was cut off.
fn missing_roots(lock: &RawLock) -> Vec<String> {
    let names: BTreeSet<String> =
        lock.package.iter().filter_map(|package| package.name.as_deref()).map(pypi::normal).collect();
    let manifest = lock.manifest.as_ref();
    let members = manifest.into_iter().flat_map(|manifest| &manifest.members);
    let wished = manifest.into_iter().flat_map(RawManifest::needs).map(|(_, wish)| &wish.name);
    let mut gaps: Vec<String> = members
        .chain(wished)
        .filter(|name| !names.contains(&pypi::normal(name)))
        .map(|name| format!("its manifest names `{}`, which has no entry", name.escape_debug()))
        .collect();
    let wishes = manifest.is_some_and(|manifest| manifest.needs().next().is_some());
    if !wishes && !lock.package.iter().any(RawPackage::is_local) {
        gaps.push("it has no entry for the project itself: cut off".into());
    }
    gaps
}

fn catalog(lock: &RawLock) -> Parsed {
    let packages = lock.package.as_slice();
    let mut parsed = Parsed::default();
    let mut by_name: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for (index, package) in packages.iter().enumerate() {
        if let Some(name) = &package.name {
            let version = package.version.as_deref().unwrap_or_default();
            by_name.entry(pypi::normal(name)).or_default().insert(version, index);
        }
    }
    let mut needs: Vec<Vec<(Scope, usize)>> = Vec::with_capacity(packages.len());
    for package in packages {
        let mut indices = Vec::new();
        for (scope, dependency) in package.needs() {
            let versions = by_name.get(&pypi::normal(&dependency.name));
            let found = match &dependency.version {
                Some(version) => versions.and_then(|versions| versions.get(version.as_str())),
                None => versions.filter(|versions| versions.len() == 1).and_then(|versions| versions.values().next()),
            };
            match found {
                Some(index) => indices.push((scope, *index)),
                None => parsed.gap(format!(
                    "`{}` needs `{}`, of which there is not exactly one entry",
                    package.name.as_deref().unwrap_or_default().escape_debug(),
                    dependency.name.escape_debug()
                )),
            }
        }
        needs.push(indices);
    }
    let mut roots = Vec::new();
    for (scope, wish) in lock.manifest.iter().flat_map(RawManifest::needs) {
        roots.extend(
            by_name.get(&pypi::normal(&wish.name)).into_iter().flat_map(BTreeMap::values).map(|at| (scope, *at)),
        );
    }
    for (_, needs) in packages.iter().zip(&needs).filter(|(package, _)| package.is_local()) {
        roots.extend(needs);
    }
    let scopes = scopes(&roots, &needs);
    let components: Vec<Option<Component>> = packages
        .iter()
        .enumerate()
        .map(|(index, package)| match component(package) {
            Ok(component) => component,
            Err(reason) => {
                parsed.gap(format!("package {}: {reason}", index + 1));
                None
            }
        })
        .collect();
    let purls: Vec<Option<Purl>> =
        components.iter().map(|component| component.as_ref().map(|component| component.purl.clone())).collect();
    for ((component, needs), scope) in components.into_iter().zip(&needs).zip(scopes) {
        let Some(mut component) = component else { continue };
        let set: BTreeSet<_> = needs.iter().filter_map(|(_, index)| purls.get(*index).cloned().flatten()).collect();
        component.depends_on = set.into_iter().collect();
        component.scope = scope;
        parsed.add(Found::Component(component));
    }
    parsed
}

/// What each package is needed for, seen from what is asked for. Without anything, or for one that none reaches: at run time.
fn scopes(roots: &[(Scope, usize)], needs: &[Vec<(Scope, usize)>]) -> Vec<Scope> {
    let mut scopes: Vec<Option<Scope>> = vec![None; needs.len()];
    for pass in [Scope::Runtime, Scope::Optional, Scope::Development] {
        let mut open: Vec<usize> = roots.iter().filter(|(scope, _)| *scope == pass).map(|(_, index)| *index).collect();
        while let Some(index) = open.pop() {
            if let Some(slot) = scopes.get_mut(index).filter(|slot| slot.is_none()) {
                *slot = Some(pass);
                // An extra's dependencies are taken with the package: which extras were asked for matters little here.
                let next = needs.get(index).into_iter().flatten();
                open.extend(next.filter(|(scope, _)| *scope != Scope::Development).map(|(_, index)| *index));
            }
        }
    }
    scopes.into_iter().map(Option::unwrap_or_default).collect()
}

fn component(package: &RawPackage) -> Result<Option<Component>, String> {
    let name = package.name.as_deref().ok_or("no name")?;
    if package.is_local() {
        return Ok(None);
    }
    let version = package.version.as_deref().ok_or_else(|| format!("`{}` has no version", name.escape_debug()))?;
    let text = |key: &str| package.source.get(key).and_then(toml::Value::as_str);
    let elsewhere = match (text("git"), text("url")) {
        (Some(git), _) => Some(("vcs_url", toml_lock::vcs_url(git))),
        (None, Some(url)) => Some(("download_url", url.to_owned())),
        // A local path is no identity of its own; the empty value leaves the qualifier out.
        (None, None) => package.source.contains_key("path").then(|| ("download_url", String::new())),
    };
    pypi::with_source(name, version, elsewhere.as_ref().map(|(key, value)| (*key, value.as_str()))).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::scanner::builtin::catalog::Content;

    fn parse(text: &str) -> Result<Parsed, ParseError> {
        UvLock.parse(&File { path: "uv.lock", content: Content::Bytes(text.as_bytes()), companion: &|_| None })
    }

    #[test]
    fn members_are_left_out_and_give_scopes() {
        let parsed = parse(
            "version = 1\n\
             [[package]]\nname = \"own\"\nsource = { editable = \".\" }\ndependencies = [{ name = \"a\" }]\n\
             [package.dev-dependencies]\ndev = [{ name = \"b\" }, { name = \"a\" }]\n\
             [[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://pypi.org/simple\" }\n\
             [[package]]\nname = \"b\"\nversion = \"2\"\nsource = { registry = \"https://pypi.org/simple\" }\n\
             dependencies = [{ name = \"c\", version = \"3\" }]\n\
             [[package]]\nname = \"c\"\nversion = \"3\"\nsource = { git = \"https://example.com/c?rev=1#12\" }\n\
             [[package]]\nname = \"c\"\nversion = \"4\"\nsource = { path = \"c.whl\" }\n",
        )
        .unwrap();
        assert!(parsed.gaps.is_empty(), "{:?}", parsed.gaps);
        let read = |found: &Found| match found {
            Found::Component(c) => (c.purl.to_string(), c.scope, c.ecosystem.is_some(), c.depends_on.len()),
            other => panic!("{other:?}"),
        };
        let expected = [
            ("pkg:pypi/a@1".to_owned(), Scope::Runtime, true, 0),
            ("pkg:pypi/b@2".to_owned(), Scope::Development, true, 1),
            ("pkg:pypi/c@3?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fc%4012".to_owned(), Scope::Development, false, 0),
            ("pkg:pypi/c@4".to_owned(), Scope::Runtime, false, 0),
        ];
        assert_eq!(parsed.found.iter().map(read).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn scripts_and_groups_without_a_project_are_asked_for_by_the_manifest() {
        let packages = "[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"b\"\nversion = \"2\"\n";
        let script = format!("version = 1\n[manifest]\nrequirements = [{{ name = \"A\" }}]\n{packages}");
        let grouped = format!("version = 1\n[manifest.dependency-groups]\ndev = [{{ name = \"a\" }}]\n{packages}");
        for (text, scope) in [(script, Scope::Runtime), (grouped, Scope::Development)] {
            let parsed = parse(&text).unwrap();
            assert!(parsed.gaps.is_empty(), "{:?}", parsed.gaps);
            let Some(Found::Component(a)) = parsed.found.first() else { panic!("{parsed:?}") };
            assert_eq!((a.name.as_str(), a.scope, parsed.found.len()), ("a", scope, 2));
            assert_eq!(
                parse(&text.replace("\"b\"", "\"c\"").replacen("\"a\"\nv", "\"d\"\nv", 1)).unwrap().gaps.len(),
                1
            );
        }
        assert!(UvLock.wants(&FileFacts { path: "tools/release.py.lock", size: 1, executable: false }));
    }

    #[test]
    fn what_is_cut_off_is_missed() {
        let own = "[[package]]\nname = \"own\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"a\" }]\n";
        assert_eq!(parse(&format!("version = 1\n{own}")).unwrap().gaps.len(), 1);
        assert_eq!(parse("version = 1\n[[package]]\nname = \"a\"\n").unwrap().gaps.len(), 2);
        assert!(parse("version = 1").is_err() && parse("").is_err() && parse(&format!("version = 2\n{own}")).is_err());
    }
}
