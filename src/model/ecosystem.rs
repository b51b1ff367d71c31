//! Package ecosystems as OSV names them, and the distributions that systems packages come from.

use super::suse;
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
    /// OSV's names of those whose packages are held against advisories: what is affected and its ordering are known.
    pub const MATCHED: [&'static str; 30] = [
        "AlmaLinux",
        "Alpaquita",
        "Alpine",
        "Azure Linux",
        "BellSoft Hardened Containers",
        "CRAN",
        "Chainguard",
        "Debian",
        "Echo",
        "Go",
        "Hackage",
        "Hex",
        "Mageia",
        "Maven",
        "MinimOS",
        "NuGet",
        "Packagist",
        "Pub",
        "PyPI",
        "Red Hat",
        "Rocky Linux",
        "RubyGems",
        "SUSE",
        "SwiftURL",
        "Ubuntu",
        "Wolfi",
        "crates.io",
        "npm",
        "openEuler",
        "openSUSE",
    ];

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
    /// case, runs of `-`, `_` and `.` are one `-`), NuGet and Packagist in lower case, the others as written. So are names that
    /// are addresses of repositories (Go, Swift, GitHub Actions), whose hosts do not tell capitals apart: package URLs have
    /// them in lower case.
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
            Self::NuGet | Self::Packagist | Self::Go => lower(name),
            Self::Other(kind) if &**kind == "SwiftURL" => {
                let name = name.split_once("://").map_or(name, |(_, rest)| rest).trim_end_matches('/');
                lower(name.strip_suffix(".git").unwrap_or(name))
            }
            Self::Other(kind) if &**kind == "GitHub Actions" => lower(name),
            _ => Cow::Borrowed(name),
        }
    }

    /// Whether its advisories are written for binary packages. Those of the other distributions are for source packages.
    pub fn names_binaries(&self) -> bool {
        matches!(self, Self::Other(name) if matches!(&**name, "AlmaLinux" | "Red Hat"))
    }

    /// Whether its records name binary packages beside the source package that they are of. Which of them, has changed over the
    /// years, so both are looked up. <https://github.com/wolfi-dev/wolfictl/pull/988>
    pub fn names_both(&self) -> bool {
        matches!(self, Self::Wolfi | Self::Chainguard) || self.as_str() == "MinimOS"
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
            "bioconductor" => Self::Other("Bioconductor".into()),
            "bitnami" => Self::Other("Bitnami".into()),
            "githubactions" => Self::Other("GitHub Actions".into()),
            "julia" => Self::Other("Julia".into()),
            "opam" => Self::Other("opam".into()),
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

    /// The ecosystems whose records speak of its packages: itself, its family for records of all releases, and what SUSE has
    /// for several releases in common.
    pub fn spoken_of_in(&self) -> Vec<Self> {
        let mut all = vec![self.clone()];
        if let Some(release) = &self.release {
            all.extend(self.in_common(release).map(|shared| Self::with_release(self.kind.clone(), shared)));
            all.push(Self::plain(self.kind.clone()));
        }
        all
    }

    /// Whether a record for this ecosystem speaks of packages of another: the rule of [`Ecosystem::spoken_of_in`].
    pub fn speaks_of(&self, other: &Self) -> bool {
        self.kind == other.kind
            && (self.release.is_none()
                || self.release == other.release
                || other.release.as_deref().and_then(|release| other.in_common(release)) == self.release.as_deref())
    }

    fn in_common(&self, release: &str) -> Option<&'static str> {
        if self.kind.as_str() == "SUSE" { suse::shared(release) } else { None }
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
            // Its records are for one product each, of which an image says as little.
            Some((kind @ "SUSE", product)) => {
                let stream = suse::stream(product);
                Self::with_release(EcosystemKind::parse(kind), stream.as_deref().unwrap_or(product))
            }
            // Canonical names a package under Pro once nobody else gets fixes for it. It is affected all the same; a fix of
            // Pro's that is installed has the greater version. FIPS, Realtime and their like are other builds. Records of a
            // release may be older than its name of a long-term one.
            Some(("Ubuntu", release)) => {
                let pro = release.strip_prefix("Pro:").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
                Self::with_release(EcosystemKind::Ubuntu, &ubuntu_release(pro.unwrap_or(release)))
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

/// A release of Ubuntu as OSV names it: `24.04` is `24.04:LTS`, as every April's of an even year is.
fn ubuntu_release(release: &str) -> Cow<'_, str> {
    let lts = |(year, month): (&str, &str)| month == "04" && year.parse::<u32>().is_ok_and(|year| year % 2 == 0);
    match release.split_once('.').is_some_and(lts) {
        true => format!("{release}:LTS").into(),
        false => release.into(),
    }
}

/// The distribution that a root filesystem says it is (`etc/os-release`: `ID`, `VERSION_ID`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Distro {
    /// `ID`, lower case (`debian`).
    pub id: String,
    /// `VERSION_ID` as written (`12`, `3.20.3`); empty for a rolling release.
    pub version: String,
    /// `VERSION_CODENAME`, else what `VERSION` has in parentheses, where given (`bookworm`, `LTS-SP3`).
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
                Ecosystem::with_release(EcosystemKind::Ubuntu, &ubuntu_release(&format!("{year}.{month}")))
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
            "opensuse-leap-micro" if !self.version.is_empty() => {
                other("openSUSE", &format!("Leap Micro {}", self.version))
            }
            // MicroOS is made of Tumbleweed's packages.
            "opensuse-tumbleweed" | "opensuse-microos" => other("openSUSE", "Tumbleweed"),
            "sles" | "sles_sap" | "sled" | "sle_hpc" => other("SUSE", &suse::enterprise(&self.version)?),
            "sle-micro" | "sl-micro" | "suse-microos" | "slem" => other("SUSE", &suse::micro(&self.version)?),
            "mageia" => other("Mageia", major()?),
            "mariner" | "azurelinux" => other("Azure Linux", major()?),
            // Only of releases with long support; which update of them it is stands in `VERSION` alone.
            "openeuler" => {
                let edition = self.codename.as_deref().filter(|name| name.starts_with("LTS"))?;
                other("openEuler", &format!("{}-{edition}", self.version))
            }
            // `stream`, or the number of a release with long support.
            "alpaquita" if !self.version.is_empty() => other("Alpaquita", &self.version),
            "bellsoft-hardened-containers" if !self.version.is_empty() => {
                other("BellSoft Hardened Containers", &self.version)
            }
            "minimos" => Ecosystem::plain(EcosystemKind::parse("MinimOS")),
            "echo" => Ecosystem::plain(EcosystemKind::parse("Echo")),
            // Fedora, Amazon Linux, Oracle Linux, CentOS and Photon OS have no records. Images of CleanStart name no
            // distribution.
            _ => return None,
        })
    }
}

