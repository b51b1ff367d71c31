//! The words that stand for enumerated values in a lock.

use crate::model::{FindingStatus, PredicateType, Severity, SubjectKind, Verdict};

pub(super) const KINDS: [(SubjectKind, &str); 2] = [(SubjectKind::Image, "image"), (SubjectKind::Source, "source")];

pub(super) const STATUSES: [(FindingStatus, &str); 6] = [
    (FindingStatus::Open, "open"),
    (FindingStatus::Waived, "waived"),
    (FindingStatus::Unfixed, "unfixed"),
    (FindingStatus::Grace, "grace"),
    (FindingStatus::Development, "development"),
    (FindingStatus::Informational, "informational"),
];

/// The word for a value of a table that has all of them.
pub(super) fn text<T: Copy + PartialEq>(words: &[(T, &'static str)], value: T) -> &'static str {
    words.iter().find(|(each, _)| *each == value).map_or("", |(_, word)| word)
}

/// The value that a word stands for.
pub(super) fn parse<T: Copy>(words: &[(T, &'static str)], text: &str) -> Result<T, String> {
    words.iter().find(|(_, word)| *word == text).map(|(value, _)| *value).ok_or_else(|| {
        let known: Vec<String> = words.iter().map(|(_, word)| format!("`{word}`")).collect();
        format!("expected one of {}", known.join(", "))
    })
}

pub(super) fn parse_verdict(text: &str) -> Result<Verdict, String> {
    let words = [Verdict::Pass, Verdict::Waived, Verdict::Fail, Verdict::Incomplete].map(|each| (each, each.as_str()));
    parse(&words, text)
}

pub(super) fn parse_severity(text: &str) -> Result<Severity, String> {
    parse(&Severity::ALL.map(|each| (each, each.as_str())), text)
}

/// Of the types that a subject's attestations have.
pub(super) fn parse_type(text: &str) -> Result<PredicateType, String> {
    parse(&PredicateType::REQUIRED.map(|each| (each, each.as_str())), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_those_of_json() {
        for (status, word) in STATUSES {
            assert_eq!(serde_json::to_value(status).unwrap(), word);
        }
        for (kind, word) in KINDS {
            assert_eq!(serde_json::to_value(kind).unwrap(), word);
        }
        assert!(parse(&STATUSES, "closed").unwrap_err().contains("`open`"));
    }
}
