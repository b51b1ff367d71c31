//! The run: every subject of the plan to its evidence.

use super::bridge::on_cores;
use super::contents::Recent;
use super::errors::ExecuteError;
use super::evidence::{EvidenceMap, SubjectEvidence};
use super::finder::Finder;
use super::subject::{Matched, Scanned, evidence};
use crate::config::Engine;
use crate::matching::Matcher;
use crate::model::{Duration, Name, Subject};
use crate::plan::{self, Action, Decision, Plan, SubjectPlan};
use crate::ports::{
    ActionKey, Cache, Cancel, Event, Events, Located, OtherMatcher, Outcome, ScanError, ScanRequest, ScanTask, Scanner,
};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Actions at once.
    pub jobs: usize,
    /// The longest that one action may take.
    pub timeout: Duration,
    /// Whether to go on after something could not be reached.
    pub keep_going: bool,
}

/// What to run with.
#[derive(Clone)]
pub struct Tools {
    /// The scanner of each engine in use.
    pub scanners: BTreeMap<Engine, Arc<dyn Scanner>>,
    /// What finds the flaws of components.
    pub finder: Finder,
    /// Earlier results.
    pub cache: Arc<dyn Cache>,
    /// Where to tell what happens.
    pub events: Arc<dyn Events>,
    /// Set from outside to stop.
    pub cancel: Cancel,
}

/// One subject on its way.
struct Job {
    plan: SubjectPlan,
    located: Located,
}

/// What became of a subject.
type Done = Result<(SubjectPlan, SubjectEvidence), ExecuteError>;

/// Runs the plan.
///
/// # Errors
/// The run was stopped, or evidence cannot be had or trusted. Nothing but the cache has been written then.
pub fn run(
    plan: &Plan,
    located: &BTreeMap<(Name, Name), Located>,
    tools: &Tools,
    options: Options,
) -> Result<EvidenceMap, ExecuteError> {
    let (to_run, cached) = plan.counts();
    tools.events.emit(Event::RunStarted { to_run, cached });
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .build()
        .map_err(|error| ExecuteError::NoThreads(error.to_string()))?;
    let jobs: Vec<Job> = plan
        .subjects
        .iter()
        .filter_map(|plan| Some(Job { located: located.get(plan.used_by.first()?)?.clone(), plan: plan.clone() }))
        .collect();
    let search = Arc::new(match &tools.finder {
        Finder::Ours(advisories) => Search::Ours(Matcher::new(Arc::clone(advisories))),
        Finder::Other(matcher) => Search::Other(Arc::clone(matcher)),
    });
    let recent = Arc::new(Recent::default());
    let at_hand = |job| at_hand(job, tools, &search).transpose();
    let at_hand: Vec<Option<SubjectEvidence>> =
        pool.install(|| jobs.par_iter().map(at_hand).collect::<Result<_, _>>())?;
    let mut found = EvidenceMap::new();
    let mut rest = Vec::new();
    for (job, at_hand) in jobs.into_iter().zip(at_hand) {
        match at_hand {
            Some(evidence) => keep(job.plan, evidence, &mut found),
            None => rest.push(job),
        }
    }
    if !rest.is_empty() {
        for (plan, evidence) in drive(rest, tools, options, pool, &search, &recent)? {
            keep(plan, evidence, &mut found);
        }
    }
    if tools.cancel.is_cancelled() {
        return Err(ExecuteError::Cancelled);
    }
    tools.events.emit(Event::RunFinished);
    Ok(found)
}

fn keep(plan: SubjectPlan, evidence: SubjectEvidence, found: &mut EvidenceMap) {
    let evidence = Arc::new(evidence);
    found.extend(plan.used_by.into_iter().map(|place| (place, Arc::clone(&evidence))));
}

