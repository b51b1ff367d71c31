//! Splitting an ecosystem's name into CycloneDX's group and name, and back.

/// What stands between group and name; `None` where the ecosystem has no groups. Go's module paths stay whole, as in
/// CycloneDX's own Go tool.
fn separator(purl_type: &str) -> Option<char> {
    match purl_type {
        "npm" | "composer" => Some('/'),
        "maven" => Some(':'),
        _ => None,
    }
}

/// Group and name. Npm has a group only in a scope (`@babel/core`).
pub(super) fn split<'a>(purl_type: &str, full: &'a str) -> (Option<&'a str>, &'a str) {
    let parts = separator(purl_type)
        .filter(|_| purl_type != "npm" || full.starts_with('@'))
        .and_then(|separator| full.split_once(separator))
        .filter(|(group, name)| !group.is_empty() && !name.is_empty());
    parts.map_or((None, full), |(group, name)| (Some(group), name))
}

/// The whole name; `None` for a group where there are none.
pub(super) fn join(purl_type: &str, group: Option<&str>, name: String) -> Option<String> {
    match group {
        None => Some(name),
        Some(group) => separator(purl_type).map(|separator| format!("{group}{separator}{name}")),
    }
}
