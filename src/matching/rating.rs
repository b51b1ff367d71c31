//! How bad an advisory says a flaw is, and of what class.

use crate::model::{Advisory, Affected, FindingClass, Severity, SeverityScore};

/// A rating.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rating {
    pub(super) severity: Severity,
    /// Base score and vector, where it was computed from one.
    pub(super) vector: Option<(f64, String)>,
}

impl Rating {
    /// Nobody's.
    pub(super) const NONE: Self = Self { severity: Severity::Unknown, vector: None };

    /// The worse of two; of equal ones that with the higher score, then that with the lesser text.
    pub(super) fn worse(self, other: Self) -> Self {
        let score = |rating: &Self| rating.vector.as_ref().map_or(-1.0, |(score, _)| *score);
        let order = self
            .severity
            .cmp(&other.severity)
            .then_with(|| score(&self).total_cmp(&score(&other)))
            .then_with(|| other.vector.as_ref().map(|v| &v.1).cmp(&self.vector.as_ref().map(|v| &v.1)));
        if order.is_ge() { self } else { other }
    }
}

/// The worst that an advisory says through these of its entries: by CVSS vectors, those of an entry before those of the
/// whole record; where none can be read, by the words of its database.
pub(super) fn rate(advisory: &Advisory, entries: &[&Affected]) -> Rating {
    let own = entries.iter().flat_map(|entry| &entry.severity);
    let vectors = own.clone().filter_map(scored).reduce(Rating::worse);
    if let Some(rating) = vectors.or_else(|| advisory.severity.iter().filter_map(scored).reduce(Rating::worse)) {
        return rating;
    }
    let words = own.chain(&advisory.severity).map(|score| score.score.as_str());
    let labels = entries.iter().filter_map(|entry| entry.database_severity.as_deref());
    let all = words.chain(labels).chain(advisory.database_severity.as_deref());
    let severity = all.filter_map(Severity::from_label).max().unwrap_or(Severity::Unknown);
    Rating { severity, vector: None }
}

/// The rating of a vector; `None` for one that is no vector or leaves out what the base score is made of.
fn scored(score: &SeverityScore) -> Option<Rating> {
    let text = score.score.trim().trim_start_matches('(').trim_end_matches(')');
    // Far longer than any vector with all metrics.
    if text.len() > 1024 || !score.kind.starts_with("CVSS") {
        return None;
    }
    // Of a version 3 vector the parser takes metrics of the base score that are left out as harmless.
    let metric = |part: &str| part.split_once(':').map(|(name, _)| name.to_ascii_uppercase());
    let metrics: Vec<String> = text.split('/').filter_map(metric).collect();
    let base = ["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
    if text.starts_with("CVSS:3") && !base.iter().all(|name| metrics.iter().any(|metric| metric == name)) {
        return None;
    }
    let value = text.parse::<cvss::Cvss>().ok()?.score();
    Some(Rating { severity: Severity::from_score(value), vector: Some((value, text.to_owned())) })
}

/// What class of flaw an advisory speaks of through these of its entries. One that its database only wants known is that
/// kind of notice; the most serious of several counts.
pub(super) fn class(advisory: &Advisory, entries: &[&Affected]) -> FindingClass {
    if advisory.id.starts_with("MAL-") || advisory.aliases.iter().any(|alias| alias.starts_with("MAL-")) {
        return FindingClass::Malicious;
    }
    let of_entry = |entry: &&Affected| match entry.informational.as_deref() {
        None => FindingClass::Vulnerability,
        Some("unsound") => FindingClass::Unsound,
        Some("unmaintained") => FindingClass::Unmaintained,
        Some(_) => FindingClass::Notice,
    };
    entries.iter().map(of_entry).reduce(more_serious).unwrap_or(FindingClass::Vulnerability)
}

/// The more serious of two classes.
pub(super) fn more_serious(a: FindingClass, b: FindingClass) -> FindingClass {
    let rank = |class: FindingClass| match class {
        FindingClass::Malicious => 4,
        FindingClass::Vulnerability => 3,
        FindingClass::Unsound => 2,
        FindingClass::Unmaintained => 1,
        FindingClass::Notice => 0,
    };
    if rank(a) >= rank(b) { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(kind: &str, score: &str) -> Option<(Severity, f64)> {
        let score = SeverityScore { kind: kind.into(), score: score.into() };
        scored(&score).map(|rating| (rating.severity, rating.vector.unwrap().0))
    }

    #[test]
    fn vectors_of_all_versions_are_scored() {
        let v2 = severity("CVSS_V2", "(AV:N/AC:L/Au:N/C:C/I:C/A:C)");
        let v3 = severity("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
        let v4 = severity("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N");
        assert_eq!(v2, Some((Severity::Critical, 10.0)));
        assert_eq!(v3, Some((Severity::Critical, 9.8)));
        assert_eq!(v4, Some((Severity::High, 8.7)));
        for (kind, vector) in
            [("CVSS_V3", "CVSS:3.1/AV:N/AC:L"), ("CVSS_V2", "AV:N/AC:L"), ("CVSS_V3", ""), ("Ubuntu", "low")]
        {
            assert_eq!(severity(kind, vector), None, "{vector}");
        }
    }
}
