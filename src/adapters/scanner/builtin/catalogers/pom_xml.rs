//! `pom.xml`: what a Maven project needs, with properties and with the parents that lie in the same tree. Nothing is fetched: what
//! a parent elsewhere or an imported list of versions says is told as missing.
//!
//! It names direct dependencies only. What those need in turn stands in no file of the tree, so that a project with dependencies
//! is never wholly read by this: the built archive is. Profiles that are active by default are taken with the project; what another
//! one would add is told. Format: <https://maven.apache.org/pom.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::gradle_lockfile;
use super::identity::{self, Origin};
use super::xml::{Document, Node};
use crate::model::{Component, Scope};
use std::collections::BTreeMap;

/// Reads Maven's project files.
pub(super) struct PomXml;

/// How many parents are followed.
const PARENTS: usize = 16;
/// How often a property may name another one.
const STEPS: usize = 32;
/// The longest text that properties may come to.
const LENGTH: usize = 1024;

impl Cataloger for PomXml {
    fn name(&self) -> &'static str {
        "maven-pom"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "pom.xml"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let own = Document::of(&file.content.bytes()?)?;
        if own.root().name() != "project" {
            return Err(ParseError("not a pom.xml: no `project`".into()));
        }
        let mut all = Collector::default();
        let mut documents = vec![own];
        let mut place = String::new();
        let mut outside = None;
        while let Some(parent) = documents.last().and_then(|document| document.root().child("parent")) {
            let coordinates =
                |node: Node<'_>| ["groupId", "artifactId"].map(|key| node.child_text(key).map(str::to_owned));
            let wanted = coordinates(parent);
            let relative = parent.child("relativePath").map_or("../pom.xml", Node::text);
            let path = join(&place, relative);
            let found = path.filter(|_| documents.len() <= PARENTS).and_then(|path| {
                let document = Document::of(&(file.companion)(&path)?).ok()?;
                let [group, artifact] = coordinates(document.root());
                let inherited =
                    document.root().child("parent").and_then(|parent| parent.child_text("groupId")).map(str::to_owned);
                ([group.or(inherited), artifact] == wanted).then_some((path, document))
            });
            match found {
                Some((path, document)) => {
                    place = path;
                    documents.push(document);
                }
                None => {
                    let [group, artifact] = wanted.map(Option::unwrap_or_default);
                    outside = Some(format!("{group}:{artifact}"));
                    break;
                }
            }
        }
        let project = Project::of(&documents);
        let parts = || project.roots().flat_map(parts);
        let dependencies: Vec<Node<'_>> = parts().flat_map(|part| list(part.child("dependencies"))).collect();
        for dependency in &dependencies {
            project.component(*dependency, &mut all);
        }
        if let Some(outside) = outside {
            all.gap(format!("its parent {outside} is not in this tree: what that adds is not known"));
        }
        let others = project.roots().flat_map(|root| profiles(root, false));
        for profile in others.filter(|profile| list(profile.child("dependencies")).next().is_some()) {
            let id = profile.child_text("id").unwrap_or_default();
            all.gap(format!("what its profile `{id}` adds is not listed: it is not active by default"));
        }
        if !dependencies.is_empty() {
            all.gap("it names what it needs directly, not what that needs in turn: scan what is built from it");
        }
        Ok(all.finish())
    }
}

/// The path of a parent from the directory of the first file, for one that is named relative to `place`.
fn join(place: &str, relative: &str) -> Option<String> {
    if relative.is_empty() || relative.starts_with('/') || relative.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = place.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    // It may name the directory.
    if parts.last().is_none_or(|last| !last.ends_with(".xml")) {
        parts.push("pom.xml");
    }
    Some(parts.join("/"))
}

