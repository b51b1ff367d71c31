//! Cuts a KDL file into its top-level nodes, so that the parser sees a bounded piece at a time.
//!
//! The `kdl` crate calls itself for each level of children, each part of a block comment, and each character from which it
//! recovers after an error; and it reads children behind `/-` again for each level. Here comments and such children are
//! blanked out (every byte keeps its place), levels are counted, and a node has a largest size: with that, the stack and the
//! time that the parser can need are bounded.

use crate::config::errors::{ConfigError, Span};
use crate::config::guard::{line_length, string_length, too_deep};
use std::ops::Range;

/// Largest top-level node, in bytes.
pub(super) const MAX_NODE: usize = 32 << 10;
/// Deepest nesting of children, and of comments; the schema needs two.
const MAX_DEPTH: usize = 8;

/// The text without comments, and where its top-level nodes stand in it.
pub(super) struct Nodes {
    pub(super) text: String,
    pub(super) ranges: Vec<Range<usize>>,
}

/// Cuts a text. Strings are stepped over; what is no KDL stays in one of the pieces, for the parser to complain of.
pub(super) fn cut(source: &str) -> Result<Nodes, ConfigError> {
    let bytes = source.as_bytes();
    let mut text = bytes.to_vec();
    let (mut ranges, mut start, mut at, mut depth) = (Vec::new(), 0, 0, 0usize);
    // Whether anything but blanks stands behind `start`.
    let mut started = false;
    // Where a `/-` before children stands, and how deep.
    let mut hidden: Option<(usize, usize)> = None;
    // Whether the line goes on behind its end: after `\` or `/-`, until something else than space comes.
    let mut goes_on = false;
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let (length, ends) = match byte {
            b'/' if rest.starts_with(b"//") => {
                let length = line_length(rest);
                text[at..at + length].fill(b' ');
                (length, false)
            }
            b'/' if rest.starts_with(b"/*") => {
                let length = comment_length(rest, at)?;
                text[at..at + length].fill(b' ');
                (length, false)
            }
            b'/' if rest.starts_with(b"/-") => {
                goes_on = true;
                let next = rest[2..].iter().find(|byte| !byte.is_ascii_whitespace());
                if next == Some(&b'{') && hidden.is_none() {
                    hidden = Some((at, depth));
                }
                (2, false)
            }
            b'\\' => {
                goes_on = true;
                (1, false)
            }
            b'#' | b'"' => {
                goes_on = false;
                (quoted_length(rest), false)
            }
            b'\n' | b'\r' => (1, depth == 0 && !goes_on),
            b';' => (1, depth == 0),
            b' ' | b'\t' => (1, false),
            b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(too_deep(at, MAX_DEPTH));
                }
                goes_on = false;
                (1, false)
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                goes_on = false;
                if let Some((from, _)) = hidden.take_if(|(_, outside)| *outside == depth) {
                    text[from..=at].fill(b' ');
                }
                (1, false)
            }
            _ => {
                goes_on = false;
                (1, false)
            }
        };
        let from = at;
        at += length.max(1);
        if !started && text[from..at].iter().all(|byte| byte.is_ascii_whitespace() || *byte == b';') {
            start = at;
            continue;
        }
        started = true;
        if at - start > MAX_NODE {
            let message = format!("a node has more than {MAX_NODE} bytes");
            let span = Span { offset: start, length: 1 };
            return Err(ConfigError::new("config::too-large", span, message).help("write the config as TOML"));
        }
        if ends {
            ranges.push(start..at);
            start = at;
            started = false;
        }
    }
    if started {
        ranges.push(start..bytes.len());
    }
    // Only whole comments were overwritten, and with ASCII: this is text.
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Nodes { text, ranges })
}

/// Bytes of a block comment at a place of the file, comments in it included.
fn comment_length(bytes: &[u8], place: usize) -> Result<usize, ConfigError> {
    let (mut at, mut depth) = (0, 0usize);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            if depth > MAX_DEPTH {
                return Err(too_deep(place + at, MAX_DEPTH));
            }
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Ok(at);
            }
        } else {
            at += 1;
        }
    }
    let span = Span { offset: place, length: 2 };
    Err(ConfigError::new("config::syntax", span, "not valid KDL: the comment is not closed").help("close it with `*/`"))
}

/// Bytes of a string, raw or not; of `#` alone where none follows.
fn quoted_length(bytes: &[u8]) -> usize {
    let hashes = bytes.iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(hashes) != Some(&b'"') {
        return hashes;
    }
    let multi_line = bytes[hashes..].starts_with(b"\"\"\"");
    let mut end = vec![b'"'; if multi_line { 3 } else { 1 }];
    let start = hashes + end.len();
    end.extend(std::iter::repeat_n(b'#', hashes));
    start + string_length(&bytes[start..], &end, hashes == 0, multi_line)
}
