//! RubyGems (`Gem::Version`): runs of digits and runs of letters, whatever separates them. A word is below any number and
//! makes a pre-release; a hyphen stands for `.pre.`; zeros at the end of the numbers before the first word, and at the end of
//! the rest, do not count.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// The segments that count; `None` for a text that `Gem::Version` refuses. An empty one is `0`.
fn segments(text: &str) -> Option<Vec<&str>> {
    let text = text.trim();
    let (release, pre) = text.split_once('-').map_or((text, None), |(release, pre)| (release, Some(pre)));
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let dashed = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let numbered = release.starts_with(|c: char| c.is_ascii_digit()) || (release.is_empty() && pre.is_none());
    let readable = numbered
        && (release.is_empty() || release.split('.').all(word))
        && pre.is_none_or(|pre| pre.split('.').all(dashed));
    if !readable {
        return None;
    }
    let mut found = Vec::new();
    runs(release, &mut found);
    for part in pre.into_iter().flat_map(|pre| pre.split('-')) {
        found.push("pre");
        runs(part, &mut found);
    }
    let is_zero = |part: &&str| part.bytes().all(|byte| byte == b'0');
    while found.last().is_some_and(is_zero) {
        found.pop();
    }
    let first_word = found.iter().position(|part| !digits::all(part)).unwrap_or(found.len());
    let significant = found[..first_word].iter().rposition(|part| !is_zero(part)).map_or(0, |at| at + 1);
    found.drain(significant..first_word);
    Some(found)
}

/// Adds the runs of digits and of letters of a text.
fn runs<'a>(text: &'a str, to: &mut Vec<&'a str>) {
    for mut part in text.split('.') {
        while let Some(first) = part.bytes().next() {
            let digit = first.is_ascii_digit();
            let end = part.bytes().position(|byte| byte.is_ascii_digit() != digit).unwrap_or(part.len());
            let (run, rest) = part.split_at(end);
            to.push(run);
            part = rest;
        }
    }
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    let read = |text| segments(text).ok_or_else(|| Unordered::version(text));
    let (a, b) = (read(a)?, read(b)?);
    for at in 0..a.len().max(b.len()) {
        let (a, b) = (a.get(at).copied().unwrap_or("0"), b.get(at).copied().unwrap_or("0"));
        let order = match (digits::all(a), digits::all(b)) {
            (true, true) => digits::compare(a, b),
            (false, false) => a.cmp(b),
            (number, other) => number.cmp(&other),
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}
