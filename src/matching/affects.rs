//! Whether an advisory affects a version: the evaluation that the OSV schema describes
//! (<https://ossf.github.io/osv-schema/#evaluation>).
//!
//! In: a version and an advisory's entries for its package. Out: affected or not, or that it cannot be told. `GIT` ranges
//! speak of commits and say nothing here.

use super::version::{self, Same, Unordered};
use crate::model::{Affected, EcosystemKind, Event, Range, RangeKind};
use std::cmp::Ordering;

/// What an advisory says of a version.
pub(super) enum Answer<'a> {
    /// Not affected.
    Unaffected,
    /// Affected: by these entries, and fixed in these versions.
    Affected {
        /// Those entries that the version is in. Not empty.
        entries: Vec<&'a Affected>,
        /// As the entries say it, unsorted.
        fixed: Vec<&'a str>,
    },
    /// It cannot be told.
    Undecided(Unordered),
}

/// What a range says of a version.
struct Place<'a> {
    inside: bool,
    /// The next fix above the version, if no other end of an interval comes before it.
    fix: Option<&'a str>,
}

/// Holds a version, not empty, against the entries that an advisory has for its package.
pub(super) fn answer<'a>(
    kind: &EcosystemKind,
    version: &str,
    entries: impl IntoIterator<Item = &'a Affected>,
) -> Answer<'a> {
    let same = Same::new(kind, version);
    let (mut inside, mut fixed, mut undecided) = (Vec::new(), Vec::new(), None);
    for entry in entries {
        let mut hit = false;
        let mut fixes = Vec::new();
        for range in &entry.ranges {
            match place(kind, version, range) {
                Ok(Some(place)) => {
                    hit |= place.inside;
                    fixes.extend(place.fix.map(|fix| (place.inside, fix)));
                }
                Ok(None) => {}
                Err(reason) => undecided = undecided.or(Some(reason)),
            }
        }
        let by_range = hit;
        if by_range || same.is_in(&entry.versions) {
            inside.push(entry);
            // A version that is only listed has no interval of its own: the next fix of each range is one for it.
            fixed.extend(fixes.into_iter().filter(|(inside, _)| *inside || !by_range).map(|(_, fix)| fix));
        }
    }
    match undecided {
        _ if !inside.is_empty() => Answer::Affected { entries: inside, fixed },
        Some(reason) => Answer::Undecided(reason),
        None => Answer::Unaffected,
    }
}

/// Whether any version of the package could be affected by an entry.
pub(super) fn speaks(entry: &Affected) -> bool {
    !entry.versions.is_empty() || entry.ranges.iter().any(|range| range.kind != RangeKind::Git)
}

