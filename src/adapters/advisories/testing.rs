//! What the tests of this room share.

use std::path::PathBuf;

/// A directory of the test data; `None`, said aloud, where it is not there.
pub(super) fn data(test: &str, name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PROOFMARK_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED {test}: no test data at {}", path.display());
    None
}
