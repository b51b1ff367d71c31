//! When staggered scans start.

use std::time::Duration;

/// How long after the start of the run the `nth` of `count` scans starts, spread evenly over a window. Depends on nothing
/// else, so that a plan tells it beforehand.
pub fn offset(nth: usize, count: usize, window: Duration) -> Duration {
    match u32::try_from(count) {
        Ok(0) | Err(_) => Duration::ZERO,
        Ok(count) => u32::try_from(nth).map_or(Duration::ZERO, |nth| window / count * nth.min(count - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_spread_evenly_and_stay_in_the_window() {
        let window = Duration::from_secs(10);
        let starts: Vec<u64> = (0..5).map(|nth| offset(nth, 5, window).as_secs()).collect();
        assert_eq!(starts, [0, 2, 4, 6, 8]);
        assert_eq!(offset(0, 0, window), Duration::ZERO);
        assert_eq!(offset(9, 3, window), window / 3 * 2);
    }
}
