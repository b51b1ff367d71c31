//! Lists of numbers: CRAN (`package_version` of R, separated by `.` or `-`) and Hackage (the PVP, separated by `.`). Number by
//! number, the longer list above its prefix, so that `1.0` is below `1.0.0`.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// Which is less, with these separators.
pub(super) fn compare(a: &str, b: &str, separators: &[char]) -> Result<Ordering, Unordered> {
    let mut order = Ordering::Equal;
    let (mut parts_a, mut parts_b) = (a.split(separators), b.split(separators));
    loop {
        let (part_a, part_b) = (parts_a.next(), parts_b.next());
        for (part, text) in [(part_a, a), (part_b, b)] {
            if part.is_some_and(|part| !digits::all(part)) {
                return Err(Unordered::version(text));
            }
        }
        order = order.then(match (part_a, part_b) {
            (Some(a), Some(b)) => digits::compare(a, b),
            (None, None) => return Ok(order),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
    }
}
