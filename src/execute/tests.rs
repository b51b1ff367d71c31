use super::*;
use crate::config::Engine;
use crate::model::{
    Advisory, Blob, Component, Digest, Duration, Ecosystem, EcosystemKind, GapKind, Name, Purl, Sbom, ScannerIdentity,
    Snapshot, Subject, SubjectDigest, SubjectKind, Timestamp,
};
use crate::plan::{Action, ActionKind, Decision, Plan, RunReason, SubjectPlan};
use crate::ports::{
    ActionKey, ActionRecord, Advisories, AdvisoriesError, BlobLookup, Cache, CacheError, Cancel, Event, Events,
    Located, Output, ScanError, ScanRequest, ScanTask, Scanner,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What the fake scanner does with a subject, by its name.
#[derive(Clone, Copy)]
enum Behaviour {
    Finds,
    IsUnusable,
    IsUnavailable,
    IsAltered,
    TakesForever,
}

struct FakeScanner {
    identity: ScannerIdentity,
    behaviour: BTreeMap<String, Behaviour>,
    scans: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl FakeScanner {
    fn new(behaviour: &[(&str, Behaviour)]) -> Arc<Self> {
        Arc::new(Self {
            identity: ScannerIdentity { name: "fake".into(), version: "1".into(), binary: None },
            behaviour: behaviour.iter().map(|(name, each)| ((*name).to_owned(), *each)).collect(),
            scans: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        })
    }
}

impl Scanner for FakeScanner {
    fn identity(&self) -> &ScannerIdentity {
        &self.identity
    }

    fn options(&self) -> String {
        String::new()
    }

    fn scan(self: Arc<Self>, request: ScanRequest) -> ScanTask {
        ScanTask::Cpu(Box::new(move || {
            self.scans.fetch_add(1, Ordering::SeqCst);
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(5));
            let behaviour = self.behaviour[request.located.subject.uri.as_str()];
            let result = match behaviour {
                Behaviour::Finds => {
                    let purl = Purl::build("npm", None, "left-pad", Some("1.0.0"), &[]).unwrap();
                    let npm = Some(Ecosystem::plain(EcosystemKind::Npm));
                    Ok(Sbom { components: vec![Component::new(purl, "left-pad", "1.0.0", npm)], ..Sbom::default() })
                }
                Behaviour::IsUnusable => Err(ScanError::Unusable("it is no image".into())),
                Behaviour::IsUnavailable => Err(ScanError::Unavailable("nobody answers".into())),
                Behaviour::IsAltered => {
                    Err(ScanError::Integrity { place: "blob".into(), reason: "not its digest".into() })
                }
                Behaviour::TakesForever => {
                    while !request.cancel.is_cancelled() {
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    Err(ScanError::Cancelled)
                }
            };
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            result.map(Arc::new)
        }))
    }
}

#[derive(Default)]
struct MemoryCache {
    actions: Mutex<BTreeMap<ActionKey, Outputs>>,
}

/// Digest and bytes of each output.
type Outputs = BTreeMap<String, (Digest, Option<Vec<u8>>)>;

impl Cache for MemoryCache {
    fn blob(&self, _: &Digest) -> Result<BlobLookup, CacheError> {
        Ok(BlobLookup::Missing)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, CacheError> {
        Ok(Digest::of(bytes))
    }

    fn action(&self, key: &ActionKey) -> Result<Option<ActionRecord>, CacheError> {
        let actions = self.actions.lock().unwrap();
        let record = |outputs: &Outputs| outputs.iter().map(|(name, (digest, _))| (name.clone(), *digest)).collect();
        Ok(actions.get(key).map(|outputs| ActionRecord { outputs: record(outputs) }))
    }

    fn output(&self, key: &ActionKey, name: &str) -> Result<BlobLookup<(Blob, Vec<u8>)>, CacheError> {
        let actions = self.actions.lock().unwrap();
        Ok(match actions.get(key).and_then(|outputs| outputs.get(name)) {
            None | Some((_, None)) => BlobLookup::Missing,
            Some((digest, Some(bytes))) if Digest::of(bytes) == *digest => {
                BlobLookup::Found((Blob::new(bytes), bytes.clone()))
            }
            Some(_) => BlobLookup::Corrupted,
        })
    }

    fn put_action(&self, key: &ActionKey, outputs: &[(&str, Output<'_>)]) -> Result<(), CacheError> {
        let bytes = |output: &Output<'_>| if let Output::Whole(blob) = output { blob.bytes() } else { None };
        let outputs = outputs.iter().map(|(name, output)| ((*name).to_owned(), (output.digest(), bytes(output))));
        self.actions.lock().unwrap().insert(*key, outputs.collect());
        Ok(())
    }
}

struct NoAdvisories(Snapshot);

impl Advisories for NoAdvisories {
    fn snapshot(&self) -> &Snapshot {
        &self.0
    }

    fn lookup(&self, _: &Ecosystem, _: &str) -> Result<Vec<Advisory>, AdvisoriesError> {
        Ok(Vec::new())
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Events for Heard {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(serde_json::to_string(&event).unwrap());
    }
}

struct Run {
    plan: Plan,
    located: BTreeMap<(Name, Name), Located>,
    tools: Tools,
    heard: Arc<Heard>,
    cache: Arc<MemoryCache>,
}

/// A run over subjects named by their address, each to be scanned.
fn run_of(scanner: &Arc<FakeScanner>) -> Run {
    let (heard, cache) = (Arc::new(Heard::default()), Arc::new(MemoryCache::default()));
    let mut located = BTreeMap::new();
    let mut subjects = Vec::new();
    for (nth, uri) in scanner.behaviour.keys().enumerate() {
        let place = (Name::new(uri).unwrap(), Name::new("source").unwrap());
        let subject = Subject {
            name: place.1.clone(),
            kind: SubjectKind::Source,
            uri: uri.clone(),
            digest: SubjectDigest::DirHash(Digest::of(uri.as_bytes())),
        };
        let action = |kind: ActionKind, key| Action {
            kind,
            label: format!("{} {uri}", kind.as_str()),
            key,
            decision: Decision::Run(RunReason::New),
            offset: std::time::Duration::ZERO,
        };
        subjects.push(SubjectPlan {
            used_by: vec![place.clone()],
            engine: Engine::Builtin,
            sbom: action(ActionKind::Sbom, Some(ActionKey([u8::try_from(nth).unwrap(); 32]))),
            matching: action(ActionKind::Match, None),
        });
        located.insert(place, Located::here(subject, "/".into(), Vec::new(), Vec::new()));
    }
    let npm = BTreeMap::from([(Ecosystem::plain(EcosystemKind::Npm), 1)]);
    let snapshot = Snapshot { digest: Digest::of(b"db"), modified: Timestamp::default(), ecosystems: npm };
    let as_scanner: Arc<dyn Scanner> = Arc::clone(scanner) as _;
    let tools = Tools {
        scanners: BTreeMap::from([(Engine::Builtin, as_scanner)]),
        finder: Finder::Ours(Arc::new(NoAdvisories(snapshot))),
        cache: Arc::clone(&cache) as _,
        events: Arc::clone(&heard) as _,
        cancel: Cancel::new(),
    };
    Run { plan: Plan { subjects, services: Vec::new() }, located, tools, heard, cache }
}

fn options(jobs: usize) -> Options {
    Options { jobs, timeout: Duration::from_secs(60), keep_going: false }
}

#[test]
fn scans_run_at_once_but_no_more_than_asked() {
    let subjects: Vec<String> = (0..12).map(|nth| format!("s{nth}")).collect();
    let behaviour: Vec<(&str, Behaviour)> = subjects.iter().map(|name| (name.as_str(), Behaviour::Finds)).collect();
    let scanner = FakeScanner::new(&behaviour);
    let job = run_of(&scanner);
    let evidence = run(&job.plan, &job.located, &job.tools, options(3)).unwrap();
    assert_eq!(evidence.len(), 12);
    assert!(evidence.values().all(|each| each.gaps.is_empty() && each.sbom.count() == 1));
    assert!(scanner.most_at_once.load(Ordering::SeqCst) <= 3);
}

#[test]
fn a_cached_plan_scans_nothing_and_gives_the_same() {
    let scanner = FakeScanner::new(&[("a", Behaviour::Finds), ("b", Behaviour::Finds)]);
    let mut job = run_of(&scanner);
    let first = run(&job.plan, &job.located, &job.tools, options(2)).unwrap();
    for subject in &mut job.plan.subjects {
        let record = |key: Option<ActionKey>| Decision::Cached(job.cache.action(&key.unwrap()).unwrap().unwrap());
        subject.sbom.decision = record(subject.sbom.key);
        let digest = first[&subject.used_by[0]].document.digest();
        let key = crate::plan::match_key(
            &digest,
            &Digest::of(b"db"),
            &crate::plan::MatchedBy::Ours(crate::matching::REVISION),
        );
        subject.matching.decision = record(Some(key));
    }
    let again = run(&job.plan, &job.located, &job.tools, options(2)).unwrap();
    assert_eq!(first, again);
    assert_eq!(scanner.scans.load(Ordering::SeqCst), 2);

    let documents =
        |evidence: &EvidenceMap| -> Vec<_> { evidence.values().map(|each| each.document().unwrap()).collect() };
    assert_eq!(documents(&first), documents(&again));

    // A blob that was damaged since the plan was made is said, and made again; a document also later than that.
    for (_, bytes) in job.cache.actions.lock().unwrap().values_mut().flat_map(BTreeMap::values_mut) {
        bytes.iter_mut().for_each(|bytes| bytes.push(0));
    }
    assert_eq!(documents(&first), documents(&again));
    let mended = run(&job.plan, &job.located, &job.tools, options(2)).unwrap();
    assert_eq!(first, mended);
    assert_eq!(scanner.scans.load(Ordering::SeqCst), 4);
    assert!(job.heard.0.lock().unwrap().iter().any(|event| event.contains("cache::corrupted")));
}

#[test]
fn what_cannot_be_scanned_is_a_gap_and_is_not_kept() {
    let scanner = FakeScanner::new(&[("good", Behaviour::Finds), ("odd", Behaviour::IsUnusable)]);
    let job = run_of(&scanner);
    let evidence = run(&job.plan, &job.located, &job.tools, options(2)).unwrap();
    let odd = &evidence[&(Name::new("odd").unwrap(), Name::new("source").unwrap())];
    assert_eq!(odd.gaps.iter().map(|gap| gap.kind).collect::<Vec<_>>(), [GapKind::ScanFailed]);
    let key = job.plan.subjects[1].sbom.key.unwrap();
    assert_eq!(job.cache.action(&key).unwrap(), None, "a failed scan is tried again");
}

#[test]
fn altered_bytes_stop_the_run() {
    let scanner = FakeScanner::new(&[("a", Behaviour::Finds), ("b", Behaviour::IsAltered)]);
    let job = run_of(&scanner);
    let error = run(&job.plan, &job.located, &job.tools, options(1)).unwrap_err();
    assert!(matches!(error, ExecuteError::Integrity { .. }), "{error}");
}

#[test]
fn what_cannot_be_reached_stops_the_run_unless_it_is_to_go_on() {
    let scanner = FakeScanner::new(&[("a", Behaviour::IsUnavailable), ("b", Behaviour::Finds)]);
    let job = run_of(&scanner);
    let error = run(&job.plan, &job.located, &job.tools, options(1)).unwrap_err();
    assert!(matches!(error, ExecuteError::Unavailable { .. }), "{error}");
    let job = run_of(&scanner);
    let evidence = run(&job.plan, &job.located, &job.tools, Options { keep_going: true, ..options(1) }).unwrap();
    assert_eq!(evidence.values().filter(|each| each.gaps.is_empty()).count(), 1);
}

#[test]
fn an_action_that_takes_too_long_is_a_gap() {
    let scanner = FakeScanner::new(&[("slow", Behaviour::TakesForever), ("b", Behaviour::Finds)]);
    let job = run_of(&scanner);
    let how = Options { timeout: Duration::from_secs(1), ..options(2) };
    let evidence = run(&job.plan, &job.located, &job.tools, how).unwrap();
    let slow = &evidence[&(Name::new("slow").unwrap(), Name::new("source").unwrap())];
    assert!(slow.gaps[0].reason.contains("not finished within 1s"), "{:?}", slow.gaps);
}

#[test]
fn a_run_that_is_stopped_gives_nothing() {
    let scanner = FakeScanner::new(&[("a", Behaviour::TakesForever), ("b", Behaviour::Finds)]);
    let job = run_of(&scanner);
    let cancel = job.tools.cancel.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        cancel.cancel();
    });
    let error = run(&job.plan, &job.located, &job.tools, options(1)).unwrap_err();
    stopper.join().unwrap();
    assert!(matches!(error, ExecuteError::Cancelled), "{error}");
}
