//! `*.deps.json`: what a published program of .NET is made of, the runtime that it brings along included.
//! Format: <https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::{json, nuget_lock};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reads the dependency files of .NET.
pub(super) struct DepsJson;

impl Cataloger for DepsJson {
    fn name(&self) -> &'static str {
        "dotnet-deps"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name().ends_with(".deps.json")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let deps: Deps = json::read(file)?;
        let libraries = deps.libraries.ok_or_else(|| ParseError("it names no libraries".into()))?;
        let mut all = Collector::default();
        for (key, library) in &libraries {
            let Some((name, version)) = key.split_once('/') else {
                all.gap(format!("`{key}` has no version"));
                continue;
            };
            // The name of a package behind this prefix is that of the runtime as it is published.
            let name = name.strip_prefix("runtimepack.").unwrap_or(name);
            all.add_or_gap(match library.kind.as_str() {
                "package" | "runtimepack" => nuget_lock::component(name, version),
                // The program's own code, and assemblies that lie beside it.
                _ => identity::component("nuget", None, name, name, version, &Origin::Local),
            });
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Deps {
    libraries: Option<BTreeMap<String, Library>>,
}

#[derive(Deserialize)]
struct Library {
    #[serde(rename = "type", default)]
    kind: String,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"{"runtimeTarget":{"name":".NETCoreApp,Version=v6.0/linux-x64"},"libraries":{
        "Own/1.0.0":{"type":"project","serviceable":false},"odd":{"type":"package"},
        "Newtonsoft.Json/13.0.1":{"type":"package","serviceable":true,"sha512":"x"},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1":{"type":"runtimepack"}}}"#;

    #[test]
    fn packages_and_runtimes_have_advisories() {
        let parsed = parse(&DepsJson, "app/own.deps.json", SAMPLE).unwrap();
        let show = |c: &&crate::model::Component| format!("{} {}", c.purl, c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let expected = [
            "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@6.0.1 true",
            "pkg:nuget/Newtonsoft.Json@13.0.1 true",
            "pkg:nuget/Own@1.0.0 false",
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps, ["`odd` has no version"]);
        assert!(parse(&DepsJson, "app/own.deps.json", "{}").is_err());
        damage(&DepsJson, "app/own.deps.json", SAMPLE);
    }
}
