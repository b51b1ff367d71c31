//! `Sbom` to a document.

use super::raw::{
    RawComponent, RawComposition, RawDependency, RawEnd, RawEvidence, RawHash, RawOccurrence, RawProperty, RawStart,
    RawTools,
};
use super::{
    CODENAME, DEPENDS_ON, DISTRO_REF, ECOSYSTEM, FORMAT, GAP, LAYER, SOURCE_NAME, SOURCE_VERSION, SPEC_VERSION,
    SUBJECT_REF, URI, license, naming,
};
use crate::model::{
    Component, Digest, Distro, Gap, Location, Purl, Sbom, ScannerIdentity, Scope, Subject, SubjectDigest, SubjectKind,
};
use std::borrow::Cow;

/// The CycloneDX document of a scan: canonical bytes, a pure function of its inputs. An SBOM that is not in normal form is
/// brought to it first.
pub fn encode(subject: &Subject, sbom: &Sbom, scanner: &ScannerIdentity) -> Vec<u8> {
    Body::new(sbom, scanner).around(&self::subject(subject))
}

/// A document but for its subject: the same for all subjects in which a scanner found the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What stands before the subject.
    pub before: Vec<u8>,
    /// What stands behind it.
    pub after: Vec<u8>,
}

impl Body {
    /// That of a scan.
    pub fn new(sbom: &Sbom, scanner: &ScannerIdentity) -> Self {
        let normal = if is_normal(sbom) { Cow::Borrowed(sbom) } else { Cow::Owned(sbom.clone().normalized()) };
        let sbom = normal.as_ref();
        let known = |purl: &Purl| sbom.components.binary_search_by(|component| component.purl.cmp(purl)).is_ok();
        let components = sbom.distro.iter().map(distro);
        let aggregate = if sbom.gaps.is_empty() { "unknown" } else { "incomplete" };
        let start = RawStart {
            bom_format: FORMAT.into(),
            components: components.chain(sbom.components.iter().map(|each| component(each, &known))).collect(),
            compositions: [RawComposition { aggregate: aggregate.into(), assemblies: vec![SUBJECT_REF.into()] }],
            dependencies: sbom.components.iter().filter_map(|each| dependencies(each, &known)).collect(),
        };
        let end =
            RawEnd { properties: sbom.gaps.iter().map(gap).collect(), spec_version: SPEC_VERSION.into(), version: 1 };
        let json = |value: serde_json::Result<Vec<u8>>| value.unwrap_or_default();
        let mut before = json(serde_json::to_vec(&start));
        before.pop();
        before.extend_from_slice(b",\"metadata\":{\"component\":");
        let mut after = b",\"tools\":".to_vec();
        after.extend_from_slice(&json(serde_json::to_vec(&RawTools { components: [tool(scanner)] })));
        after.extend_from_slice(b"},");
        after.extend_from_slice(json(serde_json::to_vec(&end)).get(1..).unwrap_or_default());
        Self { before, after }
    }

    /// The document, with what [`subject`] gave.
    pub fn around(&self, subject: &[u8]) -> Vec<u8> {
        [&self.before, subject, &self.after].concat()
    }
}

/// What a document says of its subject.
pub fn subject(subject: &Subject) -> Vec<u8> {
    serde_json::to_vec(&component_of(subject)).unwrap_or_default()
}

/// Whether [`Sbom::normalized`] would change nothing.
pub(super) fn is_normal(sbom: &Sbom) -> bool {
    fn sorted<T: Ord>(items: &[T]) -> bool {
        items.is_sorted_by(|a, b| a < b)
    }
    let whole = |c: &Component| sorted(&c.licenses) && sorted(&c.locations) && sorted(&c.depends_on);
    sorted(&sbom.gaps) && sbom.components.is_sorted_by(|a, b| a.purl < b.purl) && sbom.components.iter().all(whole)
}

