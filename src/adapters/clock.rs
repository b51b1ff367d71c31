//! The machine's clock.

use crate::model::Timestamp;
use crate::ports::Clock;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells what the machine tells.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Nanoseconds in 64 bits end in 2262, well inside what a timestamp can be.
        Timestamp::from_unix(self.unix_nanos() / 1_000_000_000).unwrap_or_default()
    }

    fn unix_nanos(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }
}
