//! Rules of evaluation, one test each, and what holds for all inputs.

use super::*;
use crate::model::{
    Component, Date, Distro, Duration, EndOfLife, Finding, FindingClass, FindingStatus, Gap, GapKind, LicenseRules,
    Name, Policy, Purl, Reason, Sbom, Scope, Severity, UnknownLicense,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn policy() -> Policy {
    Policy {
        name: name("baseline"),
        max: BTreeMap::from([(Severity::Critical, 0), (Severity::High, 0), (Severity::Medium, 2)]),
        ignore_unfixed: false,
        grace: BTreeMap::new(),
        licenses: None,
        end_of_life: EndOfLife::Deny,
        max_waiver_days: 90,
        include_development: false,
        require: std::collections::BTreeSet::new(),
    }
}

fn finding(id: &str, package: &str, severity: Severity) -> Finding {
    Finding {
        id: id.into(),
        aliases: vec![id.into(), format!("ALIAS-{id}")],
        advisories: vec![format!("DB-{id}")],
        package: Purl::parse(package).unwrap(),
        class: FindingClass::Vulnerability,
        severity,
        vector: None,
        fixed: vec!["9".into()],
        summary: String::new(),
    }
}

fn waiver(id: &str, expires: &str) -> Waiver {
    Waiver {
        id: id.into(),
        package: None,
        services: Vec::new(),
        reason: "r".into(),
        owner: "o".into(),
        expires: date(expires),
    }
}

#[derive(Debug, Clone)]
struct Subject {
    name: Name,
    sbom: Sbom,
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
}

#[derive(Debug, Clone)]
struct Service {
    name: Name,
    policy: Policy,
    depends_on: Vec<Name>,
    subjects: Vec<Subject>,
}

#[derive(Debug, Clone)]
struct World {
    services: Vec<Service>,
    as_of: Timestamp,
    modified: Timestamp,
    max_age: Option<Duration>,
    waivers: Vec<Waiver>,
    first_seen: FirstSeen,
}

impl World {
    /// One service `a` with one subject `source` and these findings, at noon of 2026-11-23.
    fn of(findings: &[Finding]) -> Self {
        Self {
            services: vec![service("a", &[], findings)],
            as_of: Timestamp::parse("2026-11-23T12:00:00Z").unwrap(),
            modified: Timestamp::parse("2026-11-23T00:00:00Z").unwrap(),
            max_age: None,
            waivers: Vec::new(),
            first_seen: FirstSeen::new(),
        }
    }

    fn subject(&mut self) -> &mut Subject {
        &mut self.services[0].subjects[0]
    }

    fn policy(&mut self) -> &mut Policy {
        &mut self.services[0].policy
    }

    fn judge(&self) -> Evaluation {
        let development: BTreeMap<(&Name, &Name), BTreeSet<Purl>> = self
            .services
            .iter()
            .flat_map(|service| service.subjects.iter().map(move |subject| (service, subject)))
            .map(|(service, subject)| ((&service.name, &subject.name), development(&subject.sbom, &subject.findings)))
            .collect();
        let inputs: Vec<ServiceInput<'_>> = self
            .services
            .iter()
            .map(|service| ServiceInput {
                name: &service.name,
                policy: &service.policy,
                depends_on: &service.depends_on,
                subjects: service
                    .subjects
                    .iter()
                    .map(|subject| SubjectEvidence {
                        name: &subject.name,
                        sbom: &subject.sbom,
                        findings: &subject.findings,
                        development: &development[&(&service.name, &subject.name)],
                        gaps: &subject.gaps,
                        attested: None,
                    })
                    .collect(),
            })
            .collect();
        let with = Circumstances {
            as_of: self.as_of,
            snapshot_modified: self.modified,
            max_age: self.max_age,
            waivers: &self.waivers,
            first_seen: &self.first_seen,
        };
        evaluate(&inputs, &with)
    }

    /// Verdict of the first service, reasons of its first subject, statuses of its findings.
    fn first(&self) -> (Verdict, Vec<Reason>, Vec<FindingStatus>) {
        let judged = self.judge();
        let subject = &judged.services[0].subjects[0];
        let statuses = subject.findings.iter().map(|one| one.status).collect();
        (judged.services[0].verdict, subject.reasons.clone(), statuses)
    }
}

fn service(text: &str, depends_on: &[&str], findings: &[Finding]) -> Service {
    let subject =
        Subject { name: name("source"), sbom: Sbom::default(), findings: findings.to_vec(), gaps: Vec::new() };
    let depends_on = depends_on.iter().map(|one| name(one)).collect();
    Service { name: name(text), policy: policy(), depends_on, subjects: vec![subject] }
}

const LODASH: &str = "pkg:npm/lodash@4.17.20";

#[test]
fn limits_are_for_exactly_one_severity() {
    let mut world = World::of(&[]);
    assert_eq!(world.first(), (Verdict::Pass, vec![], vec![]));
    for (severity, count, verdict) in [
        (Severity::Medium, 2, Verdict::Pass),
        (Severity::Medium, 3, Verdict::Fail),
        (Severity::High, 1, Verdict::Fail),
        (Severity::Low, 50, Verdict::Pass),
        (Severity::Unknown, 50, Verdict::Pass),
    ] {
        let findings: Vec<_> = (0..count).map(|number| finding(&format!("CVE-{number}"), LODASH, severity)).collect();
        world.subject().findings = findings;
        let (found, reasons, _) = world.first();
        assert_eq!(found, verdict, "{severity} {count}");
        assert_eq!(reasons.is_empty(), verdict == Verdict::Pass);
        assert_eq!(world.judge().services[0].subjects[0].counts.get(severity), count);
    }
    world.policy().max.insert(Severity::Unknown, 10);
    assert_eq!(world.first().1, [Reason::TooMany { severity: Severity::Unknown, count: 50, max: 10 }]);
}

#[test]
fn findings_without_a_fix_may_be_left_out() {
    let mut unfixed = finding("CVE-1", LODASH, Severity::High);
    unfixed.fixed.clear();
    let mut world = World::of(&[unfixed]);
    assert_eq!(world.first().0, Verdict::Fail);
    world.policy().ignore_unfixed = true;
    assert_eq!(world.first(), (Verdict::Pass, vec![], vec![FindingStatus::Unfixed]));
}

#[test]
fn grace_runs_from_the_day_it_was_first_seen() {
    let mut world = World::of(&[finding("CVE-1", LODASH, Severity::High)]);
    world.policy().grace.insert(Severity::High, Duration::from_days(7));
    assert_eq!(world.first(), (Verdict::Pass, vec![], vec![FindingStatus::Grace]));
    assert_eq!(world.judge().holds_until, Some(date("2026-11-30").start()));
    let (service, subject) = (name("a"), name("source"));
    world.first_seen.insert(&service, &subject, "ALIAS-CVE-1", "pkg:npm/lodash", date("2026-11-17"));
    assert_eq!(world.first().2, [FindingStatus::Grace]);
    assert_eq!(world.judge().holds_until, Some(date("2026-11-24").start()));
    world.first_seen.insert(&service, &subject, "CVE-1", "pkg:npm/lodash", date("2026-11-16"));
    assert_eq!(world.first().2, [FindingStatus::Open]);
    world.first_seen = FirstSeen::new();
    world.first_seen.insert(&service, &subject, "CVE-1", "pkg:npm/lodash", date("2030-01-01"));
    assert_eq!(world.judge().services[0].subjects[0].findings[0].first_seen, date("2026-11-23"));
}

#[test]
fn a_waiver_holds_through_its_last_day() {
    let mut world = World::of(&[finding("CVE-1", LODASH, Severity::High)]);
    world.waivers = vec![waiver("ALIAS-CVE-1", "2026-11-23")];
    assert_eq!(world.first(), (Verdict::Waived, vec![Reason::Waivers { count: 1 }], vec![FindingStatus::Waived]));
    let judged = world.judge();
    assert_eq!(judged.waiver_problems, []);
    assert_eq!(judged.services[0].waivers, world.waivers);
    assert_eq!(judged.holds_until, Some(date("2026-11-24").start()));
    world.as_of = date("2026-11-24").start();
    assert_eq!(world.first().0, Verdict::Fail);
    assert_eq!(world.judge().waiver_problems, [WaiverProblem::Expired { waiver: 0, expires: date("2026-11-23") }]);
    assert_eq!(world.judge().services[0].waivers, []);
}

#[test]
fn a_waiver_that_runs_too_long_covers_nothing() {
    let mut world = World::of(&[finding("CVE-1", LODASH, Severity::High)]);
    world.waivers = vec![waiver("CVE-1", "2027-02-21")];
    assert_eq!(world.first().0, Verdict::Waived);
    world.waivers = vec![waiver("CVE-1", "2027-02-22")];
    assert_eq!(world.first().0, Verdict::Fail);
    let judged = world.judge();
    let expires = date("2027-02-22");
    assert_eq!(judged.waiver_problems, [WaiverProblem::TooLong { waiver: 0, max_days: 90, expires }]);
    assert_eq!(judged.holds_until, Some(date("2026-11-24").start()));
    world.policy().max_waiver_days = 10_000;
    world.waivers = vec![waiver("CVE-1", "2027-05-22")];
    assert_eq!(world.first().0, Verdict::Waived);
    world.waivers = vec![waiver("CVE-1", "2027-05-23")];
    assert_eq!(world.first().0, Verdict::Fail);
}

#[test]
fn waivers_are_scoped_and_must_be_of_use() {
    let mut world = World::of(&[finding("CVE-1", LODASH, Severity::High)]);
    let mut other_package = waiver("CVE-1", "2026-12-01");
    other_package.package = Some("pkg:npm/express".into());
    let mut other_service = waiver("CVE-1", "2026-12-01");
    other_service.services = vec![name("b")];
    world.waivers = vec![other_package, other_service];
    assert_eq!(world.first().0, Verdict::Fail);
    assert_eq!(world.judge().waiver_problems, [WaiverProblem::Unused { waiver: 0 }], "b was not judged");
    world.services.push(service("b", &[], &[]));
    let both = [WaiverProblem::Unused { waiver: 0 }, WaiverProblem::Unused { waiver: 1 }];
    assert_eq!(world.judge().waiver_problems, both);
    world.services[1].subjects[0].gaps = vec![Gap::new(GapKind::ScanFailed, "", "x")];
    assert_eq!(world.judge().waiver_problems, [], "its finding may be in what was not looked at");
}

#[test]
fn a_package_made_to_harm_fails_whatever_the_limits() {
    let mut harmful = finding("MAL-2026-1", "pkg:npm/evil@1.0.0", Severity::Critical);
    harmful.class = FindingClass::Malicious;
    harmful.fixed.clear();
    harmful.aliases = vec!["GHSA-x".into(), "MAL-2026-1".into()];
    let mut world = World::of(&[harmful]);
    world.policy().max.clear();
    world.policy().ignore_unfixed = true;
    world.policy().grace.insert(Severity::Critical, Duration::from_days(30));
    let mut component = Component::new(Purl::parse("pkg:npm/evil@1.0.0").unwrap(), "evil", "1.0.0", None);
    component.scope = Scope::Development;
    world.subject().sbom.components.push(component);
    let reason = Reason::Malicious { id: "MAL-2026-1".into(), package: "pkg:npm/evil@1.0.0".into() };
    assert_eq!(world.first(), (Verdict::Fail, vec![reason], vec![FindingStatus::Open]));
    world.waivers = vec![waiver("GHSA-x", "2026-12-01")];
    assert_eq!(world.first().0, Verdict::Fail);
    world.waivers = vec![waiver("MAL-2026-1", "2026-12-01")];
    assert_eq!(world.first().0, Verdict::Waived);
}

#[test]
fn notices_and_development_components_do_not_count() {
    let mut notice = finding("RUSTSEC-1", "pkg:cargo/x@1.0.0", Severity::Critical);
    notice.class = FindingClass::Unmaintained;
    let mut world = World::of(&[notice, finding("CVE-1", LODASH, Severity::High)]);
    let mut component = Component::new(Purl::parse(LODASH).unwrap(), "lodash", "4.17.20", None);
    component.scope = Scope::Development;
    world.subject().sbom.components.push(component);
    let (verdict, _, statuses) = world.first();
    assert_eq!((verdict, statuses), (Verdict::Pass, vec![FindingStatus::Informational, FindingStatus::Development]));
    assert_eq!(world.judge().services[0].subjects[0].counts.total(), 1);
    world.policy().include_development = true;
    assert_eq!(world.first().0, Verdict::Fail);
}

#[test]
fn licences_are_judged_by_rule_and_exception() {
    let mut world = World::of(&[]);
    for (number, licenses) in [vec!["MIT"], vec![], vec!["MIT", "GPL-3.0-only"], vec!["see file"]].iter().enumerate() {
        let purl = Purl::parse(&format!("pkg:npm/p{number}@1.0.0")).unwrap();
        let mut component = Component::new(purl, "p", "1.0.0", None);
        component.licenses = licenses.iter().map(|text| (*text).to_owned()).collect();
        world.subject().sbom.components.push(component);
    }
    assert_eq!(world.first().0, Verdict::Pass);
    let mut rules = LicenseRules {
        allow: ["MIT".to_owned()].into(),
        exceptions: std::collections::BTreeSet::new(),
        unknown: UnknownLicense::Deny,
    };
    let denied = |package: &str, expression: &str| Reason::License {
        package: format!("pkg:npm/{package}@1.0.0"),
        expression: expression.into(),
    };
    world.policy().licenses = Some(rules.clone());
    let all = vec![denied("p1", ""), denied("p2", "GPL-3.0-only"), denied("p3", "see file")];
    assert_eq!(world.first(), (Verdict::Fail, all, vec![]));
    rules.unknown = UnknownLicense::Allow;
    world.policy().licenses = Some(rules.clone());
    assert_eq!(world.first().1, [denied("p2", "GPL-3.0-only")]);
    rules.exceptions = ["pkg:npm/p2".to_owned()].into();
    world.policy().licenses = Some(rules);
    assert_eq!(world.first().0, Verdict::Pass);
}

#[test]
fn a_distribution_past_its_end_is_incomplete() {
    let mut world = World::of(&[]);
    world.subject().sbom.distro = Some(Distro { id: "debian".into(), version: "12".into(), codename: None });
    assert_eq!(world.first().0, Verdict::Pass);
    assert_eq!(world.judge().holds_until, Some(date("2028-07-01").start()));
    world.as_of = date("2028-07-01").start();
    let reason = Reason::EndOfLife { distro: "debian 12".into(), since: date("2028-07-01") };
    assert_eq!(world.first(), (Verdict::Incomplete, vec![reason], vec![]));
    world.policy().end_of_life = EndOfLife::Allow;
    assert_eq!(world.first().0, Verdict::Pass);
    assert_eq!(world.judge().holds_until, None);
}

#[test]
fn what_was_not_looked_at_is_incomplete() {
    let mut world = World::of(&[finding("CVE-1", LODASH, Severity::High)]);
    let gap = Gap::new(GapKind::UnreadableFile, "package-lock.json", "cut off");
    world.subject().gaps = vec![gap.clone()];
    let (verdict, reasons, _) = world.first();
    assert_eq!(verdict, Verdict::Incomplete);
    assert_eq!(reasons, [Reason::TooMany { severity: Severity::High, count: 1, max: 0 }, Reason::Gap(gap.clone())]);
    world.subject().gaps.clear();
    world.subject().sbom.gaps = vec![gap];
    assert_eq!(world.first().0, Verdict::Incomplete, "a gap of the SBOM that was not handed on");
    world.services[0].subjects.clear();
    assert_eq!(world.judge().services[0].verdict, Verdict::Incomplete);
}

#[test]
fn an_old_snapshot_is_incomplete() {
    let mut world = World::of(&[]);
    world.max_age = Some(Duration::from_secs(12 * 3_600));
    assert_eq!(world.first().0, Verdict::Pass);
    let until = world.judge().holds_until.unwrap();
    assert_eq!(until.to_string(), "2026-11-23T12:00:01Z");
    world.as_of = until;
    let (verdict, reasons, _) = world.first();
    assert_eq!(verdict, Verdict::Incomplete);
    assert!(matches!(&reasons[..], [Reason::Gap(gap)] if gap.kind == GapKind::StaleAdvisories));
}

#[test]
fn a_service_is_as_good_as_what_it_depends_on() {
    let bad = [finding("CVE-1", LODASH, Severity::High)];
    let mut world = World::of(&[]);
    world.services = vec![
        service("a", &["b", "c"], &[]),
        service("b", &["d"], &[]),
        service("c", &["d", "waived"], &[]),
        service("d", &["bad", "lost"], &[]),
        service("bad", &[], &bad),
        service("waived", &[], &bad),
    ];
    let mut waiver = waiver("CVE-1", "2026-12-01");
    waiver.services = vec![name("waived")];
    world.waivers = vec![waiver];
    let judged = world.judge();
    let of = |text: &str| judged.services.iter().find(|one| one.name == name(text)).unwrap();
    let path =
        |path: &[&str], verdict| Reason::Dependency { path: path.iter().map(|one| name(one)).collect(), verdict };
    assert_eq!(
        of("a").reasons,
        [path(&["b", "d", "bad"], Verdict::Fail), path(&["b", "d", "lost"], Verdict::Incomplete)]
    );
    assert_eq!(of("a").verdict, Verdict::Incomplete);
    assert_eq!(of("d").reasons, [path(&["bad"], Verdict::Fail), path(&["lost"], Verdict::Incomplete)]);
    assert_eq!((of("bad").verdict, of("waived").verdict), (Verdict::Fail, Verdict::Waived));
    assert_eq!(of("bad").reasons, []);
    world.services = vec![service("a", &["b"], &[]), service("b", &["a"], &bad)];
    let judged = world.judge();
    assert_eq!(judged.services[0].reasons, [path(&["b"], Verdict::Fail)]);
    assert_eq!(judged.services[1].reasons, [], "a ring does not loop");
}

fn severities() -> impl Strategy<Value = Severity> {
    proptest::sample::select(Severity::ALL.to_vec())
}

fn findings() -> impl Strategy<Value = Finding> {
    (0..6_u8, 0..3_u8, severities(), any::<bool>(), 0..8_u8).prop_map(|(id, package, severity, fixed, class)| {
        let mut one = finding(&format!("CVE-{id}"), &format!("pkg:npm/p{package}@1.0.0"), severity);
        one.class = match class {
            0 => FindingClass::Malicious,
            1 => FindingClass::Notice,
            _ => FindingClass::Vulnerability,
        };
        if !fixed {
            one.fixed.clear();
        }
        one
    })
}

fn waivers() -> impl Strategy<Value = Waiver> {
    (0..6_u8, 0..60_i64, proptest::option::of(0..4_u8)).prop_map(|(id, days, scope)| {
        let mut one = waiver(&format!("CVE-{id}"), "2026-11-01");
        one.expires = Timestamp::from_unix(one.expires.start().unix() + days * 86_400).unwrap().date();
        one.services = scope.map(|scope| name(&format!("s{scope}"))).into_iter().collect();
        one
    })
}

fn worlds() -> impl Strategy<Value = World> {
    let subject = (proptest::collection::vec(findings(), 0..6), 0..6_u8, 0..4_u8);
    let shape = (proptest::collection::vec(subject, 1..3), any::<bool>(), proptest::collection::vec(0..4_u8, 0..3));
    let services = proptest::collection::vec(shape, 1..4);
    (services, proptest::collection::vec(waivers(), 0..5), 0..40_u64).prop_map(|(services, waivers, max_age)| {
        let mut world = World::of(&[]);
        world.waivers = waivers;
        world.max_age = (max_age > 0).then(|| Duration::from_secs(max_age * 3_600));
        world.services = services
            .into_iter()
            .enumerate()
            .map(|(number, (subjects, ignore_unfixed, depends_on))| {
                let depends_on: Vec<String> = depends_on.into_iter().map(|other| format!("s{other}")).collect();
                let depends_on: Vec<&str> = depends_on.iter().map(String::as_str).collect();
                let mut one = service(&format!("s{number}"), &depends_on, &[]);
                one.policy.ignore_unfixed = ignore_unfixed;
                one.policy.max_waiver_days = 20;
                one.policy.grace.insert(Severity::High, Duration::from_days(3));
                one.subjects = subjects
                    .into_iter()
                    .enumerate()
                    .map(|(number, (findings, gaps, debian))| Subject {
                        name: name(&format!("i{number}")),
                        sbom: Sbom {
                            distro: (debian > 1).then(|| Distro {
                                id: "debian".into(),
                                version: (9 + debian).to_string(),
                                codename: None,
                            }),
                            ..Sbom::default()
                        },
                        findings,
                        gaps: (gaps == 0).then(|| Gap::new(GapKind::ScanFailed, "", "x")).into_iter().collect(),
                    })
                    .collect();
                one
            })
            .collect();
        world
    })
}

/// Verdicts and statuses alone.
fn outcome(judged: &Evaluation) -> Vec<(Verdict, Vec<FindingStatus>)> {
    let statuses =
        |one: &ServiceVerdict| one.subjects.iter().flat_map(|one| &one.findings).map(|one| one.status).collect();
    judged.services.iter().map(|one| (one.verdict, statuses(one))).collect()
}

proptest! {
    #[test]
    fn the_order_of_inputs_changes_nothing(world in worlds()) {
        let judged = world.judge();
        prop_assert_eq!(&judged, &world.judge());
        let mut turned = world.clone();
        turned.services.reverse();
        for service in &mut turned.services {
            service.depends_on.reverse();
            service.subjects.reverse();
            for subject in &mut service.subjects {
                subject.findings.reverse();
                subject.gaps.reverse();
            }
        }
        prop_assert_eq!(&judged, &turned.judge());
        turned.waivers.reverse();
        prop_assert_eq!(judged.services, turned.judge().services);
    }

    #[test]
    fn a_waiver_never_completes_what_is_incomplete(world in worlds(), waiver in waivers()) {
        let before = world.judge();
        let mut with_one_more = world;
        with_one_more.waivers.push(waiver);
        for (before, after) in before.services.iter().zip(&with_one_more.judge().services) {
            prop_assert_eq!(before.verdict == Verdict::Incomplete, after.verdict == Verdict::Incomplete);
            prop_assert!(before.verdict == Verdict::Fail || before.verdict == after.verdict || after.verdict == Verdict::Waived);
        }
    }

    #[test]
    fn verdicts_hold_until_they_said(world in worlds(), later in 0_u64..4_000_000) {
        let judged = world.judge();
        let mut then = world;
        for service in &judged.services {
            for subject in &service.subjects {
                for one in &subject.findings {
                    let package = one.finding.package.without_version();
                    then.first_seen.insert(&service.name, &subject.name, &one.finding.id, package, one.first_seen);
                }
            }
        }
        let wanted = then.as_of.plus(Duration::from_secs(later));
        then.as_of = judged.holds_until.map_or(wanted, |until| {
            wanted.min(Timestamp::from_unix(until.unix() - 1).unwrap())
        });
        prop_assert_eq!(outcome(&judged), outcome(&then.judge()));
        prop_assert_eq!(judged.waiver_problems, then.judge().waiver_problems);
    }
}
