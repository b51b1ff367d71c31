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

/// What a cataloger makes of a file that is no text.
pub(super) fn parse_bytes(cataloger: &dyn Cataloger, path: &str, bytes: &[u8]) -> Result<Parsed, ParseError> {
    cataloger.parse(&File { path, content: Content::Bytes(bytes), companion: &|_| None })
}

/// Cuts the text at every byte, flips bytes, doubles and drops stretches: none may panic.
pub(super) fn damage(cataloger: &dyn Cataloger, path: &str, text: &str) {
    damage_bytes(cataloger, path, text.as_bytes());
}

/// As [`damage`], for a file that is no text. Then ten thousand inputs with several changes each.
pub(super) fn damage_bytes(cataloger: &dyn Cataloger, path: &str, seed: &[u8]) {
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
    mutate(cataloger, path, seed, 10_000);
}

/// Inputs with several bytes changed, most of them to values that lengths and offsets take, none of which may panic. Always
/// the same ones.
pub(super) fn mutate(cataloger: &dyn Cataloger, path: &str, seed: &[u8], count: u32) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    for _ in 0..count {
        let mut bytes = seed.to_vec();
        for _ in 0..=next(6) {
            let at = next(bytes.len());
            let value = [0x00, 0x01, 0x7f, 0x80, 0xff, u8::try_from(next(256)).unwrap()][next(6)];
            let end = (at + [1, 1, 2, 4][next(4)]).min(bytes.len());
            bytes[at..end].fill(value);
        }
        if next(4) == 0 {
            bytes.truncate(next(bytes.len()));
        }
        drop(cataloger.parse(&File { path, content: Content::Bytes(&bytes), companion: &|_| None }));
    }
}
