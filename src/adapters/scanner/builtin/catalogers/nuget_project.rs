//! Projects of .NET: `*.csproj` and its like with the `Directory.Packages.props` and `Directory.Build.props` that lie above
//! them, and those files themselves.
//!
//! A project names what it needs directly, at the version that NuGet takes where nothing else asks for more. What that needs in
//! turn stands in no such file, so that a project with packages is never wholly read by this; where a `packages.lock.json` lies
//! beside it, that says all, and the project adds nothing. Conditions are not judged: what holds under any is listed. What a
//! project of tests needs is for development, and so is what `GlobalPackageReference` gives to every project.
//! Format: <https://learn.microsoft.com/en-us/nuget/consume-packages/package-references-in-project-files>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::nuget_lock;
use super::xml::{Document, Node};
use crate::model::{Component, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the projects of .NET.
pub(super) struct NugetProject;

/// Versions of packages for all projects below.
const CENTRAL: &str = "Directory.Packages.props";
/// What all projects below have in common.
const COMMON: &str = "Directory.Build.props";
/// Names that such files have as well.
const OTHERS: [&str; 2] = ["Packages.props", "Directory.Build.targets"];
const PROJECTS: [&str; 3] = [".csproj", ".fsproj", ".vbproj"];
/// How many directories above a project are looked into.
const ABOVE: usize = 16;
/// How many properties may stand in a version.
const STEPS: usize = 16;

impl Cataloger for NugetProject {
    fn name(&self) -> &'static str {
        "nuget-project"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let name = file.file_name();
        name == CENTRAL || name == COMMON || OTHERS.contains(&name) || is_project(name)
    }

    fn companions(&self) -> &'static [&'static str] {
        &[CENTRAL, COMMON, "packages.lock.json"]
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let own = Document::of(&file.content.bytes()?)?;
        if own.root().name() != "Project" {
            return Err(ParseError("not a project of .NET: no `Project`".into()));
        }
        let name = file.path.rsplit('/').next().unwrap_or(file.path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).replace(' ', "_");
        let locks = ["packages.lock.json".to_owned(), format!("packages.{stem}.lock.json")];
        if is_project(name) && locks.iter().any(|lock| (file.companion)(lock).is_some()) {
            return Ok(Parsed::default());
        }
        let mut all = Collector::default();
        let above = |name: &str| match nearest(file, name).map(|bytes| Document::of(&bytes)) {
            Some(Err(error)) => Err(ParseError(format!("{name} above it: {error}"))),
            Some(Ok(document)) => Ok(Some(document)),
            None => Ok(None),
        };
        let (central, common) = match is_project(name) {
            true => (above(CENTRAL)?, above(COMMON)?),
            false => (None, None),
        };
        let documents: Vec<&Document> = [Some(&own), common.as_ref(), central.as_ref()].into_iter().flatten().collect();
        let properties = properties(&documents);
        let versions: Vec<Item<'_>> = central.iter().flat_map(items).collect();
        let managed = by_name(&versions);
        let items: Vec<Item<'_>> = items(&own).collect();
        let of_tests =
            properties.get("istestproject").is_some_and(|it| it.is_some_and(|it| it.eq_ignore_ascii_case("true")))
                || items.iter().any(|item| item.name.eq_ignore_ascii_case("Microsoft.NET.Test.Sdk"));
        let updated: BTreeSet<String> =
            items.iter().filter(|item| item.version.is_some()).map(|item| item.name.to_lowercase()).collect();
        let mut seen = BTreeSet::new();
        for item in &items {
            let key = item.name.to_lowercase();
            if !seen.insert((key.clone(), item.version, item.everywhere)) {
                continue;
            }
            let central = managed.get(&key).map(Vec::as_slice).unwrap_or_default();
            let versions: Vec<&str> = match item.version {
                Some(version) => vec![version],
                // The same project gives the version elsewhere.
                None if updated.contains(&key) => continue,
                None => central.iter().filter_map(|item| item.version).collect(),
            };
            for version in if versions.is_empty() { vec![""] } else { versions } {
                let development = item.everywhere || (is_project(name) && of_tests);
                let scope = if development { Scope::Development } else { Scope::Runtime };
                let scoped = |component: Result<Component, String>| component.map(|it| Component { scope, ..it });
                let stated = resolve(&properties, version);
                match stated.as_deref().and_then(exact) {
                    Some(version) => all.add_or_gap(scoped(nuget_lock::component(item.name, version))),
                    None => {
                        let why = match stated.as_deref().unwrap_or(version) {
                            "" => "no version".to_owned(),
                            written => format!("the version `{written}`"),
                        };
                        all.gap(format!("{} has {why} in this tree", item.name));
                        let package = item.name;
                        all.add_or_gap(scoped(identity::component(
                            "nuget",
                            None,
                            package,
                            package,
                            "",
                            &Origin::Registry,
                        )));
                    }
                }
            }
        }
        for import in imports(&own) {
            all.gap(format!("it imports `{import}`, which is not read"));
        }
        if !items.is_empty() {
            all.gap("it names what it needs directly, not what that needs in turn: restore it with a lockfile");
        }
        Ok(all.finish())
    }
}