/// The evidence of a subject of which all is at hand, or the SBOM is and can be matched here; nothing where a program is to run, or a
/// result was lost since the plan.
fn at_hand(job: &Job, tools: &Tools, search: &Search) -> Option<Result<SubjectEvidence, ExecuteError>> {
    let plan = &job.plan;
    let (cache, events) = (tools.cache.as_ref(), tools.events.as_ref());
    let matcher = match (&plan.sbom.decision, &plan.matching.decision, search) {
        (Decision::Cached(_), Decision::Cached(_), _) => None,
        (Decision::Cached(_), Decision::Run(_), Search::Ours(matcher)) => Some(matcher),
        _ => return None,
    };
    if tools.cancel.is_cancelled() {
        return Some(Err(ExecuteError::Cancelled));
    }
    let scanned = recalled_scan(plan, &job.located.subject, tools)?;
    let matched = match (matcher, &plan.matching.decision) {
        (Some(matcher), _) => {
            let clock = begin(&plan.matching, tools);
            let matched = scanned.contents.matched(matcher).map_err(ExecuteError::from);
            end(&plan.matching, clock, matched.as_ref().err(), tools);
            matched.inspect(|matched| matched.keep(&match_key(&scanned, tools), cache, events))
        }
        (None, Decision::Cached(_)) => Ok(Matched::recall(&match_key(&scanned, tools), cache, events)?),
        (None, Decision::Run(_)) => return None,
    };
    Some(matched.map(|matched| evidence(scanned, matched)))
}

fn match_key(scanned: &Scanned, tools: &Tools) -> ActionKey {
    plan::match_key(&scanned.document.digest(), &tools.finder.snapshot().digest, &tools.finder.matched_by())
}

/// Runs what has to run, on a runtime of its own.
fn drive(
    jobs: Vec<Job>,
    tools: &Tools,
    options: Options,
    pool: rayon::ThreadPool,
    search: &Arc<Search>,
    recent: &Arc<Recent>,
) -> Result<Vec<(SubjectPlan, SubjectEvidence)>, ExecuteError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ExecuteError::NoThreads(error.to_string()))?;
    let pool = Arc::new(pool);
    runtime.block_on(async {
        let started = tokio::time::Instant::now();
        let permits = Arc::new(tokio::sync::Semaphore::new(options.jobs));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        for job in jobs {
            let (tools, pool, permits) = (tools.clone(), Arc::clone(&pool), Arc::clone(&permits));
            let (search, recent, stopped) = (Arc::clone(search), Arc::clone(recent), stopped.clone());
            tasks.spawn(async move {
                let turn = async {
                    tokio::time::sleep_until(started + job.plan.sbom.offset).await;
                    permits.acquire_owned().await
                };
                // Whoever waits for a turn, a program or a server does not hear `cancel`.
                let permit = tokio::select! {
                    permit = turn => permit,
                    () = told(stopped.clone()) => return Err(ExecuteError::Cancelled),
                };
                let done = if tools.cancel.is_cancelled() {
                    Err(ExecuteError::Cancelled)
                } else {
                    one(job, &tools, (&search, &recent), options, &pool, stopped).await
                };
                drop(permit);
                done
            });
        }
        let mut done = Vec::new();
        let mut failed: Option<ExecuteError> = None;
        let mut interrupts_heard = true;
        loop {
            let next: Option<Result<Done, _>> = tokio::select! {
                next = tasks.join_next() => next,
                heard = tokio::signal::ctrl_c(), if interrupts_heard => {
                    interrupts_heard = heard.is_ok();
                    if interrupts_heard {
                        tools.cancel.cancel();
                        stop.send_replace(true);
                    }
                    continue;
                }
            };
            match next {
                None => break,
                Some(Ok(Ok(finished))) => done.push(finished),
                Some(Ok(Err(error))) => {
                    tools.cancel.cancel();
                    stop.send_replace(true);
                    // What failed first is the cause; what was cancelled after it is not.
                    if failed.as_ref().is_none_or(|known| matches!(known, ExecuteError::Cancelled)) {
                        failed = Some(error);
                    }
                }
                Some(Err(_)) => failed = Some(ExecuteError::Lost),
            }
        }
        failed.map_or(Ok(done), Err)
    })
}

