//! `environment.yml`: a conda environment, exported or written by hand.
//! Format: <https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html#create-env-file-manually>,
//! the packages in it by <https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html#package-match-specifications>.
//!
//! Only an export names the build of every package (`name=version=build`), and all of them. A file with any other entry says
//! what a project asks for: its versions may be beginnings of versions, and what the packages need in turn is not in it. What
//! it pins is listed, and it is never taken for whole.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::conda::{self, Build};
use super::identity::Origin;
use super::pypi;
use super::yaml::{self, Scalar};
use crate::model::Component;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reads environments of conda.
pub(super) struct CondaEnvironment;

impl Cataloger for CondaEnvironment {
    fn name(&self) -> &'static str {
        "conda-environment"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        matches!(file.file_name(), "environment.yml" | "environment.yaml")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let documents: Vec<Environment> = yaml::documents(&file.content.text()?)?;
        let mut all = Collector::default();
        // Other tools have files of this name: one without the list is theirs, unless it says that it is conda's.
        let Some(environment) = documents.into_iter().next() else {
            return Err(ParseError("it is empty".into()));
        };
        let Some(dependencies) = environment.dependencies else {
            if environment.channels.is_some() {
                all.gap("it has no `dependencies`: cut off");
            }
            return Ok(all.finish());
        };
        for entry in &dependencies {
            match entry {
                Entry::Package(spec) => match package(spec.as_str()) {
                    Ok((component, exported)) => {
                        all.add(component);
                        if !exported {
                            all.gap("not the export of an environment: packages without a build, so that others may be missing");
                        }
                    }
                    Err(reason) => all.gap(reason),
                },
                Entry::Manager(managers) => {
                    for (manager, wishes) in managers {
                        for wish in wishes {
                            all.add_or_gap(match manager.as_str() {
                                "pip" => of_pip(wish.as_str()),
                                other => Err(format!("`{other}` is no manager that is known")),
                            });
                        }
                    }
                }
            }
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Environment {
    channels: Option<serde::de::IgnoredAny>,
    dependencies: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Manager(BTreeMap<String, Vec<Scalar>>),
    Package(Scalar),
}

/// `[CHANNEL[/SUBDIR]::]NAME=VERSION[=BUILD]`, and whether it names the build.
fn package(spec: &str) -> Result<(Component, bool), String> {
    let (place, rest) = spec.split_once("::").unwrap_or(("", spec));
    let (channel, subdir) = match place.rsplit_once('/') {
        Some((channel, subdir)) if !channel.contains("://") || channel.matches('/').count() > 2 => (channel, subdir),
        _ => (place, ""),
    };
    let channel = channel.rsplit('/').next().unwrap_or_default();
    let unpinned = || format!("`{rest}` names no version");
    // Blanks part name, version and build as well.
    let words: Vec<&str> = rest.split_whitespace().collect();
    let joined = match words.as_slice() {
        [] | [_] => rest.trim().to_owned(),
        _ if rest.contains(['=', '<', '>', '!', '~']) => words.concat(),
        words => words.join("="),
    };
    let (name, pin) = joined.split_once('=').ok_or_else(unpinned)?;
    let (version, build) = pin.trim_start_matches('=').split_once('=').unwrap_or((pin.trim_start_matches('='), ""));
    let is_version = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+!-".contains(&byte))
    };
    let is_build = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte));
    let is_name =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !is_name(name) || !is_version(version) || !is_build(build) {
        return Err(unpinned());
    }
    conda::component(name, version, Build { build, channel, subdir }).map(|component| (component, !build.is_empty()))
}

