//! `conda-meta/*.json`: a package that conda has installed into an environment.
//! Format: <https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::conda::{self, Build};
use super::json;
use serde::Deserialize;

/// Reads conda's installed packages.
pub(super) struct CondaMeta;

impl Cataloger for CondaMeta {
    fn name(&self) -> &'static str {
        "conda-meta"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let Some((directory, name)) = file.path.rsplit_once('/') else { return false };
        name.ends_with(".json") && (directory == "conda-meta" || directory.ends_with("/conda-meta"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let package: Package = json::read(file)?;
        let missing = |what: &str| ParseError(format!("it has no `{what}`"));
        let name = package.name.filter(|name| !name.is_empty()).ok_or_else(|| missing("name"))?;
        let version = package.version.filter(|version| !version.is_empty()).ok_or_else(|| missing("version"))?;
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        // The last part of an address is the channel's name.
        let channel = of(&package.channel);
        let channel = channel.trim_end_matches('/').rsplit("://").next().unwrap_or_default();
        let channel = channel
            .strip_suffix(&format!("/{}", of(&package.subdir)))
            .unwrap_or(channel)
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let build = package.build.clone().or(package.build_string.clone()).unwrap_or_default();
        let subdir = package.subdir.as_deref().unwrap_or_default();
        let build = Build { build: &build, channel, subdir };
        let mut component = conda::component(&name, &version, build).map_err(ParseError)?;
        component.licenses = package.license.filter(|license| !license.is_empty()).into_iter().collect();
        let mut all = Collector::default();
        all.add(component);
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Package {
    name: Option<String>,
    version: Option<String>,
    build: Option<String>,
    build_string: Option<String>,
    channel: Option<String>,
    subdir: Option<String>,
    license: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    #[test]
    fn a_package_is_read() {
        let text = r#"{"name":"jupyterlab","version":"3.1.12","build":"py39_0","channel":"https://repo.example/pkgs/main/linux-64","subdir":"linux-64","license":"BSD-3-Clause"}"#;
        let path = "opt/conda/conda-meta/jupyterlab-3.1.12-py39_0.json";
        let parsed = parse(&CondaMeta, path, text).unwrap();
        let [component] = components(&parsed)[..] else { panic!("{parsed:?}") };
        assert_eq!(component.purl.as_str(), "pkg:conda/jupyterlab@3.1.12?build=py39_0&channel=main&subdir=linux-64");
        assert_eq!(component.licenses, ["BSD-3-Clause"]);
        // No database of OSV's speaks of conda's packages: they must not read as checked.
        assert!(component.ecosystem.is_some());
        for text in ["", "{}", r#"{"name":"a"}"#, &text[..text.len() / 2]] {
            assert!(parse(&CondaMeta, path, text).is_err(), "{text}");
        }
        damage(&CondaMeta, path, text);
    }
}
