//! Every cataloger, one a file. Adding one: its file here, its test in that file, its line in [`ALL`].
//!
//! Beside them lie what several share: [`collect`] gathers what a file gives, [`identity`] names packages, [`reach`] tells
//! what a package is needed for, [`yaml`] reads YAML within bounds.

use super::catalog::{Cataloger, FileFacts, Reads};

mod cargo_lock;
mod collect;
mod go_mod;
mod go_sum;
mod identity;
mod npm_installed;
mod npm_lock;
mod pnpm_lock;
mod poetry_lock;
mod python_installed;
mod reach;
mod requirements;
#[cfg(test)]
mod testing;
mod toml_text;
mod uv_lock;
mod yaml;
mod yarn_berry;
mod yarn_lock;

/// All of them, by name.
pub const ALL: &[&dyn Cataloger] = &[
    &cargo_lock::CargoLock,
    &go_mod::GoMod,
    &npm_installed::NpmInstalled,
    &npm_lock::NpmLock,
    &pnpm_lock::PnpmLock,
    &poetry_lock::PoetryLock,
    &python_installed::PythonInstalled,
    &requirements::Requirements,
    &uv_lock::UvLock,
    &yarn_lock::YarnLock,
];

/// Every cataloger with its revision (`cargo-lock/1,go-mod/1,…`), sorted: part of what identifies the scanner.
pub fn options() -> String {
    let mut names: Vec<String> =
        ALL.iter().map(|cataloger| format!("{}/{}", cataloger.name(), cataloger.revision())).collect();
    names.sort();
    names.join(",")
}

/// Those that want a file of a source tree (`reads_source`), or else of an image or root filesystem.
pub fn for_file(reads_source: bool, facts: &FileFacts<'_>) -> impl Iterator<Item = &'static dyn Cataloger> {
    ALL.iter().copied().filter(move |cataloger| reads(*cataloger, reads_source) && cataloger.wants(facts))
}

/// Whether a file of a source tree is wanted by its path alone, as itself or as the companion of another. Called for every
/// file of a tree: looks at names only.
pub fn source_files_wanted(path: &str) -> bool {
    let facts = FileFacts { path, size: 0, executable: false };
    let name = facts.file_name();
    ALL.iter()
        .any(|cataloger| reads(*cataloger, true) && (cataloger.wants(&facts) || cataloger.companions().contains(&name)))
}

fn reads(cataloger: &dyn Cataloger, source: bool) -> bool {
    match cataloger.reads() {
        Reads::Both => true,
        Reads::Source => source,
        Reads::Installed => !source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_sorted() {
        let options = options();
        let names: Vec<&str> =
            options.split(',').filter_map(|text| text.split_once('/')).map(|(name, _)| name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(names.is_sorted_by(|a, b| a < b), "{options}");
    }

    #[test]
    fn source_files_are_told_by_name() {
        for path in [
            "package-lock.json",
            "a/npm-shrinkwrap.json",
            "a/yarn.lock",
            "pnpm-lock.yaml",
            "requirements-dev.txt",
            "requirements/base.txt",
            "poetry.lock",
            "uv.lock",
            "Cargo.lock",
            "go.mod",
            "x/go.sum",
        ] {
            assert!(source_files_wanted(path), "{path}");
        }
        for path in ["package.json", "node_modules/a/package.json", "a.dist-info/METADATA", "src/lib.rs", "go.work", ""]
        {
            assert!(!source_files_wanted(path), "{path}");
        }
        let installed = FileFacts { path: "app/node_modules/a/package.json", size: 1, executable: false };
        let names: Vec<&str> = for_file(false, &installed).map(|cataloger| cataloger.name()).collect();
        assert_eq!(names, ["npm-installed"]);
        assert_eq!(for_file(true, &installed).count(), 0);
    }
}
