//! What the catalogers of JavaScript packages share: names, addresses and licences of npm.

use crate::adapters::scanner::builtin::catalog::ParseError;
use crate::model::{Component, Ecosystem, EcosystemKind, Purl};
use serde_json::Value;

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A registry: advisories by name and version hold.
    Registry,
    /// A repository, an address, a path: its name says nothing about what it is.
    Elsewhere,
}

/// The origin that an address (`resolved`, or a version that is one) tells.
pub(super) fn origin(address: &str) -> Origin {
    let elsewhere = ["git", "file:", "link:", "github:", "gitlab:", "bitbucket:"];
    if elsewhere.iter().any(|start| address.starts_with(start)) {
        return Origin::Elsewhere;
    }
    // A registry's archives lie at `<registry>/<name>/-/<file>.tgz`; those of other places do not.
    let is_address = address.starts_with("http:") || address.starts_with("https:");
    if is_address && !address.contains("/-/") { Origin::Elsewhere } else { Origin::Registry }
}

/// A component of npm.
pub(super) fn component(name: &str, version: &str, origin: Origin) -> Result<Component, ParseError> {
    let (namespace, short) = match name.split_once('/') {
        Some((scope, short)) if scope.starts_with('@') => (Some(scope), short),
        _ => (None, name),
    };
    let purl =
        Purl::build("npm", namespace, short, Some(version), &[]).map_err(|error| ParseError(error.to_string()))?;
    let ecosystem = match origin {
        Origin::Registry => Some(Ecosystem::plain(EcosystemKind::Npm)),
        Origin::Elsewhere => None,
    };
    Ok(Component::new(purl, name, version, ecosystem))
}

/// Licences as `package.json` writes them: a text, `{"type": …}`, or a list of either.
pub(super) fn licenses(license: Option<&Value>) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => object.get("type").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let mut licenses: Vec<String> = match license {
        Some(Value::Array(list)) => list.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    };
    licenses.retain(|license| !license.is_empty());
    licenses.sort();
    licenses.dedup();
    licenses
}