fn is_project(name: &str) -> bool {
    PROJECTS.iter().any(|ending| name.ends_with(ending))
}

/// The file of that name that lies beside the project or nearest above it.
fn nearest(file: &File<'_>, name: &str) -> Option<Vec<u8>> {
    let depth = file.path.matches('/').count().min(ABOVE);
    (0..=depth).find_map(|up| (file.companion)(&format!("{}{name}", "../".repeat(up))))
}

/// A package that is asked for, or the version that is set for one.
struct Item<'a> {
    name: &'a str,
    version: Option<&'a str>,
    /// Whether every project has it, as tools are given to all.
    everywhere: bool,
}

/// The packages of a document, wherever in it they stand.
fn items(document: &Document) -> impl Iterator<Item = Item<'_>> {
    let kinds = ["PackageReference", "PackageVersion", "GlobalPackageReference", "PackageDownload"];
    all_below(document.root()).filter(move |node| kinds.contains(&node.name())).flat_map(|node| {
        let of = |name| node.attribute(name).or_else(|| node.child_text(name)).map(str::trim);
        let version = of("VersionOverride").or_else(|| of("Version")).filter(|version| !version.is_empty());
        let names = of("Include").or_else(|| of("Update")).unwrap_or_default();
        let everywhere = node.name() == "GlobalPackageReference";
        names.split(';').map(str::trim).filter(|name| !name.is_empty()).map(move |name| Item {
            name,
            version,
            everywhere,
        })
    })
}

/// What is imported by a path within the tree; what a tool or a package brings along is none of the project's.
fn imports(document: &Document) -> impl Iterator<Item = &str> {
    let own = |path: &&str| {
        let path = path.replace('\\', "/");
        let rest = path.strip_prefix("$(MSBuildThisFileDirectory)").unwrap_or(&path);
        !rest.starts_with("$(") && !rest.contains("packages/") && !rest.ends_with(COMMON) && !rest.ends_with(CENTRAL)
    };
    let nodes = all_below(document.root()).filter(|node| node.name() == "Import" && node.attribute("Sdk").is_none());
    nodes.filter_map(|node| node.attribute("Project")).filter(own)
}

/// Every element below one.
fn all_below(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut open: Vec<Node<'_>> = root.children().collect();
    std::iter::from_fn(move || {
        let node = open.pop()?;
        open.extend(node.children());
        Some(node)
    })
}

fn by_name<'a, 'b>(items: &'b [Item<'a>]) -> BTreeMap<String, Vec<&'b Item<'a>>> {
    let mut found: BTreeMap<String, Vec<&Item<'a>>> = BTreeMap::new();
    for item in items {
        found.entry(item.name.to_lowercase()).or_default().push(item);
    }
    found
}

