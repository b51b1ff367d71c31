//! PEP 440 (<https://packaging.python.org/en/latest/specifications/version-specifiers/#version-scheme>), as Python's
//! `packaging` reads it: any spelling of a version is its normal form. What PEP 440 does not read is ordered by the older rule
//! ([`super::pep440_legacy`]), all of it below any version that PEP 440 reads.

use super::{Unordered, digits, pep440_legacy};
use std::cmp::Ordering;

/// A version in its parts, borrowed from its text.
#[derive(Clone, Copy)]
pub(super) struct Version<'a> {
    epoch: &'a str,
    /// Numbers separated by dots, without trailing `.0`s.
    release: &'a str,
    pre: Option<(Phase, &'a str)>,
    post: Option<&'a str>,
    dev: Option<&'a str>,
    /// Without its plus.
    local: Option<&'a str>,
}

/// Kinds of pre-release, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// Cuts one of these words off the front, in any case, with at most one separator before it.
fn word<'a>(text: &'a str, words: &[&str]) -> Option<(usize, &'a str)> {
    let bare = text.strip_prefix(['-', '_', '.']).unwrap_or(text);
    let (at, word) = words
        .iter()
        .enumerate()
        .find(|(_, word)| bare.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))?;
    Some((at, &bare[word.len()..]))
}

/// Cuts a number off the front, with at most one separator before it, which may stand alone; none is zero (as empty runs are).
fn number(text: &str) -> (&str, &str) {
    digits::split(text.strip_prefix(['-', '_', '.']).unwrap_or(text))
}

impl<'a> Version<'a> {
    /// Reads one; `None` for a text that PEP 440 does not read.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (public, local) = match text.split_once('+') {
            Some((public, local)) => (public, Some(local)),
            None => (text, None),
        };
        let (epoch, rest) = match public.split_once('!') {
            Some((epoch, rest)) if digits::all(epoch) => (epoch, rest),
            Some(_) => return None,
            None => ("0", public),
        };
        let mut end = digits::split(rest).0.len();
        if end == 0 {
            return None;
        }
        while let Some(next) =
            rest[end..].strip_prefix('.').map(|next| digits::split(next).0.len()).filter(|len| *len > 0)
        {
            end += 1 + next;
        }
        let (release, mut rest) = rest.split_at(end);
        let mut version = Self { epoch, release: significant(release), pre: None, post: None, dev: None, local };
        // Longer words first: `preview` before `pre`, `alpha` before `a`.
        const PHASES: [&str; 8] = ["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"];
        if let Some((at, behind)) = word(rest, &PHASES) {
            let phase = match PHASES[at].as_bytes()[0] {
                b'a' => Phase::Alpha,
                b'b' => Phase::Beta,
                _ => Phase::Candidate,
            };
            let (count, behind) = number(behind);
            (version.pre, rest) = (Some((phase, count)), behind);
        }
        if let Some((_, behind)) = word(rest, &["post", "rev", "r"]) {
            let (count, behind) = number(behind);
            (version.post, rest) = (Some(count), behind);
        } else if let Some((count, behind)) = rest.strip_prefix('-').map(digits::split).filter(|(n, _)| !n.is_empty()) {
            (version.post, rest) = (Some(count), behind);
        }
        if let Some((_, behind)) = word(rest, &["dev"]) {
            let (count, behind) = number(behind);
            (version.dev, rest) = (Some(count), behind);
        }
        let local_readable = local.is_none_or(|local| {
            local.split(['-', '_', '.']).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        });
        (rest.is_empty() && local_readable).then_some(version)
    }

    /// It without its local part.
    pub(super) fn public(&self) -> Self {
        Self { local: None, ..*self }
    }

    /// Where its pre-release part stands: a development release of a release is below its pre-releases.
    fn phase(&self) -> (u8, Option<Phase>, &'a str) {
        match (self.pre, self.post, self.dev) {
            (Some((phase, count)), _, _) => (1, Some(phase), count),
            (None, None, Some(_)) => (0, None, ""),
            (None, _, _) => (2, None, ""),
        }
    }

    /// Which is less.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let optional = |a: Option<&str>, b: Option<&str>| match (a, b) {
            (Some(a), Some(b)) => digits::compare(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        let (a, b) = (self.phase(), other.phase());
        digits::compare(self.epoch, other.epoch)
            .then_with(|| releases(self.release, other.release))
            .then_with(|| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| digits::compare(a.2, b.2)))
            .then_with(|| optional(self.post, other.post))
            // No development number is above any.
            .then_with(|| other.dev.is_some().cmp(&self.dev.is_some()).then_with(|| optional(self.dev, other.dev)))
            .then_with(|| match (self.local, other.local) {
                (Some(a), Some(b)) => locals(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            })
    }
}

/// A release without the trailing zeros that do not count.
fn significant(release: &str) -> &str {
    let mut end = release.len();
    while let Some((head, tail)) = release[..end].rsplit_once('.') {
        if !tail.bytes().all(|byte| byte == b'0') {
            break;
        }
        end = head.len();
    }
    &release[..end]
}

/// Compares numbers separated by dots; the longer is above its prefix.
fn releases(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
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

/// Compares local versions: words without case and below numbers.
fn locals(a: &str, b: &str) -> Ordering {
    const SEPARATORS: [char; 3] = ['-', '_', '.'];
    let (mut a, mut b) = (a.split(SEPARATORS), b.split(SEPARATORS));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => match (digits::all(a), digits::all(b)) {
                (true, true) => digits::compare(a, b),
                (false, false) => {
                    a.bytes().map(|b| b.to_ascii_lowercase()).cmp(b.bytes().map(|b| b.to_ascii_lowercase()))
                }
                (a, b) => a.cmp(&b),
            },
            (a, b) => return a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    if let Some(text) = [a, b].into_iter().find(|text| text.trim().is_empty()) {
        return Err(Unordered::version(text));
    }
    Ok(match (Version::parse(a), Version::parse(b)) {
        (Some(a), Some(b)) => a.compare(&b),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => pep440_legacy::compare(a, b),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the `pep440_rs` crate, for texts that it reads.
        #[test]
        fn agrees_with_another_implementation(
            a in "v?([01]!)?[0-2](\\.[0-2]){0,2}([-_.]?(a|b|rc|alpha|preview|C)[-_.]?[0-2]?)?(-[01]|[-_.]?(post|r)[-_.]?[01]?)?([-_.]?dev[-_.]?[01]?)?(\\+[a01](\\.[aB01]){0,2})?",
            b in "v?([01]!)?[0-2](\\.[0-2]){0,2}([-_.]?(a|b|rc|alpha|preview|C)[-_.]?[0-2]?)?(-[01]|[-_.]?(post|r)[-_.]?[01]?)?([-_.]?dev[-_.]?[01]?)?(\\+[a01](\\.[aB01]){0,2})?",
        ) {
            let theirs: (Result<pep440_rs::Version, _>, Result<pep440_rs::Version, _>) = (a.parse(), b.parse());
            prop_assert_eq!(theirs.0.is_ok(), Version::parse(&a).is_some(), "{}", a);
            if let (Ok(their_a), Ok(their_b)) = theirs {
                prop_assert_eq!(compare(&a, &b), Ok(their_a.cmp(&their_b)), "{} {}", a, b);
            }
        }
    }
}
