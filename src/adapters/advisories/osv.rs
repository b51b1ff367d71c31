//! One OSV record (<https://ossf.github.io/osv-schema/>) to an [`Advisory`], cut down to what matching and judging look at.
//!
//! Real records break the schema here and there. The rule is to fail closed: what says *which* package is affected must be
//! readable, else the record is refused; what says *which versions* is widened to all of them where it cannot be read; the
//! rest (links, ratings, text) is left out. Each such departure is told as an oddity. `null` is the same as absent.
//!
//! Commit ranges are never matched: of them only that there were some is kept.

use crate::model::{
    Advisory, Affected, AffectedPackage, Ecosystem, EcosystemKind, Event, Range, RangeKind, Reference, SeverityScore,
};
use serde_json::{Map, Value};

/// The longest summary kept, in characters.
const SUMMARY_CHARS: usize = 200;
/// How many links are kept.
const REFERENCES: usize = 3;
/// The longest id, name, ecosystem or link, in bytes.
const TEXT_BYTES: usize = 2_048;

/// A record that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What it says.
    pub advisory: Advisory,
    /// Where it departs from the schema, in words.
    pub oddities: Vec<String>,
}

/// Why a record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct OsvError {
    /// Its id, where that much could be read.
    pub id: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// Reads a record.
///
/// # Errors
/// It is not JSON, has no id, or names a package that cannot be read.
pub fn parse(bytes: &[u8]) -> Result<Parsed, OsvError> {
    let unnamed = |reason: String| OsvError { id: None, reason };
    let value: Value = serde_json::from_slice(bytes).map_err(|error| unnamed(format!("not JSON: {error}")))?;
    let record = value.as_object().ok_or_else(|| unnamed("not a JSON object".into()))?;
    let id = identifier(record.get("id")).map_err(|reason| unnamed(format!("`id` {reason}")))?;
    let mut reader = Reader { oddities: Vec::new() };
    match reader.advisory(&id, record) {
        Ok(advisory) => Ok(Parsed { advisory, oddities: reader.oddities }),
        Err(reason) => Err(OsvError { id: Some(id), reason }),
    }
}

struct Reader {
    oddities: Vec<String>,
}

impl Reader {
    fn odd(&mut self, what: impl Into<String>) {
        self.oddities.push(what.into());
    }

    fn advisory(&mut self, id: &str, record: &Map<String, Value>) -> Result<Advisory, String> {
        let mut affected = match present(record, "affected") {
            None => Vec::new(),
            Some(Value::Array(entries)) => {
                let mut affected = Vec::with_capacity(entries.len());
                for entry in entries {
                    affected.extend(self.affected(entry)?);
                }
                affected
            }
            Some(_) => return Err("`affected` is not a list".into()),
        };
        affected.sort_by_cached_key(package_key);
        let modified = text(record, "modified").unwrap_or_default().to_owned();
        if modified.parse::<jiff::Timestamp>().is_err() {
            self.odd("`modified` is not a time");
        }
        let withdrawn = match present(record, "withdrawn") {
            None => None,
            Some(Value::String(when)) if when.parse::<jiff::Timestamp>().is_ok() => Some(when.clone()),
            Some(_) => {
                self.odd("`withdrawn` is not a time: taken as not withdrawn");
                None
            }
        };
        let mut upstream = self.ids(record, "upstream");
        let of_a_distribution = affected.iter().any(|entry| is_distribution(&entry.package.ecosystem));
        if upstream.is_empty() && of_a_distribution {
            upstream = self.ids(record, "related");
            upstream.retain(|id| id.starts_with("CVE-"));
        }
        let own = present(record, "database_specific").and_then(Value::as_object);
        Ok(Advisory {
            id: id.to_owned(),
            modified,
            withdrawn,
            aliases: self.ids(record, "aliases"),
            upstream,
            summary: summary(record),
            severity: self.severities(record),
            affected,
            references: references(record),
            database_severity: own.and_then(|own| text(own, "severity")).map(str::to_owned),
        })
    }

