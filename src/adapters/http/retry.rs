//! The loop of tries: which answers are worth another one, how many, and for how long at most.

use super::Limiter;
use super::backoff::{self, Backoff};
use crate::ports::Cancel;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What became of one try.
#[derive(Debug)]
pub enum Outcome<T, E> {
    /// It is done.
    Done(T),
    /// It failed for good.
    Failed(E),
    /// It may go better later.
    Again {
        /// What to fail with, when there is no later.
        error: E,
        /// What the server asks to wait.
        after: Option<Duration>,
        /// It said "too many requests".
        throttled: bool,
        /// One more try at most, however many are left.
        once: bool,
    },
}

/// How calls to one server are made.
#[derive(Debug)]
pub struct Call {
    /// How many requests may start in a second.
    pub limiter: Limiter,
    /// How often and how long.
    pub backoff: Backoff,
    /// The most that all tries of one call take together.
    pub most_total: Duration,
    /// Stops waiting.
    pub cancel: Cancel,
    requests: AtomicU64,
    retries: AtomicU64,
}

/// How many requests were made, and how many of them again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retried {
    /// All, retries among them.
    pub requests: u64,
    /// Retries.
    pub retries: u64,
}

impl Call {
    /// With the given limits.
    pub fn new(limiter: Limiter, backoff: Backoff, most_total: Duration, cancel: Cancel) -> Self {
        Self { limiter, backoff, most_total, cancel, requests: AtomicU64::new(0), retries: AtomicU64::new(0) }
    }

    /// What has been asked so far.
    pub fn counts(&self) -> Retried {
        Retried { requests: self.requests.load(Ordering::Relaxed), retries: self.retries.load(Ordering::Relaxed) }
    }

    /// Tries until it is done, has failed for good, or must not go on.
    ///
    /// # Errors
    /// The last try's.
    pub async fn run<T, E, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, E>
    where
        F: Future<Output = Outcome<T, E>>,
    {
        let begin = tokio::time::Instant::now();
        let mut retry = 0;
        let mut last_one = false;
        loop {
            self.limiter.turn().await;
            self.requests.fetch_add(1, Ordering::Relaxed);
            let (error, after, throttled, once) = match attempt().await {
                Outcome::Done(done) => {
                    self.limiter.answered();
                    return Ok(done);
                }
                Outcome::Failed(error) => return Err(error),
                Outcome::Again { error, after, throttled, once } => (error, after, throttled, once),
            };
            if throttled {
                self.limiter.slow_down();
            }
            if last_one || retry >= self.backoff.retries || after.is_some_and(|after| after > self.backoff.most_asked) {
                return Err(error);
            }
            last_one = once;
            // Servers round what they ask for down: a second more.
            let asked = after.map_or(Duration::ZERO, |after| after + Duration::from_secs(1));
            let length = asked + self.backoff.jittered(retry);
            if begin.elapsed() + length > self.most_total || !backoff::wait(length, &self.cancel).await {
                return Err(error);
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
            retry += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call::new(Limiter::new(0), Backoff::default(), Duration::from_secs(300), Cancel::default())
    }

    fn again(once: bool, after: Option<u64>) -> Outcome<(), &'static str> {
        Outcome::Again { error: "busy", after: after.map(Duration::from_secs), throttled: after.is_some(), once }
    }

    async fn tries(call: &Call, outcome: impl Fn(u32) -> Outcome<(), &'static str>) -> (u32, Result<(), &'static str>) {
        let count = std::cell::Cell::new(0);
        let result = call
            .run(|| {
                count.set(count.get() + 1);
                std::future::ready(outcome(count.get()))
            })
            .await;
        (count.get(), result)
    }

    #[tokio::test(start_paused = true)]
    async fn tries_are_bounded() {
        assert_eq!(tries(&call(), |_| again(false, None)).await, (6, Err("busy")));
        assert_eq!(tries(&call(), |_| again(true, None)).await, (2, Err("busy")));
        assert_eq!(tries(&call(), |_| again(false, Some(121))).await, (1, Err("busy")));
        assert_eq!(tries(&call(), |_| Outcome::Failed("no")).await, (1, Err("no")));
        let call = call();
        let third = |count| if count == 3 { Outcome::Done(()) } else { again(false, Some(2)) };
        let begin = tokio::time::Instant::now();
        assert_eq!(tries(&call, third).await, (3, Ok(())));
        assert!(begin.elapsed() >= Duration::from_secs(6));
        assert_eq!(call.counts(), Retried { requests: 3, retries: 2 });
    }

    #[tokio::test(start_paused = true)]
    async fn time_is_bounded_and_a_stop_ends_it() {
        let short = Call { most_total: Duration::from_secs(10), ..call() };
        assert_eq!(tries(&short, |_| again(false, Some(6))).await, (2, Err("busy")));
        let stopped = call();
        stopped.cancel.cancel();
        assert_eq!(tries(&stopped, |_| again(false, None)).await, (1, Err("busy")));
    }
}
