//! `Cargo.lock`, versions 1 to 4: every package of a Rust workspace, with what each needs.
//!
//! Packages without a source (the workspace's own, path dependencies) are listed and, as those from git and from other
//! registries, have no ecosystem: crates.io's advisories do not speak of them. What is for development only stands in the
//! manifests alone. Format: cargo's `resolver/encode.rs`.

use super::reach::{self, Edge};
use super::{cargo_manifests, toml_lock};
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};
use crate::model::{Component, Ecosystem, EcosystemKind, Purl, Scope};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const CRATES_IO: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

/// Reads `Cargo.lock`.
pub(super) struct CargoLock;

#[derive(Deserialize)]
struct RawLock {
    version: Option<u64>,
    root: Option<RawPackage>,
    #[serde(default)]
    package: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: Option<String>,
    version: Option<String>,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Cataloger for CargoLock {
    fn name(&self) -> &'static str {
        "cargo-lock"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "Cargo.lock"
    }

    fn companions(&self) -> &'static [&'static str] {
        &[cargo_manifests::NAME]
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: RawLock = toml_lock::read(file)?;
        if let Some(version) = lock.version.filter(|version| !(1..=4).contains(version)) {
            return Err(ParseError(format!("lockfile version {version} is not known (1 to 4 are)")));
        }
        if lock.root.is_none() && lock.package.is_empty() {
            return Err(ParseError("it names no package, not even its own".into()));
        }
        let packages: Vec<_> = lock.root.into_iter().chain(lock.package).collect();
        let has_own = packages.iter().any(|package| package.source.is_none());
        let mut parsed = catalog(packages);
        if let Some(development) = cargo_manifests::development(file) {
            tell(&mut parsed, &development);
        }
        if !has_own {
            parsed.gap("it has no entry for the workspace itself: cut off".into());
        }
        Ok(parsed)
    }
}

/// Marks what the workspace's packages need for development only, and what that needs in turn. Nothing where a package without a
/// source, which is of the workspace or lies beside it, has no manifest that is known.
fn tell(parsed: &mut Parsed, development: &BTreeMap<String, BTreeSet<String>>) {
    let mut components: Vec<&mut Component> = parsed
        .found
        .iter_mut()
        .filter_map(|found| if let Found::Component(component) = found { Some(component) } else { None })
        .collect();
    let place: BTreeMap<&str, usize> =
        components.iter().enumerate().map(|(index, component)| (component.purl.as_str(), index)).collect();
    let mut edges: Vec<Vec<Edge>> = Vec::with_capacity(components.len());
    let mut roots = Vec::new();
    for (index, component) in components.iter().enumerate() {
        let own = component.ecosystem.is_none() && !component.purl.as_str().contains('?');
        let only = match development.get(&component.name).filter(|_| own) {
            None if own => return,
            only => only,
        };
        let to: Vec<usize> = component.depends_on.iter().filter_map(|purl| place.get(purl.as_str()).copied()).collect();
        let (for_tests, needed): (Vec<usize>, Vec<usize>) = to
            .into_iter()
            .partition(|to| only.zip(components.get(*to)).is_some_and(|(only, target)| only.contains(&target.name)));
        edges.push(needed.into_iter().map(|to| Edge { to, optional: false }).collect());
        roots.extend(for_tests.into_iter().map(|node| (node, Scope::Development)));
        roots.extend(own.then_some((index, Scope::Runtime)));
    }
    for (component, scope) in components.iter_mut().zip(reach::scopes(&edges, &roots)) {
        component.scope = scope.unwrap_or_default();
    }
}

fn catalog(packages: Vec<RawPackage>) -> Parsed {
    let mut parsed = Parsed::default();
    let mut entries = Vec::new();
    let mut by_name: BTreeMap<String, BTreeMap<String, BTreeMap<String, Purl>>> = BTreeMap::new();
    for (index, package) in packages.into_iter().enumerate() {
        let (Some(name), Some(version)) = (&package.name, &package.version) else {
            parsed.gap(format!("package {} has no name or no version", index + 1));
            continue;
        };
        match component(name, version, package.source.as_deref()) {
            Ok(component) => {
                let source = without_commit(package.source.as_deref().unwrap_or_default()).to_owned();
                let versions = by_name.entry(name.clone()).or_default();
                versions.entry(version.clone()).or_default().insert(source, component.purl.clone());
                entries.push((component, package.dependencies));
            }
            Err(reason) => parsed.gap(format!("package {}: {reason}", index + 1)),
        }
    }
    for (mut component, dependencies) in entries {
        let mut needs = BTreeSet::new();
        for dependency in &dependencies {
            match resolve(&by_name, dependency) {
                Some(purl) => drop(needs.insert(purl.clone())),
                None => parsed.gap(format!(
                    "`{}` needs `{}`, of which there is not exactly one entry",
                    component.name,
                    dependency.escape_debug()
                )),
            }
        }
        component.depends_on = needs.into_iter().collect();
        parsed.add(Found::Component(component));
    }
    parsed
}

fn component(name: &str, version: &str, source: Option<&str>) -> Result<Component, String> {
    let qualifier = match source {
        None => None,
        Some(source) if CRATES_IO.contains(&source) => None,
        Some(source) => Some(match source.strip_prefix("git+") {
            Some(_) => ("vcs_url", toml_lock::vcs_url(source)),
            None => ("repository_url", source.split_once('+').map_or(source, |(_, url)| url).to_owned()),
        }),
    };
    let ecosystem = source.filter(|_| qualifier.is_none()).map(|_| Ecosystem::plain(EcosystemKind::CratesIo));
    let qualifiers: Vec<_> = qualifier.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let purl = Purl::build("cargo", None, name, Some(version), &qualifiers).map_err(|error| error.to_string())?;
    Ok(Component::new(purl, name, version, ecosystem))
}

