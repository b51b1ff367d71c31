//! Alpine's ordering (`apk-package(5)`: `digits{.digits}{letter}{_suffix{digits}}{~hash}{-rN}`): Alpine, Wolfi, Chainguard.
//!
//! Where two versions first differ in kind of part, a pre-release suffix is below all else, and of the others the part that
//! may stand earlier is above. A part that is none of these ends the reading and stands below the end: `apk` orders such
//! versions too, and old packages have them (`6.0.2p1`, which older `apk` wrote). Where it stands in place of a revision it is
//! that of revision 0. Commit hashes are compared as text, which is an order and says nothing of age.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// A part of a version.
enum Part<'a> {
    /// The first number: by value.
    First(&'a str),
    /// A number behind a dot, or behind a letter: by value, but as text where either has a leading zero.
    Number(&'a str),
    /// A lower-case letter.
    Letter(u8),
    /// A suffix: below zero for pre-releases.
    Suffix(i8),
    /// The number of a suffix.
    SuffixNumber(&'a str),
    /// A commit hash.
    Hash(&'a str),
    /// The package revision, and whether something follows that does not belong there.
    Revision(&'a str, bool),
    /// The end.
    End,
    /// A dot without a number.
    Empty,
    /// Anything else: nothing behind it is read.
    Invalid,
}

impl Part<'_> {
    /// What kinds may follow which, and which is above: see the module.
    fn rank(&self) -> u8 {
        match self {
            Self::First(_) => 0,
            Self::Number(_) => 1,
            Self::Letter(_) => 2,
            Self::Suffix(_) => 3,
            Self::SuffixNumber(_) => 4,
            Self::Hash(_) => 5,
            Self::Revision(..) => 6,
            Self::End => 7,
            Self::Empty => 8,
            Self::Invalid => 9,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) if a.starts_with('0') || b.starts_with('0') => a.cmp(b),
            (Self::First(a), Self::First(b))
            | (Self::Number(a), Self::Number(b))
            | (Self::SuffixNumber(a), Self::SuffixNumber(b))
            | (Self::Revision(a, _), Self::Revision(b, _)) => digits::compare(a, b),
            (Self::Revision(number, _), Self::Invalid) => digits::compare(number, ""),
            (Self::Invalid, Self::Revision(number, _)) => digits::compare("", number),
            (Self::Revision(number, true), Self::End | Self::Empty) if digits::compare(number, "").is_eq() => {
                Ordering::Less
            }
            (Self::End | Self::Empty, Self::Revision(number, true)) if digits::compare(number, "").is_eq() => {
                Ordering::Greater
            }
            (Self::Letter(a), Self::Letter(b)) => a.cmp(b),
            (Self::Hash(a), Self::Hash(b)) => a.cmp(b),
            (Self::Suffix(a), Self::Suffix(b)) => a.cmp(b),
            (Self::Suffix(..0), _) => Ordering::Less,
            (_, Self::Suffix(..0)) => Ordering::Greater,
            (a, b) => b.rank().cmp(&a.rank()),
        }
    }
}

/// Suffixes in their order; no suffix stands between `rc` and `cvs`.
const SUFFIXES: [(&str, i8); 9] =
    [("alpha", -4), ("beta", -3), ("pre", -2), ("rc", -1), ("cvs", 1), ("svn", 2), ("git", 3), ("hg", 4), ("p", 5)];

/// Reads the parts of a version.
struct Parts<'a> {
    rest: &'a str,
    /// Rank of the part before; above all before the first.
    last: Option<u8>,
}

impl<'a> Parts<'a> {
    fn number(&mut self, text: &'a str) -> &'a str {
        let (number, rest) = digits::split(text);
        self.rest = rest;
        number
    }

    fn revision(&mut self, text: &'a str) -> Part<'a> {
        let number = self.number(text);
        Part::Revision(number, !self.rest.is_empty())
    }

    fn read(&mut self) -> Part<'a> {
        let text = self.rest;
        let Some(last) = self.last else { return Part::First(self.number(text)) };
        if last == Part::Invalid.rank() {
            return Part::Invalid;
        }
        let (Some(first), behind) = (text.bytes().next(), text.get(1..).unwrap_or_default()) else { return Part::End };
        match first {
            b'a'..=b'z' if last <= 1 || last == 8 => {
                self.rest = behind;
                Part::Letter(first)
            }
            b'0'..=b'9' if last == 2 => Part::Number(self.number(text)),
            b'0'..=b'9' if last == 3 => Part::SuffixNumber(self.number(text)),
            b'.' if last <= 1 || last == 8 => match self.number(behind) {
                "" => Part::Empty,
                number => Part::Number(number),
            },
            b'_' if last <= 4 || last == 8 => match SUFFIXES.iter().find(|(name, _)| behind.starts_with(name)) {
                Some((name, weight)) => {
                    self.rest = &behind[name.len()..];
                    Part::Suffix(*weight)
                }
                None => Part::Invalid,
            },
            b'~' if last <= 4 => {
                let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let end = behind.bytes().position(|byte| !hex(byte)).unwrap_or(behind.len());
                let (hash, rest) = behind.split_at(end);
                self.rest = rest;
                if hash.is_empty() { Part::Invalid } else { Part::Hash(hash) }
            }
            b'-' if last != 6 => behind.strip_prefix('r').map_or(Part::Invalid, |behind| self.revision(behind)),
            _ => Part::Invalid,
        }
    }

    fn next(&mut self) -> Part<'a> {
        let part = self.read();
        self.last = Some(part.rank());
        part
    }
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    if let Some(text) = [a, b].into_iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        return Err(Unordered::version(text));
    }
    let (mut a, mut b) = (Parts { rest: a, last: None }, Parts { rest: b, last: None });
    loop {
        let (part_a, part_b) = (a.next(), b.next());
        let order = part_a.compare(&part_b);
        if order.is_ne() || matches!((part_a, part_b), (Part::End | Part::Invalid, Part::End | Part::Invalid)) {
            return Ok(order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_place_of_a_revision_is_below_the_end() {
        let classes: &[&[&str]] = &[
            &["1_rc1"],
            &["1_rc1~0a"],
            &["1_rc1~b"],
            &["1-rx", "1-x", "1-r0-x", "1--", "1-r-2", "1_y"],
            &["1.-x"],
            &["1."],
            &["1"],
            &["1-r0", "1-r", "1-r00"],
            &["1-r1x", "1-r1-r2"],
            &["1-r1"],
            &["1~0"],
            &["1~0a"],
            &["1_p"],
            &["1a"],
        ];
        for (at, class) in classes.iter().enumerate() {
            for (other, others) in classes.iter().enumerate() {
                for (a, b) in class.iter().flat_map(|a| others.iter().map(move |b| (a, b))) {
                    assert_eq!(compare(a, b), Ok(at.cmp(&other)), "{a} {b}");
                }
            }
        }
    }
}
