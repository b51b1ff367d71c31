//! `packages.config`: the packages of an older project of .NET, each at its version, those that others need included.
//! Format: <https://learn.microsoft.com/en-us/nuget/reference/packages-config>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::nuget_lock;
use super::xml::Document;
use crate::model::Scope;

/// Reads `packages.config`.
pub(super) struct PackagesConfig;

impl Cataloger for PackagesConfig {
    fn name(&self) -> &'static str {
        "nuget-packages-config"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "packages.config"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let document = Document::of(&file.content.bytes()?)?;
        if document.root().name() != "packages" {
            return Err(ParseError("not a packages.config: no `packages`".into()));
        }
        let mut all = Collector::default();
        for package in document.root().all("package") {
            let attribute = |name| package.attribute(name).unwrap_or_default();
            let mut component = nuget_lock::component(attribute("id"), attribute("version"));
            if attribute("developmentDependency").eq_ignore_ascii_case("true") {
                component =
                    component.map(|component| crate::model::Component { scope: Scope::Development, ..component });
            }
            all.add_or_gap(component);
        }
        Ok(all.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<packages>\n\
        <package id=\"Newtonsoft.Json\" version=\"13.0.1\" targetFramework=\"net46\" />\n\
        <package id=\"Tool\" version=\"1.0\" developmentDependency=\"true\"></package>\n<package id=\"odd\"/>\n</packages>\n";

    #[test]
    fn packages_are_read() {
        let parsed = parse(&PackagesConfig, "packages.config", SAMPLE).unwrap();
        let show = |c: &&crate::model::Component| format!("{} {:?}", c.purl, c.scope);
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        assert_eq!(shown, ["pkg:nuget/Newtonsoft.Json@13.0.1 Runtime", "pkg:nuget/Tool@1.0 Development"]);
        assert_eq!(parsed.gaps, ["odd: no version"]);
        for text in ["", "<a/>", &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&PackagesConfig, "packages.config", text).is_err(), "{text}");
        }
        damage(&PackagesConfig, "packages.config", SAMPLE);
    }
}
