//! Patterns of identities (`[trust] identities`).
//!
//! A pattern is held against the whole identity, case and all. `*` stands for one or more characters other than `/` and `@`;
//! `**` for one or more of any. There is nothing else special, and no way to write a literal `*`, which no identity has.
//!
//! | pattern | takes | does not take |
//! |---|---|---|
//! | `spiffe://example.com/ci/*` | `spiffe://example.com/ci/shop` | `spiffe://example.com/ci/shop/x`, `spiffe://example.com/ci/` |
//! | `*@example.com` | `alice@example.com` | `a@evil.example@example.com` |
//! | `https://github.com/acme/**@refs/heads/main` | `https://github.com/acme/shop/.github/workflows/a.yml@refs/heads/main` | `…@refs/heads/dev` |

/// Whether a pattern takes an identity. Time is the product of the two lengths at most.
pub fn matches(pattern: &str, identity: &str) -> bool {
    let identity = identity.as_bytes();
    // `reached[i]`: the pattern so far takes the first `i` bytes.
    let mut reached = vec![false; identity.len() + 1];
    reached[0] = true;
    let mut rest = pattern.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let stars = rest.iter().take_while(|byte| **byte == b'*').count();
        let mut next = vec![false; identity.len() + 1];
        for (index, byte) in identity.iter().enumerate() {
            next[index + 1] = match stars {
                0 => reached[index] && *byte == first,
                1 => (reached[index] || next[index]) && !b"/@".contains(byte),
                _ => reached[index] || next[index],
            };
        }
        rest = if stars == 0 { after } else { &rest[stars..] };
        reached = next;
    }
    reached[identity.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn take_what_they_say_and_no_more() {
        let workflow = "https://github.com/acme/shop/.github/workflows/a.yml@refs/heads/main";
        for (pattern, identity, taken) in [
            ("spiffe://example.com/ci/*", "spiffe://example.com/ci/shop", true),
            ("spiffe://example.com/ci/*", "spiffe://example.com/ci/", false),
            ("spiffe://example.com/ci/*", "spiffe://example.com/ci/shop/x", false),
            ("spiffe://example.com/ci/*", "xspiffe://example.com/ci/shop", false),
            ("spiffe://example.com/ci/shop", "spiffe://example.com/ci/shop", true),
            ("spiffe://example.com/ci/shop", "spiffe://example.com/ci/shop2", false),
            ("spiffe://example.com/ci/shop", "spiffe://example.com/ci/Shop", false),
            ("*@example.com", "alice@example.com", true),
            ("*@example.com", "a@evil.example@example.com", false),
            ("https://github.com/acme/**@refs/heads/main", workflow, true),
            ("https://github.com/acme/shop/.github/workflows/*@refs/heads/main", workflow, true),
            ("https://github.com/acme/**@refs/heads/dev", workflow, false),
            ("**", "anything/at@all", true),
            ("**", "", false),
            ("", "", true),
            ("", "x", false),
            ("a*c", "abbc", true),
            ("a*c", "ac", false),
        ] {
            assert_eq!(matches(pattern, identity), taken, "{pattern} {identity}");
        }
    }
}
