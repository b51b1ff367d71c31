//! NuGet (<https://learn.microsoft.com/nuget/concepts/package-versioning>): Semantic Versioning with up to four numbers, and
//! pre-releases without regard to case.

use super::{Unordered, digits, semver};
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

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    let read = |text| parse(text).ok_or_else(|| Unordered::version(text));
    let (a, b) = (read(a)?, read(b)?);
    let numbers = a.0.iter().zip(&b.0).map(|(a, b)| digits::compare(a, b));
    Ok(numbers.fold(Ordering::Equal, Ordering::then).then_with(|| semver::pre_releases(&a.1, &b.1)))
}