/// Says that the run is to stop.
type Stopped = tokio::sync::watch::Receiver<bool>;

/// Waits until the run is to stop; for ever where it never is.
async fn told(mut stopped: Stopped) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending().await
    }
}

/// The finder at work.
enum Search {
    Ours(Matcher),
    Other(Arc<dyn OtherMatcher>),
}

/// One subject: scan, then match.
async fn one(
    job: Job,
    tools: &Tools,
    (search, recent): (&Arc<Search>, &Arc<Recent>),
    options: Options,
    pool: &Arc<rayon::ThreadPool>,
    stopped: Stopped,
) -> Done {
    let Job { plan, located } = job;
    let scanned = match recalled_scan(&plan, &located.subject, tools) {
        Some(scanned) => scanned,
        None => {
            let clock = begin(&plan.sbom, tools);
            let scanned = scan(&plan, located, tools, options, (pool, recent), stopped.clone()).await;
            end(&plan.sbom, clock, scanned.as_ref().err(), tools);
            scanned?
        }
    };
    let key = match_key(&scanned, tools);
    // The SBOM may have been made anew and have come out the same.
    let matched = match Matched::recall(&key, tools.cache.as_ref(), tools.events.as_ref()) {
        Some(matched) => matched,
        None => {
            let clock = begin(&plan.matching, tools);
            let matched = search_now(&plan, &scanned, search, options, pool, stopped).await;
            end(&plan.matching, clock, matched.as_ref().err(), tools);
            let (matched, is_whole) = matched?;
            if is_whole {
                matched.keep(&key, tools.cache.as_ref(), tools.events.as_ref());
            }
            matched
        }
    };
    Ok((plan, evidence(scanned, matched)))
}

/// What is found for a scanned subject, and whether it is to be kept: what another program could not do is tried again.
async fn search_now(
    plan: &SubjectPlan,
    scanned: &Scanned,
    search: &Arc<Search>,
    options: Options,
    pool: &Arc<rayon::ThreadPool>,
    stopped: Stopped,
) -> Result<(Matched, bool), ExecuteError> {
    let found = scanned.contents.clone();
    let other = match search.as_ref() {
        Search::Ours(_) => {
            let search = Arc::clone(search);
            let matched = on_cores(pool, move || match search.as_ref() {
                Search::Ours(matcher) => found.matched(matcher).map(Some),
                Search::Other(_) => Ok(None),
            });
            let matched = matched.await??.ok_or(ExecuteError::Lost)?;
            return Ok((matched, true));
        }
        Search::Other(matcher) => matcher,
    };
    let limit = std::time::Duration::from_secs(options.timeout.secs());
    let answer = tokio::select! {
        answer = tokio::time::timeout(limit, other.find(Arc::clone(found.sbom()))) => answer.map_err(|_| options.timeout),
        () = told(stopped) => return Err(ExecuteError::Cancelled),
    };
    let (identity, snapshot) = (other.identity(), other.snapshot());
    let failed = |reason: &str| Ok((Matched::failed(identity, snapshot, reason), false));
    let action = || plan.matching.label.clone();
    match answer {
        Err(limit) => failed(&format!("not finished within {limit}")),
        Ok(Ok(answer)) => Ok((Matched::by(answer, snapshot), true)),
        Ok(Err(ScanError::Unusable(reason))) => failed(&reason),
        Ok(Err(ScanError::Unavailable(reason))) if options.keep_going => failed(&reason),
        Ok(Err(ScanError::Unavailable(reason))) => Err(ExecuteError::Unavailable { action: action(), reason }),
        Ok(Err(ScanError::Integrity { place, reason })) => {
            Err(ExecuteError::Integrity { action: action(), reason: format!("{place}: {reason}") })
        }
        Ok(Err(ScanError::Cancelled)) => Err(ExecuteError::Cancelled),
    }
}

