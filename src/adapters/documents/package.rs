//! A package of a foreign document: its package URL says what it is.

use crate::model::{
    Component, Digest, Distro, Ecosystem, EcosystemKind, Gap, GapKind, Location, Purl, Sbom, SourcePackage,
};
use packageurl::PackageUrl;
use std::str::FromStr as _;

/// The most components that are taken of one document.
const COMPONENTS: usize = 1_000_000;
/// How many gaps are told one by one.
const TOLD: usize = 50;

/// What a document says of a package.
#[derive(Debug, Default)]
pub(super) struct Listed<'a> {
    /// What it is called there, for messages.
    pub(super) label: &'a str,
    /// Its package URL.
    pub(super) purl: Option<&'a str>,
    /// Licences, as stated.
    pub(super) licenses: Vec<String>,
    /// Where it was found.
    pub(super) locations: Vec<(String, Option<Digest>)>,
    /// Its source package, where the document says it beside the URL.
    pub(super) source: Option<SourcePackage>,
}

/// Gathers packages.
#[derive(Default)]
pub(super) struct Gathering {
    components: Vec<Component>,
    gaps: Vec<Gap>,
    untold: usize,
    distros: Vec<Distro>,
    needs_distro: bool,
}

impl Gathering {
    /// Notes a distribution that the document names.
    pub(super) fn distro(&mut self, id: &str, version: &str) {
        let distro = Distro { id: id.to_ascii_lowercase(), version: version.to_owned(), codename: None };
        if !self.distros.contains(&distro) {
            self.distros.push(distro);
        }
    }

    /// Notes what could not be read.
    pub(super) fn gap(&mut self, reason: String) {
        if self.gaps.len() >= TOLD {
            self.untold += 1;
            return;
        }
        let reason: String = reason.chars().filter(|c| !c.is_control()).take(300).collect();
        self.gaps.push(Gap::new(GapKind::UnreadableFile, "", reason));
    }

    /// Takes a package, or says why not.
    pub(super) fn add(&mut self, listed: Listed<'_>) {
        if self.components.len() >= COMPONENTS {
            self.gap(format!("more than {COMPONENTS} packages"));
            return;
        }
        match component(&listed) {
            Ok(component) => {
                self.needs_distro |= component.is_system;
                self.components.push(component.component);
            }
            Err(reason) => self.gap(reason),
        }
    }

    /// Everything, with the distribution's packages made ones of its ecosystem.
    pub(super) fn finish(mut self) -> Sbom {
        // A package URL names the distribution as well: the document may leave it at that.
        if self.distros.is_empty() {
            let named: std::collections::BTreeSet<Distro> =
                self.components.iter().filter_map(|component| distro_of(&component.purl)).collect();
            self.distros.extend(named);
        }
        let distro = match self.distros.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        if self.needs_distro {
            let ecosystem = distro.as_ref().and_then(Distro::ecosystem);
            let reason = match (&distro, self.distros.len()) {
                (Some(distro), _) => format!("no rule for matching packages of {distro}"),
                (None, 0) => "packages of a distribution, but nothing that names it".to_owned(),
                (None, _) => "packages of several distributions".to_owned(),
            };
            if ecosystem.is_none() {
                self.gaps.push(Gap::new(GapKind::UnknownDistribution, "", reason));
            }
            for component in self.components.iter_mut().filter(|component| is_system(component.purl.kind())) {
                component.ecosystem.clone_from(&ecosystem);
            }
        }
        if self.untold > 0 {
            let reason = format!("{} more packages that could not be read", self.untold);
            self.gaps.push(Gap::new(GapKind::UnreadableFile, "", reason));
        }
        Sbom { distro, components: self.components, gaps: self.gaps }
    }
}

struct Read {
    component: Component,
    is_system: bool,
}

fn is_system(kind: &str) -> bool {
    matches!(kind, "deb" | "apk" | "rpm" | "alpm" | "ebuild" | "opkg")
}

