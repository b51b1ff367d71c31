//! `pylock.toml` and `pylock.NAME.toml`, version 1.
//! Format: <https://packaging.python.org/en/latest/specifications/pylock-toml/>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::Origin;
use super::{pypi, toml_lock};
use crate::model::{Component, Purl};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Reads the lockfile that Python's tools share.
pub(super) struct Pylock;

impl Cataloger for Pylock {
    fn name(&self) -> &'static str {
        "pylock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let name = file.file_name();
        name == "pylock.toml" || name.starts_with("pylock.") && name.ends_with(".toml")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = toml_lock::read(file)?;
        match lock.lock_version.as_deref() {
            Some(version) if version.split('.').next() == Some("1") => {}
            Some(version) => return Err(ParseError(format!("lock-version {version} is not known (1.0 is)"))),
            None => return Err(ParseError("not a pylock file: no lock-version".into())),
        }
        let mut all = Collector::default();
        let mut known: Vec<(&Package, Component)> = Vec::new();
        for package in lock.packages.iter().filter(|package| package.directory.is_none()) {
            match component(package) {
                Ok(component) => known.push((package, component)),
                Err(reason) => all.gap(reason),
            }
        }
        let mut purls: BTreeMap<String, Option<Purl>> =
            lock.packages.iter().map(|package| (pypi::normal(&package.name), None)).collect();
        purls.extend(known.iter().map(|(_, component)| (pypi::normal(&component.name), Some(component.purl.clone()))));
        for (package, mut component) in known {
            for name in package.dependencies.iter().filter_map(|dependency| dependency.name.as_deref()) {
                match purls.get(&pypi::normal(name)) {
                    Some(purl) => component.depends_on.extend(purl.as_ref().and_then(|purl| all.link(purl))),
                    None => all.gap(format!("{} needs `{name}`, which is not in the file", package.name)),
                }
            }
            all.add(component);
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lock {
    lock_version: Option<String>,
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    vcs: Option<Vcs>,
    /// The project's own code, or that of a neighbour.
    directory: Option<IgnoredAny>,
    archive: Option<Archive>,
}

#[derive(Deserialize)]
struct Dependency {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Vcs {
    url: Option<String>,
    commit_id: Option<String>,
}

#[derive(Deserialize)]
struct Archive {
    url: Option<String>,
}

fn component(package: &Package) -> Result<Component, String> {
    let origin = match package {
        Package { vcs: Some(vcs), .. } => {
            let (url, commit) = (vcs.url.as_deref(), vcs.commit_id.as_deref());
            Origin::repository(&format!("{}#{}", url.unwrap_or_default(), commit.unwrap_or_default()))
        }
        Package { archive: Some(Archive { url: Some(address) }), .. } => Origin::download(address),
        Package { archive: Some(_), .. } => Origin::Local,
        Package { version, name, .. } if version.is_empty() => return Err(format!("{name}: no version")),
        _ => Origin::Registry,
    };
    pypi::from(&package.name, &package.version, &origin)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"lock-version = "1.0"
[[packages]]
name = "a"
version = "1.0"
dependencies = [{ name = "B" }, { name = "here" }, { name = "gone" }]
[[packages]]
name = "b"
version = "0.1"
vcs = { type = "git", url = "https://github.com/o/b", commit-id = "735093f03c4d8be70bfaaae44074ac92d7419b6d" }
[[packages]]
name = "here"
directory = { path = "." }
[[packages]]
name = "odd"
"#;

    #[test]
    fn reads_packages() {
        let parsed = parse(&Pylock, "pylock.toml", SAMPLE).unwrap();
        let show =
            |c: &&Component| format!("{}@{} {} {}", c.name, c.version, c.ecosystem.is_some(), c.depends_on.len());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["a@1.0 true 1", "b@0.1 false 0"]);
        assert_eq!(parsed.gaps, ["a needs `gone`, which is not in the file", "odd: no version"]);
        for text in ["", "lock-version = \"2.0\"", "x"] {
            assert!(parse(&Pylock, "pylock.toml", text).is_err(), "{text}");
        }
        damage(&Pylock, "pylock.toml", SAMPLE);
    }
}
