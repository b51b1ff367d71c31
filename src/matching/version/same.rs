//! Whether a version is one that an advisory lists by name.

use super::pep440;
use crate::model::EcosystemKind;
use std::cmp::Ordering;

/// A version to hold against lists. PyPI: any spelling of the same version (`1.0` for `1.0.0`); Go: with or without `v`; all
/// others: the same text.
pub(in crate::matching) struct Same<'a> {
    text: &'a str,
    rule: Rule<'a>,
}

enum Rule<'a> {
    Text,
    Go,
    Pep440(Box<pep440::Version<'a>>),
}

impl<'a> Same<'a> {
    /// A version of an ecosystem.
    pub(in crate::matching) fn new(kind: &EcosystemKind, version: &'a str) -> Self {
        let rule = match kind {
            EcosystemKind::Go => Rule::Go,
            EcosystemKind::PyPI => {
                pep440::Version::parse(version).map_or(Rule::Text, |version| Rule::Pep440(version.into()))
            }
            _ => Rule::Text,
        };
        Self { text: version, rule }
    }

    /// Whether it is in a list.
    pub(in crate::matching) fn is_in(&self, list: &[String]) -> bool {
        let bare = |text| str::strip_prefix(text, 'v').unwrap_or(text);
        list.iter().any(|listed| listed == self.text)
            || match &self.rule {
                Rule::Text => false,
                Rule::Go => list.iter().any(|listed| bare(listed) == bare(self.text)),
                Rule::Pep440(version) => list.iter().any(|listed| {
                    pep440::Version::parse(listed).is_some_and(|listed| version.compare(&listed) == Ordering::Equal)
                }),
            }
    }
}