fn recalled_scan(plan: &SubjectPlan, subject: &Subject, tools: &Tools) -> Option<Scanned> {
    match &plan.sbom.decision {
        Decision::Cached(record) => {
            let scanner = tools.scanners.get(&plan.engine)?;
            let key = plan.sbom.key.as_ref()?;
            Scanned::recall(subject, key, record, scanner.identity(), tools.cache.as_ref(), tools.events.as_ref())
        }
        Decision::Run(_) => None,
    }
}

async fn scan(
    plan: &SubjectPlan,
    located: Located,
    tools: &Tools,
    options: Options,
    (pool, recent): (&Arc<rayon::ThreadPool>, &Arc<Recent>),
    stopped: Stopped,
) -> Result<Scanned, ExecuteError> {
    let action = || plan.sbom.label.clone();
    let Some(scanner) = tools.scanners.get(&plan.engine).map(Arc::clone) else {
        return Err(ExecuteError::Unavailable { action: action(), reason: "there is no such scanner".into() });
    };
    let identity = scanner.identity().clone();
    let subject = located.subject.clone();
    let cancel = tools.cancel.part();
    let request = ScanRequest { located, cache: Arc::clone(&tools.cache), cancel: cancel.clone() };
    let work = async {
        match scanner.scan(request) {
            ScanTask::Cpu(work) => on_cores(pool, work).await,
            ScanTask::Wait(work) => tokio::select! {
                done = work => Ok(done),
                () = told(stopped) => Ok(Err(ScanError::Cancelled)),
            },
        }
    };
    let limit = std::time::Duration::from_secs(options.timeout.secs());
    let failed = |subject, reason: &str| Scanned::failed(subject, &identity, recent, reason).ok_or(ExecuteError::Lost);
    let sbom = match tokio::time::timeout(limit, work).await {
        Err(_) => {
            cancel.cancel();
            return failed(subject, &format!("not finished within {}", options.timeout));
        }
        Ok(result) => result?,
    };
    match sbom {
        Ok(sbom) => {
            let (identity, recent) = (identity.clone(), Arc::clone(recent));
            let contents = move || recent.of(sbom, &identity).map(|contents| Scanned::new(subject, contents));
            let scanned = on_cores(pool, contents).await?;
            let scanned = scanned.ok_or(ExecuteError::Lost)?;
            if let Some(key) = &plan.sbom.key {
                scanned.keep(key, tools.cache.as_ref(), tools.events.as_ref());
            }
            Ok(scanned)
        }
        Err(ScanError::Unusable(reason)) => failed(subject, &reason),
        Err(ScanError::Unavailable(reason)) if options.keep_going => failed(subject, &reason),
        Err(ScanError::Unavailable(reason)) => Err(ExecuteError::Unavailable { action: action(), reason }),
        Err(ScanError::Integrity { place, reason }) => {
            Err(ExecuteError::Integrity { action: action(), reason: format!("{place}: {reason}") })
        }
        Err(ScanError::Cancelled) => Err(ExecuteError::Cancelled),
    }
}

fn begin(action: &Action, tools: &Tools) -> tokio::time::Instant {
    // An action that was thought cached runs when the cache has lost its result since.
    let reason =
        action.decision.reason().map_or_else(|| plan::RunReason::ResultMissing.to_string(), ToString::to_string);
    tools.events.emit(Event::ActionStarted { action: action.label.clone(), reason });
    tokio::time::Instant::now()
}

fn end(action: &Action, began: tokio::time::Instant, error: Option<&ExecuteError>, tools: &Tools) {
    let outcome = match error {
        None => Outcome::Done,
        Some(ExecuteError::Cancelled) => Outcome::Cancelled,
        Some(error) => Outcome::Failed(error.to_string()),
    };
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tools.events.emit(Event::ActionFinished { action: action.label.clone(), outcome, millis });
}
