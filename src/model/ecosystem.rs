//! Package ecosystems as OSV names them, and the distributions that systems packages come from.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A family of packages with one version ordering and one name space. Names as in the OSV schema:
/// <https://ossf.github.io/osv-schema/#defined-ecosystems>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EcosystemKind {
    /// JavaScript.
    Npm,
    /// Python.
    PyPI,
    /// Go modules.
    Go,
    /// Rust.
    CratesIo,
    /// Debian, by release (`12`).
    Debian,
    /// Ubuntu, by release (`22.04:LTS`).
    Ubuntu,
    /// Alpine, by branch (`v3.20`).
    Alpine,
    /// Wolfi, rolling.
    Wolfi,
    /// Chainguard, rolling.
    Chainguard,
    /// Java.
    Maven,
    /// Ruby.
    RubyGems,
    /// .NET.
    NuGet,
    /// PHP.
    Packagist,
    /// Erlang and Elixir.
    Hex,
    /// Dart.
    Pub,
    /// Any other that an advisory or a component names: kept by name, with no ordering of ours.
    Other(Box<str>),
}

impl EcosystemKind {
    /// OSV's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Npm => "npm",
            Self::PyPI => "PyPI",
            Self::Go => "Go",
            Self::CratesIo => "crates.io",
            Self::Debian => "Debian",
            Self::Ubuntu => "Ubuntu",
            Self::Alpine => "Alpine",
            Self::Wolfi => "Wolfi",
            Self::Chainguard => "Chainguard",
            Self::Maven => "Maven",
            Self::RubyGems => "RubyGems",
            Self::NuGet => "NuGet",
            Self::Packagist => "Packagist",
            Self::Hex => "Hex",
            Self::Pub => "Pub",
            Self::Other(name) => name,
        }
    }

    /// From OSV's name.
    pub fn parse(name: &str) -> Self {
        match name {
            "npm" => Self::Npm,
            "PyPI" => Self::PyPI,
            "Go" => Self::Go,
            "crates.io" => Self::CratesIo,
            "Debian" => Self::Debian,
            "Ubuntu" => Self::Ubuntu,
            "Alpine" => Self::Alpine,
            "Wolfi" => Self::Wolfi,
            "Chainguard" => Self::Chainguard,
            "Maven" => Self::Maven,
            "RubyGems" => Self::RubyGems,
            "NuGet" => Self::NuGet,
            "Packagist" => Self::Packagist,
            "Hex" => Self::Hex,
            "Pub" => Self::Pub,
            other => Self::Other(other.into()),
        }
    }

    /// The form of a package name under which this ecosystem takes two spellings to be the same: PyPI by PEP 503 (lower
    /// case, runs of `-`, `_` and `.` are one `-`), NuGet and Packagist in lower case, the others as written.
    pub fn normal_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let lower = |name: &'a str| {
            if name.chars().any(char::is_uppercase) { Cow::Owned(name.to_lowercase()) } else { Cow::Borrowed(name) }
        };
        match self {
            Self::PyPI => {
                let is_separator = |c: char| matches!(c, '-' | '_' | '.');
                if !name.contains(['_', '.']) && !name.contains("--") {
                    return lower(name);
                }
                let mut normal = String::with_capacity(name.len());
                for c in name.chars() {
                    match is_separator(c) {
                        true if normal.ends_with('-') => {}
                        true => normal.push('-'),
                        false => normal.extend(c.to_lowercase()),
                    }
                }
                Cow::Owned(normal)
            }
            Self::NuGet | Self::Packagist => lower(name),
            _ => Cow::Borrowed(name),
        }
    }

    /// Whether its advisories are written for binary packages. Those of the other distributions are for source packages.
    pub fn names_binaries(&self) -> bool {
        matches!(self, Self::Other(name) if matches!(&**name, "AlmaLinux" | "Red Hat"))
    }

    /// From a package URL's type, for the language ecosystems. `deb` and `apk` need the distribution: see [`Distro`].
    pub fn from_purl_type(kind: &str) -> Option<Self> {
        Some(match kind {
            "npm" => Self::Npm,
            "pypi" => Self::PyPI,
            "golang" => Self::Go,
            "cargo" => Self::CratesIo,
            "maven" => Self::Maven,
            "gem" => Self::RubyGems,
            "nuget" => Self::NuGet,
            "composer" => Self::Packagist,
            "hex" => Self::Hex,
            "pub" => Self::Pub,
            "swift" => Self::Other("SwiftURL".into()),
            "cran" => Self::Other("CRAN".into()),
            "hackage" => Self::Other("Hackage".into()),
            "conan" => Self::Other("ConanCenter".into()),
            "julia" => Self::Other("Julia".into()),
            "bioconductor" => Self::Other("Bioconductor".into()),
            // No database of OSV's speaks of these: that they were not checked must be said.
            "cocoapods" => Self::Other("CocoaPods".into()),
            "conda" => Self::Other("conda".into()),
            "jsr" => Self::Other("JSR".into()),
            _ => return None,
        })
    }
}

/// An ecosystem with its release where it has one: `npm`, `Debian:12`, `Alpine:v3.20`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Ecosystem {
    /// The family.
    pub kind: EcosystemKind,
    /// The release, everything behind the first colon.
    pub release: Option<Box<str>>,
}

impl Ecosystem {
    /// One without a release.
    pub fn plain(kind: EcosystemKind) -> Self {
        Self { kind, release: None }
    }

