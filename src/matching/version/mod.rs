//! Version orderings, one ecosystem's a file.
//!
//! In: two versions as their ecosystem writes them. Out: which is less, as the ecosystem's own tools say, or [`Unordered`].
//! Nothing here guesses: an ecosystem without a rule, or a text that its tools would not read, has no order. Every rule is
//! linear in the texts' length and compares runs of digits as text, so that no number is too large.

mod apk;
mod conan;
mod digits;
mod dpkg;
mod go;
mod maven;
mod nuget;
mod numbers;
mod packagist;
mod pep440;
mod pep440_legacy;
#[cfg(test)]
mod properties;
mod pub_dart;
mod rpm;
mod rubygems;
mod same;
mod semver;

pub(super) use same::Same;

use crate::model::EcosystemKind;
use std::cmp::Ordering;

/// Why two versions have no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unordered {
    /// We know no ordering for the ecosystem.
    #[error("versions of {0} have no known ordering")]
    Ecosystem(Box<str>),
    /// The ecosystem's ordering cannot read a version.
    #[error("`{0}` is not a version that can be ordered")]
    Version(Box<str>),
}

impl Unordered {
    /// A version that cannot be read, cut to a length that can be shown.
    fn version(text: &str) -> Self {
        const SHOWN: usize = 80;
        match text.char_indices().nth(SHOWN) {
            Some((at, _)) => Self::Version(format!("{}…", &text[..at]).into()),
            None => Self::Version(text.into()),
        }
    }
}

/// Every ecosystem that has an ordering here, as OSV names it.
pub const ORDERED: [&str; 39] = [
    "AlmaLinux",
    "Alpaquita",
    "Alpine",
    "Azure Linux",
    "BellSoft Hardened Containers",
    "Bioconductor",
    "Bitnami",
    "Chainguard",
    "ConanCenter",
    "CRAN",
    "crates.io",
    "Debian",
    "Echo",
    "GHC",
    "GitHub Actions",
    "Go",
    "Hackage",
    "Hex",
    "Julia",
    "Mageia",
    "Maven",
    "MinimOS",
    "npm",
    "NuGet",
    "opam",
    "openEuler",
    "openSUSE",
    "Packagist",
    "Photon OS",
    "Pub",
    "PyPI",
    "Red Hat",
    "Rocky Linux",
    "RubyGems",
    "SUSE",
    "SwiftURL",
    "Ubuntu",
    "VSCode",
    "Wolfi",
];

/// Which of two versions of an ecosystem is less.
///
/// # Errors
/// The ecosystem has no ordering here, or one of the versions cannot be read by it.
pub fn compare(kind: &EcosystemKind, a: &str, b: &str) -> Result<Ordering, Unordered> {
    match kind {
        EcosystemKind::Npm | EcosystemKind::CratesIo | EcosystemKind::Hex => semver::compare(a, b),
        EcosystemKind::Go => go::compare(a, b),
        EcosystemKind::PyPI => pep440::compare(a, b),
        EcosystemKind::Debian | EcosystemKind::Ubuntu => dpkg::compare(a, b),
        EcosystemKind::Alpine | EcosystemKind::Wolfi | EcosystemKind::Chainguard => apk::compare(a, b),
        EcosystemKind::Maven => maven::compare(a, b),
        EcosystemKind::RubyGems => rubygems::compare(a, b),
        EcosystemKind::NuGet => nuget::compare(a, b),
        EcosystemKind::Packagist => packagist::compare(a, b),
        EcosystemKind::Pub => pub_dart::compare(a, b),
        EcosystemKind::Other(name) => match &**name {
            "Red Hat" | "AlmaLinux" | "Rocky Linux" | "openSUSE" | "SUSE" | "Mageia" | "Azure Linux" | "openEuler"
            | "Photon OS" => rpm::compare(a, b),
            "Alpaquita" | "BellSoft Hardened Containers" | "MinimOS" => apk::compare(a, b),
            "Echo" | "opam" => dpkg::compare(a, b),
            "CRAN" | "Bioconductor" => numbers::compare_r(a, b),
            "Hackage" => numbers::compare(a, b),
            "ConanCenter" => conan::compare(a, b),
            // Julia's builds count, as Dart's do: they tell apart what is built of one source.
            "Julia" => pub_dart::compare(a, b),
            "SwiftURL" | "Bitnami" | "GHC" | "GitHub Actions" | "VSCode" => semver::compare(a, b),
            _ => Err(Unordered::Ecosystem(name.clone())),
        },
    }
}

/// Whether an ecosystem's ordering is Semantic Versioning and more: Go has more spellings, and the builds of Pub and Julia count.
pub(super) fn refines_semver(kind: &EcosystemKind) -> bool {
    match kind {
        EcosystemKind::Go | EcosystemKind::Pub => true,
        EcosystemKind::Other(name) => &**name == "Julia",
        _ => false,
    }
}

/// Which of two versions is less by Semantic Versioning, whatever the ecosystem: the ordering of OSV's `SEMVER` ranges.
///
/// # Errors
/// One of them cannot be read.
pub fn compare_semver(a: &str, b: &str) -> Result<Ordering, Unordered> {
    semver::compare(a, b)
}
