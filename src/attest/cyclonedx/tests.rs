#![expect(clippy::disallowed_methods, reason = "the official schema is test data")]

use super::*;
use crate::attest::DocumentError;
use crate::model::{
    Component, Digest, Distro, Ecosystem, Gap, GapKind, Location, Name, Purl, Sbom, ScannerIdentity, Scope,
    SourcePackage, Subject, SubjectDigest, SubjectKind,
};
use proptest::prelude::*;
use serde_json::Value;

fn subject() -> Subject {
    Subject {
        name: Name::new("checkout").unwrap(),
        kind: SubjectKind::Image,
        uri: "oci:images/checkout".into(),
        digest: SubjectDigest::Sha256(Digest::of(b"manifest")),
    }
}

fn scanner() -> ScannerIdentity {
    ScannerIdentity { name: "builtin".into(), version: "0.1.0".into(), binary: None }
}

fn purl(text: &str) -> Purl {
    Purl::parse(text).unwrap()
}

fn example() -> Sbom {
    let debian = Ecosystem::from("Debian:12".to_owned());
    let npm = Some(Ecosystem::from("npm".to_owned()));
    let mut ssl = Component::new(
        purl("pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12"),
        "libssl3",
        "3.0.11-1~deb12u2",
        Some(debian),
    );
    ssl.source = Some(SourcePackage { name: "openssl".into(), version: "3.0.11-1~deb12u2".into() });
    ssl.licenses = vec!["Apache-2.0".into(), "see /usr/share/doc".into()];
    ssl.locations =
        vec![Location { path: "var/lib/dpkg/status.d/libssl3".into(), layer: Some(Digest::of(b"layer 1")) }];
    let mut core = Component::new(purl("pkg:npm/%40babel/core@7.0.0"), "@babel/core", "7.0.0", npm.clone());
    core.licenses = vec!["MIT OR Apache-2.0".into()];
    core.scope = Scope::Development;
    core.depends_on = vec![purl("pkg:npm/lodash@4.17.20"), purl("pkg:npm/missing@1.0.0")];
    let mut lodash = Component::new(purl("pkg:npm/lodash@4.17.20"), "lodash", "4.17.20", npm);
    lodash.licenses = vec!["MIT".into()];
    lodash.locations = vec![Location { path: "package-lock.json".into(), layer: None }];
    Sbom {
        distro: Some(Distro { id: "debian".into(), version: "12".into(), codename: Some("bookworm".into()) }),
        components: vec![ssl, core, lodash],
        gaps: vec![Gap::new(GapKind::UnreadableFile, "srv/yarn.lock", "line 7: expected a version")],
    }
    .normalized()
}

/// Text that is awkward in JSON, in URLs and in sorting.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9.@/:_+~-]{1,12}",
        "[a-z\"\\\\/\u{0}-\u{1f}\u{7f}é€\u{e000}😀]{1,8}",
        Just("MIT".into()),
        Just("MIT OR Apache-2.0".into()),
        Just("GPL-2.0+".into()),
    ]
}

fn any_purl() -> impl Strategy<Value = Purl> {
    let kind = prop::sample::select(vec!["npm", "maven", "composer", "golang", "pypi", "deb", "cargo"]);
    let parts = (kind, prop::option::of("[@a-zA-Z0-9 .%é]{1,8}"), "[@a-zA-Z0-9 ._+%#?é]{1,8}", "[a-z0-9:~+@. ]{0,6}");
    parts.prop_filter_map("a purl that parses to itself", |(kind, namespace, name, version)| {
        let purl = Purl::build(kind, namespace.as_deref(), &name, Some(&version), &[]).ok()?;
        (Purl::parse(purl.as_str()).ok()? == purl).then_some(purl)
    })
}

prop_compose! {
    fn any_component()(
        purl in any_purl(),
        (name, version) in (prop_oneof![text(), "@[a-z]{1,3}/[a-z/]{0,3}", "[a-z.]{0,4}[:/][a-z]{0,4}"], prop_oneof![Just(String::new()), text()]),
        ecosystem in prop::option::of(prop_oneof![Just("npm".to_owned()), Just("Debian:12".to_owned()), text()]),
        source in prop::option::of((text(), text())),
        scope in prop::sample::select(vec![Scope::Runtime, Scope::Optional, Scope::Development]),
        licenses in prop::collection::vec(text(), 0..3),
        locations in prop::collection::vec((text(), any::<Option<u8>>()), 0..3),
        depends_on in prop::collection::vec(any_purl(), 0..2),
    ) -> Component {
        let location = |(path, layer): (String, Option<u8>)| Location { path, layer: layer.map(|n| Digest::of(&[n])) };
        Component {
            purl,
            name,
            version,
            ecosystem: ecosystem.map(Ecosystem::from),
            source: source.map(|(name, version)| SourcePackage { name, version }),
            scope,
            licenses,
            locations: locations.into_iter().map(location).collect(),
            depends_on,
        }
    }
}

prop_compose! {
    fn any_sbom()(
        distro in prop::option::of((text(), prop_oneof![Just(String::new()), text()], prop::option::of(text()))),
        mut components in prop::collection::vec(any_component(), 0..8),
        gaps in prop::collection::vec((text(), text()), 0..3),
        links in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
    ) -> Sbom {
        if !components.is_empty() {
            for (from, to) in links {
                let to = to.get(&components).purl.clone();
                let from = from.index(components.len());
                components[from].depends_on.push(to);
            }
        }
        let gaps = gaps.into_iter().map(|(place, reason)| Gap::new(GapKind::LimitReached, place, reason)).collect();
        let distro = distro.map(|(id, version, codename)| Distro { id, version, codename });
        Sbom { distro, components, gaps }.normalized()
    }
}

