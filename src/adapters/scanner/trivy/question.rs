//! The list of components that Trivy is asked about, in the form that it reads best: CycloneDX, with the source packages of a
//! distribution by Trivy's own names for them, without which it would look binary packages up by the wrong name.

use crate::model::{Component, Distro, Sbom};
use serde_json::{Value, json};

/// The document. A component goes by its package URL.
pub(super) fn write(sbom: &Sbom) -> Vec<u8> {
    let components: Vec<Value> = sbom.distro.iter().map(system).chain(sbom.components.iter().map(component)).collect();
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components });
    document.to_string().into_bytes()
}

fn system(distro: &Distro) -> Value {
    json!({ "bom-ref": "os", "type": "operating-system", "name": family(&distro.id), "version": distro.version })
}

/// A distribution by Trivy's name of it: <https://github.com/aquasecurity/trivy/blob/main/pkg/fanal/types/const.go>.
fn family(id: &str) -> &str {
    match id {
        "almalinux" => "alma",
        "amzn" => "amazon",
        "mariner" => "cbl-mariner",
        "ol" => "oracle",
        "rhel" => "redhat",
        "sles_sap" | "sled" | "sle_hpc" => "sles",
        "sle-micro" | "sl-micro" | "suse-microos" => "slem",
        other => other,
    }
}

fn component(component: &Component) -> Value {
    let property = |name: &str, value: &str| json!({ "name": format!("aquasecurity:trivy:{name}"), "value": value });
    let source = component.source.as_ref();
    let mut properties: Vec<Value> = source
        .map(|source| vec![property("SrcName", &source.name), property("SrcVersion", &source.version)])
        .unwrap_or_default();
    properties.extend(component.purl.qualifier("rpmmod").map(|label| property("Modularitylabel", &label)));
    json!({
        "bom-ref": component.purl.as_str(),
        "type": "library",
        "name": component.name,
        "version": component.version,
        "purl": component.purl.as_str(),
        "properties": properties,
    })
}
