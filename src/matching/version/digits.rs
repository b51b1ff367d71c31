//! Numbers of any length, compared as text.

use std::cmp::Ordering;

/// Compares two runs of ASCII digits by value; an empty run is zero.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The leading run of ASCII digits, and what follows it.
pub(super) fn split(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

/// Whether it is a run of ASCII digits, not empty.
pub(super) fn all(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
