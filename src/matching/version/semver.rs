//! Semantic Versioning 2.0 (<https://semver.org/#spec-item-11>): npm, crates.io, Hex and others, and OSV's `SEMVER` ranges.
//!
//! More is read than the specification allows, as the tools of these ecosystems and OSV do: a leading `v`, missing minor and
//! patch numbers, leading zeros, and a pre-release without its hyphen (`1.0.0beta`). Further numbers are read, but nothing
//! says what they mean here: what only they could decide has no order.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// A version in its parts.
pub(super) struct Semver<'a> {
    /// Major, minor, patch.
    numbers: [&'a str; 3],
    /// Numbers behind the patch number, with their dots.
    further: &'a str,
    /// Pre-release without its hyphen; empty for a release.
    pre: &'a str,
}

impl<'a> Semver<'a> {
    /// Reads one; `None` for a text that is not one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (version, build) = text.split_once('+').unwrap_or((text, ""));
        let mut rest = version.strip_prefix(['v', 'V']).unwrap_or(version);
        let mut numbers = ["0"; 3];
        for (at, slot) in numbers.iter_mut().enumerate() {
            let number = if at == 0 { Some(rest) } else { rest.strip_prefix('.') };
            let Some(number) = number else { break };
            let (number, behind) = digits::split(number);
            if number.is_empty() {
                return None;
            }
            (*slot, rest) = (number, behind);
        }
        let mut end = 0;
        while let Some(next) =
            rest[end..].strip_prefix('.').map(|next| digits::split(next).0.len()).filter(|len| *len > 0)
        {
            end += 1 + next;
        }
        let (further, rest) = rest.split_at(end);
        let pre = match rest.as_bytes().first() {
            None => "",
            Some(b'-') => &rest[1..],
            Some(byte) if byte.is_ascii_alphabetic() => rest,
            Some(_) => return None,
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        (pre.bytes().all(allowed) && !build.contains(char::is_whitespace)).then_some(Self { numbers, further, pre })
    }

    /// Precedence by the specification: the build does not count. `None` where further numbers would have to decide.
    fn precedence(&self, other: &Self) -> Option<Ordering> {
        let numbers = self.numbers.iter().zip(&other.numbers).map(|(a, b)| digits::compare(a, b));
        match numbers.fold(Ordering::Equal, Ordering::then) {
            Ordering::Equal if self.further != other.further => None,
            order => Some(order.then_with(|| pre_releases(self.pre, other.pre))),
        }
    }
}

/// Compares pre-releases; none is above any.
pub(super) fn pre_releases(a: &str, b: &str) -> Ordering {
    match (a, b) {
        ("", "") => Ordering::Equal,
        ("", _) => Ordering::Greater,
        (_, "") => Ordering::Less,
        (a, b) => identifiers(a, b),
    }
}

/// Compares dot-separated identifiers: numbers by value and below words, words as bytes, the longer list above its prefix.
pub(super) fn identifiers(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (digits::all(a), digits::all(b)) {
                (true, true) => digits::compare(a, b),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    let read = |text| Semver::parse(text).ok_or_else(|| Unordered::version(text));
    let (version_a, version_b) = (read(a)?, read(b)?);
    let further = if version_a.further.is_empty() { b } else { a };
    version_a.precedence(&version_b).ok_or_else(|| Unordered::version(further))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version() -> impl Strategy<Value = String> {
        "[0-2]\\.(0|1|10)\\.[0-2](-(0|1|10|a|A|b1|-|0a|1-)(\\.(0|2|11|a|x-y)){0,2})?(\\+[0-9a-z-]{1,2}(\\.[01]{1,2})?)?"
    }

    proptest! {
        /// Against the `semver` crate, which Cargo reads versions by.
        #[test]
        fn agrees_with_cargo(a in version(), b in version()) {
            let read = |text: &str| ::semver::Version::parse(text).unwrap();
            prop_assert_eq!(compare(&a, &b), Ok(read(&a).cmp_precedence(&read(&b))), "{} {}", a, b);
        }
    }

    #[test]
    fn further_numbers_decide_nothing() {
        assert_eq!(compare("1.2.3.4", "1.3.0"), Ok(Ordering::Less));
        assert_eq!(compare("2.0", "1.2.3.4-rc.1"), Ok(Ordering::Greater));
        assert_eq!(compare("1.1.3.4.5", "1.1.3.4.5"), Ok(Ordering::Equal));
        assert_eq!(compare("1.2.3.4-a", "1.2.3.4+b"), Ok(Ordering::Less));
        for (a, b) in [("1.2.3.4", "1.2.3"), ("1.2.3", "1.2.3.4"), ("1.2.3.4", "1.2.3.5")] {
            assert_eq!(compare(a, b), Err(Unordered::version(if a == "1.2.3" { b } else { a })), "{a} {b}");
        }
        assert!(compare("1.2.3.", "1.0.0").is_err() && compare("1.2.3..4", "1.0.0").is_err());
    }
}