fn list(dependencies: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> {
    dependencies.into_iter().flat_map(|list| list.all("dependency"))
}

/// What of a project file counts: itself, and before it the profiles that are active by default.
fn parts(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    profiles(root, true).chain([root])
}

/// The profiles that are active by default, or the others.
fn profiles(root: Node<'_>, by_default: bool) -> impl Iterator<Item = Node<'_>> {
    let all = root.child("profiles").into_iter().flat_map(|list| list.all("profile"));
    all.filter(move |profile| {
        let active = profile.child("activation").and_then(|activation| activation.child_text("activeByDefault"));
        (active == Some("true")) == by_default
    })
}

/// A project file with its parents, the nearest first.
struct Project<'a> {
    documents: &'a [Document],
    properties: BTreeMap<&'a str, &'a str>,
    /// Versions by group and artifact, as written.
    managed: Vec<(Node<'a>, Node<'a>)>,
}

impl<'a> Project<'a> {
    fn of(documents: &'a [Document]) -> Self {
        let mut properties = BTreeMap::new();
        let mut managed = Vec::new();
        for root in documents.iter().map(Document::root).flat_map(parts) {
            for property in root.child("properties").into_iter().flat_map(Node::children) {
                properties.entry(property.name()).or_insert(property.text());
            }
            let management = root.child("dependencyManagement").and_then(|node| node.child("dependencies"));
            managed.extend(list(management).map(|dependency| (root, dependency)));
        }
        Self { documents, properties, managed }
    }

    fn roots(&self) -> impl Iterator<Item = Node<'a>> {
        self.documents.iter().map(Document::root)
    }

    /// A property's text: of the project itself, else as set in the file or the nearest parent.
    fn property(&self, name: &str) -> Option<String> {
        let own = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom."));
        let root = self.documents.first()?.root();
        let text = match own {
            Some("groupId") => root.child_text("groupId").or(root.child("parent")?.child_text("groupId")),
            Some("version") => root.child_text("version").or(root.child("parent")?.child_text("version")),
            Some("artifactId") => root.child_text("artifactId"),
            Some("parent.version") => root.child("parent")?.child_text("version"),
            Some("parent.groupId") => root.child("parent")?.child_text("groupId"),
            _ => self.properties.get(name).copied(),
        };
        text.map(str::to_owned)
    }

    /// The text with properties put in; `None` where one of them is not known.
    fn resolve(&self, text: &str) -> Option<String> {
        let mut text = text.trim().to_owned();
        for _ in 0..STEPS {
            let Some(start) = text.find("${") else { return Some(text) };
            let end = start + text[start..].find('}')?;
            let value = self.property(&text[start + 2..end])?;
            if text.len() + value.len() > LENGTH {
                return None;
            }
            text.replace_range(start..=end, value.trim());
        }
        None
    }

    fn text(&self, node: Node<'_>, key: &str) -> Option<String> {
        node.child_text(key).and_then(|text| self.resolve(text))
    }

    /// What is managed for a dependency.
    fn managed(&self, group: &str, artifact: &str) -> Option<Node<'a>> {
        let is_it = |node: Node<'_>| {
            self.text(node, "groupId").as_deref() == Some(group)
                && self.text(node, "artifactId").as_deref() == Some(artifact)
        };
        self.managed.iter().map(|(_, node)| *node).find(|node| is_it(*node))
    }

    fn component(&self, dependency: Node<'_>, all: &mut Collector) {
        let (Some(group), Some(artifact)) = (self.text(dependency, "groupId"), self.text(dependency, "artifactId"))
        else {
            let name = dependency.child_text("artifactId").unwrap_or_default();
            all.gap(format!("a dependency `{name}` whose group or name cannot be told"));
            return;
        };
        let managed = self.managed(&group, &artifact);
        let of = |key: &str| dependency.child_text(key).or_else(|| managed?.child_text(key));
        let written = of("version").map(|written| self.resolve(written).unwrap_or_else(|| written.to_owned()));
        let version = written.as_deref().and_then(exact);
        if version.is_none() {
            let why = written.map_or_else(|| "no version".to_owned(), |written| format!("the version `{written}`"));
            all.gap(format!("{group}:{artifact} has {why} in this tree"));
        }
        let scope = match of("scope").and_then(|scope| self.resolve(scope)).as_deref() {
            Some("test") => Scope::Development,
            _ if of("optional") == Some("true") => Scope::Optional,
            _ => Scope::Runtime,
        };
        let kind = of("type").and_then(|kind| self.resolve(kind)).filter(|kind| kind != "jar").unwrap_or_default();
        let classifier = of("classifier").and_then(|it| self.resolve(it)).unwrap_or_default();
        let version = version.unwrap_or_default();
        let component = gradle_lockfile::maven(&group, &artifact, &version).and_then(|plain| {
            let further = [("classifier", classifier.as_str()), ("type", kind.as_str())];
            identity::qualified("maven", (Some(&group), &artifact), &plain.name, &version, &Origin::Registry, &further)
        });
        all.add_or_gap(component.map(|component| Component { scope, ..component }));
    }
}

