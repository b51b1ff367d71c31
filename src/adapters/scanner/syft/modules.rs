//! Which module a package is a build of: syft says so in its own format alone.

use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    purl: String,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    modularity_label: Option<String>,
}

/// Labels of modules, by the package URL that syft gives a package.
#[derive(Debug, Default)]
pub(super) struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Those of a report. Where they cannot be read there are none: the module of a package is not known then.
    pub(super) fn of(report: &[u8]) -> Self {
        let Ok(report) = serde_json::from_slice::<Report>(report) else { return Self::default() };
        let plain = |label: &String| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":._-".contains(&byte));
        let label = |artifact: Artifact| {
            Some((artifact.purl, artifact.metadata?.modularity_label.filter(|it| !it.is_empty()).filter(plain)?))
        };
        Self(report.artifacts.into_iter().filter_map(label).collect())
    }

    /// A package URL with the label of its package.
    pub(super) fn add<'a>(&self, purl: &'a str) -> Cow<'a, str> {
        match self.0.get(purl) {
            Some(label) if purl.contains('?') => Cow::Owned(format!("{purl}&rpmmod={label}")),
            Some(label) => Cow::Owned(format!("{purl}?rpmmod={label}")),
            None => Cow::Borrowed(purl),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_added() {
        let report = br#"{"artifacts":[
            {"purl":"pkg:rpm/a/nodejs@20?arch=x","metadata":{"modularityLabel":"nodejs:20:810:a","epoch":1}},
            {"purl":"pkg:rpm/a/npm@10","metadata":{"modularityLabel":"nodejs:20"}},
            {"purl":"pkg:rpm/a/odd@1","metadata":{"modularityLabel":"a&b"}},
            {"purl":"pkg:rpm/a/none@1","metadata":{"modularityLabel":""}},{"purl":"pkg:npm/x@1"}]}"#;
        let labels = Labels::of(report);
        for (purl, expected) in [
            ("pkg:rpm/a/nodejs@20?arch=x", "pkg:rpm/a/nodejs@20?arch=x&rpmmod=nodejs:20:810:a"),
            ("pkg:rpm/a/npm@10", "pkg:rpm/a/npm@10?rpmmod=nodejs:20"),
            ("pkg:rpm/a/odd@1", "pkg:rpm/a/odd@1"),
            ("pkg:rpm/a/none@1", "pkg:rpm/a/none@1"),
            ("pkg:npm/x@1", "pkg:npm/x@1"),
        ] {
            assert_eq!(labels.add(purl), expected);
        }
        assert_eq!(Labels::of(b"{").add("pkg:npm/x@1"), "pkg:npm/x@1");
    }
}
