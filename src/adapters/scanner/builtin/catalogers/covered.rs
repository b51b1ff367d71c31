//! What every cataloger covers, in words: the table of `docs/catalogers.md`, which a test keeps fresh.

use super::super::catalog::Reads;
use std::fmt::Write as _;

/// What one cataloger covers.
struct Covered {
    /// The cataloger's name.
    name: &'static str,
    /// Which files.
    files: &'static str,
    /// Type of the package URLs.
    packages: &'static str,
    /// Whether it tells what is needed for development only.
    development: bool,
    /// Whether the files state licences.
    licenses: bool,
}

const fn covered(
    name: &'static str,
    files: &'static str,
    packages: &'static str,
    development: bool,
    licenses: bool,
) -> Covered {
    Covered { name, files, packages, development, licenses }
}

/// By name, one each.
const COVERED: &[Covered] = &[
    covered("apk", "`lib/apk/db/installed`, `usr/lib/apk/db/installed`", "apk", false, true),
    covered("bun-lock", "`bun.lock`", "npm", true, false),
    covered("cabal-freeze", "`cabal.project.freeze`", "hackage", false, false),
    covered("cargo-auditable", "executables built by `cargo auditable`", "cargo", true, false),
    covered("cargo-lock", "`Cargo.lock`, with the `Cargo.toml` of the workspace", "cargo", true, false),
    covered("cartfile-resolved", "`Cartfile.resolved`", "swift", false, false),
    covered("composer-installed", "`installed.json` of Composer", "composer", true, true),
    covered("composer-lock", "`composer.lock`", "composer", true, true),
    covered("conan-lock", "`conan.lock` 1 and 2", "conan", true, false),
    covered(
        "conda-environment",
        "`environment.yml` of conda: whole where it was exported, else it says what is missing",
        "conda",
        false,
        false,
    ),
    covered("conda-explicit", "`conda-*.lock` with `@EXPLICIT`", "conda", false, false),
    covered("conda-lock", "`conda-lock.yml`, `*.conda-lock.yml`", "conda", true, false),
    covered("conda-meta", "`conda-meta/*.json`", "conda", false, true),
    covered("deno-lock", "`deno.lock` 2 to 5", "npm, jsr", false, false),
    covered("dotnet-deps", "`*.deps.json`", "nuget", false, false),
    covered("dpkg", "`var/lib/dpkg/status`, `var/lib/dpkg/status.d/*`", "deb", false, false),
    covered("dpkg-copyright", "`usr/share/doc/*/copyright`: licences of dpkg's packages", "", false, true),
    covered(
        "embedded-sbom",
        "`*.dist-info/sboms/*` of wheels, `_vendor/*.cdx.json`, `opt/bitnami/**/.spdx-*.spdx`: CycloneDX and SPDX, as JSON",
        "",
        false,
        true,
    ),
    covered("gem-installed", "`specifications/*.gemspec`", "gem", false, true),
    covered("gemfile-lock", "`Gemfile.lock`, `gems.locked`", "gem", false, false),
    covered("go-binary", "executables built by Go", "golang", false, false),
    covered("go-mod", "`go.mod` with `go.sum`", "golang", false, false),
    covered(
        "gradle-lockfile",
        "`gradle.lockfile`, `buildscript-gradle.lockfile`, `gradle/dependency-locks/*.lockfile`",
        "maven",
        true,
        false,
    ),
    covered(
        "gradle-verification",
        "`gradle/verification-metadata.xml` where no `gradle.lockfile` lies at the root of the project",
        "maven",
        false,
        false,
    ),
    covered("java-archive", "`.jar`, `.war`, `.ear` and their like, nested ones too", "maven", false, true),
    covered("julia-manifest", "`Manifest.toml` 1 and 2", "julia", false, false),
    covered(
        "maven-pom",
        "`pom.xml` with parents in the tree: direct dependencies, and says that the others are missing",
        "maven",
        true,
        false,
    ),
    covered("mix-lock", "`mix.lock`", "hex", false, false),
    covered(
        "npm-installed",
        "`package.json`, in `node_modules` and wherever else it names a package",
        "npm",
        false,
        true,
    ),
    covered("npm-package-lock", "`package-lock.json` 1 to 3, `npm-shrinkwrap.json`", "npm", true, true),
    covered("nuget-lock", "`packages.lock.json`, `packages.*.lock.json`", "nuget", false, false),
    covered("nuget-packages-config", "`packages.config`", "nuget", true, false),
    covered(
        "nuget-project",
        "`*.csproj`, `*.fsproj`, `*.vbproj`, `Directory.Packages.props` and its like: direct dependencies, where no lockfile lies \
         beside them, and says that the others are missing",
        "nuget",
        true,
        false,
    ),
    covered("opkg", "`usr/lib/opkg/status` and its like", "opkg", false, false),
    covered("os-release", "`etc/os-release`, `usr/lib/os-release`: the distribution itself", "", false, false),
    covered("package-resolved", "`Package.resolved` 1 to 3", "swift", false, false),
    covered("pacman", "`var/lib/pacman/local/*/desc`", "alpm", false, true),
    covered("paket-lock", "`paket.lock`", "nuget", false, false),
    covered("pdm-lock", "`pdm.lock`", "pypi", true, false),
    covered("pipfile-lock", "`Pipfile.lock`", "pypi", true, false),
    covered("pixi-lock", "`pixi.lock` 4 to 6", "conda, pypi", false, true),
    covered("pnpm-lock", "`pnpm-lock.yaml` 5 to 9", "npm", true, false),
    covered("podfile-lock", "`Podfile.lock`", "cocoapods", false, false),
    covered(
        "poetry-lock",
        "`poetry.lock`, with the `pyproject.toml` beside one that does not tell groups",
        "pypi",
        true,
        false,
    ),
    covered("portage", "`var/db/pkg/*/*/PF`", "ebuild", false, false),
    covered("pubspec-lock", "`pubspec.lock`", "pub", true, false),
    covered("pylock", "`pylock.toml`, `pylock.*.toml`", "pypi", false, false),
    covered("python-dist-info", "`*.dist-info/METADATA`, `*.egg-info` and `*.egg-info/PKG-INFO`", "pypi", false, true),
    covered("python-egg", "`*.egg` that are archives", "pypi", false, true),
    covered(
        "python-requirements",
        "`requirements*.txt`, `*requirements.txt`, `requirements/*.txt`",
        "pypi",
        false,
        false,
    ),
    covered("r-installed", "`DESCRIPTION` of an installed package of R", "cran", false, true),
    covered("rebar-lock", "`rebar.lock`", "hex", false, false),
    covered("renv-lock", "`renv.lock`", "cran", false, false),
    covered("rpm", "RPM's database: SQLite, ndb, Berkeley DB", "rpm", false, true),
    covered("rpm-manifest", "`var/lib/rpmmanifest/container-manifest-2`", "rpm", false, false),
    covered("sbt-lock", "`build.sbt.lock`", "maven", true, false),
    covered(
        "stack-lock",
        "`stack.yaml.lock`; what the project takes of its snapshot does not stand in it, which is said",
        "hackage",
        false,
        false,
    ),
    covered(
        "unlocked-manifest",
        "`Cargo.toml`, `Pipfile`, `composer.json`, `deno.json`, `package.json`, `pyproject.toml` that ask for packages: without \
         a lockfile beside or above them they make a subject incomplete",
        "",
        false,
        false,
    ),
    covered("unread-source", "`bun.lockb`: known and not read, which makes a subject incomplete", "", false, false),
    covered("uv-lock", "`uv.lock`, `*.py.lock`", "pypi", true, false),
    covered("yarn-lock", "`yarn.lock` of Yarn 1 and later, with the `package.json` beside it", "npm", true, false),
];