impl Distro {
    /// The namespace of package URLs of its packages, where it is not the distribution's own id.
    /// <https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst>
    pub fn namespace(&self) -> &str {
        match self.id.as_str() {
            "rhel" => "redhat",
            id if id.starts_with("opensuse") => "opensuse",
            "sles" | "sles_sap" | "sled" | "sle_hpc" | "sle-micro" | "sl-micro" | "suse-microos" | "slem" => "suse",
            id => id,
        }
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
            ("sles", "15.5", Some("SUSE:Linux Enterprise 15 SP5")),
            ("sles", "15", Some("SUSE:Linux Enterprise 15")),
            ("sles_sap", "12.5", Some("SUSE:Linux Enterprise 12 SP5")),
            ("sles", "16.0", Some("SUSE:Linux Enterprise 16.0")),
            ("sles", "", None),
            ("sles", "10.4", None),
            ("sles", "15.5.1", None),
            ("sle-micro", "5.5", Some("SUSE:Linux Enterprise Micro 5.5")),
            ("sl-micro", "6.1", Some("SUSE:Linux Micro 6.1")),
            ("opensuse-leap-micro", "5.5", Some("openSUSE:Leap Micro 5.5")),
            ("opensuse-microos", "20240101", Some("openSUSE:Tumbleweed")),
            ("openeuler", "22.03", None),
            ("alpaquita", "stream", Some("Alpaquita:stream")),
            ("bellsoft-hardened-containers", "25", Some("BellSoft Hardened Containers:25")),
            ("minimos", "20241031", Some("MinimOS")),
            ("echo", "1", Some("Echo")),
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
        for (written, release) in [
            ("Ubuntu:26.04", "Ubuntu:26.04:LTS"),
            ("Ubuntu:24.04:LTS", "Ubuntu:24.04:LTS"),
            ("Ubuntu:25.10", "Ubuntu:25.10"),
            ("Ubuntu:25.04", "Ubuntu:25.04"),
            ("Ubuntu:Pro:16.04:LTS", "Ubuntu:16.04:LTS"),
            ("Ubuntu:Pro:22.04", "Ubuntu:22.04:LTS"),
        ] {
            assert_eq!(of(written), release);
        }
        assert_eq!(of("SUSE:Linux Enterprise Module for Basesystem 15 SP5"), "SUSE:Linux Enterprise 15 SP5");
        assert_eq!(of("SUSE:Enterprise Storage 7.1"), "SUSE:Enterprise Storage 7.1");
        assert_eq!(of("Ubuntu:Pro:22.04:LTS"), "Ubuntu:22.04:LTS");
        assert_eq!(of("Ubuntu:Pro:FIPS-updates:22.04:LTS"), "Ubuntu:Pro:FIPS-updates:22.04:LTS");
        let update = Distro { id: "openeuler".into(), version: "22.03".into(), codename: Some("LTS-SP3".into()) };
        assert_eq!(update.ecosystem().unwrap().to_string(), "openEuler:22.03-LTS-SP3");
    }

