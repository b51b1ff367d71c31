//! What the lockfiles written in TOML share: reading, with words for what is wrong that hold on every machine.

use crate::adapters::scanner::builtin::catalog::{FOUND_LIMIT, File, ParseError};

/// The most values of a file: each takes some hundred bytes while the whole is read. A lockfile of 5,000 packages has 200,000.
const VALUES: usize = 2_000_000;

/// Reads a whole file.
///
/// # Errors
/// Not UTF-8, not TOML, or of another shape.
pub(super) fn read<T: serde::de::DeserializeOwned>(file: &File<'_>) -> Result<T, ParseError> {
    let text = file.content.text()?;
    if text.matches("[[").count() > FOUND_LIMIT {
        return Err(ParseError(format!("more than {FOUND_LIMIT} packages")));
    }
    if text.bytes().filter(|byte| matches!(byte, b'=' | b'{' | b'[' | b',')).count() > VALUES {
        return Err(ParseError(format!("more than {VALUES} values")));
    }
    toml::from_str(&text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        match line {
            Some(line) => ParseError(format!("line {line}: {}", error.message())),
            None => ParseError(error.message().to_owned()),
        }
    })
}

/// `git+URL` with the commit behind `@`, the form of the `vcs_url` qualifier, from a URL whose fragment is the commit.
pub(super) fn vcs_url(url: &str) -> String {
    let url = url.strip_prefix("git+").unwrap_or(url);
    let (url, commit) = url.split_once('#').unwrap_or((url, ""));
    let url = super::identity::without_credentials(url.split_once('?').map_or(url, |(url, _)| url));
    if commit.is_empty() { format!("git+{url}") } else { format!("git+{url}@{commit}") }
}

#[cfg(test)]
mod tests {
    use super::super::cargo_lock::CargoLock;
    use super::super::testing::parse;
    use super::VALUES;

    #[test]
    fn what_would_take_too_much_room_is_not_read() {
        for (text, words) in [
            ("[[package]]\nname=\"a\"\n".repeat(100_001), "more than 100000 packages"),
            (format!("package = [{}]\n", "1,".repeat(VALUES)), "more than 2000000 values"),
        ] {
            assert_eq!(parse(&CargoLock, "Cargo.lock", &text).unwrap_err().to_string(), words);
        }
    }

    #[test]
    fn a_commit_goes_behind_the_repository() {
        let url = "git+https://example.com/a/b?branch=main#0123";
        assert_eq!(super::vcs_url(url), "git+https://example.com/a/b@0123");
        assert_eq!(super::vcs_url("https://example.com/a/b"), "git+https://example.com/a/b");
        assert_eq!(super::vcs_url("https://user:secret@example.com/a/b"), "git+https://example.com/a/b");
    }
}
