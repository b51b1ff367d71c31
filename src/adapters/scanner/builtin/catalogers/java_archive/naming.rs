//! What an archive is: by its `pom.properties`, else by its manifest and its name.

use super::groups;
use crate::model::{Component, Ecosystem, EcosystemKind, Purl};
use std::collections::BTreeMap;

/// The longest part of a name that is taken for one, in bytes.
const PART_LIMIT: usize = 256;

/// The main attributes of `META-INF/MANIFEST.MF`.
/// <https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html>
#[derive(Default)]
pub(super) struct Manifest(BTreeMap<String, String>);

impl Manifest {
    pub(super) fn read(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.is_empty() {
                break;
            }
            if let Some(more) = line.strip_prefix(' ') {
                if let Some((_, value)) = fields.last_mut() {
                    value.push_str(more);
                }
            } else if let Some((key, value)) = line.split_once(':') {
                fields.push((key.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self(fields.into_iter().collect())
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| is_part(value))
    }

    /// Whether it is a part of Java itself, or a program that carries what it needs.
    pub(super) fn is_whole(&self) -> bool {
        let is_runtime = self.0.get("implementation-title").is_some_and(|title| title == "Java Runtime Environment");
        is_runtime || self.0.contains_key("start-class")
    }

    /// Whether it can be started; some libraries can.
    pub(super) fn has_main(&self) -> bool {
        self.0.contains_key("main-class")
    }

    /// The licence, where it is a name.
    pub(super) fn license(&self) -> Option<String> {
        let text = self.0.get("bundle-license")?.split(';').next()?.trim().trim_matches('"');
        let is_name = !text.is_empty() && text.len() <= PART_LIMIT && !text.contains("://");
        is_name.then(|| text.to_owned())
    }
}

/// Group, artifact and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coordinates {
    pub(super) group: Option<String>,
    pub(super) artifact: String,
    pub(super) version: String,
    /// Whether the group is more than what a manifest lets one guess.
    pub(super) is_certain: bool,
}

impl Coordinates {
    /// Of a `pom.properties`; `None` where one of the three is missing or was left a placeholder.
    pub(super) fn of_properties(text: &str) -> Option<Self> {
        let mut found: BTreeMap<&str, String> = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!'])) {
            if let Some((key, value)) = line.split_once(['=', ':']) {
                let value = value.trim().replace('\\', "");
                if is_part(&value) {
                    found.insert(key.trim(), value);
                }
            }
        }
        let mut take = |key| found.remove(key);
        let (group, artifact, version) = (take("groupId")?, take("artifactId")?, take("version")?);
        Some(Self { group: Some(group), artifact, version, is_certain: true })
    }

    /// Of an archive without one: the name of the file gives the artifact, the manifest what it has.
    pub(super) fn guessed(file_name: &str, manifest: &Manifest) -> Option<Self> {
        if let Some(plugin) = Self::of_jenkins(manifest) {
            return Some(plugin);
        }
        let (artifact, in_name) = split(stem(file_name));
        let stated = ["implementation-version", "bundle-version", "specification-version"];
        let version = in_name.or_else(|| stated.into_iter().find_map(|key| manifest.get(key)))?;
        if !is_part(artifact) || !is_part(version) {
            return None;
        }
        // Directives may stand behind the name.
        let symbolic = manifest.0.get("bundle-symbolicname").and_then(|name| name.split(';').next()).map(str::trim);
        let by_bundle = symbolic.and_then(|name| name.strip_suffix(artifact)?.strip_suffix('.'));
        let known = groups::group(artifact, version);
        let group = known.or(by_bundle).or_else(|| manifest.get("implementation-vendor-id"));
        let group = group.filter(|group| is_part(group)).map(str::to_owned);
        let is_certain = known.is_some();
        Some(Self { group, artifact: artifact.to_owned(), version: version.to_owned(), is_certain })
    }

    /// Of a plugin of Jenkins, whose manifest has all of it.
    /// <https://www.jenkins.io/doc/developer/plugin-development/plugin-manifest/>
    fn of_jenkins(manifest: &Manifest) -> Option<Self> {
        let artifact = manifest.get("short-name").or_else(|| manifest.get("extension-name"))?;
        let (group, version) = (manifest.get("group-id")?, manifest.get("plugin-version")?);
        let (group, artifact, version) = (Some(group.to_owned()), artifact.to_owned(), version.to_owned());
        Some(Self { group, artifact, version, is_certain: true })
    }

