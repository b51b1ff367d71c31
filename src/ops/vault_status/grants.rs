//! What a policy of Vault grants: its text, HCL or JSON, as far as policies use them. What is not understood is not guessed.
//!
//! <https://openbao.org/docs/concepts/policies/>

use serde_json::Value;
use std::collections::BTreeSet;

/// The longest policy that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// How deep its values may lie in each other.
const DEEPEST: usize = 8;

/// What is granted on paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Grant {
    /// A path; `+` stands for one part of it, a star at its end for anything.
    pub(super) path: String,
    /// What may be done there.
    pub(super) capabilities: BTreeSet<String>,
    /// Parameters that a request must not have, whatever their value.
    pub(super) denied: BTreeSet<String>,
}

impl Grant {
    /// Whether something may be done there that changes something, or makes something.
    pub(super) fn writes(&self) -> bool {
        ["create", "update", "patch", "delete", "sudo"].iter().any(|word| self.may(word))
    }

    /// Whether anything may be done there at all.
    pub(super) fn opens(&self) -> bool {
        !self.capabilities.is_empty() && !self.may("deny")
    }

    fn may(&self, what: &str) -> bool {
        self.capabilities.contains(what)
    }

    /// Whether it holds for a path, or for one below it where the path ends in `/`.
    pub(super) fn covers(&self, path: &str) -> bool {
        let (pattern, open) = self.path.strip_suffix('*').map_or((self.path.as_str(), false), |rest| (rest, true));
        let below = path.ends_with('/');
        let (mut ours, mut theirs) = (pattern.split('/').peekable(), path.trim_end_matches('/').split('/'));
        loop {
            match (ours.next(), theirs.next()) {
                (Some(our), Some(their)) => {
                    let last = ours.peek().is_none();
                    if last && open && their.starts_with(our) {
                        return true;
                    }
                    if our != "+" && our != their {
                        return false;
                    }
                }
                (Some(rest), None) => return below || (open && rest.is_empty()),
                (None, Some(_)) => return false,
                (None, None) => return !below || open,
            }
        }
    }
}

/// The grants of a policy; `None` where its text is not understood.
pub(super) fn grants(text: &str) -> Option<Vec<Grant>> {
    if text.len() > LONGEST {
        return None;
    }
    if text.trim_start().starts_with('{') {
        return json(&serde_json::from_str(text).ok()?);
    }
    let tokens = tokens(text)?;
    let mut at = tokens.as_slice();
    let mut grants = Vec::new();
    while let Some((first, rest)) = at.split_first() {
        at = rest;
        let [Token::Text(path), Token::Sign('{'), rest @ ..] = at else { return None };
        if !matches!(first, Token::Word(word) | Token::Text(word) if word == "path") {
            return None;
        }
        at = rest;
        grants.push(grant(path, &pairs(&mut at, 0)?)?);
    }
    Some(grants)
}

fn json(policy: &Value) -> Option<Vec<Grant>> {
    let paths = policy.as_object().filter(|object| object.len() == 1)?.get("path")?.as_object()?;
    paths
        .iter()
        .map(|(path, value)| {
            let pairs = value.as_object()?.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>();
            grant(path, &pairs)
        })
        .collect()
}

fn grant(path: &str, pairs: &[(String, Value)]) -> Option<Grant> {
    let mut grant = Grant { path: path.trim_start_matches('/').to_owned(), ..Grant::default() };
    for (key, value) in pairs {
        match key.as_str() {
            "capabilities" => {
                let words = value.as_array()?.iter().map(|word| word.as_str().map(str::to_owned));
                grant.capabilities = words.collect::<Option<_>>()?;
            }
            "denied_parameters" => {
                let denied =
                    value.as_object()?.iter().filter(|(_, values)| values.as_array().is_some_and(Vec::is_empty));
                grant.denied = denied.map(|(name, _)| name.clone()).collect();
            }
            // An older form of capabilities.
            "policy" => return None,
            _ => {}
        }
    }
    Some(grant)
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = match first {
            '#' => line_end(after),
            '/' if after.starts_with('/') => line_end(after),
            '/' if after.starts_with('*') => after.split_once("*/")?.1,
            '{' | '}' | '[' | ']' | '=' | ',' | ':' => {
                tokens.push(Token::Sign(first));
                after
            }
            '"' => {
                let (inner, after) = after.split_once('"')?;
                // Escapes and what HCL would put in for `${` are not in paths that people write.
                if inner.contains(['\\', '\n']) || inner.contains("${") {
                    return None;
                }
                tokens.push(Token::Text(inner.to_owned()));
                after
            }
            _ if first.is_whitespace() => after,
            _ => {
                let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                if end == 0 {
                    return None;
                }
                tokens.push(Token::Word(rest[..end].to_owned()));
                &rest[end..]
            }
        };
    }
    Some(tokens)
}