    /// One with a release.
    pub fn with_release(kind: EcosystemKind, release: &str) -> Self {
        Self { kind, release: Some(release.into()) }
    }
}

impl std::fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.as_str())?;
        self.release.as_ref().map_or(Ok(()), |release| write!(f, ":{release}"))
    }
}

impl From<String> for Ecosystem {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            // Red Hat's records are for one repository of a release each (`enterprise_linux:9::appstream`). An image does not
            // say which one a package is from, and no package is in two of them: the release is what counts.
            Some((kind @ "Red Hat", release)) => {
                let release = release.split_once("::").map_or(release, |(release, _)| release);
                Self::with_release(EcosystemKind::parse(kind), release)
            }
            Some((kind, release)) => Self::with_release(EcosystemKind::parse(kind), release),
            None => Self::plain(EcosystemKind::parse(&text)),
        }
    }
}

impl From<Ecosystem> for String {
    fn from(ecosystem: Ecosystem) -> Self {
        ecosystem.to_string()
    }
}

/// The distribution that a root filesystem says it is (`etc/os-release`: `ID`, `VERSION_ID`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Distro {
    /// `ID`, lower case (`debian`).
    pub id: String,
    /// `VERSION_ID` as written (`12`, `3.20.3`); empty for a rolling release.
    pub version: String,
    /// `VERSION_CODENAME`, where given (`bookworm`).
    pub codename: Option<String>,
}

impl Distro {
    /// The OSV ecosystem of its packages; `None` for a distribution that we have no matching rule for, which makes the
    /// subject incomplete.
    pub fn ecosystem(&self) -> Option<Ecosystem> {
        let major = || self.version.split('.').next().filter(|text| !text.is_empty());
        let other = |kind: &str, release: &str| Ecosystem::with_release(EcosystemKind::parse(kind), release);
        Some(match self.id.as_str() {
            "debian" => Ecosystem::with_release(EcosystemKind::Debian, major()?),
            "ubuntu" => {
                let (year, month) = self.version.split_once('.')?;
                let lts = month == "04" && year.parse::<u32>().is_ok_and(|year| year % 2 == 0);
                let release = format!("{year}.{month}{}", if lts { ":LTS" } else { "" });
                Ecosystem::with_release(EcosystemKind::Ubuntu, &release)
            }
            "alpine" => {
                let mut parts = self.version.split('.');
                let (major, minor) = (parts.next()?, parts.next()?);
                Ecosystem::with_release(EcosystemKind::Alpine, &format!("v{major}.{minor}"))
            }
            "wolfi" => Ecosystem::plain(EcosystemKind::Wolfi),
            "chainguard" => Ecosystem::plain(EcosystemKind::Chainguard),
            "almalinux" => other("AlmaLinux", major()?),
            "rocky" => other("Rocky Linux", major()?),
            "rhel" => other("Red Hat", &format!("enterprise_linux:{}", major()?)),
            "opensuse-leap" if !self.version.is_empty() => other("openSUSE", &format!("Leap {}", self.version)),
            "opensuse-tumbleweed" => other("openSUSE", "Tumbleweed"),
            "mageia" => other("Mageia", major()?),
            "mariner" | "azurelinux" => other("Azure Linux", major()?),
            // SUSE's own are spread over a product and its modules, which os-release does not list; Fedora, Amazon Linux,
            // Oracle Linux and CentOS have none.
            _ => return None,
        })
    }
}

impl std::fmt::Display for Distro {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.version.as_str() {
            "" => f.write_str(&self.id),
            version => write!(f, "{} {version}", self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_ecosystem() {
        for (id, version, expected) in [
            ("almalinux", "9.4", Some("AlmaLinux:9")),
            ("rocky", "8.10", Some("Rocky Linux:8")),
            ("rhel", "9.4", Some("Red Hat:enterprise_linux:9")),
            ("opensuse-leap", "15.6", Some("openSUSE:Leap 15.6")),
            ("opensuse-tumbleweed", "20240101", Some("openSUSE:Tumbleweed")),
            ("mageia", "9", Some("Mageia:9")),
            ("mariner", "2.0", Some("Azure Linux:2")),
            ("fedora", "40", None),
            ("sles", "15.5", None),
            ("rocky", "", None),
        ] {
            let distro = Distro { id: id.into(), version: version.into(), codename: None };
            let ecosystem = distro.ecosystem();
            assert_eq!(ecosystem.as_ref().map(ToString::to_string).as_deref(), expected, "{id}");
            assert_eq!(ecosystem.clone(), ecosystem.map(|it| Ecosystem::from(it.to_string())));
        }
        let of = |text: &str| Ecosystem::from(text.to_owned()).to_string();
        assert_eq!(of("Red Hat:enterprise_linux:9::appstream"), "Red Hat:enterprise_linux:9");
        assert_eq!(of("Red Hat:rhel_eus:9.2::baseos"), "Red Hat:rhel_eus:9.2");
        assert_eq!(of("Red Hat"), "Red Hat");
    }

    #[test]
    fn names_have_one_normal_form() {
        for (name, normal) in [("Foo._-Bar", "foo-bar"), ("a--b", "a-b"), ("flask", "flask"), ("-a-", "-a-")] {
            assert_eq!(EcosystemKind::PyPI.normal_name(name), normal);
        }
        assert_eq!(EcosystemKind::NuGet.normal_name("Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(EcosystemKind::Packagist.normal_name("Symfony/Yaml"), "symfony/yaml");
        assert_eq!(EcosystemKind::Npm.normal_name("JSONStream"), "JSONStream");
    }
}
