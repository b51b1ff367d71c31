//! Which advisories affect which components.
//!
//! In: an SBOM, and advisories. Out: findings, what could not be told (gaps), and the slice of advisories that was looked
//! at. Pure: [`rematch`] comes to the same findings and gaps from the stored slice alone, years later. Gaps that the SBOM
//! itself has are not repeated here.
//!
//! An advisory that its database limits to operating systems without Linux does not affect what lies in a Linux root
//! filesystem; for a source tree it counts, since nothing says where its program will run.

mod affects;
mod coverage;
mod fold;
mod matcher;
mod modules;
mod rating;
mod slice;
pub mod version;

use crate::model::{
    Advisory, AdvisorySlice, Affected, Component, Ecosystem, Finding, Gap, GapKind, Purl, Sbom, Snapshot,
};
use crate::ports::{Advisories, AdvisoriesError};
use affects::Answer;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use matcher::{MatchedPieces, Matcher, Piece};

/// Raised whenever the same SBOM and slice would give other findings or gaps: part of the key of a match.
pub const REVISION: u32 = 3;

/// What a match came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// Sorted by package URL and id.
    pub findings: Vec<Finding>,
    /// Sorted, distinct.
    pub gaps: Vec<Gap>,
    /// What it was made from, beside the SBOM.
    pub slice: AdvisorySlice,
}

/// Matches an SBOM against a database. Asks it once for each package name.
///
/// # Errors
/// The database cannot be read.
pub fn match_sbom(sbom: &Sbom, advisories: &dyn Advisories) -> Result<Matched, AdvisoriesError> {
    let slice = slice::cut(sbom, advisories)?;
    let (findings, gaps) = rematch(sbom, &slice);
    Ok(Matched { findings, gaps, slice })
}

/// Matches an SBOM against the slice that was cut for it: findings and gaps as [`match_sbom`] gave them. Where another program has
/// matched, what it said.
pub fn rematch(sbom: &Sbom, slice: &AdvisorySlice) -> (Vec<Finding>, Vec<Gap>) {
    if let Some(answer) = &slice.answer {
        return (answer.findings.clone(), answer.gaps.clone());
    }
    let index = slice::Index::new(slice);
    let mut cases: BTreeMap<Case<'_>, Vec<&Component>> = BTreeMap::new();
    for component in &sbom.components {
        if let Some(case) = Case::of(sbom, component) {
            cases.entry(case).or_default().push(component);
        }
    }
    let told = cases.iter().map(|(case, components)| {
        let mut advisories = index.lookup(case.ecosystem, &case.name);
        advisories.extend(case.second.iter().flat_map(|name| index.lookup(case.ecosystem, name)));
        let told = components.first().map(|first| case.told(&first.purl, &advisories)).unwrap_or_default();
        (Arc::new(told), components.as_slice())
    });
    conclude(sbom, &slice.snapshot, told)
}

/// Findings and gaps, from what was told of each case.
fn conclude<'a>(
    sbom: &Sbom,
    snapshot: &Snapshot,
    told: impl Iterator<Item = (Arc<Told>, &'a [&'a Component])>,
) -> (Vec<Finding>, Vec<Gap>) {
    let mut findings = Vec::new();
    let mut gaps = coverage::gaps(sbom, snapshot);
    for (told, components) in told {
        for component in components {
            findings.extend(
                told.findings.iter().map(|finding| Finding { package: component.purl.clone(), ..finding.clone() }),
            );
            gaps.extend(
                told.gap
                    .iter()
                    .map(|reason| Gap::new(GapKind::UnorderedVersion, component.purl.as_str(), reason.clone())),
            );
        }
    }
    findings.sort_by(|a, b| (&a.package, &a.id).cmp(&(&b.package, &b.id)));
    gaps.sort();
    gaps.dedup();
    (findings, gaps)
}