    /// `None` for an entry that names no package (commits only).
    fn affected(&mut self, entry: &Value) -> Result<Option<Affected>, String> {
        let entry = entry.as_object().ok_or("an entry of `affected` is not an object")?;
        let Some(package) = present(entry, "package") else { return Ok(None) };
        let package = package.as_object().ok_or("`package` is not an object")?;
        let ecosystem =
            identifier(package.get("ecosystem")).map_err(|reason| format!("`package.ecosystem` {reason}"))?;
        let name = identifier(package.get("name")).map_err(|reason| format!("`package.name` {reason}"))?;

        let mut ranges = Vec::new();
        match present(entry, "ranges") {
            None => {}
            Some(Value::Array(list)) => ranges.extend(list.iter().map(|range| self.range(&name, range))),
            Some(_) => ranges.push(self.everything(&name, "`ranges` is not a list")),
        }
        let mut versions = Vec::new();
        match present(entry, "versions") {
            None => {}
            Some(Value::Array(list)) => {
                for version in list {
                    match version {
                        Value::String(version) => versions.push(version.clone()),
                        Value::Number(version) => versions.push(version.to_string()),
                        Value::Null => {}
                        _ => ranges.push(self.everything(&name, "a version is not text")),
                    }
                }
            }
            Some(_) => ranges.push(self.everything(&name, "`versions` is not a list")),
        }
        let nothing = Map::new();
        let own = present(entry, "database_specific").and_then(Value::as_object).unwrap_or(&nothing);
        let specific = present(entry, "ecosystem_specific").and_then(Value::as_object).unwrap_or(&nothing);
        let mut severity = self.severities(entry);
        if severity.is_empty() {
            // RustSec's export repeats the vector here, and some records have it only here.
            severity.extend(text(own, "cvss").and_then(vector));
        }
        let rating = text(specific, "severity")
            .or_else(|| text(specific, "urgency"))
            .or_else(|| text(specific, "ubuntu_priority"))
            .or_else(|| text(own, "severity"));
        let mut os: Vec<String> = present(specific, "affects")
            .and_then(|affects| affects.get("os")?.as_array())
            .map(|list| list.iter().filter_map(Value::as_str).map(str::to_lowercase).collect())
            .unwrap_or_default();
        os.sort();
        os.dedup();
        Ok(Some(Affected {
            package: AffectedPackage { ecosystem: Ecosystem::from(ecosystem), name },
            ranges,
            versions,
            severity,
            informational: text(own, "informational").map(str::to_owned),
            database_severity: rating.map(str::to_owned),
            os,
        }))
    }

    fn range(&mut self, name: &str, range: &Value) -> Range {
        let kind = match range.get("type").and_then(Value::as_str) {
            Some("GIT") => return Range { kind: RangeKind::Git, events: Vec::new() },
            Some("SEMVER") => RangeKind::Semver,
            Some("ECOSYSTEM") => RangeKind::Ecosystem,
            _ => return self.everything(name, "a range of no known type"),
        };
        let Some(list) = range.get("events").and_then(Value::as_array) else {
            return self.everything(name, "a range without events");
        };
        let mut events = Vec::with_capacity(list.len());
        for event in list {
            match event_points(event) {
                Some(points) => events.extend(points),
                None => return self.everything(name, "an event that cannot be read"),
            }
        }
        if !events.iter().any(|event| matches!(event, Event::Introduced(_))) {
            self.odd(format!("{name}: a range without a beginning: taken from the first version"));
            events.insert(0, Event::Introduced("0".into()));
        }
        Range { kind, events }
    }

    /// A range of all versions, in place of one that cannot be read.
    fn everything(&mut self, name: &str, why: &str) -> Range {
        self.odd(format!("{name}: {why}: taken to affect every version"));
        Range { kind: RangeKind::Ecosystem, events: vec![Event::Introduced("0".into())] }
    }

    fn ids(&mut self, record: &Map<String, Value>, key: &str) -> Vec<String> {
        let mut ids = Vec::new();
        match present(record, key) {
            None => {}
            Some(Value::Array(list)) => {
                for id in list {
                    match identifier(Some(id)) {
                        Ok(id) => ids.push(id),
                        Err(reason) => self.odd(format!("an entry of `{key}` {reason}")),
                    }
                }
            }
            Some(_) => self.odd(format!("`{key}` is not a list")),
        }
        ids.sort();
        ids.dedup();
        ids
    }

    fn severities(&mut self, holder: &Map<String, Value>) -> Vec<SeverityScore> {
        let Some(list) = present(holder, "severity") else { return Vec::new() };
        let Some(list) = list.as_array() else {
            self.odd("`severity` is not a list");
            return Vec::new();
        };
        let mut scores = Vec::with_capacity(list.len());
        for entry in list {
            let field = |key| entry.get(key).and_then(Value::as_str);
            match (field("type"), field("score")) {
                (Some(kind), Some(score)) => scores.push(SeverityScore { kind: kind.into(), score: score.into() }),
                _ => self.odd("an entry of `severity` cannot be read"),
            }
        }
        scores
    }
}

