//! Every cataloger, one a file. Adding one: its file here, its test in that file, its line in [`ALL`].

use super::catalog::{Cataloger, FileFacts, Reads};

/// All of them, by name.
pub const ALL: &[&dyn Cataloger] = &[];

/// Name and revision of each, one a line: part of every key.
pub fn options() -> String {
    ALL.iter().map(|cataloger| format!("{} {}\n", cataloger.name(), cataloger.revision())).collect()
}

/// Those that want a file of an installed root filesystem, or of a source tree.
pub fn for_file(installed: bool, facts: &FileFacts<'_>) -> impl Iterator<Item = &'static dyn Cataloger> {
    let other = if installed { Reads::Source } else { Reads::Installed };
    ALL.iter().copied().filter(move |cataloger| cataloger.reads() != other).filter(|cataloger| cataloger.wants(facts))
}

/// Whether a file of a source tree is read, as itself or as a companion.
pub fn wants_source(path: &str, size: u64) -> bool {
    let facts = FileFacts { path, size, executable: false };
    let name = facts.file_name();
    for_file(false, &facts).next().is_some()
        || ALL.iter().any(|cataloger| cataloger.reads() != Reads::Installed && cataloger.companions().contains(&name))
}
