//! Real documents, and ones that are not as they should be.

use super::read;
use crate::model::GapKind;
use serde_json::json;
use std::path::{Path, PathBuf};

fn data(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PROOFMARK_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    Some(root.join(folder)).filter(|folder| folder.is_dir())
}

#[test]
fn both_kinds_of_one_image_say_the_same() {
    let Some(folder) = data("sbom-inputs") else { return };
    let of = |name: &str| read(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let cyclonedx = of("syft-alpine.cdx16.json");
    assert_eq!(cyclonedx.tool, Some(("syft".to_owned(), "1.18.1".to_owned())));
    assert!(!cyclonedx.subjects.is_empty());
    assert_eq!(cyclonedx.sbom.gaps, []);
    let distro = cyclonedx.sbom.distro.clone().unwrap();
    assert_eq!((distro.id.as_str(), distro.version.as_str()), ("alpine", "3.16.2"));
    assert!(
        cyclonedx
            .sbom
            .components
            .iter()
            .all(|it| it.ecosystem.as_ref().is_some_and(|it| it.to_string() == "Alpine:v3.16"))
    );
    let data = cyclonedx.sbom.components.iter().find(|it| it.name == "alpine-baselayout-data").unwrap();
    assert_eq!(data.lookup().0, "alpine-baselayout");
    assert_eq!(of("syft-alpine.cdx15.json").sbom, cyclonedx.sbom);
    let names = |document: &super::Document| {
        document
            .sbom
            .components
            .iter()
            .map(|it| (it.purl.clone(), it.source.clone(), it.ecosystem.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&of("syft-alpine.spdx23.json")), names(&cyclonedx));
    let mariner = of("syft-mariner.cdx16.json");
    assert!(
        mariner
            .sbom
            .components
            .iter()
            .all(|it| it.ecosystem.as_ref().is_some_and(|it| it.to_string() == "Azure Linux:2"))
    );
}

#[test]
fn what_a_document_does_not_say_is_a_gap() {
    let of = |components: serde_json::Value| {
        let text = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components}).to_string();
        read(text.as_bytes()).unwrap().sbom
    };
    let library = |purl: &str| json!({"type": "library", "name": "x", "purl": purl});
    for (what, components) in [
        ("nothing", json!([])),
        ("no URL", json!([{"type": "library", "name": "x", "version": "1"}])),
        ("no version", json!([library("pkg:npm/x")])),
        ("no URL at all", json!([library("x")])),
        ("no distribution", json!([library("pkg:deb/debian/x@1?arch=amd64")])),
        (
            "two distributions",
            json!([library("pkg:deb/debian/x@1?distro=debian-12"), library("pkg:deb/debian/y@1?distro=debian-11")]),
        ),
        ("a distribution without rules", json!([library("pkg:rpm/fedora/x@1?distro=fedora-40")])),
    ] {
        assert_eq!(of(components).gaps.len(), 1, "{what}");
    }
    let fine = of(json!([library("pkg:deb/debian/x@1?distro=debian-12"), library("pkg:generic/openssl@3")]));
    assert_eq!(fine.gaps, []);
    assert_eq!(fine.components[0].ecosystem.as_ref().unwrap().to_string(), "Debian:12");
    // Of a kind that no advisory speaks of: matching will say that it was not checked.
    assert_eq!(fine.components[1].ecosystem.as_ref().unwrap().to_string(), "generic");
    let text = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "compositions": [{"aggregate": "incomplete"}],
        "components": [{"type": "library", "name": "a", "purl": "pkg:npm/a@1"}]});
    let gaps = read(text.to_string().as_bytes()).unwrap().sbom.gaps;
    assert!(matches!(gaps.as_slice(), [gap] if gap.kind == GapKind::UnreadableFile));
}

#[test]
fn packages_are_named_as_advisories_name_them() {
    let component = |name: &str, purl: &str| json!({"type": "library", "name": name, "purl": purl});
    let components = json!([
        component("OldCase", "pkg:npm/oldcase@1.0.0"),
        component("other", "pkg:npm/name@1.0.0"),
        component("setup", "pkg:githubactions/Owner/Setup@1.2.0"),
        component("jar", "pkg:maven/jar@1.0"),
        component("A_jll", "pkg:julia/A_jll@1.0.0+1?uuid=1"),
    ]);
    let text = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components}).to_string();
    let sbom = read(text.as_bytes()).unwrap().sbom;
    let named = |it: &crate::model::Component| format!("{} {}", it.ecosystem.as_ref().unwrap(), it.name);
    let mut names: Vec<String> = sbom.components.iter().map(named).collect();
    names.sort();
    assert_eq!(names, ["GitHub Actions Owner/Setup", "Julia A_jll", "npm OldCase", "npm name"]);
    let gaps: Vec<&str> = sbom.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(gaps, ["`jar` states no group"]);
}

#[test]
fn other_documents_are_refused_and_damage_does_no_harm() {
    for text in [
        "",
        "{}",
        "[]",
        r#"{"bomFormat":"CycloneDX","specVersion":"9"}"#,
        r#"{"spdxVersion":"SPDX-3.0"}"#,
        r#"{"bomFormat":"CycloneDX","specVersion":"1.5","spdxVersion":"SPDX-2.3"}"#,
        r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":1}"#,
    ] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
    let deep = format!("{}{}", r#"{"type":"library","name":"a","components":["#.repeat(60), "]}".repeat(60));
    let deep = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{deep}]}}"#);
    assert!(read(deep.as_bytes()).is_err());
    let seed = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"tools": [{"name": "t", "version": "1"}]},
        "components": [{"type": "library", "name": "a", "purl": "pkg:npm/%40s/a@1?vcs_url=x", "licenses": [{"license": {"id": "MIT"}}],
        "properties": [{"name": "syft:location:0:path", "value": "/a"}]}]})
    .to_string();
    for at in 0..seed.len() {
        let _ = read(&seed.as_bytes()[..at]);
        for flip in [1, 0x20, 0x80] {
            let mut bytes = seed.clone().into_bytes();
            bytes[at] ^= flip;
            let _ = read(&bytes);
        }
    }
}