/// What an affected package is looked up by; `affected` is in this order.
pub fn package_key(affected: &Affected) -> (Ecosystem, String) {
    let AffectedPackage { ecosystem, name } = &affected.package;
    (ecosystem.clone(), ecosystem.kind.normal_name(name).into_owned())
}

/// The field, unless it is absent or `null`.
fn present<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn identifier(value: Option<&Value>) -> Result<String, String> {
    match value {
        Some(Value::String(text)) if text.is_empty() => Err("is empty".into()),
        Some(Value::String(text)) if text.len() > TEXT_BYTES => Err("is too long".into()),
        Some(Value::String(text)) if text.chars().any(char::is_control) => Err("has a control character".into()),
        Some(Value::String(text)) => Ok(text.clone()),
        None | Some(Value::Null) => Err("is missing".into()),
        Some(_) => Err("is not text".into()),
    }
}

fn is_distribution(ecosystem: &Ecosystem) -> bool {
    use EcosystemKind::{Alpine, Chainguard, Debian, Ubuntu, Wolfi};
    ecosystem.release.is_some() || matches!(ecosystem.kind, Debian | Ubuntu | Alpine | Wolfi | Chainguard)
}

/// The points of one event. The first version of the schema put several in one object; they are taken apart.
fn event_points(event: &Value) -> Option<Vec<Event>> {
    let event = event.as_object()?;
    let mut points = Vec::with_capacity(1);
    type Make = fn(String) -> Event;
    let makers: [(&str, Make); 4] = [
        ("introduced", Event::Introduced),
        ("fixed", Event::Fixed),
        ("last_affected", Event::LastAffected),
        ("limit", Event::Limit),
    ];
    for (key, make) in makers {
        match present(event, key) {
            None => {}
            Some(Value::String(version)) if !version.is_empty() => points.push(make(version.clone())),
            Some(Value::Number(version)) => points.push(make(version.to_string())),
            Some(_) => return None,
        }
    }
    (!points.is_empty()).then_some(points)
}

fn vector(text: &str) -> Option<SeverityScore> {
    let kind = match text.get(..7)? {
        "CVSS:3." => "CVSS_V3",
        "CVSS:4." => "CVSS_V4",
        _ => return None,
    };
    Some(SeverityScore { kind: kind.into(), score: text.into() })
}

