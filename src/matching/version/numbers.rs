//! Lists of numbers: R packages (`package_version` of R, separated by `.` or `-`): CRAN, Bioconductor; and Hackage (the PVP,
//! separated by `.`). Number by number, the longer list above its prefix, so that `1.0` is below `1.0.0`.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// Which is less, of two versions of R packages. What R refuses is ordered by its numbers alone, as OSV has it.
pub(super) fn compare_r(a: &str, b: &str) -> Result<Ordering, Unordered> {
    if let Some(text) = [a, b].into_iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        return Err(Unordered::version(text));
    }
    let numbers = |text| str::split(text, ['.', '-']).filter(|part| digits::all(part));
    Ok(lists(numbers(a), numbers(b)))
}

/// Which is less, of two versions that are numbers and dots.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    match [a, b].into_iter().find(|text| !text.split('.').all(digits::all)) {
        Some(text) => Err(Unordered::version(text)),
        None => Ok(lists(a.split('.'), b.split('.'))),
    }
}

fn lists<'a>(mut a: impl Iterator<Item = &'a str>, mut b: impl Iterator<Item = &'a str>) -> Ordering {
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => digits::compare(a, b),
            (a, b) => return a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_r_refuses_is_ordered_by_its_numbers() {
        for (a, order, b) in [
            ("1.0-1", Ordering::Equal, "1.0.1"),
            ("1.b.2", Ordering::Greater, "1.1.9"),
            ("x.3", Ordering::Less, "4.0"),
            ("!", Ordering::Equal, "?"),
        ] {
            assert_eq!(compare_r(a, b), Ok(order), "{a} {b}");
        }
        assert!(compare("1.a", "1").is_err() && compare("1.0-1", "1").is_err() && compare_r("", "1").is_err());
    }
}
