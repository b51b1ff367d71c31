//! `Pipfile.lock`. Format: what pipenv writes (<https://pipenv.pypa.io/en/latest/locking.html>).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::{Collector, shortened};
use super::identity::Origin;
use super::pypi;
use crate::model::{Component, Scope};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads pipenv's lockfile.
pub(super) struct PipfileLock;

impl Cataloger for PipfileLock {
    fn name(&self) -> &'static str {
        "pipfile-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "Pipfile.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut sections: BTreeMap<String, Value> =
            serde_json::from_str(&text).map_err(|error| ParseError(shortened(error.to_string())))?;
        if sections.remove("_meta").is_none() {
            return Err(ParseError("not a Pipfile.lock: no `_meta`".into()));
        }
        let mut all = Collector::default();
        for (section, packages) in sections {
            let packages: BTreeMap<String, Entry> = serde_json::from_value(packages)
                .map_err(|error| ParseError(shortened(format!("`{section}`: {error}"))))?;
            // Sections of the user's own are groups for certain uses, as `develop` is; which, nobody says.
            let scope = if section == "develop" { Scope::Development } else { Scope::Runtime };
            for (name, entry) in packages {
                match component(&name, &entry) {
                    Ok(Some(mut component)) => {
                        component.scope = scope;
                        all.add(component);
                    }
                    Ok(None) => {}
                    Err(reason) => all.gap(reason),
                }
            }
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Entry {
    version: Option<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    commit: Option<String>,
    file: Option<String>,
    path: Option<String>,
}

/// The component of an entry; `None` for a directory, which is source of its own.
fn component(name: &str, entry: &Entry) -> Result<Option<Component>, String> {
    let version = entry.version.as_deref().unwrap_or_default().trim_start_matches('=').trim();
    let origin = match entry {
        Entry { git: Some(address), commit, .. } => {
            Origin::repository(&format!("{address}#{}", commit.as_deref().unwrap_or_default()))
        }
        Entry { file: Some(address), .. } if address.contains("://") => Origin::download(address),
        Entry { file: Some(_), .. } | Entry { path: Some(_), .. } if version.is_empty() => return Ok(None),
        Entry { file: Some(_), .. } | Entry { path: Some(_), .. } => Origin::Local,
        _ if version.is_empty() || version.contains(['*', '<', '>', '~', '!']) => {
            return Err(format!("{name}: no version"));
        }
        _ => Origin::Registry,
    };
    pypi::from(name, version, &origin).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"{"_meta":{"pipfile-spec":6},
        "default":{"A_b":{"version":"==1.0","markers":"x"},"c":{"git":"https://github.com/o/c.git","ref":"af885e2e890b"},
            "here":{"editable":true,"path":"."},"odd":{"version":"*"}},
        "develop":{"A_b":{"version":"==1.0"},"t":{"version":"==2.0"}}}"#;

    #[test]
    fn reads_both_sections() {
        let parsed = parse(&PipfileLock, "Pipfile.lock", SAMPLE).unwrap();
        let show = |c: &&Component| format!("{}@{} {:?} {}", c.name, c.version, c.scope, c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["A_b@1.0 Runtime true", "c@ Runtime false", "t@2.0 Development true"]);
        assert_eq!(parsed.gaps, ["odd: no version"]);
        for text in ["", "{}", "[]", &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&PipfileLock, "Pipfile.lock", text).is_err(), "{text}");
        }
        damage(&PipfileLock, "Pipfile.lock", SAMPLE);
    }
}