/// The version that is asked for, where it is one: `[1.0]` is, other ranges are not.
fn exact(version: &str) -> Option<String> {
    let inner = version.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(version);
    let is_one =
        !inner.is_empty() && !inner.contains(['[', ']', '(', ')', ',', '$']) && !matches!(inner, "LATEST" | "RELEASE");
    is_one.then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse, parse_with};
    use super::*;

    const OWN: &str = "<project><parent><groupId>g</groupId><artifactId>top</artifactId><version>3</version></parent>\
        <artifactId>own</artifactId><properties><a.version>1.0</a.version><loop>${loop}</loop></properties><dependencies>\
        <dependency><groupId>g</groupId><artifactId>a</artifactId><version>${a.version}</version><scope>test</scope></dependency>\
        <dependency><groupId>g</groupId><artifactId>b</artifactId></dependency>\
        <dependency><groupId>${project.groupId}</groupId><artifactId>c</artifactId><version>${project.version}</version><type>pom</type></dependency>\
        <dependency><groupId>g</groupId><artifactId>d</artifactId><version>${loop}</version></dependency>\
        <dependency><groupId>g</groupId><artifactId>e</artifactId><version>[1,2)</version></dependency>\
        </dependencies></project>";
    const TOP: &str = "<project><groupId>g</groupId><artifactId>top</artifactId><version>3</version><properties><b>2.0</b><a.version>9</a.version></properties>\
        <dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId><version>${b}</version></dependency></dependencies></dependencyManagement>\
        <dependencies><dependency><groupId>g</groupId><artifactId>f</artifactId><version>[4]</version></dependency></dependencies></project>";

    #[test]
    fn properties_and_parents_are_followed() {
        let beside = |name: &str| (name == "../pom.xml").then(|| TOP.as_bytes().to_vec());
        let parsed = parse_with(&PomXml, "svc/pom.xml", OWN, &beside).unwrap();
        let show = |c: &&Component| format!("{} {:?} {}", c.purl, c.scope, c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let expected = [
            "pkg:maven/g/a@1.0 Development true",
            "pkg:maven/g/b@2.0 Runtime true",
            "pkg:maven/g/c@3?type=pom Runtime true",
            "pkg:maven/g/d Runtime false",
            "pkg:maven/g/e Runtime false",
            "pkg:maven/g/f@4 Runtime true",
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps.len(), 3, "{:?}", parsed.gaps);
        // Without its parent it is told, and versions are missing.
        let parsed = parse(&PomXml, "svc/pom.xml", OWN).unwrap();
        assert_eq!(parsed.gaps.len(), 5, "{:?}", parsed.gaps);
        for text in ["", "<a/>", &OWN[..OWN.len() / 2]] {
            assert!(parse(&PomXml, "pom.xml", text).is_err(), "{text}");
        }
        damage(&PomXml, "pom.xml", OWN);
    }

    #[test]
    fn profiles_that_are_active_by_default_count() {
        let dependency = |name: &str, version: &str| {
            format!(
                "<dependency><groupId>g</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
            )
        };
        let profile = |active: &str, name: &str| {
            format!(
                "<profile><id>{name}</id><activation><activeByDefault>{active}</activeByDefault></activation>\
                 <properties><v>1.{active}</v></properties><dependencies>{}</dependencies></profile>",
                dependency(name, "${v}")
            )
        };
        let text = format!(
            "<project><properties><v>0</v></properties><dependencies>{}</dependencies><profiles>{}{}</profiles></project>",
            dependency("own", "[2,3)"),
            profile("true", "on"),
            profile("false", "off")
        );
        let parsed = parse(&PomXml, "pom.xml", &text).unwrap();
        let shown: Vec<&str> = components(&parsed).iter().map(|c| c.purl.as_str()).collect();
        assert_eq!(shown, ["pkg:maven/g/on@1.true", "pkg:maven/g/own"]);
        let gaps = parsed.gaps.join("; ");
        assert!(gaps.contains("profile `off`") && gaps.contains("g:own has the version `[2,3)`"), "{gaps}");
    }

    #[test]
    fn parents_that_go_in_circles_end() {
        let circle = TOP.replace("<groupId>g</groupId><artifactId>top</artifactId><version>3</version><properties>", 
            "<groupId>g</groupId><artifactId>top</artifactId><version>3</version><parent><groupId>g</groupId><artifactId>top</artifactId><version>3</version><relativePath>pom.xml</relativePath></parent><properties>");
        let parsed = parse_with(&PomXml, "pom.xml", &circle, &|_| Some(circle.as_bytes().to_vec())).unwrap();
        assert!(!parsed.gaps.is_empty());
    }

    #[test]
    fn paths_of_parents_are_joined() {
        assert_eq!(join("", "../pom.xml").as_deref(), Some("../pom.xml"));
        assert_eq!(join("../pom.xml", "../pom.xml").as_deref(), Some("../../pom.xml"));
        assert_eq!(join("../a/pom.xml", "../b").as_deref(), Some("../b/pom.xml"));
        assert_eq!((join("", "/etc/pom.xml"), join("", "")), (None, None));
    }
}
