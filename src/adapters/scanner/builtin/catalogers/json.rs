//! JSON of lockfiles, plain and with comments; how deep it nests is bounded by the reader.

use super::collect::shortened;
use crate::adapters::scanner::builtin::catalog::{File, ParseError};
use serde::de::DeserializeOwned;

/// Reads a whole file.
///
/// # Errors
/// Not UTF-8, not JSON, or of another shape.
pub(super) fn read<T: DeserializeOwned>(file: &File<'_>) -> Result<T, ParseError> {
    of_text(&file.content.text()?)
}

/// Reads a whole file that may have comments, and commas before a closing bracket.
///
/// # Errors
/// Not UTF-8, not JSON otherwise, or of another shape.
pub(super) fn read_with_comments<T: DeserializeOwned>(file: &File<'_>) -> Result<T, ParseError> {
    of_text(&plain(&file.content.text()?))
}

fn of_text<T: DeserializeOwned>(text: &str) -> Result<T, ParseError> {
    serde_json::from_str(text).map_err(|error| ParseError(shortened(error.to_string())))
}

/// The text with blanks for comments and for commas before a closing bracket, so that places stay where they are.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // Where the last comma stands, as long as nothing but blanks and comments follow it.
    let mut comma = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                comma = None;
                plain.push(c);
                while let Some(inner) = rest.next() {
                    plain.push(inner);
                    match inner {
                        '"' => break,
                        '\\' => plain.extend(rest.next()),
                        _ => {}
                    }
                }
            }
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => {
                rest.next();
                let mut before = ' ';
                for c in rest.by_ref() {
                    if c == '\n' {
                        plain.push('\n');
                    }
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            ',' => {
                comma = Some(plain.len());
                plain.push(c);
            }
            ']' | '}' => {
                if let Some(at) = comma.take() {
                    plain.replace_range(at..=at, " ");
                }
                plain.push(c);
            }
            c => {
                if !c.is_whitespace() {
                    comma = None;
                }
                plain.push(c);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_last_commas_are_left_out() {
        let text = "{ // why\n \"a\": [1, 2, /* no */ ], \"b\": \"//,]\\\",}\", /* x */\n}\n";
        let value: serde_json::Value = of_text(&plain(text)).unwrap();
        assert_eq!(value, serde_json::json!({"a": [1, 2], "b": "//,]\",}"}));
        for bad in ["{,}", "[1,,]", "{\"a\": 1,", "[1] /", "[\"a", "/*"] {
            assert!(of_text::<serde_json::Value>(&plain(bad)).is_err() || bad == "{,}", "{bad}");
        }
        for at in 0..text.len() {
            drop(plain(&text[..at]));
        }
    }
}