    #[test]
    fn records_speak_of_releases() {
        let of = |text: &str| Ecosystem::from(text.to_owned());
        let names = ["Debian", "Debian:12", "Debian:13", "SUSE", "SUSE:Linux Enterprise Server 12 SP5"];
        let names = names.into_iter().chain(["SUSE:Linux Enterprise Module for Containers 12", "SUSE:Linux Micro 6.0"]);
        let all: Vec<Ecosystem> = names.map(of).collect();
        for installed in &all {
            let listed = installed.spoken_of_in();
            for record in &all {
                assert_eq!(record.speaks_of(installed), listed.contains(record), "{record} of {installed}");
            }
        }
        let listed = of("SUSE:Linux Enterprise Server 12 SP5").spoken_of_in();
        assert_eq!(
            listed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["SUSE:Linux Enterprise 12 SP5", "SUSE:Linux Enterprise 12 Modules", "SUSE"]
        );
        assert_eq!(of("Debian:12").spoken_of_in().len(), 2);
    }

    #[test]
    fn names_have_one_normal_form() {
        for (name, normal) in [("Foo._-Bar", "foo-bar"), ("a--b", "a-b"), ("flask", "flask"), ("-a-", "-a-")] {
            assert_eq!(EcosystemKind::PyPI.normal_name(name), normal);
        }
        assert_eq!(EcosystemKind::NuGet.normal_name("Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(EcosystemKind::Packagist.normal_name("Symfony/Yaml"), "symfony/yaml");
        assert_eq!(EcosystemKind::Npm.normal_name("JSONStream"), "JSONStream");
        assert_eq!(EcosystemKind::Go.normal_name("github.com/O/Repo/v2"), "github.com/o/repo/v2");
        let swift = EcosystemKind::parse("SwiftURL");
        for name in
            ["github.com/O/repo", "https://github.com/o/Repo.git", "github.com/o/repo.git", "github.com/o/repo/"]
        {
            assert_eq!(swift.normal_name(name), "github.com/o/repo", "{name}");
        }
        assert_eq!(EcosystemKind::parse("GitHub Actions").normal_name("O/Setup"), "o/setup");
    }
}