/// The official schema with its two sub-schemas; `None`, loudly, where there is no test data.
fn schema(test: &str) -> Option<jsonschema::Validator> {
    let root = std::env::var("PROOFMARK_DATA").unwrap_or_else(|_| "../shared/data".into());
    let read = |name: &str| -> Option<Value> {
        let text = std::fs::read(format!("{root}/schemas/cyclonedx/{name}")).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    };
    let Some(schema) = read("bom-1.6.schema.json") else {
        eprintln!("SKIPPED {test}: no test data at {root}/schemas/cyclonedx");
        return None;
    };
    let mut registry = jsonschema::Registry::new();
    for name in ["spdx.schema.json", "jsf-0.82.schema.json"] {
        let uri = format!("http://cyclonedx.org/schema/{name}");
        registry = registry.add(uri, read(name).unwrap()).unwrap();
    }
    let registry = registry.prepare().unwrap();
    Some(jsonschema::options().with_registry(&registry).build(&schema).unwrap())
}

#[track_caller]
fn assert_valid(schema: &jsonschema::Validator, bytes: &[u8]) {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    let errors: Vec<String> =
        schema.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn is_the_document_it_should_be() {
    let bytes = encode(&subject(), &example(), &scanner());
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    insta::assert_json_snapshot!(value);
    let document = decode_document(&bytes).unwrap();
    assert_eq!(document, Document { subject: subject(), scanner: scanner(), sbom: example() });
}

#[test]
fn holds_to_the_official_schema() {
    let Some(schema) = schema("holds_to_the_official_schema") else { return };
    assert_valid(&schema, &encode(&subject(), &example(), &scanner()));
    assert_valid(&schema, &encode(&subject(), &Sbom::default(), &scanner()));
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..40 {
        use proptest::strategy::ValueTree as _;
        let sbom = any_sbom().new_tree(&mut runner).unwrap().current();
        assert_valid(&schema, &encode(&subject(), &sbom, &scanner()));
    }
}

#[test]
fn writes_only_licence_ids_that_the_schema_knows() {
    let root = std::env::var("PROOFMARK_DATA").unwrap_or_else(|_| "../shared/data".into());
    let Ok(text) = std::fs::read(format!("{root}/schemas/cyclonedx/spdx.schema.json")) else {
        eprintln!("SKIPPED writes_only_licence_ids_that_the_schema_knows: no test data at {root}/schemas/cyclonedx");
        return;
    };
    let schema: Value = serde_json::from_slice(&text).unwrap();
    let known: std::collections::BTreeSet<&str> =
        schema["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for id in spdx::identifiers::LICENSES {
        assert_eq!(license::is_id(id.name), known.contains(id.name), "{}", id.name);
    }
}

#[test]
fn a_subject_of_source_and_an_external_scanner_round_trip() {
    let digest = SubjectDigest::of_files([("package-lock.json", Digest::of(b"{}"))]);
    let subject =
        Subject { name: Name::new("source").unwrap(), kind: SubjectKind::Source, uri: "dir:src/web".into(), digest };
    let scanner =
        ScannerIdentity { name: "syft".into(), version: "1.38.0".into(), binary: Some(Digest::of(b"program")) };
    let document = Document { subject: subject.clone(), scanner: scanner.clone(), sbom: Sbom::default() };
    assert_eq!(decode_document(&encode(&subject, &Sbom::default(), &scanner)).unwrap(), document);
}

#[test]
fn order_of_discovery_leaves_no_trace() {
    let mut shuffled = example();
    shuffled.components.reverse();
    for component in &mut shuffled.components {
        component.depends_on.reverse();
        component.licenses.reverse();
    }
    assert_eq!(encode(&subject(), &shuffled, &scanner()), encode(&subject(), &example(), &scanner()));
}

#[test]
fn refuses_what_it_would_not_write() {
    let text = String::from_utf8(encode(&subject(), &example(), &scanner())).unwrap();
    for (from, to) in [
        ("\"version\":1}", "\"version\":2}"),
        ("\"1.6\"", "\"1.5\""),
        ("\"incomplete\"", "\"complete\""),
        ("\"type\":\"library\"", "\"type\":\"framework\""),
        ("\"type\":\"container\"", "\"type\":\"device\""),
        ("\"excluded\"", "\"required\""),
        ("proofmark:ecosystem", "proofmark:other"),
        ("\"group\":\"proofmark\",", ""),
        ("layer sha256:", "layer sha512:"),
        ("\"bomFormat\"", "\"$schema\":\"\",\"bomFormat\""),
        ("\"dependsOn\":[\"pkg:npm/lodash@4.17.20\"]", "\"dependsOn\":[\"pkg:npm/lodash@4.17.21\"]"),
        ("{\"id\":\"MIT\"}", "{\"id\":\"MIT\",\"name\":\"MIT\"}"),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = text.replace(from, to);
        assert!(decode(changed.as_bytes()).is_err(), "{from} -> {to}");
    }
    assert_eq!(decode(format!("{text} ").as_bytes()), Err(DocumentError::NotCanonical));
    assert!(decode(&[b'['; 100_000]).is_err());
}

proptest! {
    #[test]
    fn round_trips(sbom in any_sbom()) {
        let bytes = encode(&subject(), &sbom, &scanner());
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&serde_json_canonicalizer::to_vec(&value).unwrap(), &bytes);
        prop_assert_eq!(decode(&bytes).unwrap(), sbom);
    }

    #[test]
    fn flipped_bytes_never_panic(index in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = encode(&subject(), &example(), &scanner());
        let index = index.index(bytes.len());
        bytes[index] ^= 1 << bit;
        if let Ok(sbom) = decode_document(&bytes) {
            prop_assert_ne!(sbom, decode_document(&encode(&subject(), &example(), &scanner())).unwrap());
        }
    }
}
