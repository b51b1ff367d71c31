//! `Package.resolved`: every package that Swift's package manager resolved, versions 1 to 3 of the file.
//! Format: <https://github.com/swiftlang/swift-package-manager/blob/main/Documentation/ResolvingPackageVersions.md>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::json;
use crate::model::Component;
use serde::Deserialize;

/// Reads SwiftPM's lockfile.
pub(super) struct PackageResolved;

impl Cataloger for PackageResolved {
    fn name(&self) -> &'static str {
        "package-resolved"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "Package.resolved"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = json::read(file)?;
        let pins = lock.pins.or(lock.object.map(|object| object.pins));
        let pins = pins.ok_or_else(|| ParseError("not a Package.resolved: no `pins`".into()))?;
        let mut all = Collector::default();
        for pin in &pins {
            all.add_or_gap(component(pin));
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    pins: Option<Vec<Pin>>,
    object: Option<Object>,
}

#[derive(Deserialize)]
struct Object {
    pins: Vec<Pin>,
}

#[derive(Deserialize)]
struct Pin {
    #[serde(default)]
    identity: String,
    #[serde(alias = "repositoryURL", default)]
    location: String,
    #[serde(default)]
    kind: String,
    state: State,
}

#[derive(Deserialize)]
struct State {
    version: Option<String>,
    revision: Option<String>,
}

fn component(pin: &Pin) -> Result<Component, String> {
    let version = pin.state.version.as_deref().unwrap_or_default();
    if pin.kind == "registry" || pin.location.is_empty() {
        // A package of a registry has an identity (`scope.name`) alone.
        return match pin.identity.split_once('.') {
            Some((scope, name)) => {
                identity::component("swift", Some(scope), name, &pin.identity, version, &Origin::Registry)
            }
            None => Err(format!("`{}` has no address", pin.identity)),
        };
    }
    let place = identity::without_credentials(&pin.location);
    let place = place.split_once("://").map_or_else(
        // `git@host:owner/name.git`
        || place.split_once('@').map_or(place.clone(), |(_, rest)| rest.replacen(':', "/", 1)),
        |(_, rest)| rest.trim_start_matches("git@").to_owned(),
    );
    let name = place.trim_end_matches('/').trim_end_matches(".git").to_owned();
    let (namespace, last) = name.rsplit_once('/').ok_or_else(|| format!("`{name}` is no address of a package"))?;
    if version.is_empty() {
        // A branch or a commit: no version that advisories speak of.
        let origin =
            Origin::repository(&format!("{}#{}", pin.location, pin.state.revision.as_deref().unwrap_or_default()));
        return identity::component("swift", Some(namespace), last, &name, "", &origin);
    }
    identity::component("swift", Some(namespace), last, &name, version, &Origin::Registry)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const TWO: &str = r#"{"pins":[{"identity":"a","kind":"remoteSourceControl","location":"https://u:p@x.example/o/a.git","state":{"revision":"af885e2e890b9ef0875edd2b117305119ee5bdc5","version":"1.0.0"}},
        {"identity":"b","kind":"remoteSourceControl","location":"git@x.example:o/b.git","state":{"revision":"af885e2e890b9ef0875edd2b117305119ee5bdc5","branch":"main"}},
        {"identity":"o.c","kind":"registry","location":"","state":{"version":"2.0.0"}},{"identity":"odd","location":"","state":{}}],"version":2}"#;

    #[test]
    fn pins_are_named_by_their_address() {
        let parsed = parse(&PackageResolved, "Package.resolved", TWO).unwrap();
        let show = |c: &&Component| format!("{} {} {}", c.name, c.version, c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["o.c 2.0.0 true", "x.example/o/a 1.0.0 true", "x.example/o/b  false"]);
        assert_eq!(parsed.gaps, ["`odd` has no address"]);
        let one = r#"{"object":{"pins":[{"package":"a","repositoryURL":"https://x.example/o/a","state":{"branch":null,"revision":"x","version":"1.0.0"}}]},"version":1}"#;
        let parsed = parse(&PackageResolved, "Package.resolved", one).unwrap();
        assert_eq!(components(&parsed)[0].purl.as_str(), "pkg:swift/x.example/o/a@1.0.0");
        for text in ["", "{}", &TWO[..TWO.len() / 2]] {
            assert!(parse(&PackageResolved, "Package.resolved", text).is_err(), "{text}");
        }
        damage(&PackageResolved, "Package.resolved", TWO);
    }
}
