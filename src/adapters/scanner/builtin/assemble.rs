//! From facts to an SBOM: system packages get their distribution, components their places.

use super::catalog::{Found, SystemPackage};
use super::facts::Facts;
use crate::model::{Component, Digest, Distro, Gap, GapKind, Location, Purl, Sbom};
use std::collections::BTreeMap;

/// The facts of one file, and where it is.
pub(super) struct Placed<'a> {
    /// Path and layer of the file.
    pub(super) location: Location,
    pub(super) facts: &'a Facts,
    /// The layers that system packages of it came with, where they are others than the file's.
    pub(super) origins: BTreeMap<Identity<'a>, Digest>,
}

/// Name, version and architecture of a system package.
pub(super) type Identity<'a> = (&'a str, &'a str, &'a str);

/// The identity of a package.
pub(super) fn identity(package: &SystemPackage) -> Identity<'_> {
    (&package.name, &package.version, &package.architecture)
}

/// Everything that was found, in any order, to an SBOM in normal form.
pub(super) fn assemble(files: &[Placed<'_>], gaps: Vec<Gap>) -> Sbom {
    let mut sbom = Sbom { distro: distro(files), components: Vec::new(), gaps };
    let mut system: Vec<(&SystemPackage, Location)> = Vec::new();
    let mut licensed = Licenses::new();
    for file in files {
        sbom.gaps.extend(file.facts.gaps.iter().cloned());
        for found in &file.facts.found {
            match found {
                Found::Component(component) => {
                    let mut component = component.clone();
                    component.locations = vec![file.location.clone()];
                    sbom.components.push(component);
                }
                Found::System(package) => {
                    let mut location = file.location.clone();
                    location.layer = file.origins.get(&identity(package)).copied().or(location.layer);
                    system.push((package, location));
                }
                Found::Licensed(it) => drop(licensed.insert((&it.manager, &it.name), &it.licenses)),
                Found::Distro(_) => {}
            }
        }
    }
    add_system(&mut sbom, system, &licensed);
    sbom.normalized()
}

/// What files beside the package database say of licences, by package manager and name.
type Licenses<'a> = BTreeMap<(&'a str, &'a str), &'a [String]>;

/// The distribution: `etc/os-release` before any other that names one.
fn distro(files: &[Placed<'_>]) -> Option<Distro> {
    let mut all: Vec<(bool, &str, &Distro)> = Vec::new();
    for file in files {
        for found in &file.facts.found {
            if let Found::Distro(distro) = found {
                let path = file.location.path.as_str();
                all.push((path != "etc/os-release", path, distro));
            }
        }
    }
    all.into_iter().min().map(|(_, _, distro)| distro.clone())
}

/// What the licences of all system packages may take, in bytes: one file's may be those of many packages.
const LICENSES_LIMIT: usize = 64 << 20;

fn add_system(sbom: &mut Sbom, packages: Vec<(&SystemPackage, Location)>, licensed: &Licenses<'_>) {
    if packages.is_empty() {
        return;
    }
    let distro = sbom.distro.clone();
    let ecosystem = distro.as_ref().and_then(Distro::ecosystem);
    if ecosystem.is_none() {
        let reason = match &distro {
            None => "packages of a distribution, but nothing that names it".to_owned(),
            Some(distro) => format!("no rule for matching packages of {distro}"),
        };
        sbom.gaps.push(Gap::new(GapKind::UnknownDistribution, "", reason));
    }
    let mut purls: BTreeMap<(&str, &str), Vec<(&str, Purl)>> = BTreeMap::new();
    let sources: BTreeMap<(&str, &str), Source<'_>> =
        packages.iter().map(|(it, _)| ((it.manager.as_str(), it.name.as_str()), source(it))).collect();
    let mut room = LICENSES_LIMIT;
    let mut built = Vec::new();
    for (package, location) in packages {
        match purl(package, distro.as_ref()) {
            Ok(purl) => {
                let key = (package.manager.as_str(), package.name.as_str());
                purls.entry(key).or_default().push((&package.architecture, purl.clone()));
                built.push((package, location, purl));
            }
            Err(error) => {
                let reason = format!("package `{}`: {error}", package.name);
                sbom.gaps.push(Gap::new(GapKind::UnreadableFile, location.path, reason));
            }
        }
    }
    for (package, location, purl) in built {
        let mut component = Component::new(purl, &package.name, &package.version, ecosystem.clone());
        component.source.clone_from(&package.source);
        let licenses = licenses(package, licensed, &sources);
        let size = licenses.iter().map(|text| text.len() + size_of::<String>()).sum();
        match room.checked_sub(size) {
            Some(left) => (room, component.licenses) = (left, licenses.to_vec()),
            None => {
                let reason = format!("more than {} MiB of licences", LICENSES_LIMIT >> 20);
                sbom.gaps.push(Gap::new(GapKind::LimitReached, "", reason));
            }
        }
        component.locations = vec![location];
        for name in &package.depends_on {
            let Some(present) = purls.get(&(package.manager.as_str(), name.as_str())) else { continue };
            let same = present.iter().find(|(architecture, _)| *architecture == package.architecture);
            component.depends_on.extend(same.or(present.first()).map(|(_, purl)| purl.clone()));
        }
        sbom.components.push(component);
    }
}

/// Name and version of a source package.
type Source<'a> = (&'a str, &'a str);

fn source(package: &SystemPackage) -> Source<'_> {
    package.source.as_ref().map_or((&package.name, &package.version), |source| (&source.name, &source.version))
}

/// The licences of a package: as its database has them, as a file of its own says, else as that of a package of the same source
/// that it needs. Only then may a package of Debian's have that one's documentation in place of its own:
/// <https://www.debian.org/doc/debian-policy/ch-docs.html#copyright-information>.
fn licenses<'a>(
    package: &'a SystemPackage,
    licensed: &Licenses<'a>,
    sources: &BTreeMap<(&str, &str), Source<'_>>,
) -> &'a [String] {
    if !package.licenses.is_empty() {
        return &package.licenses;
    }
    let manager = package.manager.as_str();
    let needed = package.depends_on.iter().map(String::as_str);
    let same = needed.filter(|name| sources.get(&(manager, *name)) == Some(&source(package)));
    let names = std::iter::once(package.name.as_str()).chain(same);
    names.filter_map(|name| licensed.get(&(manager, name))).next().copied().unwrap_or_default()
}

