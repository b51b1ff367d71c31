//! `AdvisorySlice` ↔ the bytes that lie in the evidence store: canonical JSON, field names as in OSV.

use super::errors::DocumentError;
use super::json;
use crate::model::{Advisory, AdvisorySlice, Snapshot};

/// The largest slice that is read, in bytes.
pub const LIMIT: usize = 256 << 20;

/// The stored bytes of a slice. Advisories are put in order of id, so that the order of lookup leaves no trace.
pub fn encode(slice: &AdvisorySlice) -> Vec<u8> {
    if slice.advisories.is_sorted_by(|a, b| a.id <= b.id) {
        return json::canonical(slice);
    }
    let mut sorted = slice.clone();
    sorted.advisories.sort_by(|a, b| a.id.cmp(&b.id));
    json::canonical(&sorted)
}

/// The stored bytes of a slice, from those of its advisories in order of id: as [`encode`] of the whole.
pub fn join<'a>(snapshot: &Snapshot, advisories: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = b"{\"advisories\":[".to_vec();
    for (at, advisory) in advisories.enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(advisory);
    }
    bytes.extend_from_slice(b"],\"snapshot\":");
    bytes.extend_from_slice(&json::canonical(snapshot));
    bytes.push(b'}');
    bytes
}

/// The stored bytes of one advisory.
pub fn advisory(advisory: &Advisory) -> Vec<u8> {
    json::canonical(advisory)
}

/// The slice of stored bytes.
///
/// # Errors
/// Anything but what [`encode`] writes: unknown fields, another order, another spelling, an advisory twice.
pub fn decode(bytes: &[u8]) -> Result<AdvisorySlice, DocumentError> {
    if bytes.len() > LIMIT {
        return Err(DocumentError::TooLarge { limit: LIMIT });
    }
    let slice: AdvisorySlice =
        serde_json::from_slice(bytes).map_err(|error| DocumentError::Malformed { reason: error.to_string() })?;
    if let Some(pair) = slice.advisories.windows(2).find(|pair| pair[0].id >= pair[1].id) {
        return Err(DocumentError::Malformed {
            reason: format!("`{}` is not in order, or is there twice", pair[1].id),
        });
    }
    if json::canonical(&slice) == bytes { Ok(slice) } else { Err(DocumentError::NotCanonical) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Affected, AffectedPackage, Digest, Event, Range, RangeKind, SeverityScore, Timestamp};
    use std::collections::BTreeMap;

    fn advisory(id: &str) -> Advisory {
        Advisory {
            id: id.into(),
            modified: "2026-11-20T01:02:03.456Z".into(),
            withdrawn: None,
            aliases: vec!["CVE-2024-1".into()],
            upstream: Vec::new(),
            summary: "quote \" and é".into(),
            severity: vec![SeverityScore { kind: "CVSS_V3".into(), score: "CVSS:3.1/AV:N".into() }],
            affected: vec![Affected {
                package: AffectedPackage { ecosystem: "npm".to_owned().into(), name: "lodash".into() },
                ranges: vec![Range {
                    kind: RangeKind::Semver,
                    events: vec![Event::Introduced("0".into()), Event::Fixed("4.17.21".into())],
                }],
                versions: Vec::new(),
                severity: Vec::new(),
                informational: None,
                database_severity: None,
                os: Vec::new(),
            }],
            references: Vec::new(),
            database_severity: Some("HIGH".into()),
        }
    }

    fn slice() -> AdvisorySlice {
        let snapshot = Snapshot {
            digest: Digest::of(b"index"),
            modified: Timestamp::parse("2026-11-22").unwrap(),
            ecosystems: BTreeMap::from([("npm".to_owned().into(), 2), ("Debian:12".to_owned().into(), 9)]),
        };
        AdvisorySlice { snapshot, advisories: vec![advisory("GHSA-a"), advisory("GHSA-b")], answer: None }
    }

    #[test]
    fn has_one_spelling() {
        let bytes = encode(&slice());
        assert_eq!(decode(&bytes).unwrap(), slice());
        insta::assert_snapshot!(String::from_utf8(bytes.clone()).unwrap());
        let mut reversed = slice();
        reversed.advisories.reverse();
        assert_eq!(encode(&reversed), bytes);
        for count in 0..=2 {
            let mut slice = slice();
            slice.advisories.truncate(count);
            let parts: Vec<Vec<u8>> = slice.advisories.iter().map(super::advisory).collect();
            assert_eq!(join(&slice.snapshot, parts.iter().map(Vec::as_slice)), encode(&slice));
        }
    }

    #[test]
    fn every_flipped_byte_is_an_error_or_another_slice() {
        let bytes = encode(&slice());
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[index] ^= 1 << bit;
                if let Ok(other) = decode(&changed) {
                    assert_ne!(other, slice(), "byte {index} bit {bit}");
                }
            }
        }
    }

    #[test]
    fn refuses_what_it_would_not_write() {
        let text = String::from_utf8(encode(&slice())).unwrap();
        for (from, to) in [
            ("\"id\":\"GHSA-b\"", "\"id\":\"GHSA-a\""),
            ("\"id\":\"GHSA-b\"", "\"id\":\"GHSA-b\",\"details\":\"\""),
            ("\"id\":\"GHSA-b\"", "\"id\":\"GHSA-b\",\"id\":\"GHSA-b\""),
            ("{\"advisories\"", "{ \"advisories\""),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(decode(text.replace(from, to).as_bytes()).is_err(), "{to}");
        }
    }
}