/// The table, as Markdown.
pub fn table() -> String {
    let mut text = String::from(
        "# What the built-in scanner reads\n\n\
         Written by `proofmark`'s own code; a test fails when it is stale (`PROOFMARK_BLESS=1 cargo test` writes it anew).\n\n\
         A file that one of these wants and cannot read, wholly or in part, makes its subject incomplete, with the path and the reason.\n\n\
         | catalogue | in | files | packages | marks development | licences |\n|---|---|---|---|---|---|\n",
    );
    for covered in COVERED {
        let reads = super::ALL.iter().find(|each| each.name() == covered.name).map(|each| each.reads());
        let place = match reads {
            Some(Reads::Source) => "source trees",
            Some(Reads::Installed) => "images",
            Some(Reads::Both) => "both",
            None => "nowhere",
        };
        let yes = |flag| if flag { "yes" } else { "" };
        let packages =
            if covered.packages.is_empty() { String::new() } else { format!("`pkg:{}/…`", covered.packages) };
        let (name, files) = (covered.name, covered.files);
        let _ = writeln!(
            text,
            "| `{name}` | {place} | {files} | {packages} | {} | {} |",
            yes(covered.development),
            yes(covered.licenses)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/catalogers.md");

    #[test]
    fn every_cataloger_is_covered() {
        let names: Vec<&str> = COVERED.iter().map(|covered| covered.name).collect();
        let all: Vec<&str> = super::super::ALL.iter().map(|each| each.name()).collect();
        assert_eq!(names, all);
    }

    #[test]
    fn the_page_is_fresh() {
        if std::env::var_os("PROOFMARK_BLESS").is_some_and(|bless| bless == "1") {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
            std::fs::write(FILE, table()).unwrap();
        }
        let kept = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(kept == table(), "docs/catalogers.md is stale: run the tests with PROOFMARK_BLESS=1");
    }
}
