//! `Manifest.toml`: every package that Julia's Pkg resolved, format 1 (a table a package) and 2 (the same below `deps`).
//!
//! A package of the standard library has no version of its own: it has that of Julia, where the file says it. A package by a path
//! is the project's own code, and is listed as such. A dependency without an entry shows that the file was cut.
//! Format: <https://pkgdocs.julialang.org/v1/toml-files/#Manifest.toml>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::toml_lock;
use crate::model::{Component, Purl};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Reads Pkg's manifest.
pub(super) struct JuliaManifest;

impl Cataloger for JuliaManifest {
    fn name(&self) -> &'static str {
        "julia-manifest"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let name = file.file_name();
        let name = name.strip_prefix("Julia").unwrap_or(name);
        // `Manifest-v1.11.toml` is for one version of Julia.
        name == "Manifest.toml" || (name.starts_with("Manifest-v") && name.ends_with(".toml"))
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let root: Table = toml_lock::read(file)?;
        let text = |key: &str| root.get(key).and_then(Value::as_str);
        let empty = Table::new();
        let packages = match text("manifest_format").map(|format| format.split('.').next().unwrap_or_default()) {
            None | Some("1") => &root,
            Some("2") => root.get("deps").and_then(Value::as_table).unwrap_or(&empty),
            Some(_) => return Err(ParseError("a manifest_format that is not known (1 and 2 are)".into())),
        };
        let mut all = Collector::default();
        let mut known: Vec<(&Table, Component)> = Vec::new();
        for (name, entries) in packages {
            let Value::Array(entries) = entries else {
                // Beside the packages of the first format stand values of the whole.
                if !matches!(entries, Value::String(_)) {
                    all.gap(format!("`{name}` is no list of packages"));
                }
                continue;
            };
            for entry in entries {
                match entry.as_table().map(|table| (table, component(name, table, text("julia_version")))) {
                    Some((table, Ok(component))) => {
                        if component.version.is_empty() && table.contains_key("git-tree-sha1") {
                            all.gap(format!("{name}: no version"));
                        }
                        known.push((table, component));
                    }
                    Some((_, Err(reason))) => all.gap(reason),
                    None => all.gap(format!("`{name}` is no list of packages")),
                }
            }
        }
        if packages.is_empty() && text("manifest_format").is_none() {
            return Err(ParseError("not a Manifest.toml: it is empty".into()));
        }
        let mut purls: BTreeMap<&str, BTreeMap<&str, Purl>> = BTreeMap::new();
        for (table, component) in &known {
            purls.entry(component.name.as_str()).or_default().insert(uuid(table), component.purl.clone());
        }
        let mut needs = Vec::with_capacity(known.len());
        for (table, component) in &known {
            let mut found = Vec::new();
            for (name, wanted) in dependencies(table) {
                let of_name = purls.get(name);
                let only = of_name.filter(|all| all.len() == 1).and_then(|all| all.values().next());
                match (of_name, only.or_else(|| of_name?.get(wanted?))) {
                    (None, _) => all.gap(format!("{} needs `{name}`, which is not in the file", component.name)),
                    (_, purl) => found.extend(purl.and_then(|purl| all.link(purl))),
                }
            }
            needs.push(found);
        }
        for ((_, mut component), needs) in known.into_iter().zip(needs) {
            component.depends_on = needs;
            all.add(component);
        }
        Ok(all.finish())
    }
}

fn uuid(table: &Table) -> &str {
    table.get("uuid").and_then(Value::as_str).unwrap_or_default()
}

/// Names of what a package needs, with the UUID where the name alone does not tell.
fn dependencies(table: &Table) -> Vec<(&str, Option<&str>)> {
    match table.get("deps") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(|name| (name, None)).collect(),
        Some(Value::Table(names)) => names.iter().map(|(name, uuid)| (name.as_str(), uuid.as_str())).collect(),
        _ => Vec::new(),
    }
}

