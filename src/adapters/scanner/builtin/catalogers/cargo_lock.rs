//! `Cargo.lock`, versions 1 to 4.
//!
//! Packages without a source are the workspace's own or lie beside it: they are components, but no advisories are looked up
//! for them; neither are they for git dependencies and other registries, whose names are their own.
//! Format: <https://doc.rust-lang.org/cargo/reference/resolver.html>, and cargo's `resolver/encode.rs`.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use crate::model::{Component, Purl};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reads Cargo's lockfile.
pub(super) struct CargoLock;

impl Cataloger for CargoLock {
    fn name(&self) -> &'static str {
        "cargo-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        matches!(file.file_name(), "Cargo.lock")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let lock: Lock = super::toml_text::read(&text)?;
        if lock.version.is_some_and(|version| !(1..=4).contains(&version)) {
            return Err(ParseError("a version of the format that is not known (1 to 4 are)".into()));
        }
        if lock.version.is_none() && lock.package.is_empty() && lock.root.is_none() {
            return Err(ParseError("not a Cargo lockfile: neither `version` nor packages".into()));
        }
        Ok(read(&lock.package.into_iter().chain(lock.root).collect::<Vec<_>>()))
    }
}

#[derive(Deserialize)]
struct Lock {
    version: Option<i64>,
    #[serde(default)]
    package: Vec<Package>,
    /// The project itself, in the oldest files.
    root: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

fn read(packages: &[Package]) -> Parsed {
    let mut all = Collector::default();
    let mut known: Vec<(&Package, Component)> = Vec::new();
    for package in packages {
        match identity::cargo(&package.name, &package.version, &origin(package.source.as_deref())) {
            Ok(component) => known.push((package, component)),
            Err(reason) => all.gap(reason),
        }
    }
    let mut named: BTreeMap<&str, Vec<(&Package, &Purl)>> = BTreeMap::new();
    for (package, component) in &known {
        named.entry(&package.name).or_default().push((package, &component.purl));
    }
    let mut needs: Vec<Vec<Purl>> = Vec::with_capacity(known.len());
    for (package, _) in &known {
        let mut purls = Vec::new();
        for dependency in &package.dependencies {
            match find(&named, dependency) {
                Some(purl) => purls.push(purl.clone()),
                None => all.gap(format!("{} needs `{dependency}`, which is not in the file", package.name)),
            }
        }
        needs.push(purls);
    }
    for ((_, mut component), needs) in known.into_iter().zip(needs) {
        component.depends_on = needs;
        all.add(component);
    }
    all.finish()
}

/// A dependency is written `name`, `name version` or `name version (source)`, no longer than it must be.
fn find<'a>(named: &BTreeMap<&str, Vec<(&'a Package, &'a Purl)>>, dependency: &str) -> Option<&'a Purl> {
    let mut parts = dependency.splitn(3, ' ');
    let candidates = named.get(parts.next()?)?;
    let version = parts.next();
    let source = parts.next().map(|text| text.trim_start_matches('(').trim_end_matches(')'));
    let fits = |package: &Package| {
        version.is_none_or(|version| package.version == version)
            && source.is_none_or(|wanted| package.source.as_deref().is_some_and(|source| same_source(source, wanted)))
    };
    candidates.iter().find(|(package, _)| fits(package)).map(|(_, purl)| *purl)
}

/// Sources of git dependencies are written with and without their commit.
fn same_source(a: &str, b: &str) -> bool {
    a == b || a.split('#').next() == b.split('#').next()
}

fn origin(source: Option<&str>) -> Origin {
    let Some(source) = source else { return Origin::Local };
    match source {
        "registry+https://github.com/rust-lang/crates.io-index" | "sparse+https://index.crates.io/" => Origin::Registry,
        source if source.starts_with("git+") => Origin::repository(source),
        source => {
            let address = source.strip_prefix("registry+").or_else(|| source.strip_prefix("sparse+")).unwrap_or(source);
            Origin::OtherRegistry(address.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"
version = 3

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["serde 1.0.0", "serde 2.0.0 (registry+https://github.com/rust-lang/crates.io-index)", "tool"]

[[package]]
name = "serde"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "serde"
version = "2.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "tool"
version = "0.3.0"
source = "git+https://github.com/o/tool?branch=main#af885e2e890b9ef0875edd2b117305119ee5bdc5"
dependencies = ["own"]

[[package]]
name = "own"
version = "1.0.0"
source = "registry+https://crates.example/index"
"#;

    #[test]
    fn reads_packages_and_what_they_need() {
        let parsed = parse(&CargoLock, "Cargo.lock", SAMPLE).unwrap();
        let all = components(&parsed);
        let shown: Vec<String> =
            all.iter().map(|c| format!("{} {} {}", c.name, c.version, c.ecosystem.is_some())).collect();
        assert_eq!(
            shown,
            ["app 0.1.0 false", "own 1.0.0 false", "serde 1.0.0 true", "serde 2.0.0 true", "tool 0.3.0 false"]
        );
        assert_eq!(all[0].depends_on.len(), 3);
        assert!(all[4].purl.as_str().contains("vcs_url=git"), "{}", all[4].purl);
        assert!(all[1].purl.as_str().contains("repository_url="), "{}", all[1].purl);
        assert!(parsed.gaps.is_empty());
    }

    #[test]
    fn a_cut_file_does_not_pass() {
        for (at, _) in SAMPLE.match_indices("\n\n").skip(1) {
            let parsed = parse(&CargoLock, "Cargo.lock", &SAMPLE[..at]);
            assert!(parsed.map_or(true, |parsed| !parsed.gaps.is_empty()), "{at}");
        }
        for text in ["", "this is not toml", "version = 9", "package = 1"] {
            assert!(parse(&CargoLock, "Cargo.lock", text).is_err(), "{text}");
        }
        damage(&CargoLock, "Cargo.lock", SAMPLE);
    }
}
