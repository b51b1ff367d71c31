//! NuGet (<https://learn.microsoft.com/nuget/concepts/package-versioning>): Semantic Versioning with up to four numbers, and
//! pre-releases without regard to case. An identifier of a pre-release is a number where it fits 32 bits, its sign included;
//! a longer one (`20240131120000`) is a word.

use super::{Unordered, digits};
use std::cmp::Ordering;

/// Numbers and pre-release (empty for a release).
fn parse(text: &str) -> Option<([&str; 4], String)> {
    let (version, build) = text.split_once('+').unwrap_or((text, ""));
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let (release, pre) = version.split_once('-').map_or((version, None), |(release, pre)| (release, Some(pre)));
    let mut numbers = ["0"; 4];
    for (at, number) in release.split('.').enumerate() {
        *numbers.get_mut(at)? = Some(number).filter(|number| digits::all(number))?;
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let readable = pre != Some("") && pre.is_none_or(|pre| pre.bytes().all(allowed)) && build.bytes().all(allowed);
    readable.then(|| (numbers, pre.unwrap_or_default().to_ascii_lowercase()))
}

/// Compares pre-releases; none is above any, numbers are below words, and the longer list is above its prefix.
fn pre_releases(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return a.is_empty().cmp(&b.is_empty());
    }
    let identifier = |text: &str| text.parse::<i32>().ok();
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => match (identifier(a), identifier(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (None, None) => a.cmp(b),
                (a, b) => b.is_some().cmp(&a.is_some()),
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
    let read = |text| parse(text).ok_or_else(|| Unordered::version(text));
    let (a, b) = (read(a)?, read(b)?);
    let numbers = a.0.iter().zip(&b.0).map(|(a, b)| digits::compare(a, b));
    Ok(numbers.fold(Ordering::Equal, Ordering::then).then_with(|| pre_releases(&a.1, &b.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_beyond_32_bits_are_words() {
        let increasing = [
            "1.0.0--3",
            "1.0.0-0",
            "1.0.0-9.x",
            "1.0.0-2147483647",
            "1.0.0-20240131120000",
            "1.0.0-2147483648",
            "1.0.0-9999999999",
            "1.0.0-Alpha.99999999999",
            "1.0.0-alpha.X",
            "1.0.0",
            "1.0.0.1-rc",
        ];
        for (at, a) in increasing.iter().enumerate() {
            for (other, b) in increasing.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(at.cmp(&other)), "{a} {b}");
            }
        }
    }
}
