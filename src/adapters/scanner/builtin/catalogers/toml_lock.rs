//! What the lockfiles written in TOML share: reading, with words for what is wrong that hold on every machine.

use crate::adapters::scanner::builtin::catalog::{File, ParseError};

/// Reads a whole file.
///
/// # Errors
/// Not UTF-8, not TOML, or of another shape.
pub(super) fn read<T: serde::de::DeserializeOwned>(file: &File<'_>) -> Result<T, ParseError> {
    let text = file.content.text()?;
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
    #[test]
    fn a_commit_goes_behind_the_repository() {
        let url = "git+https://example.com/a/b?branch=main#0123";
        assert_eq!(super::vcs_url(url), "git+https://example.com/a/b@0123");
        assert_eq!(super::vcs_url("https://example.com/a/b"), "git+https://example.com/a/b");
        assert_eq!(super::vcs_url("https://user:secret@example.com/a/b"), "git+https://example.com/a/b");
    }
}