/// `NAME[EXTRAS]==VERSION [; MARKER]`.
fn of_pip(wish: &str) -> Result<Component, String> {
    let unpinned = || format!("`{wish}` of pip names no version");
    let (name, version) = wish.split(';').next().unwrap_or_default().split_once("==").ok_or_else(unpinned)?;
    let (name, version) = (name.split('[').next().unwrap_or_default().trim(), version.trim_start_matches('=').trim());
    let is_version = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+!-_".contains(&byte));
    if version.is_empty() || !is_version {
        return Err(unpinned());
    }
    pypi::from(name, version, &Origin::Registry)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const EXPORT: &str = "name: own\nchannels:\n  - conda-forge\ndependencies:\n  - _libgcc_mutex=0.1=conda_forge\n\
        \x20 - conda-forge/linux-64::openssl=3.1.0=h0b41bf4_0\n  - pip=23.0=pyhd8ed1ab_0\n  - pip:\n      - Some.Thing[x]==2.0\n      - b==1.0 ; os_name == 'nt'\n\
        prefix: /opt/conda/envs/own\n";

    #[test]
    fn an_export_is_whole() {
        let parsed = parse(&CondaEnvironment, "environment.yml", EXPORT).unwrap();
        let shown: Vec<&str> = components(&parsed).iter().map(|component| component.purl.as_str()).collect();
        let expected = [
            "pkg:conda/_libgcc_mutex@0.1?build=conda_forge",
            "pkg:conda/openssl@3.1.0?build=h0b41bf4_0&channel=conda-forge&subdir=linux-64",
            "pkg:conda/pip@23.0?build=pyhd8ed1ab_0",
            "pkg:pypi/b@1.0",
            "pkg:pypi/some-thing@2.0",
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps, NOTHING);
        damage(&CondaEnvironment, "environment.yml", EXPORT);
    }

    #[test]
    fn blanks_part_as_well() {
        let text = "dependencies:\n  - a 1.0 py_0\n  - b 2.0\n  - c == 3.0\n  - d=4.0=0\n";
        let parsed = parse(&CondaEnvironment, "environment.yml", text).unwrap();
        let shown: Vec<&str> = components(&parsed).iter().map(|component| component.purl.as_str()).collect();
        assert_eq!(
            shown,
            ["pkg:conda/a@1.0?build=py_0", "pkg:conda/b@2.0", "pkg:conda/c@3.0", "pkg:conda/d@4.0?build=0"]
        );
        for odd in ["a 1.0|2.0", "a >1.0,<2", "a 1.0 b c", "a b"] {
            let parsed = parse(&CondaEnvironment, "environment.yml", &format!("dependencies:\n  - {odd}\n")).unwrap();
            assert!(
                !parsed.gaps.is_empty() && components(&parsed).len() == usize::from(odd == "a b"),
                "{odd}: {parsed:?}"
            );
        }
    }

    #[test]
    fn wishes_are_never_taken_for_whole() {
        let written = "channels: [defaults]\ndependencies:\n  - python=3.9\n  - a==1.0\n";
        let parsed = parse(&CondaEnvironment, "environment.yml", written).unwrap();
        assert_eq!((components(&parsed).len(), parsed.gaps.len()), (2, 1));
        for wish in
            ["numpy", "numpy>=1.2", "numpy=1.*", "'python[version=\">=3\"]'", "a=1|2", "pip: [x, -r y.txt]", "npm: [a]"]
        {
            let text = format!("dependencies:\n  - b=1=0\n  - {wish}\n");
            let parsed = parse(&CondaEnvironment, "environment.yml", &text).unwrap();
            assert!(components(&parsed).len() == 1 && !parsed.gaps.is_empty(), "{wish}: {parsed:?}");
        }
    }

    #[test]
    fn files_of_other_tools_are_nothing() {
        let parsed = parse(&CondaEnvironment, "environment.yml", "name: production\nreplicas: 2\n").unwrap();
        assert_eq!((parsed.found.len(), parsed.gaps.len()), (0, 0));
        assert_eq!(parse(&CondaEnvironment, "environment.yml", "channels: [x]\n").unwrap().gaps.len(), 1);
        assert!(parse(&CondaEnvironment, "environment.yml", "").is_err());
    }
}
