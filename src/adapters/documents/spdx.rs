//! SPDX 2.2 and 2.3. <https://spdx.github.io/spdx-spec/v2.3/>

use super::package::{Gathering, Listed};
use super::{Document, DocumentError};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spdx {
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default)]
    document_describes: Vec<String>,
    #[serde(default)]
    creation_info: Creation,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Creation {
    creators: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: Option<String>,
    primary_package_purpose: Option<String>,
    license_declared: Option<String>,
    license_concluded: Option<String>,
    #[serde(default)]
    external_refs: Vec<Reference>,
    #[serde(default)]
    checksums: Vec<Checksum>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_type: String,
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    relationship_type: String,
    spdx_element_id: String,
    related_spdx_element: String,
}

pub(super) fn read(bytes: &[u8]) -> Result<Document, DocumentError> {
    let spdx: Spdx =
        serde_json::from_slice(bytes).map_err(|error| DocumentError(format!("not as it should be: {error}")))?;
    let described = |relationship: &Relationship| match relationship.relationship_type.as_str() {
        "DESCRIBES" => Some(relationship.related_spdx_element.clone()),
        "DESCRIBED_BY" => Some(relationship.spdx_element_id.clone()),
        _ => None,
    };
    let mut roots: BTreeSet<String> = spdx.relationships.iter().filter_map(described).collect();
    roots.extend(spdx.document_describes);
    let mut all = Gathering::default();
    let mut subjects = Vec::new();
    for package in &spdx.packages {
        let is_root = roots.contains(&package.id);
        if is_root {
            let digests = package.checksums.iter().filter(|sum| sum.algorithm == "SHA256");
            subjects.extend(digests.map(|sum| sum.checksum_value.to_ascii_lowercase()));
        }
        let purpose = package.primary_package_purpose.as_deref().unwrap_or_default();
        let purl = package.external_refs.iter().find(|it| it.reference_type == "purl");
        let purl = purl.map(|it| it.reference_locator.as_str());
        let is_image = purl.is_some_and(|purl| purl.starts_with("pkg:oci/") || purl.starts_with("pkg:docker/"));
        match purpose {
            "OPERATING-SYSTEM" | "OPERATING_SYSTEM" => {
                all.distro(&package.name, package.version_info.as_deref().unwrap_or_default());
            }
            // What is described: an image, or the tree that the packages are of.
            _ if is_image || (is_root && purl.is_none()) => {}
            "CONTAINER" | "FILE" | "SOURCE" | "APPLICATION" if purl.is_none() => {}
            _ => {
                let stated = [&package.license_declared, &package.license_concluded];
                let license =
                    stated.into_iter().flatten().find(|text| !matches!(text.as_str(), "NOASSERTION" | "NONE" | ""));
                all.add(Listed {
                    label: &package.name,
                    purl,
                    licenses: license.filter(|text| text.len() <= 2000).cloned().into_iter().collect(),
                    ..Listed::default()
                });
            }
        }
    }
    let creator = spdx.creation_info.creators.iter().find_map(|creator| creator.strip_prefix("Tool: "));
    let tool = creator.map(|creator| creator.rsplit_once('-').unwrap_or((creator, "")));
    let tool = tool.map(|(name, version)| (name.to_owned(), version.to_owned()));
    Ok(Document { sbom: all.finish(), subjects, tool })
}
