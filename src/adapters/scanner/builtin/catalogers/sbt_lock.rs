//! `build.sbt.lock`: every module that sbt resolved for a Scala project, as the plugin sbt-dependency-lock writes it.
//! Format: <https://stringbean.github.io/sbt-dependency-lock/file-formats/index.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::gradle_lockfile;
use crate::model::{Component, Scope};
use serde::Deserialize;

/// Reads sbt's lockfile.
pub(super) struct SbtLock;

impl Cataloger for SbtLock {
    fn name(&self) -> &'static str {
        "sbt-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "build.sbt.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let lock: Lock = serde_json::from_str(&text).map_err(|error| ParseError(error.to_string()))?;
        if lock.lock_version != 1 {
            return Err(ParseError(format!("lockVersion {} is not known (1 is)", lock.lock_version)));
        }
        let mut all = Collector::default();
        for module in &lock.dependencies {
            let component = match module.version.as_str() {
                "" => Err(format!("{}:{}: no version", module.org, module.name)),
                version => gradle_lockfile::maven(&module.org, &module.name, version),
            };
            all.add_or_gap(component.map(|component| Component { scope: module.scope(), ..component }));
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    lock_version: u64,
    dependencies: Vec<Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    org: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    configurations: Vec<String>,
}

impl Module {
    /// Needed for development where it is in no configuration but those of tests.
    fn scope(&self) -> Scope {
        let of_tests = |name: &String| matches!(name.as_str(), "test" | "it" | "test-internal" | "it-internal");
        let only = !self.configurations.is_empty() && self.configurations.iter().all(of_tests);
        if only { Scope::Development } else { Scope::Runtime }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"{"lockVersion":1,"configurations":["compile","test"],"dependencies":[
        {"org":"o.t","name":"cats-core_2.12","version":"2.9.0","artifacts":[{"name":"c.jar"}],"configurations":["compile","test"]},
        {"org":"o.t","name":"check","version":"1.0","configurations":["test"]},{"org":"o.t","name":"odd"}]}"#;

    #[test]
    fn reads_modules() {
        let parsed = parse(&SbtLock, "build.sbt.lock", SAMPLE).unwrap();
        let shown: Vec<String> = components(&parsed).iter().map(|c| format!("{} {:?}", c.purl, c.scope)).collect();
        assert_eq!(shown, ["pkg:maven/o.t/cats-core_2.12@2.9.0 Runtime", "pkg:maven/o.t/check@1.0 Development"]);
        assert_eq!(parsed.gaps, ["o.t:odd: no version"]);
        for text in ["", "{}", r#"{"lockVersion":2,"dependencies":[]}"#, &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&SbtLock, "build.sbt.lock", text).is_err(), "{text}");
        }
        damage(&SbtLock, "build.sbt.lock", SAMPLE);
    }
}
