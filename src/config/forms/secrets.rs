//! What looks like a credential: a config must not hold one, and no message may show it.

/// How the credentials of Vault, GitHub, GitLab, Slack and AWS begin.
const TOKEN_PREFIXES: [&str; 11] =
    ["hvs.", "hvb.", "hvr.", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AKIA"];
/// Shortest text that is taken for a credential, in bytes.
const LEAST_TOKEN: usize = 16;

/// Where credentials stand in a text that could not be read as a config: first byte and length.
pub(in crate::config) fn tokens_in(text: &str) -> Vec<(usize, usize)> {
    let found = TOKEN_PREFIXES.iter().flat_map(|prefix| text.match_indices(prefix));
    let end = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-');
    let spans = found.map(|(at, _)| (at, text[at..].find(end).unwrap_or(text.len() - at)));
    spans.filter(|(_, length)| *length >= LEAST_TOKEN).collect()
}

/// Whether a text looks like a credential, whatever key it stands under.
pub(in crate::config) fn looks_secret(text: &str) -> bool {
    let long = text.len() >= LEAST_TOKEN;
    let password = text.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    });
    (long && TOKEN_PREFIXES.iter().any(|prefix| text.starts_with(prefix)))
        || text.contains("PRIVATE KEY-----")
        || password
}

/// Whether a key's name says that its value is a credential.
pub(in crate::config) fn names_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["token", "password", "passwd", "secret", "api-key", "apikey", "private-key"].iter().any(|word| key.contains(word))
}
