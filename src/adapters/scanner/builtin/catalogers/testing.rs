//! What the tests of catalogers share: a file from text, and damage done to it in every way that a seed allows.

use super::super::catalog::{Cataloger, Content, File, Found, ParseError, Parsed};
use crate::model::Component;

/// No gaps, no licences.
pub(super) const NOTHING: [&str; 0] = [];

/// What a cataloger makes of a file without companions.
pub(super) fn parse(cataloger: &dyn Cataloger, path: &str, text: &str) -> Result<Parsed, ParseError> {
    parse_with(cataloger, path, text, &|_| None)
}

/// What a cataloger makes of a file with companions.
pub(super) fn parse_with(
    cataloger: &dyn Cataloger,
    path: &str,
    text: &str,
    companion: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Parsed, ParseError> {
    cataloger.parse(&File { path, content: Content::Bytes(text.as_bytes()), companion })
}

/// The components of a result.
pub(super) fn components(parsed: &Parsed) -> Vec<&Component> {
    let found = parsed.found.iter();
    found.filter_map(|found| if let Found::Component(component) = found { Some(component) } else { None }).collect()
}

/// Cuts the text at every byte, flips bytes, doubles and drops stretches: none may panic.
pub(super) fn damage(cataloger: &dyn Cataloger, path: &str, text: &str) {
    let seed = text.as_bytes();
    let read = |bytes: &[u8]| {
        drop(cataloger.parse(&File { path, content: Content::Bytes(bytes), companion: &|_| Some(bytes.to_vec()) }));
    };
    let step = (seed.len() / 400).max(1);
    for at in (0..seed.len()).step_by(step) {
        read(&seed[..at]);
        read(&seed[at..]);
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut bytes = seed.to_vec();
            bytes[at] ^= flip;
            read(&bytes);
        }
        let end = (at + 17).min(seed.len());
        read(&[&seed[..end], &seed[at..]].concat());
        read(&[&seed[..at], &seed[end..]].concat());
    }
}