/// `summary`, else the first line of `details`; one line without control characters.
fn summary(record: &Map<String, Value>) -> String {
    let line = |key| text(record, key)?.lines().map(str::trim).find(|line| !line.is_empty());
    let Some(line) = line("summary").or_else(|| line("details")) else { return String::new() };
    let mut summary: String = line.chars().take(SUMMARY_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().nth(SUMMARY_CHARS).is_some() {
        summary.push('…');
    }
    summary
}

fn references(record: &Map<String, Value>) -> Vec<Reference> {
    let list = present(record, "references").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_kind = |wanted: &'static str| {
        list.iter().filter_map(move |entry| {
            let field = |key| entry.get(key).and_then(Value::as_str);
            let url = field("url").filter(|url| url.len() <= TEXT_BYTES && !url.chars().any(char::is_control))?;
            (field("type") == Some(wanted)).then(|| Reference { kind: wanted.into(), url: url.into() })
        })
    };
    of_kind("ADVISORY").chain(of_kind("WEB")).take(REFERENCES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Parsed {
        parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn keeps_what_is_judged() {
        let parsed = read(
            r#"{"id":"RUSTSEC-2020-0001","schema_version":null,"modified":"2021-01-01T00:00:00Z","withdrawn":null,
            "aliases":["GHSA-b","CVE-2020-1"],"summary":"","details":"\n One\u001b[31m line. \nMore.",
            "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N"},{"type":7}],
            "references":[{"type":"WEB","url":"https://w"},{"type":"ADVISORY","url":"https://a"},{"type":"FIX","url":"https://f"}],
            "database_specific":{"severity":"HIGH"},
            "affected":[{"package":{"ecosystem":"crates.io","name":"x"},"versions":["1.0.0",2.5],
              "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.3"}]},
                        {"type":"GIT","events":[{"fixed":{"a":1}}]}],
              "ecosystem_specific":{"affects":{"os":["Windows"]},"urgency":"low"},
              "database_specific":{"informational":"unsound","cvss":"CVSS:3.0/AV:L"}},
              {"ranges":[{"type":"GIT","repo":"https://x","events":[]}]}]}"#,
        );
        let advisory = parsed.advisory;
        assert_eq!(advisory.aliases, ["CVE-2020-1", "GHSA-b"]);
        assert_eq!(advisory.summary, "One [31m line.");
        assert_eq!(advisory.severity.len(), 1);
        assert_eq!(advisory.references.iter().map(|link| &*link.url).collect::<Vec<_>>(), ["https://a", "https://w"]);
        assert_eq!(advisory.database_severity.as_deref(), Some("HIGH"));
        let [affected] = &advisory.affected[..] else { panic!("{:?}", advisory.affected) };
        assert_eq!(affected.versions, ["1.0.0", "2.5"]);
        assert_eq!(affected.ranges[0].events, [Event::Introduced("0".into()), Event::Fixed("1.2.3".into())]);
        assert_eq!(affected.ranges[1], Range { kind: RangeKind::Git, events: vec![] });
        assert_eq!(affected.os, ["windows"]);
        assert_eq!(affected.informational.as_deref(), Some("unsound"));
        assert_eq!(affected.database_severity.as_deref(), Some("low"));
        assert_eq!(affected.severity[0].kind, "CVSS_V3");
        assert_eq!(parsed.oddities, ["an entry of `severity` cannot be read"]);
    }

    #[test]
    fn versions_that_cannot_be_read_are_all_versions() {
        for range in [
            r#"{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":[1]}]}"#,
            r#"{"type":"SEMVER","events":[{}]}"#,
            r#"{"type":"NEWER","events":[{"introduced":"5"}]}"#,
            r#"{"type":"SEMVER"}"#,
            r#"7"#,
        ] {
            let parsed = read(&format!(
                r#"{{"id":"X","modified":"2021-01-01T00:00:00Z","affected":[{{"package":{{"ecosystem":"npm","name":"a"}},"ranges":[{range}]}}]}}"#
            ));
            let events = &parsed.advisory.affected[0].ranges[0].events;
            assert_eq!(*events, [Event::Introduced("0".into())], "{range}");
            assert_eq!(parsed.oddities.len(), 1, "{range}");
        }
        let parsed = read(
            r#"{"id":"X","modified":"2021-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"fixed":"2.0.0"}]}]}]}"#,
        );
        assert_eq!(
            parsed.advisory.affected[0].ranges[0].events,
            [Event::Introduced("0".into()), Event::Fixed("2.0.0".into())]
        );
    }

    #[test]
    fn a_distribution_record_names_its_upstream() {
        let affected = r#""affected":[{"package":{"ecosystem":"AlmaLinux:9","name":"a"}}]"#;
        let parsed = read(&format!(r#"{{"id":"ALSA-1","related":["CVE-2","ALBA-1","CVE-1"],{affected}}}"#));
        assert_eq!(parsed.advisory.upstream, ["CVE-1", "CVE-2"]);
        let parsed = read(&format!(r#"{{"id":"ALSA-1","related":["CVE-2"],"upstream":["CVE-3"],{affected}}}"#));
        assert_eq!(parsed.advisory.upstream, ["CVE-3"]);
    }

    #[test]
    fn refuses_what_names_no_readable_package() {
        for (json, id) in [
            ("", None),
            ("[]", None),
            (r#"{"modified":"x"}"#, None),
            (r#"{"id":"a\nb"}"#, None),
            (r#"{"id":"A","affected":{}}"#, Some("A")),
            (r#"{"id":"A","affected":[7]}"#, Some("A")),
            (r#"{"id":"A","affected":[{"package":{"name":"x"}}]}"#, Some("A")),
            (r#"{"id":"A","affected":[{"package":{"ecosystem":"npm","name":7}}]}"#, Some("A")),
        ] {
            assert_eq!(parse(json.as_bytes()).unwrap_err().id.as_deref(), id, "{json}");
        }
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        assert!(parse(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let whole = r#"{"id":"A","modified":"2024-01-01T00:00:00Z","aliases":["B"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/é"}],
            "affected":[{"package":{"ecosystem":"Debian:12","name":"p"},"versions":["1"],"database_specific":{"cvss":"éééééé"},
            "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"last_affected":"2"}]}]}],"details":"é\n"}"#;
        assert!(parse(whole.as_bytes()).is_ok());
        for at in 0..whole.len() {
            let mut bytes = whole.as_bytes().to_vec();
            for byte in [0, b'"', b'0', b'[', b'}', 0xc3] {
                bytes[at] = byte;
                drop(parse(&bytes));
            }
            drop(parse(&whole.as_bytes()[..at]));
        }
    }
}
