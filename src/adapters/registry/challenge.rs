//! What a registry asks for when it says 401: a token from some address, or name and password.

/// A `WWW-Authenticate` header's content. <https://distribution.github.io/distribution/spec/auth/token/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// Name and password with every request.
    Basic,
    /// A token.
    Bearer {
        /// Where it is had.
        realm: String,
        /// For whom.
        service: Option<String>,
        /// For what, where the registry says it.
        scope: Option<String>,
    },
}

impl Challenge {
    /// Reads the header's values; a token is preferred.
    pub(crate) fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut found = None;
        for value in values.filter(|value| value.len() <= 8192) {
            for challenge in http_auth::parse_challenges(value).unwrap_or_default() {
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    found = found.or(Some(Self::Basic));
                } else if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    let parameter = |name: &str| {
                        let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                        found.map(|(_, value)| value.to_unescaped())
                    };
                    if let Some(realm) = parameter("realm") {
                        return Some(Self::Bearer { realm, service: parameter("service"), scope: parameter("scope") });
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        let of = |values: &[&str]| Challenge::parse(values.iter().copied());
        let bearer = Challenge::Bearer {
            realm: "https://auth.example/token".into(),
            service: Some("registry.example".into()),
            scope: Some("repository:a/b:pull,push".into()),
        };
        let text =
            r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        assert_eq!(of(&[text]), Some(bearer.clone()));
        assert_eq!(of(&[r#"Basic realm="x""#, text]), Some(bearer));
        assert_eq!(of(&[r#"basic realm="x""#]), Some(Challenge::Basic));
        for text in ["", "Bearer", "Negotiate", "Bearer realm=", "\"", &"a=".repeat(9000)] {
            assert_eq!(of(&[text]), None, "{text}");
        }
    }
}
