//! How many requests to one server may start in a second. One limiter a server, shared by all who ask it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The slowest it gets.
const SLOWEST: Duration = Duration::from_secs(5);

/// Spaces the starts of requests evenly. Doubles the space when the server says "too many requests", and closes it again, a tenth
/// with each answer that is none.
#[derive(Debug)]
pub struct Limiter {
    least: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: Option<Instant>,
    space: Duration,
}

impl Limiter {
    /// At most this many a second; 0 for no limit.
    pub fn new(requests_per_second: u32) -> Self {
        let least = Duration::from_secs(1).checked_div(requests_per_second).unwrap_or(Duration::ZERO);
        Self { least, state: Mutex::new(State { next: None, space: least }) }
    }

    /// Waits for one's turn.
    pub async fn turn(&self) {
        let start = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let start = state.next.map_or(now, |next| next.max(now));
            state.next = Some(start + state.space);
            start
        };
        tokio::time::sleep_until(start).await;
    }

    /// The server said "too many requests".
    pub fn slow_down(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.space = (state.space * 2).max(Duration::from_millis(50)).min(SLOWEST);
    }

    /// The server answered.
    pub fn answered(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.space = (state.space * 9 / 10).max(self.least);
        if state.space < self.least + Duration::from_millis(5) {
            state.space = self.least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn spaces_starts_and_slows_down_when_told() {
        let limiter = Limiter::new(10);
        let begin = Instant::now();
        for _ in 0..11 {
            limiter.turn().await;
        }
        assert_eq!(begin.elapsed().as_millis() / 10, 100);
        limiter.slow_down();
        limiter.turn().await;
        let begin = Instant::now();
        limiter.turn().await;
        assert_eq!(begin.elapsed().as_millis() / 10, 20);
        for _ in 0..20 {
            limiter.answered();
        }
        limiter.turn().await;
        let begin = Instant::now();
        limiter.turn().await;
        assert_eq!(begin.elapsed().as_millis() / 10, 10);
        for _ in 0..100 {
            limiter.slow_down();
        }
        limiter.turn().await;
        let begin = Instant::now();
        limiter.turn().await;
        assert!(begin.elapsed() <= SLOWEST);
    }

    #[tokio::test(start_paused = true)]
    async fn none_is_no_limit() {
        let limiter = Limiter::new(0);
        let begin = Instant::now();
        for _ in 0..1000 {
            limiter.turn().await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
