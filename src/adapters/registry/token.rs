//! Tokens: what a registry's login gives, kept in memory for as long as they hold.

use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// How long a token holds that does not say it. <https://distribution.github.io/distribution/spec/auth/token/#token-response-fields>
const DEFAULT: u64 = 60;
/// No token is kept for longer.
const LONGEST: u64 = 3600;

/// What goes into the `Authorization` header.
#[derive(Clone)]
pub(crate) struct Token {
    header: Zeroizing<String>,
    until: Option<Instant>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Token {
    /// From the answer of a token server, asked at `asked`.
    pub(crate) fn bearer(body: &[u8], asked: Instant) -> Option<Self> {
        let answer: Answer = serde_json::from_slice(body).ok()?;
        let token = Zeroizing::new(answer.token.or(answer.access_token).filter(|token| !token.is_empty())?);
        let seconds = answer.expires_in.unwrap_or(DEFAULT).min(LONGEST);
        // Given up a tenth earlier: clocks differ, and requests take time.
        let until = asked + Duration::from_secs(seconds - seconds / 10);
        Some(Self { header: Zeroizing::new(format!("Bearer {}", *token)), until: Some(until) })
    }

    /// Name and password, with every request.
    pub(crate) fn basic(name: &str, password: &str) -> Self {
        use base64::Engine as _;
        let pair = Zeroizing::new(format!("{name}:{password}"));
        let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()));
        Self { header: Zeroizing::new(format!("Basic {}", *encoded)), until: None }
    }

    /// The header's content.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    /// Whether it may still be used.
    pub(crate) fn holds(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tokens_hold_for_a_while() {
        let token = Token::bearer(br#"{"access_token":"t","expires_in":100}"#, Instant::now()).unwrap();
        assert_eq!(token.header(), "Bearer t");
        assert!(!format!("{token:?}").contains('t') || !format!("{token:?}").contains("Bearer"));
        tokio::time::advance(Duration::from_secs(89)).await;
        assert!(token.holds());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!token.holds());
        for body in [&b"{}"[..], b"", br#"{"token":""}"#, br#"{"token":1}"#] {
            assert!(Token::bearer(body, Instant::now()).is_none());
        }
    }

    #[test]
    fn name_and_password_are_encoded() {
        assert_eq!(Token::basic("a", "b").header(), "Basic YTpi");
        assert!(Token::basic("a", "b").holds());
    }
}
