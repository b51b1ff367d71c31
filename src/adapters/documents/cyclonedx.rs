//! CycloneDX, versions 1.2 to 1.7. <https://cyclonedx.org/docs/1.6/json/>

use super::package::{Gathering, Listed};
use super::{Document, DocumentError};
use crate::model::{Digest, SourcePackage};
use serde::Deserialize;

/// How deep components may lie in components.
const DEPTH: usize = 16;

#[derive(Deserialize)]
struct Bom {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    compositions: Vec<Composition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    component: Option<Component>,
    tools: Option<Tools>,
}

/// A list until 1.4, an object since.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tools {
    List(Vec<Tool>),
    Object {
        #[serde(default)]
        components: Vec<Tool>,
    },
}

#[derive(Deserialize)]
struct Tool {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Component {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    licenses: Vec<LicenseChoice>,
    properties: Vec<Property>,
    hashes: Vec<Hash>,
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct LicenseChoice {
    expression: Option<String>,
    license: Option<License>,
}

#[derive(Deserialize)]
struct License {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct Composition {
    aggregate: String,
}

pub(super) fn read(bytes: &[u8]) -> Result<Document, DocumentError> {
    let bom: Bom =
        serde_json::from_slice(bytes).map_err(|error| DocumentError(format!("not as it should be: {error}")))?;
    let mut all = Gathering::default();
    let mut subjects = Vec::new();
    if let Some(component) = &bom.metadata.component {
        subjects = digests(component);
    }
    for composition in &bom.compositions {
        if composition.aggregate.starts_with("incomplete") {
            all.gap("the document says of itself that it is incomplete".to_owned());
        }
    }
    let mut pending: Vec<(&Component, usize)> = bom.components.iter().map(|component| (component, 0)).collect();
    while let Some((component, depth)) = pending.pop() {
        if depth > DEPTH {
            return Err(DocumentError(format!("components more than {DEPTH} deep")));
        }
        pending.extend(component.components.iter().map(|inner| (inner, depth + 1)));
        take(component, &mut all);
    }
    let tool = match bom.metadata.tools {
        Some(Tools::List(tools) | Tools::Object { components: tools }) => tools.into_iter().next(),
        None => None,
    };
    let tool = tool.and_then(|tool| Some((tool.name?, tool.version.unwrap_or_default())));
    Ok(Document { sbom: all.finish(), subjects, tool })
}

fn take(component: &Component, all: &mut Gathering) {
    let version = component.version.as_deref().unwrap_or_default();
    match component.kind.as_str() {
        "operating-system" => {
            let id = property(component, "syft:distro:id").unwrap_or(&component.name);
            all.distro(id, property(component, "syft:distro:versionID").unwrap_or(version));
        }
        // Files, and lockfiles that Trivy lists as what its packages come from.
        "file" | "application" | "container" | "data" | "device" | "firmware" if component.purl.is_none() => {}
        _ => all.add(Listed {
            label: &component.name,
            purl: component.purl.as_deref(),
            licenses: component.licenses.iter().filter_map(license).collect(),
            locations: locations(component),
            source: source(component),
        }),
    }
}

fn property<'a>(component: &'a Component, name: &str) -> Option<&'a str> {
    let found = component.properties.iter().find(|property| property.name == name)?;
    found.value.as_deref().filter(|value| !value.is_empty())
}

fn license(choice: &LicenseChoice) -> Option<String> {
    let license = || choice.license.as_ref().and_then(|license| license.id.clone().or_else(|| license.name.clone()));
    choice.expression.clone().or_else(license).filter(|text| !text.is_empty() && text.len() <= 2000)
}

/// Where syft and Trivy say that they found it.
fn locations(component: &Component) -> Vec<(String, Option<Digest>)> {
    let layer = |text: Option<&str>| text.and_then(|text| Digest::parse(text).ok());
    let trivy = property(component, "aquasecurity:trivy:FilePath")
        .map(|path| (path.to_owned(), layer(property(component, "aquasecurity:trivy:LayerDiffID"))));
    let syft = (0..64).map_while(|index| {
        let path = property(component, &format!("syft:location:{index}:path"))?;
        Some((path.to_owned(), layer(property(component, &format!("syft:location:{index}:layerID")))))
    });
    syft.chain(trivy).collect()
}

/// The source package, where Trivy says it.
fn source(component: &Component) -> Option<SourcePackage> {
    let of = |key: &str| property(component, &format!("aquasecurity:trivy:{key}"));
    let (name, version) = (of("SrcName")?, of("SrcVersion")?);
    let epoch = of("SrcEpoch").filter(|epoch| *epoch != "0").map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let release = of("SrcRelease").map(|release| format!("-{release}")).unwrap_or_default();
    Some(SourcePackage { name: name.to_owned(), version: format!("{epoch}{version}{release}") })
}

/// Every sha256 that the described component goes by.
fn digests(component: &Component) -> Vec<String> {
    let mut digests: Vec<String> = component
        .hashes
        .iter()
        .filter(|hash| hash.alg.eq_ignore_ascii_case("SHA-256"))
        .map(|hash| hash.content.to_ascii_lowercase())
        .collect();
    let texts = [component.version.as_deref(), component.purl.as_deref()];
    let properties = component.properties.iter().filter_map(|property| property.value.as_deref());
    for text in texts.into_iter().flatten().chain(properties) {
        for (at, _) in text.match_indices("sha256:").chain(text.match_indices("sha256%3A")) {
            let rest = text[at..].trim_start_matches("sha256:").trim_start_matches("sha256%3A");
            if let Some(hex) = rest.get(..64).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
                digests.push(hex.to_ascii_lowercase());
            }
        }
    }
    digests.sort();
    digests.dedup();
    digests
}
