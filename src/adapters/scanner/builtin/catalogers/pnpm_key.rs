//! The keys of packages in a `pnpm-lock.yaml`: how each lockfile version writes name, version and peers.

/// No key of a package is longer than this many bytes without its peers.
const LONGEST: usize = 4096;

/// A key without the peers of its place: `(…)` in versions 6 and 9.
pub(super) fn without_peers(key: &str) -> &str {
    // An address may hold a parenthesis only behind its scheme; peers always close the key.
    key.find('(').filter(|_| key.ends_with(')')).map_or(key, |at| &key[..at])
}

/// Name and version of a key: `a@1.0.0`, `/a@1.0.0`, `/a/1.0.0_peer@2.0.0`, `registry/@s/a/1.0.0`, `a@https://…`.
pub(super) fn split_key(key: &str) -> Option<(&str, &str)> {
    if key.starts_with("file:") || key.len() > LONGEST {
        return None;
    }
    let path = key.strip_prefix('/').unwrap_or(key);
    if let Some(at) = path.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at) {
        let (name, version) = (&path[..at], &path[at + 1..]);
        let slashes = name.matches('/').count();
        if !version.is_empty() && (slashes == 0 || slashes == 1 && name.starts_with('@')) {
            return Some((name, version));
        }
    }
    // Version 5: the last part that starts with a digit is the version; peers follow behind `_`.
    let mut ends = path.match_indices('/').map(|(at, _)| at);
    let end = ends.find(|at| is_version(version5(&path[at + 1..])))?;
    let (before, version) = (&path[..end], version5(&path[end + 1..]));
    let name_start = match before.rfind('/') {
        Some(slash) => {
            let scope_start = before[..slash].rfind('/').map_or(0, |at| at + 1);
            if before[scope_start..].starts_with('@') { scope_start } else { slash + 1 }
        }
        None => 0,
    };
    let name = &before[name_start..];
    (!name.is_empty()).then_some((name, version))
}

/// A version of lockfile version 5, without the peers behind it.
fn version5(text: &str) -> &str {
    text.split(['_', '/']).next().unwrap_or(text)
}

/// Whether a text is a version as npm's are.
pub(super) fn is_version(text: &str) -> bool {
    semver::Version::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_version_are_read() {
        for (key, name, version) in [
            ("/a/1.0.0", "a", "1.0.0"),
            ("/@s/a/1.0.0_@t+p@7.1.14", "@s/a", "1.0.0"),
            ("/a/1.0.0_p@2.0.0+q@3.0.0", "a", "1.0.0"),
            ("example.com/@s/a/1.1.0", "@s/a", "1.1.0"),
            ("example.com/a/1.3.0_b@2.0.0", "a", "1.3.0"),
            ("/@s/a@1.0.0-rc.1", "@s/a", "1.0.0-rc.1"),
            ("a@1.0.0+build", "a", "1.0.0+build"),
            ("@s/a@https://e.example/a.tgz", "@s/a", "https://e.example/a.tgz"),
        ] {
            assert_eq!(split_key(key), Some((name, version)), "{key}");
        }
        for key in ["github.com/o/r/af885e2", "/foo/bar", "invalidpath", "file:../x", "", "@", "/"] {
            assert_eq!(split_key(key), None, "{key}");
        }
        assert_eq!(without_peers("/a@1.0.0(b@2.0.0(c@1.0.0))(d@1.0.0)"), "/a@1.0.0");
    }
}