fn component(name: &str, table: &Table, julia: Option<&str>) -> Result<Component, String> {
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    let (uuid, tree) = (text("uuid"), text("git-tree-sha1"));
    if uuid.is_none() {
        return Err(format!("{name}: an entry without its `uuid`"));
    }
    let origin = match (text("path"), text("repo-url")) {
        (Some(_), _) => Origin::Local,
        (None, Some(address)) => Origin::Repository(identity::without_credentials(address), None),
        (None, None) => Origin::Registry,
    };
    let of_julia = tree.is_none() && origin == Origin::Registry;
    let version = text("version").or(julia.filter(|_| of_julia)).unwrap_or_default();
    let further = [("uuid", uuid.unwrap_or_default())];
    identity::qualified("julia", (None, name), name, version, &origin, &further)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SECOND: &str = "julia_version = \"1.9.0\"\nmanifest_format = \"2.0\"\nproject_hash = \"f\"\n\n\
        [[deps.A]]\ndeps = [\"B\", \"Dates\"]\ngit-tree-sha1 = \"08\"\nuuid = \"864e\"\nversion = \"0.17.0\"\n\n\
        [[deps.B]]\ngit-tree-sha1 = \"cc\"\nrepo-rev = \"main\"\nrepo-url = \"https://git.example/B.jl\"\nuuid = \"dcb6\"\nversion = \"0.2.0\"\n\n\
        [[deps.Dates]]\nuuid = \"ade2\"\n\n[[deps.Own]]\npath = \"dev/Own\"\nuuid = \"0a\"\nversion = \"0.1.0\"\n";
    const FIRST: &str = "# made by a machine\n\n[[Foo]]\ndeps = [\"Base64\"]\nuuid = \"767\"\ngit-tree-sha1 = \"7c\"\nversion = \"1.0.0\"\n\n\
        [[Foo]]\nuuid = \"6f4\"\ngit-tree-sha1 = \"8c\"\nversion = \"2.0.0\"\n\n\
        [[Bar]]\nuuid = \"2a5\"\ngit-tree-sha1 = \"9c\"\nversion = \"3.0.0\"\n[Bar.deps]\nFoo = \"6f4\"\n\n[[Base64]]\nuuid = \"2a0\"\n";

    fn shown(text: &str) -> String {
        let parsed = parse(&JuliaManifest, "Manifest.toml", text).unwrap();
        assert_eq!(parsed.gaps, NOTHING);
        let needs =
            |c: &Component| c.depends_on.iter().map(|it| it.as_str()[10..].to_owned()).collect::<Vec<_>>().join("+");
        let one = |c: &&Component| format!("{}@{} [{}]", c.name, c.version, needs(c));
        components(&parsed).iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn reads_both_formats() {
        let expected = "A@0.17.0 [B@0.2.0?uuid=dcb6&vcs_url=git%2Bhttps:%2F%2Fgit.example%2FB.jl+Dates@1.9.0?uuid=ade2], \
                        B@0.2.0 [], Dates@1.9.0 [], Own@0.1.0 []";
        assert_eq!(shown(SECOND), expected);
        let expected = "Bar@3.0.0 [Foo@2.0.0?uuid=6f4], Base64@ [], Foo@1.0.0 [Base64?uuid=2a0], Foo@2.0.0 []";
        assert_eq!(shown(FIRST), expected);
        assert_eq!(shown("julia_version = \"1.9.0\"\nmanifest_format = \"2.0\"\n\n[deps]\n"), "");
        let wants = |path| JuliaManifest.wants(&FileFacts { path, size: 1, executable: false });
        assert!(wants("a/Manifest.toml") && wants("JuliaManifest.toml") && wants("Manifest-v1.11.toml"));
        assert!(!wants("Manifest.yml") && !wants("Project.toml"));
    }

    #[test]
    fn what_is_cut_or_odd_does_not_pass() {
        for cut in ["\n[[deps.Dates]]", "\n[[deps.B]]", "uuid = \"864e\"", "version = \"0.17.0\""] {
            let cut = parse(&JuliaManifest, "Manifest.toml", &SECOND[..SECOND.find(cut).unwrap()]);
            assert!(cut.map_or(true, |parsed| !parsed.gaps.is_empty()));
        }
        for text in ["", "manifest_format = \"3.0\"\n", "not TOML", "deps = ["] {
            assert!(parse(&JuliaManifest, "Manifest.toml", text).is_err(), "{text}");
        }
        damage(&JuliaManifest, "Manifest.toml", SECOND);
    }
}
