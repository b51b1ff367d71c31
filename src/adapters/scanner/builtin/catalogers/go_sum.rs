//! `go.sum`: which module versions a build has downloaded. Read only beside a `go.mod` older than Go 1.17, which does not
//! list what its dependencies need. Format: <https://go.dev/ref/mod#go-sum-files>.

use std::collections::BTreeMap;

/// The highest version of each module whose archive (not only its `go.mod`) is there, and what could not be read.
pub(super) fn highest(text: &str) -> (BTreeMap<&str, &str>, Vec<String>) {
    let mut modules: BTreeMap<&str, &str> = BTreeMap::new();
    let mut gaps = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let (Some(module), Some(version), Some(hash), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            gaps.push(format!("go.sum: line {} is not `module version hash`", index + 1));
            continue;
        };
        // `h1:` and the base64 form of a SHA-256.
        if hash.len() != 47 || !hash.starts_with("h1:") {
            gaps.push(format!("go.sum: line {} has a hash that is not whole", index + 1));
        }
        if version.ends_with("/go.mod") {
            continue;
        }
        let known = modules.entry(module).or_insert(version);
        if parsed(known) < parsed(version) {
            *known = version;
        }
    }
    (modules, gaps)
}

fn parsed(version: &str) -> Option<semver::Version> {
    semver::Version::parse(version.strip_prefix('v')?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_archive_counts() {
        let hash = format!("h1:{}=", "a".repeat(43));
        let text = format!(
            "m v1.9.0 {hash}\nm v1.10.0 {hash}\nm v1.11.0/go.mod {hash}\n\nn v0.0.0-20200313102051-9f266ea9e77c {hash}\nn v0"
        );
        let (modules, gaps) = highest(&text);
        assert_eq!(
            modules.into_iter().collect::<Vec<_>>(),
            [("m", "v1.10.0"), ("n", "v0.0.0-20200313102051-9f266ea9e77c")]
        );
        assert_eq!(gaps, ["go.sum: line 6 is not `module version hash`"]);
    }
}
