//! What other tools call a component, in our terms: one package URL for one package, whichever tool found it.

use crate::model::{Component, Distro, Ecosystem, EcosystemKind, Gap, GapKind, Purl, Sbom, SourcePackage};
use packageurl::PackageUrl;

/// Raised whenever the same report would come out as another SBOM.
pub(super) const REVISION: &str = "r3";

/// Types of package URL whose packages belong to a distribution.
const SYSTEM: [&str; 6] = ["deb", "rpm", "apk", "alpm", "ebuild", "opkg"];

/// A component, and whether it is a package of a distribution.
///
/// # Errors
/// A gap where the package URL makes no sense.
pub(in crate::adapters::scanner) fn component(
    purl: &str,
    distro: Option<&Distro>,
) -> Result<(Component, Upstream), Gap> {
    let gap = |reason: &dyn std::fmt::Display| {
        let purl: String = purl.chars().take(200).collect();
        Gap::new(GapKind::UnreadableFile, "", format!("the package URL `{purl}`: {reason}"))
    };
    let read: PackageUrl<'_> = purl.parse().map_err(|error: packageurl::Error| gap(&error))?;
    let qualifier = |name: &str| read.qualifiers().get(name).map(AsRef::as_ref).unwrap_or_default();
    let kind = read.ty();
    let version = read.version().unwrap_or_default();
    // Go's own library has the version of Go, without a `v`: the tools do not agree.
    let version = match (kind, read.namespace(), read.name()) {
        ("golang", None, "stdlib") => version.trim_start_matches(['v', 'g', 'o']),
        _ => version,
    };
    let epoch = qualifier("epoch");
    let has_epoch = version.contains(':') || epoch.is_empty() || epoch == "0";
    let full = if has_epoch { version.to_owned() } else { format!("{epoch}:{version}") };
    if !SYSTEM.contains(&kind) {
        let ecosystem = EcosystemKind::from_purl_type(kind).map(Ecosystem::plain);
        let name = match (read.namespace(), kind) {
            (Some(namespace), "maven") => format!("{namespace}:{}", read.name()),
            (Some(namespace), _) => format!("{namespace}/{}", read.name()),
            (None, "maven") => return Err(gap(&"it states no group")),
            (None, _) => read.name().to_owned(),
        };
        // Of a Go package its module counts, and what it was built for says nothing of which package it is.
        let keep: Vec<(&str, &str)> = ["type", "classifier"]
            .map(|name| (name, qualifier(name)))
            .into_iter()
            .filter(|(name, value)| *name != "type" || *value != "jar")
            .collect();
        let plain =
            Purl::build(kind, read.namespace(), read.name(), Some(version), &keep).map_err(|error| gap(&error))?;
        return Ok((Component::new(plain, &name, version, ecosystem), Upstream::None));
    }
    let release = distro.map_or_else(String::new, |distro| match distro.version.as_str() {
        "" => distro.id.clone(),
        version => format!("{}-{version}", distro.id),
    });
    let (epoch, plain) = match full.split_once(':') {
        Some((epoch, rest)) if kind == "rpm" => (epoch, rest),
        _ => ("", full.as_str()),
    };
    // Red Hat's name of it, and Trivy's.
    let module = [qualifier("rpmmod"), qualifier("modularitylabel")].into_iter().find(|label| !label.is_empty());
    let qualifiers = [
        ("arch", qualifier("arch")),
        ("distro", release.as_str()),
        ("epoch", epoch),
        ("rpmmod", module.unwrap_or_default()),
    ];
    let namespace = match (distro, kind) {
        (_, "ebuild") | (None, _) => read.namespace(),
        (Some(distro), _) => Some(distro.namespace()),
    };
    let purl = Purl::build(kind, namespace, read.name(), Some(plain), &qualifiers).map_err(|error| gap(&error))?;
    let name = match (read.namespace(), kind) {
        (Some(category), "ebuild") => format!("{category}/{}", read.name()),
        _ => read.name().to_owned(),
    };
    let component = Component::new(purl, &name, &full, distro.and_then(Distro::ecosystem));
    Ok((component, Upstream::System(qualifier("upstream").to_owned())))
}

/// Whether a component is of a distribution, and what its package URL says of its source package.
pub(in crate::adapters::scanner) enum Upstream {
    /// Of none.
    None,
    /// Of one; the `upstream` qualifier, which may be empty.
    System(String),
}

/// The source package that an `upstream` qualifier names: `glibc`, `glibc@2.36`, or `glibc-2.34-100.el9.src.rpm`.
pub(in crate::adapters::scanner) fn upstream(text: &str, version: &str) -> Option<SourcePackage> {
    if text.is_empty() {
        return None;
    }
    if let Some(stem) = text.strip_suffix(".src.rpm") {
        let (rest, release) = stem.rsplit_once('-')?;
        let (name, upstream) = rest.rsplit_once('-')?;
        // The file's name has no epoch; that of the package is that of its source.
        let epoch = version.split_once(':').map_or_else(String::new, |(epoch, _)| format!("{epoch}:"));
        return Some(SourcePackage { name: name.to_owned(), version: format!("{epoch}{upstream}-{release}") });
    }
    let (name, version) = text.split_once('@').unwrap_or((text, version));
    Some(SourcePackage { name: name.to_owned(), version: version.to_owned() })
}

/// The source package, where it says something that the package does not.
pub(in crate::adapters::scanner) fn differing(
    source: Option<SourcePackage>,
    component: &Component,
) -> Option<SourcePackage> {
    source.filter(|source| {
        !source.name.is_empty() && (source.name != component.name || source.version != component.version)
    })
}

/// Components without a package URL: a gap each, or one for all where they are many. Each a name and a place.
pub(in crate::adapters::scanner) fn unnamed(tool: &str, found: &[(String, String)]) -> Vec<Gap> {
    const ONE_BY_ONE: usize = 10;
    if found.len() > ONE_BY_ONE {
        let reason = format!("{tool} names {} components without a package URL", found.len());
        return vec![Gap::new(GapKind::UnreadableFile, "", reason)];
    }
    let gap = |(name, place): &(String, String)| {
        let reason = format!("{tool} names a component `{name}` without a package URL");
        Gap::new(GapKind::UnreadableFile, place, reason)
    };
    found.iter().map(gap).collect()
}

/// Notes packages of a distribution that no advisories can be found for.
pub(in crate::adapters::scanner) fn note_distro(sbom: &mut Sbom, has_system_packages: bool) {
    if has_system_packages && sbom.distro.as_ref().and_then(Distro::ecosystem).is_none() {
        let reason = match &sbom.distro {
            None => "packages of a distribution, but nothing that names it".to_owned(),
            Some(distro) => format!("no rule for matching packages of {distro}"),
        };
        sbom.gaps.push(Gap::new(GapKind::UnknownDistribution, "", reason));
    }
}
