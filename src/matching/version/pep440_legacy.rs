//! The ordering that Python's tools had before PEP 440 and kept for versions that PEP 440 does not read (`packaging` before
//! 22, `setuptools` before 8).
//!
//! A version is cut into runs of digits, runs of letters, dots, hyphens and what is between them; each becomes a text, and
//! the lists of texts are compared. Digit runs are padded to eight places and compared as text: that is the rule, not a limit
//! of ours.

use std::cmp::Ordering;

/// The kind that a byte belongs to: bytes of one run have one kind.
fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'.' => 2,
        b'-' => 3,
        _ => 4,
    }
}

/// The list of texts that a version is compared by.
fn key(version: &str) -> Vec<String> {
    const FINAL: &str = "*final";
    let mut parts: Vec<String> = Vec::new();
    let mut add = |part: String| {
        if part.starts_with('*') {
            if part.as_str() < FINAL {
                while parts.last().is_some_and(|last| last == "*final-") {
                    parts.pop();
                }
            }
            while parts.last().is_some_and(|last| last == "00000000") {
                parts.pop();
            }
        }
        parts.push(part);
    };
    let lower = version.to_lowercase();
    let mut rest = lower.as_str();
    while let Some(first) = rest.bytes().next() {
        let first = kind(first);
        let end = match first {
            2 | 3 => 1,
            _ => rest.bytes().position(|byte| kind(byte) != first).unwrap_or(rest.len()),
        };
        let (part, behind) = rest.split_at(end);
        rest = behind;
        match (first, part) {
            (2, _) => {}
            (0, number) => add(format!("{number:0>8}")),
            (3, _) => add("*final-".into()),
            (_, "pre" | "preview" | "rc") => add("*c".into()),
            (_, "dev") => add("*@".into()),
            (_, word) => add(format!("*{word}")),
        }
    }
    add(FINAL.into());
    parts
}

/// Which is less, of two versions that PEP 440 does not read.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    key(a).cmp(&key(b))
}
