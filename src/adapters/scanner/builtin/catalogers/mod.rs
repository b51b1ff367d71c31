//! Every cataloger, one a file. Adding one: its file here, its test in that file, its line in [`ALL`].
//!
//! Beside them lie what several share: [`collect`] gathers what a file gives, [`identity`] names packages, [`reach`] tells
//! what a package is needed for, [`yaml`] reads YAML within bounds.

mod apk;
mod cargo_lock;
mod collect;
mod dist_info;
mod dpkg;
mod go_binary;
mod go_mod;
mod identity;
mod npm_installed;
mod npm_lock;
mod os_release;
mod pdm_lock;
mod pipfile_lock;
mod pnpm_key;
mod pnpm_lock;
mod poetry_lock;
mod pylock;
mod pypi;
mod reach;
mod requirements;
mod requirements_hash;
mod requirements_via;
#[cfg(test)]
mod testing;
mod toml_lock;
mod unread;
mod uv_lock;
mod yaml;
mod yarn_berry;
mod yarn_lock;

use super::catalog::{Cataloger, FileFacts, Reads};

/// All of them, by name.
pub const ALL: &[&dyn Cataloger] = &[
    &apk::Apk,
    &cargo_lock::CargoLock,
    &dpkg::Dpkg,
    &go_binary::GoBinary,
    &go_mod::GoMod,
    &npm_installed::NpmInstalled,
    &npm_lock::NpmLock,
    &os_release::OsRelease,
    &pdm_lock::PdmLock,
    &pipfile_lock::PipfileLock,
    &pnpm_lock::PnpmLock,
    &poetry_lock::PoetryLock,
    &pylock::Pylock,
    &dist_info::DistInfo,
    &requirements::Requirements,
    &unread::UnreadInstalled,
    &unread::UnreadSource,
    &uv_lock::UvLock,
    &yarn_lock::YarnLock,
];

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
