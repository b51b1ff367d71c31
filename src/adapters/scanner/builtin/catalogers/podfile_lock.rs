//! `Podfile.lock`: every pod that CocoaPods resolved. Format: what CocoaPods writes
//! (<https://guides.cocoapods.org/using/using-cocoapods.html#what-is-podfilelock>).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::yaml::{self, Scalar};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Reads CocoaPods' lockfile.
pub(super) struct PodfileLock;

impl Cataloger for PodfileLock {
    fn name(&self) -> &'static str {
        "podfile-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "Podfile.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let documents: Vec<Lock> = yaml::documents(&file.content.text()?)?;
        let lock = documents.into_iter().next();
        let Some((lock, pods)) =
            lock.and_then(|mut lock| Some((lock.pods.take()?, lock)).map(|(pods, lock)| (lock, pods)))
        else {
            return Err(ParseError("not a Podfile.lock: no `PODS`".into()));
        };
        let mut all = Collector::default();
        for pod in &pods {
            let text = match pod {
                Pod::Alone(text) => Some(text.as_str()),
                Pod::With(map) => map.keys().next().map(String::as_str),
            };
            let split = text
                .and_then(|text| text.split_once(" ("))
                .and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
            let Some((name, version)) = split else {
                all.gap(format!("`{}` has no version", text.unwrap_or_default()));
                continue;
            };
            // `Texture/Core` is a part of `Texture`, at its version.
            let whole = name.split('/').next().unwrap_or(name);
            let source = lock.external.get(whole);
            let checkout = lock.checkout.get(whole).or(source);
            let origin = match checkout {
                Some(from) if from.contains_key(":git") => {
                    let of = |key: &str| from.get(key).map(Scalar::as_str).unwrap_or_default();
                    Origin::repository(&format!("{}#{}", of(":git"), of(":commit")))
                }
                Some(from) if from.contains_key(":http") => {
                    Origin::download(from.get(":http").map(Scalar::as_str).unwrap_or_default())
                }
                Some(_) => Origin::Local,
                None => Origin::Registry,
            };
            all.add_or_gap(identity::component("cocoapods", None, whole, whole, version, &origin));
        }
        // Its last line.
        if lock.cocoapods.is_none() {
            all.gap("it has no `COCOAPODS`: cut off");
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "PODS")]
    pods: Option<Vec<Pod>>,
    #[serde(rename = "EXTERNAL SOURCES", default)]
    external: BTreeMap<String, BTreeMap<String, Scalar>>,
    #[serde(rename = "CHECKOUT OPTIONS", default)]
    checkout: BTreeMap<String, BTreeMap<String, Scalar>>,
    #[serde(rename = "COCOAPODS")]
    cocoapods: Option<Scalar>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Pod {
    With(BTreeMap<String, Vec<IgnoredAny>>),
    Alone(String),
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = "PODS:\n  - A (1.0.0)\n  - B (2.0.0):\n    - B/Core (= 2.0.0)\n  - B/Core (2.0.0)\n  - C (0.1)\n  - odd\n\nDEPENDENCIES:\n  - A\n\n\
        EXTERNAL SOURCES:\n  C:\n    :git: https://x.example/c.git\n\nCHECKOUT OPTIONS:\n  C:\n    :commit: af885e2e890b9ef0875edd2b117305119ee5bdc5\n    :git: https://x.example/c.git\n\nCOCOAPODS: 1.11.2\n";

    #[test]
    fn pods_are_read_once_with_where_they_come_from() {
        let parsed = parse(&PodfileLock, "ios/Podfile.lock", SAMPLE).unwrap();
        let show = |c: &&crate::model::Component| format!("{} {} {}", c.name, c.version, c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["A 1.0.0 true", "B 2.0.0 true", "C 0.1 false"]);
        assert_eq!(parsed.gaps.len(), 1);
        let cut = parse(&PodfileLock, "Podfile.lock", &SAMPLE[..SAMPLE.find("  - odd").unwrap()]).unwrap();
        assert_eq!(cut.gaps.len(), 1);
        for text in ["", "a: 1\n", "invalid\ntext\n"] {
            assert!(parse(&PodfileLock, "Podfile.lock", text).is_err(), "{text}");
        }
        damage(&PodfileLock, "Podfile.lock", SAMPLE);
    }
}
