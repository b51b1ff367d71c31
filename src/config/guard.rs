//! What a file must be before a parser sees it: small enough, UTF-8, and not nested so deeply that a parser which calls
//! itself would run out of stack.

use super::Syntax;
use super::errors::{ConfigError, Span};

/// Largest config file, in bytes.
pub(super) const MAX_BYTES: usize = 8 << 20;
/// Deepest nesting of TOML's brackets; the schema needs five.
const MAX_DEPTH: usize = 32;

/// The text of a file, without its byte order mark; and the length of that mark.
pub(super) fn text(bytes: &[u8], syntax: Syntax) -> Result<(&str, usize), ConfigError> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; a config may have {MAX_BYTES}", bytes.len());
        return Err(ConfigError::new("config::too-large", Span::default(), message).help("split generated parts off"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let span = Span { offset: error.valid_up_to(), length: 1 };
        ConfigError::new("config::not-utf8", span, "the file is not UTF-8 text")
            .label("this byte begins no character")
            .help("save the file as UTF-8")
    })?;
    let (text, mark) = text.strip_prefix('\u{feff}').map_or((text, 0), |rest| (rest, '\u{feff}'.len_utf8()));
    match syntax {
        Syntax::Toml => toml_depth(text).map_or(Ok((text, mark)), |offset| Err(too_deep(offset + mark, MAX_DEPTH))),
        // Its reader cuts it into nodes, and looks at the depth of each.
        Syntax::Kdl => Ok((text, mark)),
    }
}

/// The error for brackets that go too deep, at the first of them that does.
pub(super) fn too_deep(offset: usize, most: usize) -> ConfigError {
    let message = format!("brackets are nested more than {most} deep");
    ConfigError::new("config::too-deep", Span { offset, length: 1 }, message).help("no key of the schema needs that")
}

/// Where TOML's brackets go deeper than the limit. Strings and comments are stepped over.
fn toml_depth(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at += line_length(&bytes[at..]),
            b'"' | b'\'' => {
                let triple = [*byte; 3];
                at += if bytes[at..].starts_with(&triple) {
                    3 + string_length(&bytes[at + 3..], &triple, *byte == b'"', true)
                } else {
                    1 + string_length(&bytes[at + 1..], &[*byte], *byte == b'"', false)
                };
                continue;
            }
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(at);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Bytes up to the end of the line.
pub(super) fn line_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - 1)
}

/// Bytes of a string's content and its end mark. One that is not closed ends with its line, or with the file.
pub(super) fn string_length(bytes: &[u8], end: &[u8], escapes: bool, multi_line: bool) -> usize {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if escapes => at += 1,
            b'\n' if !multi_line => return at,
            _ if bytes[at..].starts_with(end) => return at + end.len(),
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
