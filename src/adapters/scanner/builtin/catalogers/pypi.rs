//! What the Python catalogers share: names, and components out of them.

use super::identity::Origin;
use crate::model::{Component, Ecosystem, EcosystemKind, Purl};

/// The one spelling of a project's name (PEP 503).
pub(super) fn normal(name: &str) -> String {
    EcosystemKind::PyPI.normal_name(name).into_owned()
}

/// Whether a text is a project's name (PEP 508): ASCII letters, digits, `.`, `_`, `-`; a letter or digit at both ends.
pub(super) fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

/// A component of the index, the name as its source writes it. A private index is taken for a mirror: most are, and a
/// name looked up in vain costs nothing.
///
/// # Errors
/// A name that is none.
pub(super) fn component(name: &str, version: &str) -> Result<Component, String> {
    with_source(name, version, None)
}

/// A component from where it says. An archive at an address has the name and version of a published package and is matched
/// as one; a repository or a local path has no advisories.
///
/// # Errors
/// A name that is none.
pub(super) fn from(name: &str, version: &str, origin: &Origin) -> Result<Component, String> {
    let qualifier = match origin {
        Origin::Registry => None,
        // A local path is no identity of its own; the empty value leaves the qualifier out.
        Origin::Local => Some(("download_url", String::new())),
        elsewhere => elsewhere.qualifier(),
    };
    with_source(name, version, qualifier.as_ref().map(|(key, value)| (*key, value.as_str())))
}

/// A component; one that comes from elsewhere (`Some`: a purl qualifier) has advisories where it is a published archive.
///
/// # Errors
/// A name that is none.
pub(super) fn with_source(name: &str, version: &str, elsewhere: Option<(&str, &str)>) -> Result<Component, String> {
    if !is_name(name) {
        return Err(format!("`{}` is no name of a package", name.escape_debug()));
    }
    let purl = Purl::build("pypi", None, &normal(name), Some(version), elsewhere.as_slice())
        .map_err(|error| error.to_string())?;
    let published = elsewhere.is_none_or(|(key, value)| key == "download_url" && !value.is_empty());
    let ecosystem = (published && !version.is_empty()).then(|| Ecosystem::plain(EcosystemKind::PyPI));
    Ok(Component::new(purl, name, version, ecosystem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_identity_and_keeps_its_spelling() {
        let component = component("Foo._Bar", "1.0").unwrap();
        assert_eq!((component.purl.as_str(), component.name.as_str()), ("pkg:pypi/foo-bar@1.0", "Foo._Bar"));
        for name in ["", "-a", "a-", "a b", "a/b", "ä"] {
            assert!(super::component(name, "1").is_err(), "{name}");
        }
    }
}
