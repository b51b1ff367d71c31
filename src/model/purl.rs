//! Package URLs, the identity of a component.

use serde::{Deserialize, Serialize};

/// A canonical package URL (`pkg:npm/%40babel/core@7.0.0`): type lower case, qualifiers sorted.
/// Specification: <https://github.com/package-url/purl-spec>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purl(Box<str>);

/// Why a text is not a package URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a package URL: {0}")]
pub struct PurlError(pub String);

impl Purl {
    /// Parses and brings to canonical form.
    ///
    /// # Errors
    /// A text that breaks the specification.
    pub fn parse(text: &str) -> Result<Self, PurlError> {
        if is_plain(text) {
            return Ok(Self(text.into()));
        }
        let purl: packageurl::PackageUrl<'_> =
            text.parse().map_err(|error: packageurl::Error| PurlError(error.to_string()))?;
        Ok(Self(purl.to_string().into()))
    }

    /// Builds one from its parts. An empty version, namespace or qualifier value is left out.
    ///
    /// # Errors
    /// A type or qualifier name that the specification forbids, or an empty name.
    pub fn build(
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        version: Option<&str>,
        qualifiers: &[(&str, &str)],
    ) -> Result<Self, PurlError> {
        let error = |error: packageurl::Error| PurlError(error.to_string());
        if name.is_empty() {
            return Err(PurlError("the name is empty".into()));
        }
        let mut purl = packageurl::PackageUrl::new(kind, name).map_err(error)?;
        if let Some(namespace) = namespace.filter(|text| !text.is_empty()) {
            purl.with_namespace(namespace).map_err(error)?;
        }
        if let Some(version) = version.filter(|text| !text.is_empty()) {
            purl.with_version(version).map_err(error)?;
        }
        for (key, value) in qualifiers.iter().filter(|(_, value)| !value.is_empty()) {
            purl.add_qualifier((*key).to_owned(), (*value).to_owned()).map_err(error)?;
        }
        Ok(Self(purl.to_string().into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The type (`npm`, `deb` …).
    pub fn kind(&self) -> &str {
        let rest = &self.0[4..];
        &rest[..rest.find('/').unwrap_or(rest.len())]
    }

    /// The value of a qualifier, where it has one.
    pub fn qualifier(&self, name: &str) -> Option<String> {
        let (_, qualifiers) = self.0.split_once('?')?;
        if !qualifiers.contains(name) {
            return None;
        }
        let purl: packageurl::PackageUrl<'_> = self.0.parse().ok()?;
        purl.qualifiers().get(name).map(|value| value.to_string())
    }

    /// The text without version, qualifiers and subpath: what a waiver's `package` is compared with.
    pub fn without_version(&self) -> &str {
        let end = self.0.find(['?', '#']).unwrap_or(self.0.len());
        let path = &self.0[..end];
        let version = path.rfind('/').and_then(|slash| path[slash..].find('@').map(|at| slash + at));
        &path[..version.unwrap_or(end)]
    }
}

/// Whether a text is canonical at first sight: one of the types that most packages have, and none but characters that every part
/// may have as they are. All others are read whole.
fn is_plain(text: &str) -> bool {
    const TYPES: [&str; 5] = ["npm", "deb", "golang", "rpm", "apk"];
    const WITHOUT_NAMESPACE: [&str; 3] = ["cargo", "pypi", "gem"];
    let plain = |text: &str, also: &[u8]| {
        let is = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || also.contains(byte);
        !text.is_empty() && text.bytes().all(|byte| is(&byte))
    };
    let Some((kind, rest)) = text.strip_prefix("pkg:").and_then(|text| text.split_once('/')) else { return false };
    let (rest, qualifiers) = rest.split_once('?').map_or((rest, None), |(rest, after)| (rest, Some(after)));
    let (path, version) = rest.split_once('@').map_or((rest, None), |(path, after)| (path, Some(after)));
    let kind_is_known = TYPES.contains(&kind) || (WITHOUT_NAMESPACE.contains(&kind) && !path.contains('/'));
    // A dot is left to the whole reading where it could make a part of none but dots.
    let path = path.split('/').all(|part| plain(part, b"-.") && !part.starts_with('.'));
    let version = version.is_none_or(|version| plain(version, b"-."));
    let qualifiers = qualifiers.is_none_or(|all| {
        let pairs: Option<Vec<(&str, &str)>> = all.split('&').map(|pair| pair.split_once('=')).collect();
        pairs.is_some_and(|pairs| {
            let letters = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase());
            pairs.is_sorted_by(|a, b| a.0 < b.0) && pairs.iter().all(|(key, value)| letters(key) && plain(value, b"-."))
        })
    });
    kind_is_known && path && version && qualifiers
}

impl std::fmt::Display for Purl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Purl {
    type Error = PurlError;
    fn try_from(text: String) -> Result<Self, PurlError> {
        Self::parse(&text)
    }
}

impl From<Purl> for String {
    fn from(purl: Purl) -> Self {
        purl.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_canonical() {
        let purl = Purl::build("npm", Some("@babel"), "core", Some("7.0.0"), &[]).unwrap();
        assert_eq!(purl.as_str(), "pkg:npm/%40babel/core@7.0.0");
        assert_eq!(purl.without_version(), "pkg:npm/%40babel/core");
        assert_eq!(Purl::parse(purl.as_str()).unwrap(), purl);
        assert_eq!(purl.kind(), "npm");
        let deb = Purl::parse("pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?distro=debian-12&arch=amd64").unwrap();
        assert_eq!(deb.as_str(), "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12");
        assert_eq!(deb.without_version(), "pkg:deb/debian/zlib1g");
        assert!(Purl::parse("npm/lodash").is_err());
    }

    proptest! {
        #[test]
        fn what_is_plain_is_canonical(
            text in "pkg:(npm|deb|cargo|pypi|golang|gem|rpm|apk|x)(/[a-b0.%-]{0,4}){0,3}(@[a-b0.:-]{0,4})?(\\?([a-b0]{0,2}=[a0.-]{0,2}&?){0,3})?",
        ) {
            if is_plain(&text) {
                let whole: packageurl::PackageUrl<'_> = text.parse().unwrap();
                prop_assert_eq!(whole.to_string(), text);
            }
        }
    }

    #[test]
    fn most_are_plain() {
        for text in ["pkg:npm/lodash@4.17.21", "pkg:deb/debian/zlib1g@1.2.13.dfsg-1?arch=amd64&distro=debian-12"] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "pkg:npm",
            "pkg:npm/",
            "pkg:npm/A",
            "pkg:npm//a",
            "pkg:npm/a@",
            "pkg:npm/a?b=1&a=1",
            "pkg:npm/a?b=",
            "pkg:npm/a#b",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
