//! Folding records into findings: one flaw of one component is one finding, however many databases speak of it.
//!
//! Records are one finding where they share an id, over any number of steps. The ids of a record are its own, its aliases,
//! and the upstream flaw that it is about; a distribution's id that carries a CVE (`DEBIAN-CVE-2024-1`) stands for that CVE
//! too.
//!
//! A distribution's update (`DSA-…`, `ALSA-…`) often names several flaws. Those are not one another's aliases, so it joins
//! nothing together, and its finding does not go by their names: a waiver for one of them must not cover the others. Where
//! every flaw that it names is a finding by a record of its own, it adds its id and fixes to those and is no finding of its
//! own; it rates them only where nobody else does, since its rating speaks of the update as a whole.

use super::rating::{self, Rating};
use super::version;
use crate::model::{Advisory, Affected, EcosystemKind, Finding, FindingClass, Purl, Severity};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// An advisory that affects a component.
pub(super) struct Hit<'a> {
    pub(super) advisory: &'a Advisory,
    /// Its entries that the version is in.
    pub(super) entries: Vec<&'a Affected>,
    /// Versions that it says fix it.
    pub(super) fixed: Vec<&'a str>,
}

/// The findings of one component, sorted by id.
pub(super) fn findings(kind: &EcosystemKind, package: &Purl, hits: &[Hit<'_>]) -> Vec<Finding> {
    let named: Vec<Names<'_>> = hits.iter().map(Names::of).collect();
    let mut groups = Groups::default();
    for (at, names) in named.iter().enumerate().filter(|(_, names)| names.several.is_empty()) {
        groups.add(at, names);
    }
    let by_name = groups.by_name();
    let mut groups: Vec<Group<'_>> = groups.into_groups();
    for (at, names) in named.iter().enumerate().filter(|(_, names)| !names.several.is_empty()) {
        let same = names.ids.iter().filter_map(|id| by_name.get(id)).copied();
        let flaws: Option<BTreeSet<usize>> = names.several.iter().map(|flaw| by_name.get(flaw).copied()).collect();
        let joined: BTreeSet<usize> = same.chain(flaws.into_iter().flatten()).collect();
        if joined.is_empty() {
            groups.push(Group { ids: names.ids.clone(), hits: vec![at], updates: Vec::new() });
        }
        for group in joined {
            groups[group].updates.push(at);
        }
    }
    let mut findings: Vec<Finding> = groups.iter().map(|group| group.finding(kind, package, hits)).collect();
    findings.sort_by(|a, b| a.id.cmp(&b.id));
    findings
}

/// What a record goes by.
struct Names<'a> {
    /// Ids of the one flaw that it is about.
    ids: BTreeSet<&'a str>,
    /// Where it is an update for several flaws: those, and `ids` are the update's alone.
    several: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(hit: &Hit<'a>) -> Self {
        let advisory = hit.advisory;
        let own = cve(&advisory.id);
        let mut ids: BTreeSet<&str> = std::iter::once(advisory.id.as_str()).chain(own).collect();
        let aliases = advisory.aliases.iter().map(String::as_str);
        let mut upstream: BTreeSet<&str> = advisory.upstream.iter().map(String::as_str).collect();
        if hit.entries.iter().any(|entry| is_distribution(entry)) {
            // Distributions have also written the flaws of an update as its aliases.
            upstream.extend(aliases);
        } else {
            ids.extend(aliases.clone().chain(aliases.filter_map(cve)));
        }
        upstream.retain(|id| !ids.contains(id));
        let flaws: BTreeSet<&str> = upstream.iter().copied().filter_map(cve).collect();
        let others: BTreeSet<&str> = upstream.iter().copied().filter(|id| cve(id).is_none()).collect();
        match (own, flaws.len(), others.len()) {
            // It is about the flaw that its id names, whatever else it mentions.
            (Some(own), ..) => ids.extend(upstream.into_iter().filter(|id| cve(id) == Some(own))),
            (None, 0, 0 | 1) | (None, 1, _) => ids.extend(upstream.into_iter().chain(flaws)),
            (None, 0, _) => return Self { ids, several: others },
            (None, ..) => return Self { ids, several: flaws },
        }
        Self { ids, several: BTreeSet::new() }
    }
}

fn is_distribution(entry: &Affected) -> bool {
    use EcosystemKind::{Alpine, Chainguard, Debian, Other, Ubuntu, Wolfi};
    let ecosystem = &entry.package.ecosystem;
    match ecosystem.kind {
        Debian | Ubuntu | Alpine | Wolfi | Chainguard => true,
        Other(_) => ecosystem.release.is_some(),
        _ => false,
    }
}

/// The CVE that an id is or carries behind a database's name.
fn cve(id: &str) -> Option<&str> {
    let at = if id.starts_with("CVE-") { 0 } else { id.find("-CVE-")? + 1 };
    let (prefix, name) = id.split_at(at);
    let (year, number) = name.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let database = prefix.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    (database && digits(year) && digits(number)).then_some(name)
}

/// Records that share ids.
#[derive(Default)]
struct Groups<'a> {
    /// Which record first had an id.
    first: BTreeMap<&'a str, usize>,
    /// Each record's parent, itself for the first of a group; only records that were added.
    parents: BTreeMap<usize, usize>,
}