/// The values of properties; none of one that has several, as under conditions.
fn properties<'a>(documents: &[&'a Document]) -> BTreeMap<String, Option<&'a str>> {
    let mut found: BTreeMap<String, Option<&str>> = BTreeMap::new();
    for document in documents {
        let groups = all_below(document.root()).filter(|node| node.name() == "PropertyGroup");
        for property in groups.flat_map(Node::children) {
            let value = Some(property.text());
            let known = found.entry(property.name().to_lowercase()).or_insert(value);
            *known = known.filter(|known| Some(*known) == value);
        }
    }
    found
}

/// A version with properties put in; `None` where one of them is not known.
fn resolve(properties: &BTreeMap<String, Option<&str>>, version: &str) -> Option<String> {
    let mut text = version.to_owned();
    for _ in 0..STEPS {
        let Some(start) = text.find("$(") else { return Some(text) };
        let end = start + text[start..].find(')')?;
        let value = (*properties.get(&text[start + 2..end].to_lowercase())?)?;
        if text.len() + value.len() > 256 {
            return None;
        }
        text.replace_range(start..=end, value);
    }
    None
}

/// The version that NuGet takes: the least one, where it is named. A range or a pattern may come to any.
fn exact(version: &str) -> Option<&str> {
    let inner = version.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(version).trim();
    (!inner.is_empty() && !inner.contains(['[', ']', '(', ')', ',', '*', '$', '@'])).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse, parse_with};
    use super::*;

    const PROJECT: &str = "<Project Sdk='Microsoft.NET.Sdk'>\
        <PropertyGroup><TargetFramework>net8.0</TargetFramework><AVersion>1.2.3</AVersion></PropertyGroup>\
        <PropertyGroup Condition='x'><Two>1</Two></PropertyGroup><PropertyGroup><Two>2</Two></PropertyGroup>\
        <ItemGroup><PackageReference Include='A' Version='$(AVersion)'/>\
        <PackageReference Include='B'><Version>[2.0.0]</Version><PrivateAssets>all</PrivateAssets></PackageReference>\
        <PackageReference Include='C;D'/><PackageReference Include='E' Version='3.*'/>\
        <PackageReference Include='F' VersionOverride='4.0.0'/><PackageReference Include='G' Version='$(Two)'/>\
        <Reference Include='System'/><ProjectReference Include='..\\\\b\\\\b.csproj'/></ItemGroup>\
        <Choose><When Condition='x'><ItemGroup><PackageReference Include='H' Version='5.0.0'/></ItemGroup></When></Choose>\
        <Import Project='$(MSBuildToolsPath)\\\\x.targets'/></Project>";
    const VERSIONS: &str = "<Project><PropertyGroup><Base>7.0</Base></PropertyGroup><ItemGroup>\
        <PackageVersion Include='c' Version='$(Base).1'/><PackageVersion Include='Unused' Version='9.0.0'/></ItemGroup></Project>";

    fn shown(parsed: &Parsed) -> String {
        components(parsed).iter().map(|c| format!("{}@{}", c.name, c.version)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_project_takes_versions_from_above() {
        let above = |name: &str| (name == "../../Directory.Packages.props").then(|| VERSIONS.as_bytes().to_vec());
        let parsed = parse_with(&NugetProject, "src/a/a.csproj", PROJECT, &above).unwrap();
        assert_eq!(shown(&parsed), "A@1.2.3 B@2.0.0 C@7.0.1 D@ E@ F@4.0.0 G@ H@5.0.0");
        let expected = [
            "D has no version in this tree",
            "E has the version `3.*` in this tree",
            "G has the version `$(Two)` in this tree",
            "it names what it needs directly, not what that needs in turn: restore it with a lockfile",
        ];
        assert_eq!(parsed.gaps, expected);
        let parsed = parse(&NugetProject, "a/Directory.Packages.props", VERSIONS).unwrap();
        assert_eq!((shown(&parsed).as_str(), parsed.gaps.len()), ("Unused@9.0.0 c@7.0.1", 1));
    }

    #[test]
    fn tests_and_tools_are_for_development() {
        let scopes = |path: &str, text: &str| {
            let parsed = parse(&NugetProject, path, text).unwrap();
            components(&parsed).iter().map(|c| format!("{} {:?}", c.name, c.scope)).collect::<Vec<_>>().join(", ")
        };
        let a = "<PackageReference Include='A' Version='1.0'/>";
        let by_property = format!(
            "<Project><PropertyGroup><IsTestProject>true</IsTestProject></PropertyGroup><ItemGroup>{a}</ItemGroup></Project>"
        );
        assert_eq!(scopes("a.csproj", &by_property), "A Development");
        let sdk = "<PackageReference Include='Microsoft.NET.Test.Sdk' Version='17.0'/>";
        let by_sdk = format!("<Project><ItemGroup>{a}{sdk}</ItemGroup></Project>");
        assert_eq!(scopes("a.csproj", &by_sdk), "A Development, Microsoft.NET.Test.Sdk Development");
        let central =
            format!("<Project><ItemGroup>{a}<GlobalPackageReference Include='T' Version='1.0'/></ItemGroup></Project>");
        assert_eq!(scopes("Directory.Packages.props", &central), "A Runtime, T Development");
    }

    #[test]
    fn many_of_one_name_are_looked_at_once() {
        let one = "<PackageReference Include='a'/>".repeat(20_000);
        let project = format!("<Project><ItemGroup>{one}</ItemGroup></Project>");
        let versions: String =
            (0..20_000).map(|at| format!("<PackageVersion Include='A' Version='1.{at}'/>")).collect();
        let central = format!("<Project><ItemGroup>{versions}</ItemGroup></Project>");
        let above = |name: &str| (name == "Directory.Packages.props").then(|| central.as_bytes().to_vec());
        let parsed = parse_with(&NugetProject, "a.csproj", &project, &above).unwrap();
        assert_eq!(components(&parsed).len(), 20_000);
    }

    #[test]
    fn a_lockfile_says_more() {
        for lock in ["packages.lock.json", "packages.a.lock.json"] {
            let beside = |name: &str| (name == lock).then(|| b"{}".to_vec());
            assert_eq!(parse_with(&NugetProject, "a/a.csproj", PROJECT, &beside), Ok(Parsed::default()));
        }
        let bare = "\u{feff}<Project><Import Project='..\\packages\\x\\y.props'/><ItemGroup/></Project>";
        assert_eq!(parse(&NugetProject, "a.csproj", bare), Ok(Parsed::default()));
    }

    #[test]
    fn what_cannot_be_followed_is_told() {
        let text = "<Project><Import Project='..\\own.props'/><ItemGroup><PackageReference Update='A' Version='1.0'/>\
                    <PackageReference Include='A'/></ItemGroup></Project>";
        let parsed = parse(&NugetProject, "a.csproj", text).unwrap();
        assert_eq!((shown(&parsed).as_str(), parsed.gaps.len()), ("A@1.0", 2));
        for text in ["", "not XML", "<a/>", &PROJECT[..PROJECT.len() / 2]] {
            assert!(parse(&NugetProject, "a.csproj", text).is_err(), "{text}");
        }
        let broken = |name: &str| (name == "Directory.Packages.props").then(|| b"<".to_vec());
        assert!(parse_with(&NugetProject, "a.csproj", PROJECT, &broken).is_err());
        let loops = PROJECT.replace("1.2.3", "$(AVersion)");
        assert!(parse(&NugetProject, "a.csproj", &loops).unwrap().gaps.iter().any(|gap| gap.starts_with("A has")));
        damage(&NugetProject, "a.csproj", PROJECT);
    }
}
