//! Packagist: PHP's `version_compare` (<https://www.php.net/manual/en/function.version-compare.php>), which Composer's own
//! comparison ends in, with a leading `v` left out as Composer does.
//!
//! Runs of digits and of letters, separated by `.`, `-`, `_`, `+`, by being different, or by any sign that does not follow a
//! digit. Words have ranks: any other word, `dev`, `alpha`, `beta`, `rc`, a number, `pl`; a longer version is above its prefix
//! unless it goes on with a word below a number. Branches (`dev-main`) are words, and so below all numbers.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// The runs of a version, as `version_compare` cuts it; `#`, which stands for any number, is kept wherever it is.
fn parts(text: &str) -> Vec<&str> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let special = |c: char| matches!(c, '-' | '_' | '+');
    let mut found = Vec::new();
    // Where the part begins that is being read, and whether the last thing written was the end of one.
    let (mut start, mut ended) = (0, false);
    let mut last: Option<char> = None;
    for (at, c) in text.char_indices() {
        let Some(before) = last.replace(c) else {
            // The first sign is part of what follows, unless it separates.
            if c == '.' {
                found.push("");
                (start, ended) = (1, true);
            }
            continue;
        };
        let digit = c.is_ascii_digit();
        let changes = match digit {
            true => !before.is_ascii_digit() && before != '.' && !special(before),
            false => before.is_ascii_digit() && c != '.' && !special(c),
        };
        let separates = !changes && !c.is_ascii_alphanumeric() && c != '#';
        if (changes || separates) && !ended {
            found.push(&text[start..at]);
        }
        match separates {
            true => (start, ended) = (at + c.len_utf8(), true),
            false if changes || ended => (start, ended) = (at, false),
            false => {}
        }
    }
    found.push(if ended { "" } else { &text[start..] });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_separate_as_php_has_it() {
        for (a, order, b) in [
            ("3.1.29", Ordering::Less, "3.1.~229"),
            ("2.6.3", Ordering::Equal, "2.6.:3"),
            ("2.6.3", Ordering::Greater, "2.6~3"),
            (".7.5", Ordering::Less, "7.5"),
            ("-1.12", Ordering::Less, "1.12"),
            ("2.0.", Ordering::Less, "2.0"),
            ("1.2.#", Ordering::Equal, "1.2.9"),
            ("1.2+#", Ordering::Equal, "1.2"),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} {a}");
        }
    }
}