    /// Whether the name of a file says that it is another artifact, of another version, than this one.
    pub(super) fn is_foreign_to(&self, file_name: &str) -> bool {
        let (_, in_name) = split(stem(file_name));
        !self.is_file(file_name) && in_name.is_some_and(|version| version != self.version)
    }

    /// Whether a file of this name is this artifact, and not one that has it inside.
    pub(super) fn is_file(&self, file_name: &str) -> bool {
        file_name.strip_prefix(self.artifact.as_str()).is_some_and(|rest| rest.starts_with(['-', '.', '_']))
    }

    /// The component. Without a group advisories cannot be looked up.
    pub(super) fn component(&self) -> Result<Component, String> {
        let group = self.group.as_deref();
        let purl = Purl::build("maven", group, &self.artifact, Some(&self.version), &[])
            .map_err(|error| format!("`{}`: {error}", self.artifact))?;
        let name = group.map_or_else(|| self.artifact.clone(), |group| format!("{group}:{}", self.artifact));
        let ecosystem = group.map(|_| Ecosystem::plain(EcosystemKind::Maven));
        Ok(Component::new(purl, &name, &self.version, ecosystem))
    }
}

/// The name of a file without its ending.
fn stem(file_name: &str) -> &str {
    file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem)
}

/// Artifact and version of a file's stem: the version begins at the first hyphen that a digit follows, unless it is the version
/// of an interface that is implemented (`log4j-1.2-api-2.17.1`).
fn split(stem: &str) -> (&str, Option<&str>) {
    let starts = |at: &usize| stem[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    let is_interface = |at: usize| {
        let number = stem[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        number.strip_prefix("-api-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut starts = stem.match_indices('-').map(|(at, _)| at).filter(starts);
    let at = starts.next().and_then(|at| if is_interface(at) { starts.next() } else { Some(at) });
    at.map_or((stem, None), |at| (&stem[..at], Some(&stem[at + 1..])))
}

/// Whether a text can be a part of coordinates.
fn is_part(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '$' | '{' | '}' | '@' | ':');
    !text.is_empty() && text.len() <= PART_LIMIT && !text.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_named_by_what_they_have() {
        let guess = |file: &str, manifest: &str| {
            Coordinates::guessed(file, &Manifest::read(manifest))
                .map(|it| it.component().unwrap().purl.as_str().to_owned())
        };
        for (file, manifest, expected) in [
            ("spring-core-5.3.20.jar", "", Some("pkg:maven/org.springframework/spring-core@5.3.20")),
            ("spring-boot-2.7.0.jar", "", Some("pkg:maven/org.springframework.boot/spring-boot@2.7.0")),
            (
                "guice.jar",
                "Implementation-Version: 5.1.0\nImplementation-Vendor-Id: com.google.inject\n",
                Some("pkg:maven/com.google.inject/guice@5.1.0"),
            ),
            (
                "osgi-1.0.jar",
                "Bundle-SymbolicName: org.example.osgi;singleton:=true\n",
                Some("pkg:maven/org.example/osgi@1.0"),
            ),
            ("log4j-1.2-api-2.17.jar", "", Some("pkg:maven/org.apache.logging.log4j/log4j-1.2-api@2.17")),
            (
                "tomcat-embed-core-9.0.1.jar",
                "Implementation-Vendor-Id: org.apache\n",
                Some("pkg:maven/org.apache.tomcat.embed/tomcat-embed-core@9.0.1"),
            ),
            (
                "git.hpi",
                "Group-Id: org.jenkins-ci.plugins\nShort-Name: git\nPlugin-Version: 4.11.3\n",
                Some("pkg:maven/org.jenkins-ci.plugins/git@4.11.3"),
            ),
            ("x-1-api.jar", "", Some("pkg:maven/x@1-api")),
            ("plain-1.0.jar", "Implementation-Vendor-Id: The Vendor\n", Some("pkg:maven/plain@1.0")),
            ("app.jar", "Main-Class: App\n", None),
            ("a-1.jar", "Bundle-Symbolic\n Name: x\n", Some("pkg:maven/a@1")),
        ] {
            assert_eq!(guess(file, manifest).as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn placeholders_are_no_coordinates() {
        let read = |text| Coordinates::of_properties(text);
        assert!(read("#x\ngroupId=a.b\nartifactId = c\nversion:1.0\n").is_some());
        assert!(read("groupId=a.b\nartifactId=c\nversion=${revision}\n").is_none());
        assert!(read("groupId=a.b\nartifactId=c\n").is_none());
    }
}
