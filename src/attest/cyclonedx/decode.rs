//! A document back to an `Sbom`. Reads our own documents only; other tools' are the business of a scanner adapter.

use super::raw::{RawBom, RawComponent, RawEvidence, RawHash, RawOccurrence, RawProperty};
use super::{
    CODENAME, DEPENDS_ON, DISTRO_REF, ECOSYSTEM, FORMAT, GAP, LAYER, LIMIT, SOURCE_NAME, SOURCE_VERSION, SPEC_VERSION,
    SUBJECT_REF, URI, encode, license, naming,
};
use crate::attest::DocumentError;
use crate::model::{
    Component, Digest, Distro, Ecosystem, Gap, Location, Name, Purl, Sbom, ScannerIdentity, Scope, SourcePackage,
    Subject, SubjectDigest, SubjectKind,
};
use std::borrow::Cow;

/// All that a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What was scanned.
    pub subject: Subject,
    /// With what.
    pub scanner: ScannerIdentity,
    /// What was found.
    pub sbom: Sbom,
}

/// The SBOM of a document.
///
/// # Errors
/// Anything but what [`super::encode`] writes.
pub fn decode(bytes: &[u8]) -> Result<Sbom, DocumentError> {
    decode_document(bytes).map(|document| document.sbom)
}

/// The SBOM of a document with its subject and scanner.
///
/// # Errors
/// Anything but what [`super::encode`] writes.
pub fn decode_document(bytes: &[u8]) -> Result<Document, DocumentError> {
    if bytes.len() > LIMIT {
        return Err(DocumentError::TooLarge { limit: LIMIT });
    }
    let raw: RawBom<'_> = serde_json::from_slice(bytes).map_err(|error| malformed(&error.to_string()))?;
    if serde_json::to_vec(&raw).ok().as_deref() != Some(bytes) {
        return Err(DocumentError::NotCanonical);
    }
    if raw.bom_format != FORMAT || raw.spec_version != SPEC_VERSION || raw.version != 1 {
        return Err(malformed("not CycloneDX 1.6"));
    }
    let gaps = raw.properties.iter().map(gap).collect::<Result<Vec<_>, _>>()?;
    let [composition] = &raw.compositions;
    let aggregate = if gaps.is_empty() { "unknown" } else { "incomplete" };
    if composition.aggregate != aggregate || composition.assemblies.as_slice() != [SUBJECT_REF] {
        return Err(malformed("the composition does not agree with the gaps"));
    }
    let [tool] = raw.metadata.tools.components;
    let scanner = scanner(tool)?;
    let subject = subject(raw.metadata.component)?;

    let mut rest = raw.components.into_iter().peekable();
    let distro = rest.next_if(|first| first.kind == "operating-system").map(distro).transpose()?;
    let mut components = rest.map(component).collect::<Result<Vec<_>, _>>()?;
    if !components.is_sorted_by(|a, b| a.purl < b.purl) {
        return Err(malformed("the components are not in order"));
    }
    for dependency in &raw.dependencies {
        if dependency.depends_on.is_empty() {
            return Err(malformed("a dependency entry is empty"));
        }
        let at = find(&components, &dependency.reference)?;
        for reference in &dependency.depends_on {
            let purl = components[find(&components, reference)?].purl.clone();
            components[at].depends_on.push(purl);
        }
    }
    for component in &mut components {
        component.depends_on.sort_unstable();
    }
    let sorted = raw.dependencies.is_sorted_by(|a, b| a.reference < b.reference);
    let sbom = Sbom { distro, components, gaps };
    if !sorted || !encode::is_normal(&sbom) {
        return Err(malformed("its parts are not in order"));
    }
    Ok(Document { subject, scanner, sbom })
}

fn malformed(reason: &str) -> DocumentError {
    DocumentError::Malformed { reason: reason.to_owned() }
}

/// Index of the component with this package URL.
fn find(components: &[Component], reference: &str) -> Result<usize, DocumentError> {
    components
        .binary_search_by(|component| component.purl.as_str().cmp(reference))
        .map_err(|_| malformed(&format!("`{reference}` is not a component")))
}

fn gap(property: &RawProperty<'_>) -> Result<Gap, DocumentError> {
    if property.name != GAP {
        return Err(malformed(&format!("unknown property `{}`", property.name)));
    }
    let gap: Gap = serde_json::from_str(&property.value).map_err(|error| malformed(&error.to_string()))?;
    if serde_json::to_string(&gap).ok().as_deref() == Some(&*property.value) {
        Ok(gap)
    } else {
        Err(DocumentError::NotCanonical)
    }
}

