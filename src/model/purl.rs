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

    /// The text without version, qualifiers and subpath: what a waiver's `package` is compared with.
    pub fn without_version(&self) -> &str {
        let end = self.0.find(['?', '#']).unwrap_or(self.0.len());
        let path = &self.0[..end];
        let version = path.rfind('/').and_then(|slash| path[slash..].find('@').map(|at| slash + at));
        &path[..version.unwrap_or(end)]
    }
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
}
