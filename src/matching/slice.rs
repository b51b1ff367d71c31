//! The part of a snapshot that a match looks at, and looking things up in it.
//!
//! A match is made from a slice alone, so that a replay from a stored slice cannot come to another result.

use crate::model::{Advisory, AdvisorySlice, Affected, AffectedPackage, Ecosystem, EcosystemKind, Sbom};
use crate::ports::{Advisories, AdvisoriesError};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Cuts the slice for an SBOM: every advisory that is not withdrawn for every package name in it, each name asked for once.
///
/// # Errors
/// The database cannot be read.
pub(super) fn cut(sbom: &Sbom, advisories: &dyn Advisories) -> Result<AdvisorySlice, AdvisoriesError> {
    let lookups: BTreeSet<(&Ecosystem, Cow<'_, str>)> = sbom
        .components
        .iter()
        .filter_map(|component| {
            let ecosystem = component.ecosystem.as_ref()?;
            Some((ecosystem, ecosystem.kind.normal_name(component.lookup().0)))
        })
        .collect();
    let mut by_id: BTreeMap<String, Advisory> = BTreeMap::new();
    // An entry for a whole family is found under each of its releases: it is taken once.
    let mut taken: BTreeSet<(String, AffectedPackage)> = BTreeSet::new();
    for (ecosystem, name) in lookups {
        for mut advisory in advisories.lookup(ecosystem, &name)? {
            advisory.affected.retain(|entry| {
                speaks_of(entry, ecosystem, &name) && !taken.contains(&(advisory.id.clone(), entry.package.clone()))
            });
            if advisory.withdrawn.is_some() || advisory.affected.is_empty() {
                continue;
            }
            taken.extend(advisory.affected.iter().map(|entry| (advisory.id.clone(), entry.package.clone())));
            match by_id.get_mut(&advisory.id) {
                Some(known) => known.affected.append(&mut advisory.affected),
                None => {
                    by_id.insert(advisory.id.clone(), advisory);
                }
            }
        }
    }
    let mut found: Vec<Advisory> = by_id.into_values().collect();
    for advisory in &mut found {
        advisory.affected.sort_by(|a, b| a.package.cmp(&b.package));
    }
    Ok(AdvisorySlice { snapshot: advisories.snapshot().clone(), advisories: found })
}

/// Whether an entry is for this package, by the rule of [`Advisories::lookup`].
fn speaks_of(entry: &Affected, ecosystem: &Ecosystem, name: &str) -> bool {
    entry.package.ecosystem.kind == ecosystem.kind
        && is_for_release(entry, ecosystem)
        && ecosystem.kind.normal_name(&entry.package.name) == name
}

fn is_for_release(entry: &Affected, ecosystem: &Ecosystem) -> bool {
    let release = &entry.package.ecosystem.release;
    release.is_none() || *release == ecosystem.release
}

/// Entries by a package's normal name.
type ByName<'a> = BTreeMap<Cow<'a, str>, Vec<(&'a Advisory, &'a Affected)>>;

/// A slice by package.
pub(super) struct Index<'a> {
    entries: BTreeMap<&'a EcosystemKind, ByName<'a>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(slice: &'a AdvisorySlice) -> Self {
        let mut entries: BTreeMap<_, ByName<'_>> = BTreeMap::new();
        let mut advisories: Vec<&Advisory> = slice.advisories.iter().filter(|a| a.withdrawn.is_none()).collect();
        advisories.sort_by(|a, b| a.id.cmp(&b.id));
        for advisory in advisories {
            for entry in &advisory.affected {
                let kind = &entry.package.ecosystem.kind;
                let name = kind.normal_name(&entry.package.name);
                entries.entry(kind).or_default().entry(name).or_default().push((advisory, entry));
            }
        }
        Self { entries }
    }

    /// Every advisory for a package, given by its normal name, with its entries for it. Sorted by id.
    pub(super) fn lookup(&self, ecosystem: &Ecosystem, name: &str) -> Vec<(&'a Advisory, Vec<&'a Affected>)> {
        let mut found: Vec<(&Advisory, Vec<&Affected>)> = Vec::new();
        let Some(all) = self.entries.get(&ecosystem.kind).and_then(|names| names.get(name)) else { return found };
        for (advisory, entry) in all.iter().filter(|(_, entry)| is_for_release(entry, ecosystem)) {
            match found.last_mut() {
                Some((last, entries)) if last.id == advisory.id => entries.push(entry),
                _ => found.push((advisory, vec![entry])),
            }
        }
        found
    }
}