fn without_commit(source: &str) -> &str {
    source.split_once('#').map_or(source, |(source, _)| source)
}

/// The one package that `name`, `name version` or `name version (source)` means.
fn resolve<'a>(
    packages: &'a BTreeMap<String, BTreeMap<String, BTreeMap<String, Purl>>>,
    dependency: &str,
) -> Option<&'a Purl> {
    let mut parts = dependency.splitn(3, ' ');
    let versions = packages.get(parts.next()?)?;
    let sources = match parts.next() {
        Some(version) => versions.get(version)?,
        None if versions.len() == 1 => versions.values().next()?,
        None => return None,
    };
    match parts.next() {
        Some(source) => sources.get(without_commit(source.strip_prefix('(')?.strip_suffix(')')?)),
        None if sources.len() == 1 => sources.values().next(),
        None => sources.get(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::scanner::builtin::catalog::Content;

    fn parse(text: &str) -> Result<Parsed, ParseError> {
        CargoLock.parse(&File { path: "Cargo.lock", content: Content::Bytes(text.as_bytes()), companion: &|_| None })
    }

    fn purls(parsed: &Parsed) -> Vec<(String, bool, usize)> {
        let read = |found: &Found| match found {
            Found::Component(c) => (c.purl.to_string(), c.ecosystem.is_some(), c.depends_on.len()),
            other => panic!("{other:?}"),
        };
        parsed.found.iter().map(read).collect()
    }

    #[test]
    fn sources_decide_where_advisories_are_looked_up() {
        let parsed = parse(
            "version = 4\n\
             [[package]]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\"a 1.0.0\", \"b\", \"c\"]\n\
             [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
             [[package]]\nname = \"a\"\nversion = \"2.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
             [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"git+https://example.com/b?rev=12#1234\"\n\
             [[package]]\nname = \"c\"\nversion = \"1.0.0\"\nsource = \"sparse+https://crates.example.com/\"\n",
        )
        .unwrap();
        assert_eq!(parsed.gaps, Vec::<String>::new());
        let expected = [
            ("pkg:cargo/own@0.1.0", false, 3),
            ("pkg:cargo/a@1.0.0", true, 0),
            ("pkg:cargo/a@2.0.0", true, 0),
            ("pkg:cargo/b@1.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fb%401234", false, 0),
            ("pkg:cargo/c@1.0.0?repository_url=https:%2F%2Fcrates.example.com%2F", false, 0),
        ];
        assert_eq!(purls(&parsed), expected.map(|(purl, known, needs)| (purl.to_owned(), known, needs)));
    }

    #[test]
    fn the_first_version_names_sources_and_a_root() {
        let source = "registry+https://github.com/rust-lang/crates.io-index";
        let parsed = parse(&format!(
            "[root]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\"a 1.0.0 ({source})\"]\n\
             [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n[metadata]\n\"checksum a\" = \"0\"\n"
        ))
        .unwrap();
        assert!(parsed.gaps.is_empty(), "{:?}", parsed.gaps);
        assert_eq!(purls(&parsed)[0], ("pkg:cargo/own@0.1.0".to_owned(), false, 1));
    }

    #[test]
    fn manifests_tell_what_is_for_development() {
        let package = |name: &str, source: bool, needs: &str| {
            let source = if source { format!("source = \"{}\"\n", CRATES_IO[0]) } else { String::new() };
            format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{source}dependencies = [{needs}]\n")
        };
        let text = [
            "version = 4\n".to_owned(),
            package("own", false, "\"beside\", \"serde\", \"check\""),
            package("beside", false, "\"check\""),
            package("serde", true, ""),
            package("check", true, "\"bits\", \"serde\""),
            package("bits", true, ""),
        ]
        .concat();
        let scopes = |beside: Option<&'static str>| {
            let own = "[package]\nname = \"own\"\n[dependencies]\nbeside = {path = \"b\"}\nserde = \"1\"\n[dev-dependencies]\ncheck = \"1\"\n";
            let companion = |path: &str| match path {
                "Cargo.toml" => Some(own.as_bytes().to_vec()),
                "b/Cargo.toml" => beside.map(|text| text.as_bytes().to_vec()),
                _ => None,
            };
            let file = File { path: "Cargo.lock", content: Content::Bytes(text.as_bytes()), companion: &companion };
            let parsed = CargoLock.parse(&file).unwrap();
            assert_eq!(parsed.gaps, Vec::<String>::new());
            let development = |found: &Found| match found {
                Found::Component(c) if c.scope == Scope::Development => Some(c.name.clone()),
                _ => None,
            };
            parsed.found.iter().filter_map(development).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(scopes(Some("[package]\nname = \"beside\"\n[dev-dependencies]\ncheck = \"1\"\n")), "check bits");
        assert_eq!(scopes(Some("[package]\nname = \"beside\"\n[dependencies]\ncheck = \"1\"\n")), "");
        assert_eq!(scopes(None), "");
    }

    #[test]
    fn what_is_cut_off_is_missed() {
        let parsed =
            parse("version = 3\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\"zlib\"]\n")
                .unwrap();
        assert_eq!(parsed.gaps, ["`own` needs `zlib`, of which there is not exactly one entry"]);
        let parsed = parse("version = 3\n[[package]]\nname = \"own\"\n").unwrap();
        assert_eq!(parsed.gaps, ["package 1 has no name or no version"]);
        assert!(parse("").is_err() && parse("version = 3\n").is_err() && parse("version = 9\n[[package]]\n").is_err());
        assert!(parse("version = 3\n[[package]]\nname = \"ow").is_err());
    }
}
