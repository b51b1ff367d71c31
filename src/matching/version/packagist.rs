//! Packagist: PHP's `version_compare` (<https://www.php.net/manual/en/function.version-compare.php>), which Composer's own
//! comparison ends in, with a leading `v` left out as Composer does.
//!
//! Runs of digits and of other characters, separated by `.`, `-`, `_`, `+` or by being different. Words have ranks: any other
//! word, `dev`, `alpha`, `beta`, `rc`, a number, `pl`; a longer version is above its prefix unless it goes on with a word below
//! a number. Branches (`dev-main`) are words, and so below all numbers.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// The runs of a version.
fn parts(text: &str) -> Vec<&str> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut found = Vec::new();
    for mut part in text.split(['.', '-', '_', '+']).filter(|part| !part.is_empty()) {
        while let Some(first) = part.bytes().next() {
            let digit = first.is_ascii_digit();
            let end = part.bytes().position(|byte| byte.is_ascii_digit() != digit).unwrap_or(part.len());
            let (run, rest) = part.split_at(end);
            found.push(run);
            part = rest;
        }
    }
    found
}

/// The rank of a part by how it begins; numbers rank as `#`.
fn rank(part: &str) -> i8 {
    const WORDS: [(&str, i8); 7] = [("dev", 0), ("a", 1), ("b", 2), ("RC", 3), ("rc", 3), ("#", 4), ("p", 5)];
    match part.bytes().next() {
        Some(b'0'..=b'9') => 4,
        _ => WORDS.iter().find(|(word, _)| part.starts_with(word)).map_or(-1, |(_, rank)| *rank),
    }
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    if let Some(text) = [a, b].into_iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        return Err(Unordered::version(text));
    }
    let (a, b) = (parts(a), parts(b));
    for (a, b) in a.iter().zip(&b) {
        let order = match digits::all(a) && digits::all(b) {
            true => digits::compare(a, b),
            false => rank(a).cmp(&rank(b)),
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    // What the longer goes on with is held against a number; a number is above the end.
    let goes_on = |rest: &[&str]| {
        let order = |next: &&str| if digits::all(next) { Ordering::Greater } else { rank(next).cmp(&rank("#")) };
        rest.iter().map(order).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    let shorter = a.len().min(b.len());
    Ok(if a.len() > b.len() { goes_on(&a[shorter..]) } else { goes_on(&b[shorter..]).reverse() })
}
