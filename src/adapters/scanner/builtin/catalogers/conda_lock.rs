//! `conda-lock.yml`: what conda-lock resolved for each platform, packages of conda and of pip.
//! Format: version 1 (<https://conda.github.io/conda-lock/output/>).
//!
//! Nothing closes the file, so that a package of conda that another needs must be there for the same platform.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::conda;
use super::identity::Origin;
use super::pypi;
use super::yaml::{self, Scalar};
use crate::model::{Component, Purl, Scope};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Reads conda-lock's lockfile.
pub(super) struct CondaLock;

impl Cataloger for CondaLock {
    fn name(&self) -> &'static str {
        "conda-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let name = file.file_name();
        let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
        stem.is_some_and(|stem| stem == "conda-lock" || stem.ends_with(".conda-lock"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let documents: Vec<Lock> = yaml::documents(&file.content.text()?)?;
        let Some(lock) = documents.into_iter().next() else {
            return Err(ParseError("not a lockfile of conda-lock: it is empty".into()));
        };
        if lock.version.as_str() != "1" {
            return Err(ParseError(format!("version {:?} of the format is not read", lock.version.as_str())));
        }
        let packages = lock.package.ok_or_else(|| ParseError("it has no `package`: cut off".into()))?;
        let mut all = Collector::default();
        let mut known: Vec<(&Package, Component)> = Vec::new();
        for package in &packages {
            match component(package) {
                Ok(component) => known.push((package, component)),
                Err(reason) => all.gap(reason),
            }
        }
        let of_platform = |package: &Package, name: &str| (package.platform.as_str().to_owned(), name.to_owned());
        let purls: BTreeMap<(String, String), Purl> = known
            .iter()
            .filter(|(package, _)| package.is_conda())
            .map(|(package, component)| (of_platform(package, &component.name), component.purl.clone()))
            .collect();
        let platforms: BTreeSet<&str> = known.iter().map(|(package, _)| package.platform.as_str()).collect();
        for platform in lock.metadata.platforms.iter().filter(|platform| !platforms.contains(platform.as_str())) {
            all.gap(format!("no packages for {}: cut off", platform.as_str()));
        }
        for (package, mut component) in known {
            // A name with two underscores is what the machine brings along. What packages of pip need may go by another name
            // in conda's channels.
            let needs = package.dependencies.keys().filter(|name| package.is_conda() && !name.starts_with("__"));
            for need in needs {
                match purls.get(&of_platform(package, need)) {
                    Some(purl) => component.depends_on.extend(all.link(purl)),
                    None => all.gap(format!("{} needs `{need}`, which is not in the file", component.name)),
                }
            }
            all.add(component);
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    version: Scalar,
    #[serde(default)]
    metadata: Metadata,
    package: Option<Vec<Package>>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    platforms: Vec<Scalar>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    version: Scalar,
    #[serde(default)]
    manager: Scalar,
    #[serde(default)]
    platform: Scalar,
    #[serde(default)]
    dependencies: BTreeMap<String, Scalar>,
    #[serde(default)]
    url: Scalar,
    source: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    category: Scalar,
    #[serde(default)]
    optional: Scalar,
}

impl Package {
    fn is_conda(&self) -> bool {
        self.manager.as_str() == "conda"
    }

    fn scope(&self) -> Scope {
        match (self.category.as_str(), self.optional.as_str()) {
            ("main" | "", "true") => Scope::Optional,
            ("main" | "", _) => Scope::Runtime,
            ("dev", _) => Scope::Development,
            _ => Scope::Optional,
        }
    }
}

fn component(package: &Package) -> Result<Component, String> {
    let (name, version, url) = (package.name.as_str(), package.version.as_str(), package.url.as_str());
    if name.is_empty() || version.is_empty() {
        return Err(format!("`{name}`: a package without a name or a version"));
    }
    let component = match package.manager.as_str() {
        "conda" => {
            // The file names the channel in the address alone.
            let build = conda::archive(url).map(|(.., build)| build);
            let build = build.ok_or_else(|| format!("{name}: its `url` is not that of an archive of conda"))?;
            conda::component(name, version, build)
        }
        "pip" if url.starts_with("git+") => {
            let (address, commit) = url.rsplit_once('@').unwrap_or((url, ""));
            pypi::from(name, version, &Origin::repository(&format!("{address}#{commit}")))
        }
        "pip" if package.source.is_some() => pypi::from(name, version, &Origin::download(url)),
        "pip" => pypi::from(name, version, &Origin::Registry),
        other => Err(format!("{name}: `{other}` is no manager that is known")),
    };
    component.map(|component| Component { scope: package.scope(), ..component })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = "version: 1
metadata:
  content_hash:
    linux-64: e660
  channels:
  - url: conda-forge
    used_env_vars: []
  platforms:
  - linux-64
  - osx-64
package:
- name: bzip2
  version: 1.0.8
  manager: conda
  platform: linux-64
  dependencies:
    __glibc: '>=2.17,<3.0.a0'
    libgcc: '>=12'
  url: https://conda.example/conda-forge/linux-64/bzip2-1.0.8-h4bc722e_7.conda
  hash:
    md5: 62ee74e96c5ebb0af99386de58cf9553
  category: main
  optional: false
- name: libgcc
  version: '13.0'
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://conda.example/conda-forge/linux-64/libgcc-13.0-h1_0.tar.bz2
  category: dev
  optional: true
- name: appdirs
  version: 1.4.4
  manager: conda
  platform: osx-64
  dependencies: {}
  url: https://conda.example/conda-forge/noarch/appdirs-1.4.4-pyhd8ed1ab_1.conda
  category: docs
  optional: true
- name: Some.Thing
  version: '2.0'
  manager: pip
  platform: osx-64
  dependencies:
    gone: '>=1'
  url: https://files.example/packages/some_thing-2.0-py3-none-any.whl
  category: main
  optional: false
- name: git-thing
  version: 1.0.0
  manager: pip
  platform: osx-64
  url: git+https://u:s3cret@x.example/git-thing.git@af885e2e890b9ef0875edd2b117305119ee5bdc5
  category: main
  optional: false
";

    #[test]
    fn packages_of_both_managers_are_read() {
        let parsed = parse(&CondaLock, "conda-lock.yml", SAMPLE).unwrap();
        let show =
            |c: &&Component| format!("{} {:?} {} {}", c.purl, c.scope, c.ecosystem.is_some(), c.depends_on.len());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let git = "git%2Bhttps:%2F%2Fx.example%2Fgit-thing.git%40af885e2e890b9ef0875edd2b117305119ee5bdc5";
        let expected = [
            "pkg:conda/appdirs@1.4.4?build=pyhd8ed1ab_1&channel=conda-forge&subdir=noarch Optional true 0".to_owned(),
            "pkg:conda/bzip2@1.0.8?build=h4bc722e_7&channel=conda-forge&subdir=linux-64 Runtime true 1".into(),
            "pkg:conda/libgcc@13.0?build=h1_0&channel=conda-forge&subdir=linux-64 Development true 0".into(),
            format!("pkg:pypi/git-thing@1.0.0?vcs_url={git} Runtime false 0"),
            "pkg:pypi/some-thing@2.0 Runtime true 0".into(),
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps, NOTHING);
        damage(&CondaLock, "conda-lock.yml", SAMPLE);
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_missed() {
        let cut = |at: &str| parse(&CondaLock, "conda-lock.yml", &SAMPLE[..SAMPLE.find(at).unwrap()]);
        let gaps = cut("- name: libgcc").unwrap().gaps;
        assert_eq!(gaps, ["bzip2 needs `libgcc`, which is not in the file", "no packages for osx-64: cut off"]);
        assert!(cut("package:").is_err() && cut("version: 1").is_err());
        assert!(parse(&CondaLock, "conda-lock.yml", &SAMPLE.replacen("version: 1", "version: 2", 1)).is_err());
        for (from, to) in [("manager: pip", "manager: spack"), ("h4bc722e_7.conda", "x.zip"), ("'2.0'", "''")] {
            let gaps = parse(&CondaLock, "conda-lock.yml", &SAMPLE.replace(from, to)).unwrap().gaps;
            assert!(!gaps.is_empty(), "{to}");
        }
    }

    #[test]
    fn only_its_own_names_are_wanted() {
        let wants = |path| CondaLock.wants(&FileFacts { path, size: 1, executable: false });
        assert!(wants("a/conda-lock.yml") && wants("gpu.conda-lock.yaml"));
        assert!(!wants("conda-lock.json") && !wants("my-conda-lock.yml"));
    }
}