fn component(listed: &Listed<'_>) -> Result<Read, String> {
    let label = listed.label;
    let text = listed.purl.ok_or_else(|| format!("`{label}` has no package URL"))?;
    let url = PackageUrl::from_str(text).map_err(|error| format!("`{label}`: {error}"))?;
    let kind = url.ty();
    let version = url.version().map(ToString::to_string).unwrap_or_default();
    let namespace = url.namespace().filter(|namespace| !namespace.is_empty());
    let qualifier = |key: &str| {
        let found = url.qualifiers().iter().find(|(name, _)| name.as_ref() == key);
        found.map(|(_, value)| value.to_string()).filter(|value| !value.is_empty())
    };
    let name = match (kind, namespace) {
        ("maven", Some(group)) => format!("{group}:{}", url.name()),
        ("npm" | "golang" | "composer" | "swift" | "ebuild" | "githubactions", Some(namespace)) => {
            format!("{namespace}/{}", url.name())
        }
        ("maven", None) => return Err(format!("`{label}` states no group")),
        _ => url.name().to_string(),
    };
    // Package URLs of npm are in lower case, and names of old packages are not: where the document has it, that is it.
    let name = if kind == "npm" && label.eq_ignore_ascii_case(&name) { label.to_owned() } else { name };
    if version.is_empty() {
        return Err(format!("`{label}` has no version"));
    }
    // Checksums and addresses of downloads would make one package two.
    let kept: Vec<(String, String)> = url
        .qualifiers()
        .iter()
        // Trivy's name of it.
        .map(|(key, value)| (if key == "modularitylabel" { "rpmmod" } else { key.as_ref() }, value))
        .filter(|(key, value)| KEPT.contains(key) && !value.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_string()))
        .collect();
    let kept: Vec<(&str, &str)> = kept.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let purl = Purl::build(kind, namespace, url.name(), Some(&version), &kept)
        .map_err(|error| format!("`{label}`: {error}"))?;
    let is_system = is_system(kind);
    let ecosystem = match EcosystemKind::from_purl_type(kind) {
        _ if is_system => None,
        Some(known) => Some(Ecosystem::plain(known)),
        // Of a kind that no advisories speak of: that it was not checked must be said.
        None => Some(Ecosystem::plain(EcosystemKind::Other(kind.into()))),
    };
    // The version of an rpm package has its epoch beside it.
    let version = match qualifier("epoch") {
        Some(epoch) if kind == "rpm" => format!("{epoch}:{version}"),
        _ => version,
    };
    let mut component = Component::new(purl, &name, &version, ecosystem);
    component.source = listed.source.clone().or_else(|| source(kind, &qualifier("upstream")?, &version));
    component.source = component
        .source
        .filter(|source| (source.name.as_str(), source.version.as_str()) != (name.as_str(), version.as_str()));
    component.licenses.clone_from(&listed.licenses);
    component.locations = listed
        .locations
        .iter()
        .map(|(path, layer)| Location { path: path.trim_start_matches('/').to_owned(), layer: *layer })
        .collect();
    Ok(Read { component, is_system })
}

/// Qualifiers that are part of what a package is.
const KEPT: [&str; 13] = [
    "arch",
    "build",
    "channel",
    "classifier",
    "distro",
    "epoch",
    "platform",
    "rpmmod",
    "subdir",
    "type",
    "vcs_url",
    "user",
    "download_url",
];

/// The source package of `upstream=openssl`, `upstream=openssl@1.0` or, for rpm, `upstream=openssl-1.0-1.src.rpm`.
fn source(kind: &str, upstream: &str, version: &str) -> Option<SourcePackage> {
    if kind == "rpm" {
        let stem = upstream.strip_suffix(".src.rpm").or_else(|| upstream.strip_suffix(".nosrc.rpm"))?;
        let (rest, release) = stem.rsplit_once('-')?;
        let (name, number) = rest.rsplit_once('-')?;
        let epoch = version.split_once(':').map(|(epoch, _)| format!("{epoch}:")).unwrap_or_default();
        return Some(SourcePackage { name: name.to_owned(), version: format!("{epoch}{number}-{release}") });
    }
    let (name, own) = upstream.split_once('@').unwrap_or((upstream, version));
    Some(SourcePackage { name: name.to_owned(), version: own.to_owned() })
}

/// The distribution that a system package's URL names: `distro=debian-12`.
fn distro_of(purl: &Purl) -> Option<Distro> {
    if !is_system(purl.kind()) {
        return None;
    }
    let url = PackageUrl::from_str(purl.as_str()).ok()?;
    let distro = url.qualifiers().iter().find(|(key, _)| key.as_ref() == "distro")?.1.to_string();
    let split =
        distro.char_indices().find(|(at, c)| *c == '-' && distro[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    let (id, version) = split.map_or((distro.as_str(), ""), |(at, _)| (&distro[..at], &distro[at + 1..]));
    Some(Distro { id: id.to_owned(), version: version.to_owned(), codename: None })
}