/// What components share that have the same findings.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Case<'a> {
    ecosystem: &'a Ecosystem,
    name: Cow<'a, str>,
    /// A further name that records may have it by.
    second: Option<Cow<'a, str>>,
    version: &'a str,
    /// The module that it is a build of (`nodejs:20`), where that is known.
    module: Option<String>,
    on_linux: bool,
}

/// What was told of a case.
#[derive(Debug, Default)]
struct Told {
    /// Of any of its components: the package URL is to be put right.
    findings: Vec<Finding>,
    /// Why something could not be told.
    gap: Option<String>,
}

impl<'a> Case<'a> {
    /// That of a component; `None` where there is nowhere to look it up.
    fn of(sbom: &Sbom, component: &'a Component) -> Option<Self> {
        let ecosystem = component.ecosystem.as_ref()?;
        let (name, version) = component.lookup();
        let name = ecosystem.kind.normal_name(name);
        let second = component.second_name().map(|name| ecosystem.kind.normal_name(name));
        let module = modules::module(&component.purl, version);
        Some(Self { ecosystem, name, second, version, module, on_linux: is_on_linux(sbom, component) })
    }

    fn told(&self, package: &Purl, advisories: &[(&Advisory, Vec<&Affected>)]) -> Told {
        let kind = &self.ecosystem.kind;
        let (mut hits, mut undecided, mut why) = (Vec::new(), Vec::new(), None::<String>);
        for (advisory, entries) in advisories {
            let entries: Vec<&Affected> = entries.iter().copied().filter(|entry| self.may_run(entry)).collect();
            if self.version.is_empty() {
                if entries.iter().any(|entry| affects::speaks(entry)) {
                    undecided.push(advisory.id.as_str());
                }
                continue;
            }
            let sorted = modules::sort(kind, self.version, self.module.as_deref(), advisory, entries);
            let unsure = match affects::answer(kind, self.version, sorted.own) {
                Answer::Affected { entries, fixed } => {
                    hits.push(fold::Hit { advisory, entries, fixed });
                    continue;
                }
                Answer::Undecided(reason) => Some(reason.to_string()),
                Answer::Unaffected if sorted.unsure.is_empty() => None,
                Answer::Unaffected => match affects::answer(kind, self.version, sorted.unsure) {
                    Answer::Unaffected => None,
                    Answer::Affected { .. } => Some("its module's stream is not known".to_owned()),
                    Answer::Undecided(reason) => Some(reason.to_string()),
                },
            };
            if let Some(reason) = unsure {
                undecided.push(&advisory.id);
                why.get_or_insert(reason);
            }
        }
        // A record may speak of both names.
        undecided.sort_unstable();
        undecided.dedup();
        let why = why.unwrap_or_else(|| "it has no version".to_owned());
        Told {
            findings: fold::findings(kind, package, &hits),
            gap: (!undecided.is_empty()).then(|| format!("{why}: not held against {}", some_of(&undecided))),
        }
    }

    /// Whether an entry speaks of a system that the component may run on.
    fn may_run(&self, entry: &Affected) -> bool {
        !self.on_linux || entry.os.is_empty() || entry.os.iter().any(|os| os == "linux")
    }
}

/// Whether a component lies in a Linux root filesystem: one that names its distribution, or an image whose layers are not
/// those of Windows, which keep all files in `Files`.
fn is_on_linux(sbom: &Sbom, component: &Component) -> bool {
    let in_image = |location: &crate::model::Location| location.layer.is_some() && !location.path.starts_with("Files/");
    let linux = |distro: &crate::model::Distro| distro.id != "freebsd";
    match &sbom.distro {
        Some(distro) => linux(distro),
        None => !component.locations.is_empty() && component.locations.iter().all(in_image),
    }
}

/// The first few ids, and how many there are beyond.
fn some_of(ids: &[&str]) -> String {
    const SHOWN: usize = 3;
    match ids.get(SHOWN..).map(<[_]>::len) {
        None | Some(0) => ids.join(", "),
        Some(more) => format!("{} and {more} more", ids[..SHOWN].join(", ")),
    }
}
