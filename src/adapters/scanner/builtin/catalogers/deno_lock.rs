//! `deno.lock`, versions 2 to 5: packages of npm and JSR, and modules by their addresses.
//! Format: <https://docs.deno.com/runtime/fundamentals/modules/#integrity-checking-and-lock-files>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::json;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Reads Deno's lockfile.
pub(super) struct DenoLock;

impl Cataloger for DenoLock {
    fn name(&self) -> &'static str {
        "deno-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "deno.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = json::read(file)?;
        if !["2", "3", "4", "5"].contains(&lock.version.as_str()) {
            return Err(ParseError(format!("version {} of deno.lock is not known", lock.version)));
        }
        let mut all = Collector::default();
        // Version 2 has the packages of npm one level deeper, version 3 all packages.
        let (mut npm, mut jsr) = (lock.npm, lock.jsr);
        let older = lock.packages.unwrap_or_default();
        npm.extend(older.npm);
        jsr.extend(older.jsr);
        if let Some(Value::Packages(packages)) = npm.remove("packages") {
            npm.remove("specifiers");
            npm.extend(packages.into_keys().map(|key| (key, Value::Other(IgnoredAny))));
        }
        for key in npm.keys() {
            let component = split(key).and_then(|(name, version)| identity::npm(name, version, &Origin::Registry));
            all.add_or_gap(component);
        }
        for key in jsr.keys() {
            let component = split(key).and_then(|(name, version)| {
                let (scope, last) = name.split_once('/').ok_or_else(|| format!("`{key}` has no scope"))?;
                identity::component("jsr", Some(scope), last, name, version, &Origin::Registry)
            });
            all.add_or_gap(component);
        }
        if !lock.remote.is_empty() {
            let count = lock.remote.len();
            all.gap(format!("modules by their addresses, of which no advisory speaks: {count}"));
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    version: String,
    #[serde(default)]
    npm: BTreeMap<String, Value>,
    #[serde(default)]
    jsr: BTreeMap<String, Value>,
    #[serde(default)]
    remote: BTreeMap<String, IgnoredAny>,
    packages: Option<Packages>,
}

#[derive(Deserialize, Default)]
struct Packages {
    #[serde(default)]
    npm: BTreeMap<String, Value>,
    #[serde(default)]
    jsr: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Packages(BTreeMap<String, IgnoredAny>),
    Other(IgnoredAny),
}

/// `NAME@VERSION`, and behind `_` what it was resolved beside.
fn split(key: &str) -> Result<(&str, &str), String> {
    let at = key.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    let (name, version) = at.map(|at| (&key[..at], &key[at + 1..])).ok_or_else(|| format!("`{key}` has no version"))?;
    Ok((name, version.split('_').next().unwrap_or(version)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const FIVE: &str = r#"{"version":"5","specifiers":{"npm:chalk@5":"5.3.0"},"jsr":{"@std/assert@1.0.0":{"integrity":"x"}},
        "npm":{"@types/node@18.1.0":{},"chalk@5.3.0":{"integrity":"sha512-x"},"eslint-plugin@1.0.0_eslint@9.0.0_@types+node@18.1.0":{}},"workspace":{}}"#;
    const THREE: &str = r#"{"version":"3","packages":{"specifiers":{},"npm":{"chalk@5.3.0":{"dependencies":{}}}},"remote":{"https://deno.example/x.ts":"ab"}}"#;
    const TWO: &str = r#"{"version":"2","remote":{},"npm":{"specifiers":{"chalk":"chalk@5.3.0"},"packages":{"chalk@5.3.0":{"integrity":"x","dependencies":{}}}}}"#;

    #[test]
    fn all_versions_are_read() {
        let purls = |text: &str| -> Vec<String> {
            let parsed = parse(&DenoLock, "deno.lock", text).unwrap();
            components(&parsed).iter().map(|c| c.purl.to_string()).collect()
        };
        let expected = [
            "pkg:jsr/%40std/assert@1.0.0",
            "pkg:npm/%40types/node@18.1.0",
            "pkg:npm/chalk@5.3.0",
            "pkg:npm/eslint-plugin@1.0.0",
        ];
        assert_eq!(purls(FIVE), expected);
        assert_eq!(parse(&DenoLock, "deno.lock", FIVE).unwrap().gaps, NOTHING);
        for text in [THREE, TWO] {
            assert_eq!(purls(text), ["pkg:npm/chalk@5.3.0"]);
        }
        assert_eq!(parse(&DenoLock, "deno.lock", THREE).unwrap().gaps.len(), 1);
        for text in ["", "{}", "{\"version\":\"9\"}", &FIVE[..FIVE.len() / 2]] {
            assert!(parse(&DenoLock, "deno.lock", text).is_err(), "{text}");
        }
        for text in [FIVE, THREE, TWO] {
            damage(&DenoLock, "deno.lock", text);
        }
    }
}