impl<'a> Groups<'a> {
    fn root(&mut self, mut at: usize) -> usize {
        while let Some(parent) = self.parents.get(&at).copied().filter(|parent| *parent != at) {
            // Halving: a chain is walked once.
            let above = self.parents.get(&parent).copied().unwrap_or(parent);
            self.parents.insert(at, above);
            at = above;
        }
        at
    }

    fn add(&mut self, at: usize, names: &Names<'a>) {
        self.parents.insert(at, at);
        for id in &names.ids {
            let other = *self.first.entry(id).or_insert(at);
            let (a, b) = (self.root(at), self.root(other));
            self.parents.insert(a.max(b), a.min(b));
        }
    }

    /// Positions of the groups' first records, in order.
    fn roots(&self) -> Vec<usize> {
        self.parents.iter().filter(|(at, parent)| at == parent).map(|(at, _)| *at).collect()
    }

    /// Which group, as [`Groups::into_groups`] numbers them, goes by an id.
    fn by_name(&mut self) -> BTreeMap<&'a str, usize> {
        let roots = self.roots();
        let first = self.first.clone();
        let group = |root: usize| roots.binary_search(&root).unwrap_or_default();
        first.into_iter().map(|(id, at)| (id, group(self.root(at)))).collect()
    }

    fn into_groups(mut self) -> Vec<Group<'a>> {
        let mut groups: BTreeMap<usize, Group<'a>> = BTreeMap::new();
        for at in self.parents.keys().copied().collect::<Vec<_>>() {
            groups.entry(self.root(at)).or_default().hits.push(at);
        }
        for (id, at) in self.first.clone() {
            groups.entry(self.root(at)).or_default().ids.insert(id);
        }
        groups.into_values().collect()
    }
}

/// One flaw.
#[derive(Default)]
struct Group<'a> {
    ids: BTreeSet<&'a str>,
    /// Records about it.
    hits: Vec<usize>,
    /// Records about updates that fix it among others.
    updates: Vec<usize>,
}

impl Group<'_> {
    fn finding(&self, kind: &EcosystemKind, package: &Purl, hits: &[Hit<'_>]) -> Finding {
        let own = || self.hits.iter().filter_map(|at| hits.get(*at));
        let updates = || self.updates.iter().filter_map(|at| hits.get(*at));
        let rate = |hit: &Hit<'_>| rating::rate(hit.advisory, &hit.entries);
        let mut rated = own().map(rate).fold(Rating::NONE, Rating::worse);
        if rated.severity == Severity::Unknown {
            rated = updates().map(rate).fold(rated, Rating::worse);
        }
        let class = own().map(|hit| rating::class(hit.advisory, &hit.entries)).reduce(rating::more_serious);
        let class = class.unwrap_or(FindingClass::Vulnerability);
        let severity = if class == FindingClass::Malicious { Severity::Critical } else { rated.severity };
        let mut aliases = self.ids.clone();
        aliases.extend(updates().map(|hit| hit.advisory.id.as_str()));
        let id = self.ids.iter().min_by_key(|id| preference(id)).copied().unwrap_or_default();
        let mut records: Vec<&Advisory> = own().chain(updates()).map(|hit| hit.advisory).collect();
        records.sort_by(|a, b| a.id.cmp(&b.id));
        let mut described: Vec<&Advisory> = own().map(|hit| hit.advisory).collect();
        described.sort_by_key(|advisory| preference(&advisory.id));
        let summary = described.iter().map(|advisory| advisory.summary.as_str()).find(|text| !text.is_empty());
        Finding {
            id: id.to_owned(),
            aliases: aliases.into_iter().map(str::to_owned).collect(),
            advisories: records.into_iter().map(|advisory| advisory.id.clone()).collect(),
            package: package.clone(),
            class,
            severity,
            vector: rated.vector.map(|(_, vector)| vector),
            fixed: in_order(kind, own().chain(updates()).flat_map(|hit| hit.fixed.iter().copied())),
            summary: summary.unwrap_or_default().to_owned(),
        }
    }
}

/// Which ids are preferred: CVE, GHSA, then others, each in order.
fn preference(id: &str) -> (u8, &str) {
    let rank = match id {
        _ if id.starts_with("CVE-") => 0,
        _ if id.starts_with("GHSA-") => 1,
        _ => 2,
    };
    (rank, id)
}

/// Distinct versions, least first; as text where the ecosystem has no order for them.
fn in_order<'a>(kind: &EcosystemKind, versions: impl Iterator<Item = &'a str>) -> Vec<String> {
    let order = |a: &str, b: &str| version::compare(kind, a, b).unwrap_or_else(|_| a.cmp(b));
    let mut sorted: Vec<&str> = Vec::new();
    // Not `sort_by`, which may panic where an order is not one, and records can hold anything.
    for version in versions.collect::<BTreeSet<_>>() {
        let at = sorted.partition_point(|before| order(before, version) != Ordering::Greater);
        sorted.insert(at, version);
    }
    sorted.into_iter().map(str::to_owned).collect()
}
