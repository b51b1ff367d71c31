//! Syft's CycloneDX report.

use super::super::external::Asked;
use super::super::external::components::{self, Upstream};
use super::super::external::cyclonedx::{self, Bom};
use super::super::external::stage::Form;
use super::modules::Labels;
use crate::model::{Component, Digest, Distro, Location, Purl, Sbom};
use crate::ports::ScanError;
use std::collections::BTreeMap;

/// The report's SBOM.
///
/// # Errors
/// It is not whole, or not of what was asked for.
pub(super) fn parse(report: &[u8], labels: &Labels, asked: &Asked<'_>) -> Result<Sbom, ScanError> {
    let bom = Bom::parse(report, "syft", asked.version)?;
    of_what_was_asked(&bom.metadata.component, asked)?;
    let mut sbom = Sbom { distro: distro(&bom)?, ..Sbom::default() };
    let mut purls: BTreeMap<&str, Purl> = BTreeMap::new();
    let mut found: Vec<(&str, Component)> = Vec::new();
    let mut has_system = false;
    let mut unnamed: Vec<(String, String)> = Vec::new();
    for raw in bom.components.iter().flatten() {
        let locations = locations(raw);
        let Some(purl) = &raw.purl else {
            if !matches!(&*raw.kind, "operating-system" | "file") {
                let place = locations.first().map(|location| location.path.clone()).unwrap_or_default();
                unnamed.push((raw.name.to_string(), place));
            }
            continue;
        };
        let (mut component, upstream) = match components::component(&labels.add(purl), sbom.distro.as_ref()) {
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
    sbom.gaps.extend(components::unnamed("syft", &unnamed));
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
    let mut places: BTreeMap<u32, (Option<&str>, Option<Digest>)> = BTreeMap::new();
    for (name, value) in raw.named("syft:location:") {
        let Some((number, what)) = name.split_once(':') else { continue };
        let Ok(number) = number.parse::<u32>() else { continue };
        let place = places.entry(number).or_default();
        match what {
            "path" => place.0 = Some(value),
            "layerID" => place.1 = Digest::parse(value).ok(),
            _ => {}
        }
    }
    let location = |(path, layer): (Option<&str>, Option<Digest>)| {
        Some(Location { path: path?.trim_start_matches('/').to_owned(), layer })
    };
    places.into_values().filter_map(location).collect()
}
