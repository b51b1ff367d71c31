//! How long to wait before another try: exponential with full jitter, or what the server asks for.

use crate::ports::Cancel;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

/// How often, and how long at most, to try again.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// How many times after the first.
    pub retries: u32,
    /// The most before the first retry; doubled for each after it.
    pub base: Duration,
    /// The most before any.
    pub most: Duration,
    /// A server that asks for a longer wait is given up.
    pub most_asked: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            retries: 5,
            base: Duration::from_millis(500),
            most: Duration::from_secs(30),
            most_asked: Duration::from_secs(120),
        }
    }
}

impl Backoff {
    /// The wait before a retry (0 for the first): anything from nothing to the bound, so that clients that failed together do
    /// not come back together.
    pub fn jittered(&self, retry: u32) -> Duration {
        let bound = self.base.saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX)).min(self.most);
        bound.mul_f64(random_fraction())
    }
}

/// From 0 to 1. The standard library keys its hashers from the system's random source.
fn random_fraction() -> f64 {
    let random = std::hash::RandomState::new().build_hasher().finish() >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let fraction = random as f64 / (1_u64 << 53) as f64;
    fraction
}

/// The wait that a `Retry-After` header asks for: seconds, or a date against `now` (seconds since 1970).
/// <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>
pub fn retry_after(header: &str, now: i64) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(header).ok()?.timestamp().as_second();
    Some(Duration::from_secs(u64::try_from(date.saturating_sub(now)).unwrap_or(0)))
}

/// Waits, unless the run is stopped: then `false`, soon.
pub async fn wait(length: Duration, cancel: &Cancel) -> bool {
    let mut left = length;
    while !left.is_zero() && !cancel.is_cancelled() {
        let slice = left.min(Duration::from_millis(100));
        tokio::time::sleep(slice).await;
        left -= slice;
    }
    !cancel.is_cancelled()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound() {
        let backoff = Backoff::default();
        for retry in [0, 1, 5, 31, 32, u32::MAX] {
            assert!(backoff.jittered(retry) <= backoff.most);
        }
        assert!(backoff.jittered(0) <= backoff.base);
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| backoff.jittered(5)).collect();
        assert!(waits.len() > 10);
    }

    #[test]
    fn servers_ask_in_seconds_or_by_date() {
        assert_eq!(retry_after(" 7 ", 0), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1_445_412_470), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1_545_412_470), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", 0), None);
        assert_eq!(retry_after("-1", 0), None);
    }
}
