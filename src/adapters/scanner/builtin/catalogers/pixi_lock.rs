//! `pixi.lock`: what pixi resolved for each environment and platform, packages of conda and of PyPI.
//!
//! The environments come first and name every package by its address; the packages follow. One that is named and has no entry
//! shows that the file was cut. Format: versions 4 to 6 (<https://pixi.sh/latest/workspace/lockfile/>).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::Origin;
use super::yaml::{self, Scalar};
use super::{conda, pypi};
use crate::model::Component;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Reads pixi's lockfile.
pub(super) struct PixiLock;

impl Cataloger for PixiLock {
    fn name(&self) -> &'static str {
        "pixi-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "pixi.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let documents: Vec<Lock> = yaml::documents(&file.content.text()?)?;
        let Some(lock) = documents.into_iter().next() else {
            return Err(ParseError("not a pixi.lock: it is empty".into()));
        };
        if !matches!(lock.version.as_str(), "4" | "5" | "6") {
            return Err(ParseError(format!("version {:?} of the format is not read", lock.version.as_str())));
        }
        let environments = lock.environments.ok_or_else(|| ParseError("it has no `environments`".into()))?;
        let packages = lock.packages.ok_or_else(|| ParseError("it has no `packages`: cut off".into()))?;
        let mut all = Collector::default();
        let mut places = BTreeSet::new();
        for package in &packages {
            let Some(place) = package.place() else {
                all.gap(format!("`{}`: a package without a place", package.name.as_str()));
                continue;
            };
            places.insert(place);
            match package.component(place) {
                Ok(component) => all.add(component),
                Err(reason) => all.gap(reason),
            }
        }
        let named = environments.values().flat_map(|environment| environment.packages.values().flatten());
        for place in named.filter_map(Package::place).filter(|place| !places.contains(place)) {
            all.gap(format!("`{}` has no entry: cut off", file_name(place)));
        }
        Ok(all.finish())
    }
}

/// The last part of an address: what stands before it may be a token.
fn file_name(place: &str) -> &str {
    place.rsplit('/').next().unwrap_or(place)
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    version: Scalar,
    environments: Option<BTreeMap<String, Environment>>,
    packages: Option<Vec<Package>>,
}

#[derive(Deserialize)]
struct Environment {
    #[serde(default)]
    packages: BTreeMap<String, Vec<Package>>,
}

/// A package, by its address under the name of its kind; version 4 has `kind` and `url` or `path` in its entries.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Package {
    conda: Scalar,
    pypi: Scalar,
    kind: Scalar,
    url: Scalar,
    path: Scalar,
    name: Scalar,
    version: Scalar,
    license: Scalar,
}

impl Package {
    fn place(&self) -> Option<&str> {
        let places = [&self.conda, &self.pypi, &self.url, &self.path];
        places.into_iter().map(Scalar::as_str).find(|place| !place.is_empty())
    }

    fn component(&self, place: &str) -> Result<Component, String> {
        let (name, version) = (self.name.as_str(), self.version.as_str());
        let component = if !self.conda.as_str().is_empty() || self.kind.as_str() == "conda" {
            match conda::archive(place) {
                Some((in_place, of_place, build)) => {
                    let name = if name.is_empty() { in_place } else { name };
                    conda::component(name, if version.is_empty() { of_place } else { version }, build)
                }
                // Built from sources of the tree.
                None if !name.is_empty() => conda::component(name, version, conda::Build::default())
                    .map(|component| Component { ecosystem: None, ..component }),
                None => Err(format!("`{}` is not an archive of conda", file_name(place))),
            }
        } else if name.is_empty() {
            Err(format!("`{}`: a package without a name", file_name(place)))
        } else if place.starts_with("git+") {
            pypi::from(name, version, &Origin::repository(place))
        } else if place.starts_with("http://") || place.starts_with("https://") {
            // An index serves its files under addresses of all kinds.
            pypi::from(name, version, &Origin::Registry)
        } else {
            pypi::from(name, version, &Origin::Local)
        }?;
        let license = self.license.as_str().trim();
        let licenses = if license.is_empty() || license.len() > 256 { Vec::new() } else { vec![license.to_owned()] };
        Ok(Component { licenses, ..component })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = "version: 6\nenvironments:\n  default:\n    channels:\n    - url: https://c.example/conda-forge/\n    \
        packages:\n      linux-64:\n      - conda: https://c.example/conda-forge/linux-64/ca-certs-2024.2.2-h1_0.conda\n      \
        - pypi: https://f.example/a/flask-3.0.0-py3-none-any.whl\n      - pypi: ./own\npackages:\n\
        - conda: https://c.example/conda-forge/linux-64/ca-certs-2024.2.2-h1_0.conda\n  sha256: aa\n  license: ISC\n  depends:\n  \
        - __glibc >=2.17\n- pypi: https://f.example/a/flask-3.0.0-py3-none-any.whl\n  name: Flask\n  version: 3.0.0\n  \
        requires_dist:\n  - click>=8\n- pypi: ./own\n  name: own\n  version: 0.1.0\n  editable: true\n";
    const FOURTH: &str = "version: 4\nenvironments:\n  default:\n    packages:\n      linux-64:\n      \
        - conda: https://c.example/conda-forge/noarch/tz-2024a-h0_1.conda\npackages:\n- kind: conda\n  name: tz\n  version: 2024a\n  \
        build: h0_1\n  subdir: noarch\n  url: https://c.example/conda-forge/noarch/tz-2024a-h0_1.conda\n- kind: pypi\n  name: b\n  \
        version: 1.0\n  url: git+https://g.example/b.git@af885e2e890b9ef0875edd2b117305119ee5bdc5\n";

    fn shown(text: &str) -> Vec<String> {
        let parsed = parse(&PixiLock, "pixi.lock", text).unwrap();
        assert_eq!(parsed.gaps, NOTHING);
        components(&parsed).iter().map(|c| format!("{} {} {:?}", c.purl, c.ecosystem.is_some(), c.licenses)).collect()
    }

    #[test]
    fn reads_packages() {
        let expected = [
            "pkg:conda/ca-certs@2024.2.2?build=h1_0&channel=conda-forge&subdir=linux-64 true [\"ISC\"]",
            "pkg:pypi/flask@3.0.0 true []",
            "pkg:pypi/own@0.1.0 false []",
        ];
        assert_eq!(shown(SAMPLE), expected);
        let fourth = shown(FOURTH);
        assert!(
            fourth[0].starts_with("pkg:conda/tz@2024a?build=h0_1") && fourth[1].ends_with(" false []"),
            "{fourth:?}"
        );
    }

    #[test]
    fn what_is_cut_or_odd_does_not_pass() {
        for cut in [
            "- pypi: ./own\n  name",
            "- pypi: https://f.example/a/flask-3.0.0-py3-none-any.whl\n  name",
            "packages:\n- conda",
        ] {
            let cut = parse(&PixiLock, "pixi.lock", &SAMPLE[..SAMPLE.find(cut).unwrap()]);
            assert!(cut.map_or(true, |parsed| !parsed.gaps.is_empty()));
        }
        for text in ["", "version: 9\n", "version: 6\n", "- a", "version: 6\nenvironments: {}\n"] {
            assert!(parse(&PixiLock, "pixi.lock", text).is_err(), "{text}");
        }
        damage(&PixiLock, "pixi.lock", SAMPLE);
    }
}
