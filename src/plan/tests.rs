use super::*;
use crate::config::{self, Config, Engine, Syntax};
use crate::graph::ComplianceGraph;
use crate::model::{
    Digest, Lock, LockAdvisories, LockInputs, LockService, LockSubject, Name, ScannerIdentity, SeverityCounts, Subject,
    SubjectDigest, SubjectKind, Timestamp, Verdict,
};
use crate::ports::{ActionKey, ActionRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const CONFIG: &str = r#"
version = 1
project = { name = "p" }
[policy.baseline]
max = { critical = 0 }
[services.api]
path = "api"
policy = "baseline"
depends-on = ["store"]
[services.store]
path = "store"
policy = "baseline"
[services.web]
path = "web"
policy = "baseline"
depends-on = ["api"]
[services.alone]
path = "alone"
policy = "baseline"
"#;

struct Setting {
    config: Config,
    contents: BTreeMap<&'static str, &'static str>,
    snapshot: &'static str,
    scanner: &'static str,
    known: BTreeMap<ActionKey, ActionRecord>,
    previous: Option<Lock>,
    holds: bool,
}

impl Setting {
    fn new() -> Self {
        Self {
            config: config::load("compliance.toml", CONFIG.as_bytes(), Syntax::Toml).unwrap(),
            contents: BTreeMap::from([("alone", "a"), ("api", "b"), ("store", "c"), ("web", "d")]),
            snapshot: "db",
            scanner: "1",
            known: BTreeMap::new(),
            previous: None,
            holds: true,
        }
    }

    fn subjects(&self) -> BTreeMap<(Name, Name), Subject> {
        let subject = |(service, content): (&&str, &&str)| {
            let subject = Subject {
                name: Name::new("source").unwrap(),
                kind: SubjectKind::Source,
                uri: format!("dir:{service}"),
                digest: SubjectDigest::DirHash(Digest::of(content.as_bytes())),
            };
            ((Name::new(service).unwrap(), subject.name.clone()), subject)
        };
        self.contents.iter().map(subject).collect()
    }

    fn plan(&self) -> Plan {
        let subjects = self.subjects();
        let scanner = ScannerIdentity { name: "builtin".into(), version: self.scanner.into(), binary: None };
        plan(&PlanInput {
            attested: &BTreeMap::new(),
            config: &self.config,
            graph: &ComplianceGraph::new(&self.config),
            services: &self.config.services.keys().cloned().collect::<BTreeSet<_>>(),
            subjects: &subjects.iter().map(|(place, subject)| (place.clone(), subject)).collect(),
            scanners: &BTreeMap::from([(Engine::Builtin, (scanner, "options".into()))]),
            snapshot: Digest::of(self.snapshot.as_bytes()),
            matched_by: &MatchedBy::Ours(1),
            previous: self.previous.as_ref(),
            verdicts_hold: self.holds,
            known: &|key| self.known.get(key).cloned(),
            stagger: Duration::from_secs(4),
        })
    }

    /// As after a build: everything is in the cache and in the lock.
    fn built(mut self) -> Self {
        for subject in &self.plan().subjects {
            let document = Digest::of(subject.sbom.label.as_bytes());
            let outputs = |digest| ActionRecord { outputs: BTreeMap::from([(DOCUMENT.to_owned(), digest)]) };
            self.known.insert(subject.sbom.key.unwrap(), outputs(document));
            self.known.insert(
                match_key(&document, &Digest::of(self.snapshot.as_bytes()), &MatchedBy::Ours(1)),
                outputs(document),
            );
        }
        let service = |((name, _), subject): (&(Name, Name), &Subject)| {
            let declared = &self.config.services[name];
            LockService {
                name: name.clone(),
                verdict: Verdict::Pass,
                policy: self.config.policies[&declared.policy].digest(),
                depends_on: declared.depends_on.clone(),
                waivers: Vec::new(),
                subjects: vec![LockSubject {
                    required: Vec::new(),
                    name: subject.name.clone(),
                    uri: subject.uri.clone(),
                    kind: subject.kind,
                    digest: subject.digest,
                    sbom: Digest::of(b""),
                    slice: Digest::of(b""),
                    components: 0,
                    counts: SeverityCounts::default(),
                    findings: Vec::new(),
                    attestations: Vec::new(),
                }],
            }
        };
        self.previous = Some(Lock {
            inputs: LockInputs {
                config: self.config.digest(),
                as_of: Timestamp::default(),
                advisories: LockAdvisories {
                    snapshot: Digest::of(self.snapshot.as_bytes()),
                    modified: Timestamp::default(),
                },
                scanners: BTreeMap::from([("builtin".to_owned(), self.scanner.to_owned())]),
            },
            root: Digest::of(b""),
            services: self.subjects().iter().map(service).collect(),
        });
        self
    }
}

/// Labels of what runs, each with why.
fn runs(plan: &Plan) -> Vec<String> {
    let reason = |action: &Action| action.decision.reason().map(|reason| format!("{}: {reason}", action.label));
    plan.actions().filter_map(reason).collect()
}

#[test]
fn a_first_plan_runs_everything_in_waves_and_staggered() {
    insta::assert_snapshot!(render(&Setting::new().plan(), true), @r"
    run     sbom alone/source  (new)
    run     match alone/source  (its SBOM is made anew)
    run     sbom store/source  (new; after 1s)
    run     match store/source  (its SBOM is made anew)
    run     sbom api/source  (new; after 2s)
    run     match api/source  (its SBOM is made anew)
    run     sbom web/source  (new; after 3s)
    run     match web/source  (its SBOM is made anew)
    run     judge alone  (new)
    run     judge store  (new)
    run     judge api  (new)
    run     judge web  (new)
    12 to run, 0 cached
    ");
}

#[test]
fn an_unchanged_project_runs_nothing() {
    let plan = Setting::new().built().plan();
    assert_eq!(runs(&plan), Vec::<String>::new());
    assert_eq!(plan.counts(), (0, 12));
}

#[test]
fn a_changed_subject_runs_its_actions_and_the_judgements_that_rest_on_it() {
    let mut setting = Setting::new().built();
    setting.contents.insert("api", "changed");
    let labels: Vec<String> =
        runs(&setting.plan()).into_iter().map(|line| line.split(" (").next().unwrap().to_owned()).collect();
    let from = SubjectDigest::DirHash(Digest::of(b"b")).to_string();
    let to = SubjectDigest::DirHash(Digest::of(b"changed")).to_string();
    let change = format!("the subject changed: {} → {}", &from[..19], &to[..19]);
    assert_eq!(
        labels,
        [
            format!("sbom api/source: {change}"),
            "match api/source: its SBOM is made anew".to_owned(),
            format!("judge api: {change}"),
            "judge web: it depends on api, which is judged anew".to_owned(),
        ]
    );
}

#[test]
fn every_other_change_has_its_own_reason() {
    let mut advisories = Setting::new().built();
    advisories.snapshot = "another";
    let lines = runs(&advisories.plan());
    assert_eq!(lines.len(), 8, "matches and judgements, no scans: {lines:?}");
    assert!(lines.iter().all(|line| line.contains("the advisories changed")), "{lines:?}");

    let mut scanner = Setting::new().built();
    scanner.scanner = "2";
    assert!(runs(&scanner.plan())[0].contains("the scanner changed: 1 → 2"));

    let mut policy = Setting::new().built();
    let text = CONFIG.replace("critical = 0", "critical = 1");
    policy.config = config::load("compliance.toml", text.as_bytes(), Syntax::Toml).unwrap();
    let lines = runs(&policy.plan());
    assert!(lines.iter().all(|line| line.starts_with("judge ") && line.ends_with("the policy changed")), "{lines:?}");

    let mut time = Setting::new().built();
    time.holds = false;
    let lines = runs(&time.plan());
    assert_eq!(lines.len(), 4, "judgements alone: {lines:?}");
    assert!(lines[0].ends_with("it was judged at another time"), "{lines:?}");

    let mut lost = Setting::new().built();
    lost.known.clear();
    let lines = runs(&lost.plan());
    assert_eq!(lines.len(), 8, "scans and matches, no judgements: {lines:?}");
    assert!(lines[0].ends_with("its result is not in the cache"), "{lines:?}");
}

#[test]
fn one_subject_of_several_services_is_scanned_once() {
    let mut setting = Setting::new();
    let text = CONFIG.replace("path = \"web\"", "path = \"store\"");
    setting.config = config::load("compliance.toml", text.as_bytes(), Syntax::Toml).unwrap();
    let mut subjects = setting.subjects();
    let store = subjects[&(Name::new("store").unwrap(), Name::new("source").unwrap())].clone();
    subjects.insert((Name::new("web").unwrap(), Name::new("source").unwrap()), store);
    let scanner = ScannerIdentity { name: "builtin".into(), version: "1".into(), binary: None };
    let plan = plan(&PlanInput {
        attested: &BTreeMap::new(),
        config: &setting.config,
        graph: &ComplianceGraph::new(&setting.config),
        services: &setting.config.services.keys().cloned().collect(),
        subjects: &subjects.iter().map(|(place, subject)| (place.clone(), subject)).collect(),
        scanners: &BTreeMap::from([(Engine::Builtin, (scanner, String::new()))]),
        snapshot: Digest::of(b"db"),
        matched_by: &MatchedBy::Ours(1),
        previous: None,
        verdicts_hold: false,
        known: &|_| None,
        stagger: Duration::ZERO,
    });
    assert_eq!(plan.subjects.len(), 3);
    let shared = plan.subjects.iter().find(|subject| subject.used_by.len() == 2).unwrap();
    assert_eq!(shared.sbom.label, "sbom store/source");
}

#[test]
fn the_published_form_is_as_reviewed() {
    let report = serde_json::to_string_pretty(&PlanReport::from(&Setting::new().plan())).unwrap();
    insta::assert_snapshot!(report.lines().take(24).collect::<Vec<_>>().join("\n"));
}