fn sha256(hashes: &[RawHash<'_>]) -> Result<Option<Digest>, DocumentError> {
    match hashes {
        [] => Ok(None),
        [hash] if hash.alg == "SHA-256" => {
            Digest::from_hex(&hash.content).map(Some).map_err(|error| malformed(&error.to_string()))
        }
        _ => Err(malformed("an unknown hash")),
    }
}

/// Refuses a component with fields that its kind does not have.
fn plain(component: &RawComponent<'_>) -> Result<(), DocumentError> {
    let extra = component.evidence.is_some()
        || !component.licenses.is_empty()
        || component.purl.is_some()
        || component.scope.is_some();
    if extra { Err(malformed("a component has fields that its kind does not have")) } else { Ok(()) }
}

fn subject(raw: RawComponent<'_>) -> Result<Subject, DocumentError> {
    plain(&raw)?;
    let kind = match &*raw.kind {
        "container" => SubjectKind::Image,
        "application" => SubjectKind::Source,
        other => return Err(malformed(&format!("a subject is no `{other}`"))),
    };
    let digest = SubjectDigest::parse(raw.version.as_deref().unwrap_or_default())
        .map_err(|error| malformed(&error.to_string()))?;
    let hash = match digest {
        SubjectDigest::Sha256(digest) => Some(digest),
        SubjectDigest::DirHash(_) => None,
    };
    let [uri] = <[_; 1]>::try_from(raw.properties).map_err(|_| malformed("the subject has no address"))?;
    let expected = raw.bom_ref.as_deref() == Some(SUBJECT_REF) && raw.group.is_none() && uri.name == URI;
    if !expected || sha256(&raw.hashes)? != hash {
        return Err(malformed("the subject is not as we write it"));
    }
    let name = Name::new(&raw.name).map_err(|error| malformed(&error.to_string()))?;
    Ok(Subject { name, kind, uri: uri.value.into_owned(), digest })
}

fn scanner(raw: RawComponent<'_>) -> Result<ScannerIdentity, DocumentError> {
    plain(&raw)?;
    let group = (raw.name == "builtin").then_some("proofmark");
    match raw.version {
        Some(version)
            if raw.bom_ref.is_none()
                && raw.group.as_deref() == group
                && raw.properties.is_empty()
                && raw.kind == "application" =>
        {
            let binary = sha256(&raw.hashes)?;
            Ok(ScannerIdentity { name: raw.name.into_owned(), version: version.into_owned(), binary })
        }
        _ => Err(malformed("the tool is not as we write it")),
    }
}

fn distro(raw: RawComponent<'_>) -> Result<Distro, DocumentError> {
    plain(&raw)?;
    let mut properties = raw.properties.into_iter();
    let codename = properties.next();
    let known = codename.as_ref().is_none_or(|property| property.name == CODENAME) && properties.next().is_none();
    if !known || raw.bom_ref.as_deref() != Some(DISTRO_REF) || raw.group.is_some() || !raw.hashes.is_empty() {
        return Err(malformed("the distribution is not as we write it"));
    }
    let version = non_empty(raw.version)?;
    Ok(Distro { id: raw.name.into_owned(), version, codename: codename.map(|property| property.value.into_owned()) })
}

/// A version; an empty one is written by leaving it out.
fn non_empty(version: Option<Cow<'_, str>>) -> Result<String, DocumentError> {
    match version {
        Some(version) if version.is_empty() => Err(malformed("an empty version")),
        version => Ok(version.unwrap_or_default().into_owned()),
    }
}

fn purl(text: &str) -> Result<Purl, DocumentError> {
    match Purl::parse(text) {
        Ok(purl) if purl.as_str() == text => Ok(purl),
        Ok(_) => Err(malformed(&format!("`{text}` is not in canonical form"))),
        Err(error) => Err(malformed(&error.to_string())),
    }
}

fn component(raw: RawComponent<'_>) -> Result<Component, DocumentError> {
    if raw.kind != "library" || raw.bom_ref != raw.purl || !raw.hashes.is_empty() {
        return Err(malformed("a package is not as we write it"));
    }
    let purl = purl(raw.purl.as_deref().unwrap_or_default())?;
    let name = naming::join(purl.kind(), raw.group.as_deref(), raw.name.into_owned());
    let scope = match raw.scope.as_deref() {
        None => Scope::Runtime,
        Some("optional") => Scope::Optional,
        Some("excluded") => Scope::Development,
        Some(other) => return Err(malformed(&format!("unknown scope `{other}`"))),
    };
    let licenses = raw.licenses.into_iter().map(license::read).collect::<Option<Vec<_>>>();
    let mut component = Component {
        purl,
        name: name.ok_or_else(|| malformed("an unexpected group"))?,
        version: non_empty(raw.version)?,
        ecosystem: None,
        source: None,
        scope,
        licenses: licenses.ok_or_else(|| malformed("a licence that says nothing or two things"))?,
        locations: raw.evidence.map_or(Ok(Vec::new()), locations)?,
        depends_on: Vec::new(),
    };
    properties(&mut component, raw.properties)?;
    Ok(component)
}

fn properties(component: &mut Component, properties: Vec<RawProperty<'_>>) -> Result<(), DocumentError> {
    let mut properties = properties.into_iter().peekable();
    let mut next = |name: &str| properties.next_if(|property| property.name == name).map(|p| p.value.into_owned());
    component.ecosystem = next(ECOSYSTEM).map(Ecosystem::from);
    component.source = match (next(SOURCE_NAME), next(SOURCE_VERSION)) {
        (Some(name), Some(version)) => Some(SourcePackage { name, version }),
        (None, None) => None,
        _ => return Err(malformed("half a source package")),
    };
    while let Some(text) = next(DEPENDS_ON) {
        component.depends_on.push(purl(&text)?);
    }
    match properties.next() {
        Some(property) => Err(malformed(&format!("unexpected property `{}`", property.name))),
        None => Ok(()),
    }
}

fn locations(evidence: RawEvidence<'_>) -> Result<Vec<Location>, DocumentError> {
    let location = |occurrence: RawOccurrence<'_>| {
        let layer = occurrence.additional_context.map(|context| {
            let digest = context.strip_prefix(LAYER).and_then(|text| Digest::parse(text).ok());
            digest.ok_or_else(|| malformed("an unknown context of a location"))
        });
        Ok(Location { path: occurrence.location.into_owned(), layer: layer.transpose()? })
    };
    if evidence.occurrences.is_empty() {
        return Err(malformed("evidence without an occurrence"));
    }
    evidence.occurrences.into_iter().map(location).collect()
}
