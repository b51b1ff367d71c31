//! Debian's ordering (`deb-version(7)`): Debian and Ubuntu.
//!
//! An epoch that is no number, a part with blanks, and an empty upstream version or revision cannot be read, as `dpkg` has it. Letters and
//! signs that policy forbids are ordered all the same, which `dpkg` does with a warning.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// Epoch, upstream version, revision.
fn parse(text: &str) -> Option<(&str, &str, &str)> {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    let empty = upstream.is_empty() || revision.is_empty();
    let readable = digits::all(epoch) && !empty && !rest.contains(char::is_whitespace);
    readable.then_some((epoch, upstream, revision))
}

/// Where a byte of a non-digit part stands: `~` below the end of the part, letters above it, signs above letters.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

/// Compares an upstream version or a revision: non-digit and digit runs by turns.
fn part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let words = |text: &str| text.bytes().position(|byte| byte.is_ascii_digit()).unwrap_or(text.len());
        let (end_a, end_b) = (words(a), words(b));
        let (word_a, word_b) = (&a.as_bytes()[..end_a], &b.as_bytes()[..end_b]);
        for at in 0..end_a.max(end_b) {
            let order = weight(word_a.get(at)).cmp(&weight(word_b.get(at)));
            if order.is_ne() {
                return order;
            }
        }
        let (number_a, rest_a) = digits::split(&a[end_a..]);
        let (number_b, rest_b) = digits::split(&b[end_b..]);
        let order = digits::compare(number_a, number_b);
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    let read = |text| parse(text).ok_or_else(|| Unordered::version(text));
    let (a, b) = (read(a)?, read(b)?);
    Ok(digits::compare(a.0, b.0).then_with(|| part(a.1, b.1)).then_with(|| part(a.2, b.2)))
}
