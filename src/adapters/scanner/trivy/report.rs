//! Trivy's CycloneDX report. <https://trivy.dev/latest/docs/supply-chain/sbom/>

use super::super::external::Asked;
use super::super::external::components::{self, Upstream};
use super::super::external::cyclonedx::{self, Bom};
use super::super::external::stage::Form;
use crate::model::{Component, Digest, Distro, Gap, GapKind, Location, Purl, Sbom, SourcePackage};
use crate::ports::ScanError;
use std::collections::{BTreeMap, BTreeSet};

const IMAGE_ID: &str = "aquasecurity:trivy:ImageID";
const DIFF_ID: &str = "aquasecurity:trivy:DiffID";
const LAYER: &str = "aquasecurity:trivy:LayerDiffID";
const FILE: &str = "aquasecurity:trivy:FilePath";
const CLASS: &str = "aquasecurity:trivy:Class";
const SOURCE: [&str; 4] = [
    "aquasecurity:trivy:SrcName",
    "aquasecurity:trivy:SrcVersion",
    "aquasecurity:trivy:SrcRelease",
    "aquasecurity:trivy:SrcEpoch",
];

/// The report's SBOM.
///
/// # Errors
/// It is not whole, or not of what was asked for.
pub(super) fn parse(report: &[u8], asked: &Asked<'_>) -> Result<Sbom, ScanError> {
    let bom = Bom::parse(report, "trivy", asked.version)?;
    of_what_was_asked(&bom.metadata.component, asked)?;
    let mut sbom = Sbom { distro: distro(&bom)?, ..Sbom::default() };
    let files = files(&bom);
    let mut purls: BTreeMap<&str, Purl> = BTreeMap::new();
    let mut found: Vec<(&str, Component)> = Vec::new();
    let mut has_system = false;
    for raw in bom.components.iter().flatten() {
        let Some(purl) = &raw.purl else {
            let plain = raw.kind == "operating-system" || (raw.kind == "application" && raw.property(CLASS).is_some());
            if !plain {
                let reason = format!("trivy names a component `{}` without a package URL", raw.name);
                sbom.gaps.push(Gap::new(GapKind::UnreadableFile, raw.property(FILE).unwrap_or_default(), reason));
            }
            continue;
        };
        let (mut component, upstream) = match components::component(purl, sbom.distro.as_ref()) {
            Ok(read) => read,
            Err(gap) => {
                sbom.gaps.push(gap);
                continue;
            }
        };
        let reference = raw.reference.as_deref().unwrap_or_default();
        if let Upstream::System(_) = upstream {
            has_system = true;
            component.source = components::differing(source(raw), &component);
        }
        component.licenses = raw.license_texts();
        component.locations = locations(raw, files.get(reference));
        purls.insert(reference, component.purl.clone());
        found.push((reference, component));
    }
    let needs: BTreeMap<&str, &[std::borrow::Cow<'_, str>]> =
        bom.dependencies.iter().map(|entry| (&*entry.reference, entry.depends_on.as_slice())).collect();
    for (reference, component) in &mut found {
        let needed = needs.get(reference).copied().unwrap_or_default();
        component.depends_on = needed.iter().filter_map(|needed| purls.get(&**needed).cloned()).collect();
        component.depends_on.retain(|needed| *needed != component.purl);
    }
    sbom.components = found.into_iter().map(|(_, component)| component).collect();
    components::note_distro(&mut sbom, has_system);
    Ok(sbom)
}

/// Refuses a report of something else.
fn of_what_was_asked(subject: &cyclonedx::Component<'_>, asked: &Asked<'_>) -> Result<(), ScanError> {
    let facts = asked.staged;
    let other = |what: &str| Err(ScanError::Unusable(format!("the report of trivy is of another subject: {what}")));
    if subject.name != facts.name {
        return other("its name");
    }
    if facts.form != Form::Layout {
        return if subject.property(IMAGE_ID).is_none() { Ok(()) } else { other("it is of an image") };
    }
    let image = subject.property(IMAGE_ID).and_then(|id| Digest::parse(id).ok());
    if subject.kind != "container" || image.is_none() || image != facts.config {
        return other("its image id");
    }
    let layers: BTreeSet<Digest> = subject.all(DIFF_ID).filter_map(|id| Digest::parse(id).ok()).collect();
    if layers != facts.diff_ids.iter().copied().collect() { other("its layers") } else { Ok(()) }
}

fn distro(bom: &Bom<'_>) -> Result<Option<Distro>, ScanError> {
    let mut all = bom.components.iter().flatten().filter(|component| component.kind == "operating-system");
    let Some(first) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(ScanError::Unusable("the report of trivy names two distributions".into()));
    }
    let version = first.version.as_deref().unwrap_or_default();
    // Names of families, where they are not those of `os-release`.
    let id = match &*first.name {
        "redhat" => "rhel",
        "alma" => "almalinux",
        "oracle" => "ol",
        "amazon" => "amzn",
        "cbl-mariner" => "mariner",
        "opensuse.leap" => "opensuse-leap",
        "opensuse.tumbleweed" => "opensuse-tumbleweed",
        "suse linux enterprise server" => "sles",
        "none" => return Ok(None),
        other => other,
    };
    // Trivy has the point release of Debian; `VERSION_ID` has not, and advisories are by release.
    let version = if id == "debian" { version.split('.').next().unwrap_or_default() } else { version };
    Ok(Some(Distro { id: id.to_owned(), version: version.to_owned(), codename: None }))
}

/// The files that components were listed from: components of kind `application` are lockfiles and programs, and depend on what
/// is in them.
fn files<'b>(bom: &'b Bom<'_>) -> BTreeMap<&'b str, BTreeSet<&'b str>> {
    let by_reference = bom.by_reference();
    let needs: BTreeMap<&str, _> =
        bom.dependencies.iter().map(|entry| (&*entry.reference, &entry.depends_on)).collect();
    let mut files: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (reference, raw) in &by_reference {
        if raw.kind != "application" || raw.property(CLASS) != Some("lang-pkgs") {
            continue;
        }
        let mut pending: Vec<&str> = vec![reference];
        while let Some(next) = pending.pop() {
            for needed in needs.get(next).into_iter().flat_map(|needed| needed.iter()) {
                let is_package = by_reference.get(&**needed).is_some_and(|raw| raw.purl.is_some());
                if is_package && files.entry(needed).or_default().insert(&raw.name) {
                    pending.push(needed);
                }
            }
        }
    }
    files
}

fn locations(raw: &cyclonedx::Component<'_>, files: Option<&BTreeSet<&str>>) -> Vec<Location> {
    let layer = raw.property(LAYER).and_then(|id| Digest::parse(id).ok());
    let paths = raw.all(FILE).chain(files.into_iter().flatten().copied());
    let mut locations: Vec<Location> =
        paths.map(|path| Location { path: path.trim_start_matches('/').to_owned(), layer }).collect();
    // Packages of a distribution have a layer and no file.
    if let (true, Some(_)) = (locations.is_empty(), layer) {
        locations.push(Location { path: String::new(), layer });
    }
    locations
}

fn source(raw: &cyclonedx::Component<'_>) -> Option<SourcePackage> {
    let [name, version, release, epoch] = SOURCE.map(|property| raw.property(property).filter(|text| !text.is_empty()));
    let mut full = version?.to_owned();
    if let Some(release) = release {
        full = format!("{full}-{release}");
    }
    if let Some(epoch) = epoch.filter(|epoch| *epoch != "0") {
        full = format!("{epoch}:{full}");
    }
    Some(SourcePackage { name: name?.to_owned(), version: full })
}
