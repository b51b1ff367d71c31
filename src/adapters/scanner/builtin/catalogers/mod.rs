//! Every cataloger, one a file. Adding one: its file here, its test in that file, its line in [`ALL`].

mod apk;
mod dpkg;
mod os_release;
#[cfg(test)]
mod testing;
mod unread;

use super::catalog::{Cataloger, FileFacts, Reads};

/// All of them, by name.
pub const ALL: &[&dyn Cataloger] =
    &[&apk::Apk, &dpkg::Dpkg, &os_release::OsRelease, &unread::UnreadInstalled, &unread::UnreadSource];

/// What the scanner's results depend on: every cataloger's name and revision.
pub fn options() -> String {
    let mut names: Vec<String> = ALL.iter().map(|each| format!("{}/{}", each.name(), each.revision())).collect();
    names.sort_unstable();
    names.join(" ")
}

/// The catalogers that want a file of an image (`installed`) or of a source tree.
pub fn for_file(installed: bool, facts: &FileFacts<'_>) -> impl Iterator<Item = &'static dyn Cataloger> {
    ALL.iter().copied().filter(move |each| reads(*each, installed) && each.wants(facts))
}

/// Whether a file of a source tree is wanted, by itself or beside one that is.
pub fn wants_source(path: &str, size: u64) -> bool {
    let facts = FileFacts { path, size, executable: false };
    let name = facts.file_name();
    ALL.iter().filter(|each| reads(**each, false)).any(|each| each.companions().contains(&name) || each.wants(&facts))
}

fn reads(cataloger: &dyn Cataloger, installed: bool) -> bool {
    match cataloger.reads() {
        Reads::Both => true,
        Reads::Installed => installed,
        Reads::Source => !installed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_sorted() {
        let names: Vec<&str> = ALL.iter().map(|each| each.name()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