fn property<'a>(name: &'a str, value: impl Into<Cow<'a, str>>) -> RawProperty<'a> {
    RawProperty { name: name.into(), value: value.into() }
}

fn sha256<'a>(digest: &Digest) -> RawHash<'a> {
    RawHash { alg: "SHA-256".into(), content: digest.hex().into() }
}

fn component_of(subject: &Subject) -> RawComponent<'_> {
    let hashes = match &subject.digest {
        SubjectDigest::Sha256(digest) => vec![sha256(digest)],
        SubjectDigest::DirHash(_) => Vec::new(),
    };
    let kind = match subject.kind {
        SubjectKind::Image => "container",
        SubjectKind::Source => "application",
    };
    RawComponent {
        bom_ref: Some(SUBJECT_REF.into()),
        hashes,
        name: subject.name.as_str().into(),
        properties: vec![property(URI, &subject.uri)],
        kind: kind.into(),
        version: Some(subject.digest.to_string().into()),
        ..RawComponent::default()
    }
}

fn tool(scanner: &ScannerIdentity) -> RawComponent<'_> {
    RawComponent {
        group: (scanner.name == "builtin").then(|| "proofmark".into()),
        hashes: scanner.binary.iter().map(sha256).collect(),
        name: scanner.name.as_str().into(),
        kind: "application".into(),
        version: Some(scanner.version.as_str().into()),
        ..RawComponent::default()
    }
}

fn distro(distro: &Distro) -> RawComponent<'_> {
    RawComponent {
        bom_ref: Some(DISTRO_REF.into()),
        name: distro.id.as_str().into(),
        properties: distro.codename.iter().map(|codename| property(CODENAME, codename)).collect(),
        kind: "operating-system".into(),
        version: (!distro.version.is_empty()).then(|| distro.version.as_str().into()),
        ..RawComponent::default()
    }
}

fn component<'a>(component: &'a Component, known: &impl Fn(&Purl) -> bool) -> RawComponent<'a> {
    let mut properties = Vec::new();
    if let Some(ecosystem) = &component.ecosystem {
        properties.push(property(ECOSYSTEM, ecosystem.to_string()));
    }
    if let Some(source) = &component.source {
        properties.push(property(SOURCE_NAME, &source.name));
        properties.push(property(SOURCE_VERSION, &source.version));
    }
    let unknown = component.depends_on.iter().filter(|purl| !known(purl));
    properties.extend(unknown.map(|purl| property(DEPENDS_ON, purl.as_str())));
    let (group, name) = naming::split(component.purl.kind(), &component.name);
    let scope = match component.scope {
        Scope::Runtime => None,
        Scope::Optional => Some("optional".into()),
        Scope::Development => Some("excluded".into()),
    };
    let occurrence = |location: &'a Location| RawOccurrence {
        additional_context: location.layer.map(|layer| format!("{LAYER}{layer}").into()),
        location: location.path.as_str().into(),
    };
    RawComponent {
        bom_ref: Some(component.purl.as_str().into()),
        evidence: (!component.locations.is_empty())
            .then(|| RawEvidence { occurrences: component.locations.iter().map(occurrence).collect() }),
        group: group.map(Into::into),
        hashes: Vec::new(),
        licenses: license::write(&component.licenses),
        name: name.into(),
        properties,
        purl: Some(component.purl.as_str().into()),
        scope,
        kind: "library".into(),
        version: (!component.version.is_empty()).then(|| component.version.as_str().into()),
    }
}

fn dependencies<'a>(component: &'a Component, known: &impl Fn(&Purl) -> bool) -> Option<RawDependency<'a>> {
    let depends_on: Vec<_> =
        component.depends_on.iter().filter(|purl| known(purl)).map(|purl| purl.as_str().into()).collect();
    (!depends_on.is_empty()).then(|| RawDependency { depends_on, reference: component.purl.as_str().into() })
}

fn gap(gap: &Gap) -> RawProperty<'_> {
    property(GAP, serde_json::to_string(gap).unwrap_or_default())
}
