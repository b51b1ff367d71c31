//! `pubspec.lock`: every package that Dart's pub resolved. Format: <https://dart.dev/tools/pub/private-files#pubspec-lock>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::yaml::{self, Scalar};
use crate::model::{Component, Scope};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reads pub's lockfile.
pub(super) struct PubspecLock;

impl Cataloger for PubspecLock {
    fn name(&self) -> &'static str {
        "pubspec-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "pubspec.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let documents: Vec<Lock> = yaml::documents(&file.content.text()?)?;
        let Some(lock) = documents.into_iter().next() else {
            return Err(ParseError("not a pubspec.lock: it is empty".into()));
        };
        let mut all = Collector::default();
        for (name, package) in lock.packages.unwrap_or_default() {
            let version = package.version.as_str();
            let origin = match package.source.as_str() {
                "hosted" => Origin::Registry,
                "git" => Origin::repository(&package.description.git()),
                // What comes with the SDK, and the project's own.
                _ => Origin::Local,
            };
            let component = identity::component("pub", None, &name, &name, version, &origin);
            // `pub` does not say what a transitive package is needed for.
            let is_development = package.dependency.as_str() == "direct dev";
            let scope = if is_development { Scope::Development } else { Scope::Runtime };
            all.add_or_gap(component.map(|component| Component { scope, ..component }));
        }
        // The last section of every one that pub has written since 2018.
        if lock.sdks.is_none() {
            all.gap("it has no `sdks`: cut off");
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    packages: Option<BTreeMap<String, Package>>,
    sdks: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    dependency: Scalar,
    #[serde(default)]
    source: Scalar,
    #[serde(default)]
    version: Scalar,
    #[serde(default)]
    description: Description,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Description {
    Map(BTreeMap<String, Scalar>),
    Name(Scalar),
}

impl Default for Description {
    fn default() -> Self {
        Self::Name(Scalar::default())
    }
}

impl Description {
    /// The address of a repository with its commit.
    fn git(&self) -> String {
        match self {
            Self::Map(map) => {
                let of = |key| map.get(key).map(Scalar::as_str).unwrap_or_default();
                format!("{}#{}", of("url"), of("resolved-ref"))
            }
            Self::Name(name) => name.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = "packages:\n  a:\n    dependency: transitive\n    description:\n      name: a\n      url: \"https://pub.example\"\n    source: hosted\n    version: \"1.0.0\"\n\
        \x20 b:\n    dependency: \"direct dev\"\n    description:\n      resolved-ref: af885e2e890b9ef0875edd2b117305119ee5bdc5\n      url: \"https://x.example/b.git\"\n    source: git\n    version: \"2.0.0\"\n\
        \x20 flutter:\n    dependency: \"direct main\"\n    description: flutter\n    source: sdk\n    version: \"0.0.0\"\nsdks:\n  dart: \">=2\"\n";

    #[test]
    fn packages_are_read_with_where_they_come_from() {
        let parsed = parse(&PubspecLock, "pubspec.lock", SAMPLE).unwrap();
        let show = |c: &&Component| format!("{} {:?} {}", c.name, c.scope, c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["a Runtime true", "b Development false", "flutter Runtime false"]);
        assert_eq!(parsed.gaps, NOTHING);
        let cut = parse(&PubspecLock, "pubspec.lock", &SAMPLE[..SAMPLE.find("  flutter").unwrap()]).unwrap();
        assert_eq!(cut.gaps.len(), 1);
        assert!(parse(&PubspecLock, "pubspec.lock", "").is_err());
        damage(&PubspecLock, "pubspec.lock", SAMPLE);
    }
}