fn line_end(text: &str) -> &str {
    text.find('\n').map_or("", |end| &text[end..])
}

/// The pairs of a block, to its closing brace.
fn pairs(at: &mut &[Token], depth: usize) -> Option<Vec<(String, Value)>> {
    let mut pairs: Vec<(String, Value)> = Vec::new();
    loop {
        let (first, rest) = at.split_first()?;
        *at = rest;
        let key = match first {
            Token::Sign('}') => return Some(pairs),
            Token::Sign(',') => continue,
            Token::Word(key) | Token::Text(key) => key.clone(),
            Token::Sign(_) => return None,
        };
        if let Some((Token::Sign('=' | ':'), rest)) = at.split_first() {
            *at = rest;
        }
        let value = value(at, depth)?;
        // What is said twice is one of both, and it is not for us to say which.
        if pairs.iter().any(|(known, _)| *known == key) {
            return None;
        }
        pairs.push((key, value));
    }
}

fn value(at: &mut &[Token], depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let (first, rest) = at.split_first()?;
    *at = rest;
    match first {
        Token::Word(text) | Token::Text(text) => Some(text.as_str().into()),
        Token::Sign('{') => Some(Value::Object(pairs(at, depth + 1)?.into_iter().collect())),
        Token::Sign('[') => {
            let mut list = Vec::new();
            loop {
                match at.split_first()? {
                    (Token::Sign(']'), rest) => {
                        *at = rest;
                        return Some(list.into());
                    }
                    (Token::Sign(','), rest) => *at = rest,
                    _ => list.push(value(at, depth + 1)?),
                }
            }
        }
        Token::Sign(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_policies_say_and_guesses_nothing() {
        let text = "# c\npath \"pki/sign/a\" { capabilities = [\"update\",] // x\n denied_parameters = { \"not_after\" = []  \"ttl\" = [\"1\"] } }\n/* y */ path \"+/keys/*\" {\n capabilities = [\"read\", \"list\"]\n min_wrapping_ttl = 1\n}";
        let read = grants(text).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].denied.iter().collect::<Vec<_>>(), ["not_after"]);
        assert!(read[0].writes() && !read[1].writes());
        assert_eq!(grants("{\"path\":{\"a\":{\"capabilities\":[\"read\"]}}}").unwrap()[0].path, "a");
        for odd in [
            "path \"a\" { policy = \"write\" }",
            "path \"a\" {",
            "path \"a\\\"\" { }",
            "name = \"x\"",
            "path \"a\" { capabilities = \"read\" }",
            "path \"a\" { capabilities = [\"read\"] capabilities = [\"update\"] }",
            "path \"a\" { capabilities = <<X\nX\n }",
            "{\"path\":[]}",
        ] {
            assert_eq!(grants(odd), None, "{odd}");
        }
        assert_eq!(grants(&format!("path \"a\" {{ b = {}", "[".repeat(100_000))), None);
        assert_eq!(grants("").unwrap(), []);
    }

    #[test]
    fn paths_cover_what_they_cover() {
        for (pattern, path, covers) in [
            ("pki/sign/a", "pki/sign/a", true),
            ("pki/sign/a", "pki/sign/b", false),
            ("pki/sign/*", "pki/sign/a", true),
            ("pki/*", "pki/issue/", true),
            ("*", "pki/issue/", true),
            ("pki/iss*", "pki/issue/", true),
            ("+/issue/a", "pki/issue/", true),
            ("pki/issue/a", "pki/issue/", true),
            ("pki/issue", "pki/issue/", false),
            ("pki/sign/a", "pki/issue/", false),
            ("pki/sign-verbatim/a", "pki/sign/", false),
            ("pki", "pki/issue/", false),
            ("pki/sign/a*", "pki/sign/b", false),
            ("transit/keys/attest", "transit/keys/", true),
        ] {
            assert_eq!(Grant { path: pattern.into(), ..Grant::default() }.covers(path), covers, "{pattern} {path}");
        }
    }
}