/// `pkg:deb/debian/zlib1g@1:1.2.13?arch=amd64&distro=debian-12`, `pkg:rpm/redhat/zlib@1.2.11-40.el9?distro=rhel-9.4`: names
/// of distributions as syft and Trivy both write them, modules as Red Hat does.
/// <https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst>
fn purl(package: &SystemPackage, distro: Option<&Distro>) -> Result<Purl, crate::model::PurlError> {
    let release = distro.map_or_else(String::new, |distro| match distro.version.as_str() {
        "" => distro.id.clone(),
        version => format!("{}-{version}", distro.id),
    });
    // An epoch stands by itself in the URL of an rpm package, and in the version of the others.
    let (epoch, version) = match package.version.split_once(':') {
        Some((epoch, version)) if package.manager == "rpm" => (epoch, version),
        _ => ("", package.version.as_str()),
    };
    let qualifiers = [
        ("arch", package.architecture.as_str()),
        ("distro", release.as_str()),
        ("epoch", epoch),
        ("rpmmod", package.module.as_str()),
    ];
    let namespace = distro.map(Distro::namespace);
    // Gentoo's categories are part of a package's name.
    let (namespace, name) = match package.name.split_once('/') {
        Some((category, name)) if package.manager == "ebuild" => (Some(category), name),
        _ => (namespace, package.name.as_str()),
    };
    Purl::build(&package.manager, namespace, name, Some(version), &qualifiers)
}
