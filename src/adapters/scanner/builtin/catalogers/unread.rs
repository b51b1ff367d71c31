//! Package lists that this version knows of but does not read. Each is a gap: a subject that holds one is incomplete, never
//! clean by silence. A cataloger that learns to read one takes it off these lists.

use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};

/// Names of files in source trees.
const SOURCE: &[&str] = &[
    "Cartfile.resolved",
    "Gemfile.lock",
    "Package.resolved",
    "Podfile.lock",
    "bun.lock",
    "bun.lockb",
    "composer.lock",
    "conan.lock",
    "deno.lock",
    "gems.locked",
    "gradle.lockfile",
    "mix.lock",
    "packages.config",
    "packages.lock.json",
    "pom.xml",
    "pubspec.lock",
    "rebar.lock",
    "renv.lock",
    "stack.yaml.lock",
];

/// Endings of files in source trees: projects of .NET, whose packages stand in them where there is no lockfile.
const SOURCE_ENDINGS: &[&str] = &[".csproj", ".fsproj", ".vbproj"];

/// Endings of files in images.
const INSTALLED_ENDINGS: &[&str] = &[".deps.json", ".ear", ".jar", ".war", "/composer/installed.json"];

/// Package databases in images, by path.
const DATABASES: &[&str] = &[
    "usr/lib/sysimage/rpm/Packages",
    "usr/lib/sysimage/rpm/Packages.db",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "var/lib/pacman/local/ALPM_DB_VERSION",
    "var/lib/rpm/Packages",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
];

/// Package lists of source trees.
pub(super) struct UnreadSource;

/// Package lists of images.
pub(super) struct UnreadInstalled;

/// The gap that stands for the file.
fn unread() -> Result<Parsed, ParseError> {
    Err(ParseError("this version does not read such package lists".into()))
}

impl Cataloger for UnreadSource {
    fn name(&self) -> &'static str {
        "unread-source"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let name = file.file_name();
        SOURCE.contains(&name) || SOURCE_ENDINGS.iter().any(|ending| name.ends_with(ending))
    }

    fn parse(&self, _: &File<'_>) -> Result<Parsed, ParseError> {
        unread()
    }
}

impl Cataloger for UnreadInstalled {
    fn name(&self) -> &'static str {
        "unread-installed"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let is_gem = || file.path.ends_with(".gemspec") && file.path.contains("/specifications/");
        DATABASES.contains(&file.path) || INSTALLED_ENDINGS.iter().any(|ending| file.path.ends_with(ending)) || is_gem()
    }

    fn parse(&self, _: &File<'_>) -> Result<Parsed, ParseError> {
        unread()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::parse;
    use super::*;

    #[test]
    fn what_is_not_read_is_said() {
        let wants =
            |cataloger: &dyn Cataloger, path: &str| cataloger.wants(&FileFacts { path, size: 1, executable: false });
        for path in ["pom.xml", "a/Gemfile.lock", "src/Cart.csproj"] {
            assert!(wants(&UnreadSource, path), "{path}");
            assert!(parse(&UnreadSource, path, "").is_err());
        }
        for path in ["app/lib/x.jar", "var/lib/rpm/rpmdb.sqlite", "usr/lib/ruby/gems/3.1.0/specifications/rake.gemspec"]
        {
            assert!(wants(&UnreadInstalled, path), "{path}");
        }
        assert!(!wants(&UnreadSource, "package-lock.json") && !wants(&UnreadInstalled, "app/x.gemspec"));
    }
}
