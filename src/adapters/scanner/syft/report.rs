//! Syft's CycloneDX report.

use super::super::external::Asked;
use super::super::external::components::{self, Upstream};
use super::super::external::cyclonedx::{self, Bom};
use super::super::external::stage::Form;
use crate::model::{Component, Digest, Distro, Gap, GapKind, Location, Purl, Sbom};
use crate::ports::ScanError;
use std::collections::BTreeMap;

/// The most places of one component that are read.
const PLACES: usize = 10_000;

/// The report's SBOM.
///
/// # Errors
/// It is not whole, or not of what was asked for.
pub(super) fn parse(report: &[u8], asked: &Asked<'_>) -> Result<Sbom, ScanError> {
    let bom = Bom::parse(report, "syft", asked.version)?;
    of_what_was_asked(&bom.metadata.component, asked)?;
    let mut sbom = Sbom { distro: distro(&bom)?, ..Sbom::default() };
    let mut purls: BTreeMap<&str, Purl> = BTreeMap::new();
    let mut found: Vec<(&str, Component)> = Vec::new();
    let mut has_system = false;
    for raw in bom.components.iter().flatten() {
        let locations = locations(raw);
        let Some(purl) = &raw.purl else {
            if !matches!(&*raw.kind, "operating-system" | "file") {
                let place = locations.first().map(|location| location.path.clone()).unwrap_or_default();
                let reason = format!("syft names a component `{}` without a package URL", raw.name);
                sbom.gaps.push(Gap::new(GapKind::UnreadableFile, place, reason));
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
        if let Upstream::System(upstream) = upstream {
            has_system = true;
            component.source = components::differing(components::upstream(&upstream, &component.version), &component);
        }
        component.licenses = raw.license_texts();
        component.locations = locations;
        let reference = raw.reference.as_deref().unwrap_or_default();
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

/// Refuses a report of something else. (Which image it is of, the second report says.)
fn of_what_was_asked(subject: &cyclonedx::Component<'_>, asked: &Asked<'_>) -> Result<(), ScanError> {
    let kind = if asked.staged.form == Form::Layout { "container" } else { "file" };
    if subject.name != asked.staged.name || subject.kind != kind {
        return Err(ScanError::Unusable("the report of syft is of another subject".into()));
    }
    Ok(())
}

fn distro(bom: &Bom<'_>) -> Result<Option<Distro>, ScanError> {
    let mut all = bom.components.iter().flatten().filter(|component| component.kind == "operating-system");
    let Some(first) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(ScanError::Unusable("the report of syft names two distributions".into()));
    }
    Ok(Some(Distro {
        id: first.property("syft:distro:id").unwrap_or(&first.name).to_owned(),
        version: first.property("syft:distro:versionID").or(first.version.as_deref()).unwrap_or_default().to_owned(),
        codename: first.property("syft:distro:versionCodename").map(str::to_owned),
    }))
}

fn locations(raw: &cyclonedx::Component<'_>) -> Vec<Location> {
    let at = |index: usize| {
        let path = raw.property(&format!("syft:location:{index}:path"))?;
        let layer = raw.property(&format!("syft:location:{index}:layerID")).and_then(|id| Digest::parse(id).ok());
        Some(Location { path: path.trim_start_matches('/').to_owned(), layer })
    };
    (0..PLACES).map_while(at).collect()
}
