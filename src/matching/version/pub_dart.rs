//! Pub (<https://pub.dev/documentation/pub_semver>) and Julia (`VersionNumber`): Semantic Versioning in which builds count: none
//! is below any, and they are compared as pre-releases are.

use super::{Unordered, semver};
use std::cmp::Ordering;

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    let build = |text| str::split_once(text, '+').map_or("", |(_, build)| build);
    Ok(semver::compare(a, b)?.then_with(|| match (build(a), build(b)) {
        ("", "") => Ordering::Equal,
        ("", _) => Ordering::Less,
        (_, "") => Ordering::Greater,
        (a, b) => semver::identifiers(a, b),
    }))
}
