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
        .filter_map(|component| Some((component, component.ecosystem.as_ref()?)))
        .flat_map(|(component, ecosystem)| {
            let names = std::iter::once(component.lookup().0).chain(component.second_name());
            names.map(move |name| (ecosystem, ecosystem.kind.normal_name(name)))
        })
        .collect();
    let mut by_id: BTreeMap<String, Vec<Advisory>> = BTreeMap::new();
    for (ecosystem, name) in lookups {
        for advisory in of_package(advisories, ecosystem, &name)? {
            by_id.entry(advisory.id.clone()).or_default().push(advisory);
        }
    }
    let found = by_id.into_values().filter_map(|same| join(same.iter())).collect();
    Ok(AdvisorySlice { snapshot: advisories.snapshot().clone(), advisories: found, answer: None })
}

/// Every advisory for a package that is not withdrawn, with its entries for the package alone, in order. Sorted by id.
///
/// # Errors
/// The database cannot be read.
pub(super) fn of_package(
    advisories: &dyn Advisories,
    ecosystem: &Ecosystem,
    name: &str,
) -> Result<Vec<Advisory>, AdvisoriesError> {
    let mut found = advisories.lookup(ecosystem, name)?;
    found.retain_mut(|advisory| {
        advisory.affected.retain(|entry| speaks_of(entry, ecosystem, name));
        advisory.affected.sort_by(|a, b| a.package.cmp(&b.package));
        advisory.withdrawn.is_none() && !advisory.affected.is_empty()
    });
    Ok(found)
}

/// One advisory of what was found of it for several packages. An entry for a whole family is found under each of its
/// releases: it is taken once.
pub(super) fn join<'a>(mut same: impl Iterator<Item = &'a Advisory>) -> Option<Advisory> {
    let mut joined = same.next()?.clone();
    let mut taken: BTreeSet<AffectedPackage> = joined.affected.iter().map(|entry| entry.package.clone()).collect();
    for advisory in same {
        let new: Vec<&Affected> = advisory.affected.iter().filter(|entry| !taken.contains(&entry.package)).collect();
        taken.extend(new.iter().map(|entry| entry.package.clone()));
        joined.affected.extend(new.into_iter().cloned());
    }
    joined.affected.sort_by(|a, b| a.package.cmp(&b.package));
    Some(joined)
}

/// Whether an entry is for this package, by the rule of [`Advisories::lookup`].
fn speaks_of(entry: &Affected, ecosystem: &Ecosystem, name: &str) -> bool {
    entry.package.ecosystem.speaks_of(ecosystem) && ecosystem.kind.normal_name(&entry.package.name) == name
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
        for (advisory, entry) in all.iter().filter(|(_, entry)| entry.package.ecosystem.speaks_of(ecosystem)) {
            match found.last_mut() {
                Some((last, entries)) if last.id == advisory.id => entries.push(entry),
                _ => found.push((advisory, vec![entry])),
            }
        }
        found
    }
}
