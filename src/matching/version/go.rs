//! Go modules: Semantic Versioning with a leading `v` (<https://go.dev/ref/mod#versions>), pseudo-versions included, whose
//! time and commit are a pre-release like any other; `+incompatible` does not count. The standard library and toolchain are
//! versioned by Go's release tags (`go1.21rc2`, `1.22`), read as the Go vulnerability database does: `1.21.0-rc.2`.

use super::{Unordered, digits, semver};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A release tag as a semantic version; others as they are.
fn tag(text: &str) -> Cow<'_, str> {
    let bare = text.strip_prefix("go").unwrap_or(text);
    // What a toolchain built otherwise adds: `go1.22.1 X:boringcrypto`.
    let bare = bare.split(' ').next().unwrap_or(bare);
    for label in ["rc", "beta"] {
        if let Some((numbers, count)) = bare.split_once(label)
            && digits::all(count)
            && !numbers.is_empty()
            && numbers.split('.').all(digits::all)
        {
            let padding = [".0.0", ".0", ""].get(numbers.matches('.').count()).copied().unwrap_or_default();
            return Cow::Owned(format!("{numbers}{padding}-{label}.{count}"));
        }
    }
    Cow::Borrowed(if text.starts_with("go") { bare } else { text })
}

/// Which is less.
pub(super) fn compare(a: &str, b: &str) -> Result<Ordering, Unordered> {
    semver::compare(&tag(a), &tag(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_writes() {
        let increasing = [
            "0.0.0-20190101000000-ffffffffffff",
            "v0.0.0-20200101000000-000000000000",
            "v0.1.0",
            "0.2.0-pre",
            "v0.2.0-pre.0.20220101000000-abcdefabcdef",
            "v0.2.0",
            "v0.2.1-0.20220101000000-abcdefabcdef",
            "go1.21beta1",
            "1.21.0-rc.2",
            "go1.21rc3",
            "go1.21",
            "1.21.1",
            "go1.22.1 X:boringcrypto",
            "v2.0.0+incompatible",
        ];
        for (at, a) in increasing.iter().enumerate() {
            for (other, b) in increasing.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(at.cmp(&other)), "{a} {b}");
            }
        }
        assert_eq!(compare("v2.0.0", "2.0.0+incompatible"), Ok(Ordering::Equal));
        assert!(compare("(devel)", "1.0.0").is_err());
        assert!(compare("", "1.0.0").is_err());
    }
}
