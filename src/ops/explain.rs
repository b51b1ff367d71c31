//! `explain`: why a service has its verdict, how a package got in, and what fixes a finding; from the lock and its evidence.

use super::assemble;
use super::prepare::{Wanted, prepare};
use super::project::{Project, read_lock};
use super::recall::{Recalled, stored_evidence};
use super::store::Store;
use super::warm::State;
use super::{Exit, Failure, World};
use crate::evaluate::Contents as _;
use crate::model::{Component, JudgedFinding, Name, Purl, ServiceVerdict};
use crate::plan::RunReason;
use crate::report::{FindingFacts, PackageFacts};
use std::collections::{BTreeMap, VecDeque};

/// The longest way from a root to a package that is told.
const LONGEST_WAY: usize = 64;

/// What there is to say.
#[derive(Debug)]
pub enum Explanation {
    /// Of a service.
    Service(Box<ServiceVerdict>),
    /// Of packages and findings.
    Packages(Vec<PackageFacts>),
    /// Of an action of the next build.
    Action {
        /// Its label.
        label: String,
        /// Why it would run; `None` where its result is at hand.
        reason: Option<RunReason>,
    },
}

/// Explains an action of the next build, by its label.
///
/// # Errors
/// The build cannot be planned, or has no such action.
pub fn explain_action(world: &World, label: &str) -> Result<Explanation, Failure> {
    let prepared = prepare(world, &Wanted::default(), State::load(world).as_ref())?;
    let found = prepared
        .plan
        .actions()
        .find(|action| action.label == label)
        .map(|action| Explanation::Action { label: action.label.clone(), reason: action.decision.reason().cloned() });
    found.ok_or_else(|| {
        Failure::new(Exit::Usage, "explain::unknown", format!("a build has no action `{label}`"))
            .help("`proofmark plan -v` lists them")
    })
}

/// Whether a text is the label of an action.
pub fn is_action_label(text: &str) -> bool {
    ["sbom ", "match ", "judge "].iter().any(|kind| text.starts_with(kind))
}

/// Explains a service, a package (by name or package URL) or an advisory id.
///
/// # Errors
/// There is no lock, its evidence is gone, or nothing goes by that name.
pub fn explain(world: &World, project: &Project, what: &str) -> Result<Explanation, Failure> {
    let Some((lock, _)) = read_lock(world)? else {
        return Err(Failure::new(Exit::Stale, "lock::missing", format!("there is no {}", world.lock_path()))
            .help("`proofmark build` writes it"));
    };
    let (stored, failures) = stored_evidence(&Store::new(world, &project.config.store.dir), &lock);
    if !failures.is_empty() {
        return Err(
            Failure::new(Exit::Integrity, "store::incomplete", "the lock's evidence is not whole").details(failures)
        );
    }
    let recalled = Recalled::new(project, &lock, &stored, None)?;
    let services = assemble::judge(&recalled.inputs(project, lock.inputs.as_of)).services;
    if let Some(service) = services.iter().find(|service| service.name.as_str() == what) {
        return Ok(Explanation::Service(Box::new(service.clone())));
    }
    let mut packages = Vec::new();
    for service in &services {
        for subject in &service.subjects {
            if let Some(evidence) = recalled.evidence().get(&(service.name.clone(), subject.name.clone())) {
                let lost = || Failure::new(Exit::Infrastructure, "run::no-memory", "an SBOM cannot be held");
                let components = evidence.sbom.components().ok_or_else(lost)?;
                packages.extend(facts(&service.name, &subject.name, &components, &subject.findings, what));
            }
        }
    }
    if packages.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "explain::unknown",
            format!("`{what}` is no service, and no package or finding of the lock goes by that name"),
        ));
    }
    Ok(Explanation::Packages(packages))
}

fn facts<'a>(
    service: &'a Name,
    subject: &'a Name,
    components: &'a [Component],
    judged: &'a [JudgedFinding],
    what: &'a str,
) -> impl Iterator<Item = PackageFacts> + 'a {
    let is_named = move |component: &Component| {
        component.name == what || component.purl.as_str() == what || component.purl.without_version() == what
    };
    components.iter().filter_map(move |component| {
        let of_component = judged.iter().filter(|judged| judged.finding.package == component.purl);
        let findings: Vec<&JudgedFinding> =
            of_component.filter(|judged| is_named(component) || judged.finding.is_known_as(what)).collect();
        if findings.is_empty() && !is_named(component) {
            return None;
        }
        Some(PackageFacts {
            service: service.clone(),
            subject: subject.clone(),
            package: component.purl.clone(),
            scope: component.scope,
            locations: component.locations.clone(),
            way: way_to(components, &component.purl),
            findings: findings.into_iter().map(finding_facts).collect(),
        })
    })
}

fn finding_facts(judged: &JudgedFinding) -> FindingFacts {
    FindingFacts {
        id: judged.finding.id.clone(),
        aliases: judged.finding.aliases.clone(),
        severity: judged.finding.severity,
        status: judged.status,
        fixed: judged.finding.fixed.clone(),
        summary: judged.finding.summary.clone(),
        waiver: judged.waiver.clone(),
    }
}

/// The shortest way from a package that no other needs to this one.
fn way_to(components: &[Component], package: &Purl) -> Vec<Purl> {
    let mut needed_by: BTreeMap<&Purl, Vec<&Purl>> = BTreeMap::new();
    for component in components {
        for dependency in &component.depends_on {
            needed_by.entry(dependency).or_default().push(&component.purl);
        }
    }
    let mut towards: BTreeMap<&Purl, &Purl> = BTreeMap::new();
    let mut queue = VecDeque::from([package]);
    while let Some(at) = queue.pop_front() {
        let Some(needing) = needed_by.get(at) else {
            return follow(at, package, &towards);
        };
        for next in needing {
            if *next != package && !towards.contains_key(next) {
                towards.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    vec![package.clone()]
}

fn follow(from: &Purl, to: &Purl, towards: &BTreeMap<&Purl, &Purl>) -> Vec<Purl> {
    let mut way = vec![from.clone()];
    let mut at = from;
    while at != to && way.len() < LONGEST_WAY {
        match towards.get(at) {
            Some(next) => at = next,
            None => break,
        }
        way.push(at.clone());
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sbom;

    #[test]
    fn the_way_is_the_shortest_and_ends_in_cycles() {
        let purl = |name: &str| Purl::build("npm", None, name, Some("1.0.0"), &[]).unwrap();
        let component = |name: &str, needs: &[&str]| {
            let mut component = Component::new(purl(name), name, "1.0.0", None);
            component.depends_on = needs.iter().map(|name| purl(name)).collect();
            component
        };
        let sbom = Sbom {
            components: vec![
                component("app", &["a", "b"]),
                component("a", &["deep"]),
                component("b", &["c"]),
                component("c", &["deep", "b"]),
                component("deep", &[]),
                component("x", &["y"]),
                component("y", &["x"]),
            ],
            ..Sbom::default()
        };
        assert_eq!(way_to(&sbom.components, &purl("deep")), [purl("app"), purl("a"), purl("deep")]);
        assert_eq!(way_to(&sbom.components, &purl("y")), [purl("y")]);
        assert_eq!(way_to(&sbom.components, &purl("app")), [purl("app")]);
    }
}
