//! What a file says of its directory, by its name alone.

/// What a file says of its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// A service is built here.
    Dockerfile,
    /// Packages are locked here.
    Lock(Family),
    /// Packages are asked for here; the lock may stand further up.
    Manifest(Family),
    /// The projects below belong together.
    Solution,
    /// It names services and where they are built.
    Builds(BuildFormat),
}

/// A package manager's world: within one, a lock further up serves the manifests below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Npm,
    Python,
    Rust,
    Go,
    Jvm,
    Dotnet,
    Ruby,
    Php,
    Beam,
    Dart,
    Swift,
    Cpp,
}

/// The kinds of file that name services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BuildFormat {
    /// `compose.yaml`: <https://github.com/compose-spec/compose-spec/blob/main/05-services.md>
    Compose,
    /// `docker-bake.json`: <https://docs.docker.com/build/bake/reference/>
    BakeJson,
    /// `docker-bake.hcl`, which is not read.
    BakeHcl,
    /// `skaffold.yaml`: <https://skaffold.dev/docs/references/yaml/>
    Skaffold,
}

/// What a file of this name says.
pub(super) fn marker(name: &str) -> Option<Marker> {
    use Family::{Beam, Cpp, Dart, Dotnet, Go, Jvm, Npm, Php, Python, Ruby, Rust, Swift};
    use Marker::{Builds, Dockerfile, Lock, Manifest, Solution};
    let ends = |end: &str| name.len() > end.len() && name.ends_with(end);
    Some(match name {
        "package-lock.json" | "npm-shrinkwrap.json" | "yarn.lock" | "pnpm-lock.yaml" | "bun.lock" => Lock(Npm),
        "package.json" => Manifest(Npm),
        "poetry.lock" | "uv.lock" | "pdm.lock" | "pylock.toml" | "Pipfile.lock" => Lock(Python),
        "pyproject.toml" | "Pipfile" | "setup.py" | "setup.cfg" | "requirements.in" => Manifest(Python),
        _ if name.starts_with("requirements") && ends(".txt") => Lock(Python),
        "Cargo.lock" => Lock(Rust),
        "Cargo.toml" => Manifest(Rust),
        "go.mod" | "go.sum" => Lock(Go),
        "gradle.lockfile" => Lock(Jvm),
        "pom.xml" | "build.gradle" | "build.gradle.kts" => Manifest(Jvm),
        "packages.lock.json" => Lock(Dotnet),
        "packages.config" => Manifest(Dotnet),
        _ if ends(".csproj") || ends(".fsproj") || ends(".vbproj") => Manifest(Dotnet),
        _ if ends(".sln") || ends(".slnx") => Solution,
        "Gemfile.lock" | "gems.locked" => Lock(Ruby),
        "Gemfile" | "gems.rb" => Manifest(Ruby),
        "composer.lock" => Lock(Php),
        "composer.json" => Manifest(Php),
        "mix.lock" | "rebar.lock" => Lock(Beam),
        "mix.exs" | "rebar.config" => Manifest(Beam),
        "pubspec.lock" => Lock(Dart),
        "pubspec.yaml" => Manifest(Dart),
        "Package.resolved" => Lock(Swift),
        "Package.swift" => Manifest(Swift),
        "conan.lock" => Lock(Cpp),
        "conanfile.txt" | "conanfile.py" => Manifest(Cpp),
        "Dockerfile" | "Containerfile" => Dockerfile,
        "docker-bake.json" => Builds(BuildFormat::BakeJson),
        "docker-bake.hcl" => Builds(BuildFormat::BakeHcl),
        "skaffold.yaml" | "skaffold.yml" => Builds(BuildFormat::Skaffold),
        _ if is_compose(name) => Builds(BuildFormat::Compose),
        _ if ends(".Dockerfile") || ends(".dockerfile") => Dockerfile,
        _ if name.strip_prefix("Dockerfile.").is_some_and(|end| !end.is_empty() && end != "dockerignore") => Dockerfile,
        _ => return None,
    })
}

/// `compose.yaml`, `docker-compose.prod.yml` and the like.
fn is_compose(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else { return false };
    let stem = stem.strip_prefix("docker-").unwrap_or(stem);
    stem.strip_prefix("compose").is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}
