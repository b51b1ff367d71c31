//! What the catalogers' tests share.

use crate::adapters::scanner::builtin::catalog::{Cataloger, Content, File, ParseError, Parsed};

/// Parses bytes as a file with no companion.
pub(super) fn parse(cataloger: &dyn Cataloger, path: &str, bytes: &[u8]) -> Result<Parsed, ParseError> {
    cataloger.parse(&File { path, content: Content::Bytes(bytes), companion: &|_| None })
}

/// Cuts and changes a good file everywhere: none of it may panic.
pub(super) fn endures_damage(cataloger: &dyn Cataloger, path: &str, good: &[u8]) {
    for at in 0..good.len() {
        parse(cataloger, path, &good[..at]).ok();
        for mask in [1, 0x20, 0x80, 0xff] {
            let mut changed = good.to_vec();
            changed[at] ^= mask;
            parse(cataloger, path, &changed).ok();
        }
    }
}