/// Where a version lies in a range; `None` for a range that says nothing of versions.
fn place<'a>(kind: &EcosystemKind, version: &str, range: &'a Range) -> Result<Option<Place<'a>>, Unordered> {
    let compare = |a: &str, b: &str| match (range.kind, kind) {
        (RangeKind::Semver, kind) if !version::refines_semver(kind) => version::compare_semver(a, b),
        (_, kind) => version::compare(kind, a, b),
    };
    if range.kind == RangeKind::Git {
        return Ok(None);
    }
    // The schema walks the sorted events and lets each that the version has reached decide anew. The last of them is what
    // counts: the greatest, and of equal ones the last recorded (`introduced` and `fixed` at one version are an empty
    // interval). What ends an interval above the version is the least of the others, the first recorded of equal ones.
    let mut reached: Option<(&str, bool)> = None;
    let mut next: Option<(&str, bool)> = None;
    let (mut limited, mut below_limit) = (false, false);
    for event in &range.events {
        let (point, begins, is_reached) = match event {
            Event::Introduced(point) => (point, true, point == "0" || compare(version, point)?.is_ge()),
            Event::Fixed(point) => (point, false, compare(version, point)?.is_ge()),
            Event::LastAffected(point) => {
                // A local build of a Python version (`1.0+cpu`) is above it, and is within what ends with it all the same.
                let public = match kind {
                    EcosystemKind::PyPI if !point.contains('+') => version.split('+').next().unwrap_or(version),
                    _ => version,
                };
                (point, false, compare(public, point)?.is_gt())
            }
            Event::Limit(point) => {
                limited = true;
                below_limit |= point == "*" || compare(version, point)?.is_lt();
                continue;
            }
        };
        if is_reached {
            let later = match reached {
                None => true,
                Some(("0", true)) => true,
                Some(_) if begins && point == "0" => false,
                Some((last, _)) => compare(point, last)?.is_ge(),
            };
            if later {
                reached = Some((point, begins));
            }
        } else if !begins {
            let sooner = match next {
                None => true,
                Some((first, _)) => compare(point, first)? == Ordering::Less,
            };
            if sooner {
                next = Some((point, matches!(event, Event::Fixed(_))));
            }
        }
    }
    Ok(Some(Place {
        inside: reached.is_some_and(|(_, begins)| begins) && (!limited || below_limit),
        fix: next.filter(|(_, is_fix)| *is_fix).map(|(point, _)| point),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> Affected {
        serde_json::from_str(&format!(r#"{{"package": {{"ecosystem": "npm", "name": "x"}}, {json}}}"#)).unwrap()
    }

    fn says(json: &str, version: &str) -> String {
        match answer(&EcosystemKind::Npm, version, &[entry(json)]) {
            Answer::Unaffected => "no".into(),
            Answer::Affected { fixed, .. } => format!("yes {}", fixed.join(" ")),
            Answer::Undecided(_) => "?".into(),
        }
    }

    #[test]
    fn walks_the_events_as_the_schema_does() {
        let two = r#""ranges": [{"type": "SEMVER", "events": [
            {"introduced": "2.0.0"}, {"fixed": "2.3.0"}, {"introduced": "0"}, {"fixed": "1.2.0"}]}]"#;
        let last = r#""ranges": [{"type": "SEMVER", "events": [
            {"introduced": "0"}, {"last_affected": "1.5.0"}, {"introduced": "2.0.0"}, {"fixed": "2.3.0"}]}]"#;
        let empty = r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0.23.0"}, {"fixed": "0.23.0"}]}]"#;
        let again = r#""ranges": [{"type": "SEMVER", "events": [
            {"introduced": "0"}, {"fixed": "1.0.0"}, {"introduced": "1.0.0"}, {"fixed": "2.0.0"}]}]"#;
        let limit = r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"limit": "2.0.0"}]}]"#;
        let all = r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]"#;
        let git = r#""ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]"#;
        let listed = r#""versions": ["1.0.0"], "ranges": [{"type": "SEMVER", "events": [
            {"introduced": "1.1.0"}, {"fixed": "1.2.0"}]}]"#;
        for (json, version, expected) in [
            (two, "0.0.0-alpha", "yes 1.2.0"),
            (two, "1.2.0", "no"),
            (two, "2.0.0", "yes 2.3.0"),
            (two, "2.3.0-rc.1", "yes 2.3.0"),
            (two, "2.3.0", "no"),
            (last, "1.5.0", "yes "),
            (last, "1.5.1", "no"),
            (last, "2.1.0", "yes 2.3.0"),
            (empty, "0.23.0", "no"),
            (empty, "0.23.12", "no"),
            (again, "1.0.0", "yes 2.0.0"),
            (limit, "1.9.9", "yes "),
            (limit, "2.0.0", "no"),
            (all, "unreadable", "yes "),
            (two, "unreadable", "?"),
            (git, "1.0.0", "no"),
            (listed, "1.0.0", "yes 1.2.0"),
            (listed, "1.0.1", "no"),
        ] {
            assert_eq!(says(json, version), expected, "{version} in {json}");
        }
    }

    #[test]
    fn a_local_build_of_a_python_version_is_that_version() {
        let last =
            entry(r#""ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "2.1"}]}]"#);
        let fixed = entry(r#""ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}]"#);
        let listed = entry(r#""versions": ["2.1.0"]"#);
        let is = |entry: &Affected, version: &str| {
            matches!(answer(&EcosystemKind::PyPI, version, [entry]), Answer::Affected { .. })
        };
        assert!(is(&last, "2.1+cpu") && is(&listed, "2.1+cpu") && is(&fixed, "2.0+cpu"));
        assert!(!is(&last, "2.1.1+cpu") && !is(&fixed, "2.1+cpu") && !is(&listed, "2.2+cpu"));
    }

    #[test]
    fn builds_count_where_an_ecosystem_says_so() {
        let entry = entry(r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.1.0+2"}]}]"#);
        for (name, affected) in [("Julia", true), ("Pub", true), ("npm", false)] {
            let answer = answer(&EcosystemKind::parse(name), "1.1.0+1", [&entry]);
            assert_eq!(matches!(answer, Answer::Affected { .. }), affected, "{name}");
        }
    }

    #[test]
    fn a_list_counts_where_a_range_cannot_be_told() {
        let entry = entry(
            r#""versions": ["1.0"], "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0.5"}, {"fixed": "2"}]}]"#,
        );
        let kind = EcosystemKind::parse("Linux");
        assert!(matches!(answer(&kind, "1.0", [&entry]), Answer::Affected { .. }));
        assert!(matches!(answer(&kind, "1.1", [&entry]), Answer::Undecided(_)));
    }
}
