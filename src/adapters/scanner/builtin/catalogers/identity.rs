//! What a package of each language is called: its package URL, its name, and whether advisories speak of it.
//!
//! The registry that a package came through is no part of its identity: mirrors serve the same packages, and an installed
//! package no longer says where it came from. Code from a repository or a directory is another matter: it
//! has a name and perhaps a version, but advisories for the published package do not speak of it.

use super::collect::shortened;
use crate::model::{Component, Ecosystem, EcosystemKind, Purl};

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// Published, under its name and version.
    Registry,
    /// A repository: address, and the commit where it is known.
    Repository(String, Option<String>),
    /// An archive at an address. It has the name and version of a published package, and is matched as one.
    Download(String),
    /// A directory or an archive beside the file.
    Local,
}

impl Origin {
    /// A repository written as an address with the commit as its fragment (`git+https://host/x.git?rev=1#c0ffee`).
    pub(super) fn repository(text: &str) -> Self {
        let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
        let fragment = fragment.strip_prefix("commit=").unwrap_or(fragment);
        let commit = fragment.split(['&', ':']).next().filter(|part| is_commit(part));
        let address = address.split('?').next().unwrap_or(address);
        Self::Repository(without_credentials(address), commit.map(str::to_owned))
    }

    /// An archive at an address; query and fragment, where tokens and checksums stand, are dropped.
    pub(super) fn download(text: &str) -> Self {
        Self::Download(without_credentials(text.split(['?', '#']).next().unwrap_or(text)))
    }

    /// The qualifier of a package URL that says so.
    pub(super) fn qualifier(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Registry | Self::Local => None,
            Self::Download(url) => Some(("download_url", url.clone())),
            Self::Repository(url, commit) => {
                let scheme = if url.starts_with("git+") || url.starts_with("git:") { "" } else { "git+" };
                let commit = commit.as_ref().map_or_else(String::new, |commit| format!("@{commit}"));
                Some(("vcs_url", format!("{scheme}{url}{commit}")))
            }
        }
    }
}

/// Whether a text can be an abbreviated or whole commit id.
pub(super) fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The address without user and password; `git@`, which is no secret, stays.
pub(super) fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let authority = rest.find('/').unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) if &rest[..at] != "git" => format!("{scheme}://{}", &rest[at + 1..]),
        _ => address.to_owned(),
    }
}

/// An npm package (`@babel/core`).
///
/// # Errors
/// A name or version that no package can have; the text says which.
pub(super) fn npm(name: &str, version: &str, origin: &Origin) -> Result<Component, String> {
    let (scope, last) = match name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((scope, last)) if !scope.is_empty() => (Some(format!("@{scope}")), last),
        _ => (None, name),
    };
    if last.contains('/') {
        return Err(format!("`{name}` is not the name of a package"));
    }
    component("npm", scope.as_deref(), last, name, version, origin)
}

/// A package of any language: package URL from type, namespace and last part of the name, and the name as its ecosystem
/// writes it (`@babel/core`, `com.google.guava:guava`).
///
/// # Errors
/// A name or version that no package can have; the text says which.
pub(super) fn component(
    kind: &str,
    namespace: Option<&str>,
    last: &str,
    name: &str,
    version: &str,
    origin: &Origin,
) -> Result<Component, String> {
    qualified(kind, (namespace, last), name, version, origin, &[])
}

/// As [`component`], namespace and last part together, with further qualifiers of the package URL; empty ones are left out.
///
/// # Errors
/// As [`component`].
pub(super) fn qualified(
    kind: &str,
    (namespace, last): (Option<&str>, &str),
    name: &str,
    version: &str,
    origin: &Origin,
    further: &[(&str, &str)],
) -> Result<Component, String> {
    let odd = |c: char| c.is_control() || c.is_whitespace();
    let parts = || namespace.into_iter().flat_map(|text| text.split('/')).chain([last]);
    if name.len() > 512 || name.contains(odd) || parts().any(|part| matches!(part, "" | "." | "..")) {
        return Err(shortened(format!("`{name}` is not the name of a package")));
    }
    if version.len() > 256 || version.contains(odd) {
        return Err(shortened(format!("{name}: `{version}` is not a version")));
    }
    let qualifier = origin.qualifier();
    let qualifier = qualifier.iter().map(|(key, value)| (*key, value.as_str()));
    let qualifiers: Vec<(&str, &str)> = qualifier.chain(further.iter().copied()).collect();
    let purl = Purl::build(kind, namespace, last, Some(version), &qualifiers)
        .map_err(|error| format!("`{name}` {version}: {error}"))?;
    let published = matches!(origin, Origin::Registry | Origin::Download(_)) && !version.is_empty();
    let ecosystem = EcosystemKind::from_purl_type(kind).filter(|_| published).map(Ecosystem::plain);
    Ok(Component::new(purl, name, version, ecosystem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_ecosystem() {
        let core = npm("@babel/core", "7.0.0", &Origin::Registry).unwrap();
        assert_eq!((core.purl.as_str(), core.name.as_str()), ("pkg:npm/%40babel/core@7.0.0", "@babel/core"));
        for bad in ["", "a/b", "@x/", "a b", "@x/a/b", ".."] {
            assert!(npm(bad, "1.0.0", &Origin::Registry).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_identity_can_be_read_again() {
        let odd = ["a%b", "ä", "a?b", "a#b", "a@b", "@a@b/c", "a:b", "+", "a&b=c", "%2e"];
        for name in odd {
            let component = npm(name, "1@2", &Origin::Registry).unwrap();
            assert_eq!(Purl::parse(component.purl.as_str()).as_ref(), Ok(&component.purl), "{name}");
        }
    }

    #[test]
    fn origins_say_whether_advisories_apply_and_leak_no_secret() {
        let commit = "af885e2e890b9ef0875edd2b117305119ee5bdc5";
        let git = Origin::repository(&format!("git+https://s3cret:x@example.com/a/b.git#{commit}"));
        let component = npm("b", "3.0.0", &git).unwrap();
        assert_eq!(component.ecosystem, None);
        assert!(!component.purl.as_str().contains("s3cret"), "{}", component.purl);
        assert!(component.purl.as_str().contains(commit));
        let archive = npm("b", "3.0.0", &Origin::download("https://example.com/b.tgz?token=s3cret")).unwrap();
        assert!(archive.ecosystem.is_some() && !archive.purl.as_str().contains("s3cret"));
        assert_eq!(npm("b", "", &Origin::download("https://example.com/b.tgz")).unwrap().ecosystem, None);
    }
}
