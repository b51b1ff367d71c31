//! Every cataloger, one a file. Adding one: its file here, its test in that file, its line in [`ALL`].
//!
//! Beside them lie what several share: [`collect`] gathers what a file gives, [`debian_license`] reads Debian's names of licences,
//! [`identity`] names packages, [`parts`] reads
//! large files by position, [`reach`] tells
//! what a package is needed for, [`yaml`] reads YAML within bounds.

mod apk;
mod bun_lock;
mod cabal_freeze;
mod cargo_auditable;
mod cargo_lock;
mod cargo_manifests;
mod cartfile_resolved;
mod collect;
mod composer_lock;
mod conan_lock;
mod conda;
mod conda_environment;
mod conda_explicit;
mod conda_lock;
mod conda_meta;
pub mod covered;
mod debian_license;
mod deno_lock;
mod deps_json;
mod dist_info;
mod dpkg;
mod dpkg_copyright;
mod embedded_sbom;
mod gemfile_lock;
mod gemspec;
mod go_binary;
mod go_mod;
mod gradle_lockfile;
mod gradle_verification;
mod identity;
mod java_archive;
mod json;
mod julia_manifest;
mod mix_lock;
#[cfg(test)]
mod mutations;
mod npm_installed;
mod npm_lock;
mod nuget_lock;
mod nuget_project;
mod opkg;
mod os_release;
mod package_json;
mod package_resolved;
mod packages_config;
mod pacman;
mod paket_lock;
mod parts;
mod pdm_lock;
mod pipfile_lock;
mod pixi_lock;
mod pnpm_key;
mod pnpm_lock;
mod podfile_lock;
mod poetry_lock;
mod pom_xml;
mod portage;
mod programs;
mod pubspec_lock;
mod pylock;
mod pypi;
mod python_egg;
mod r_installed;
mod reach;
mod rebar_lock;
mod renv_lock;
mod requirements;
mod requirements_hash;
mod requirements_via;
mod rpm;
mod rpm_manifest;
mod sbt_lock;
mod stack_lock;
#[cfg(test)]
mod testing;
mod toml_lock;
mod unlocked;
mod unread;
mod uv_lock;
mod xml;
mod yaml;
mod yarn_berry;
mod yarn_lock;

use super::catalog::{Cataloger, FileFacts, Reads};

/// All of them, by name.
pub const ALL: &[&dyn Cataloger] = &[
    &apk::Apk,
    &bun_lock::BunLock,
    &cabal_freeze::CabalFreeze,
    &cargo_auditable::CargoAuditable,
    &cargo_lock::CargoLock,
    &cartfile_resolved::CartfileResolved,
    &composer_lock::ComposerInstalled,
    &composer_lock::ComposerLock,
    &conan_lock::ConanLock,
    &conda_environment::CondaEnvironment,
    &conda_explicit::CondaExplicit,
    &conda_lock::CondaLock,
    &conda_meta::CondaMeta,
    &deno_lock::DenoLock,
    &deps_json::DepsJson,
    &dpkg::Dpkg,
    &dpkg_copyright::DpkgCopyright,
    &embedded_sbom::EmbeddedSbom,
    &gemspec::Gemspec,
    &gemfile_lock::GemfileLock,
    &go_binary::GoBinary,
    &go_mod::GoMod,
    &gradle_lockfile::GradleLockfile,
    &gradle_verification::GradleVerification,
    &java_archive::JavaArchive,
    &julia_manifest::JuliaManifest,
    &pom_xml::PomXml,
    &mix_lock::MixLock,
    &npm_installed::NpmInstalled,
    &npm_lock::NpmLock,
    &nuget_lock::NugetLock,
    &packages_config::PackagesConfig,
    &nuget_project::NugetProject,
    &opkg::Opkg,
    &os_release::OsRelease,
    &package_resolved::PackageResolved,
    &pacman::Pacman,
    &paket_lock::PaketLock,
    &pdm_lock::PdmLock,
    &pipfile_lock::PipfileLock,
    &pixi_lock::PixiLock,
    &pnpm_lock::PnpmLock,
    &podfile_lock::PodfileLock,
    &poetry_lock::PoetryLock,
    &portage::Portage,
    &pubspec_lock::PubspecLock,
    &pylock::Pylock,
    &dist_info::DistInfo,
    &python_egg::PythonEgg,
    &requirements::Requirements,
    &r_installed::RInstalled,
    &rebar_lock::RebarLock,
    &renv_lock::RenvLock,
    &rpm::Rpm,
    &rpm_manifest::RpmManifest,
    &sbt_lock::SbtLock,
    &stack_lock::StackLock,
    &unlocked::Unlocked,
    &unread::UnreadSource,
    &uv_lock::UvLock,
    &yarn_lock::YarnLock,
];

/// What the scanner's results depend on: every cataloger's name and revision, and that of the
/// reader of foreign documents.
pub fn options() -> String {
    let mut names: Vec<String> = ALL.iter().map(|each| format!("{}/{}", each.name(), each.revision())).collect();
    names.push(format!("documents/{}", crate::adapters::documents::REVISION));
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

/// Whether something is missing where a link with the name of a wanted file is not followed.
pub fn misses(path: &str) -> bool {
    for_file(true, &FileFacts { path, size: 1, executable: false }).any(|each| !each.is_optional())
}

/// Whether a file of a root filesystem is wanted.
pub fn wants_installed(path: &str, size: u64, executable: bool) -> bool {
    for_file(true, &FileFacts { path, size, executable }).next().is_some()
}

/// Fixed paths where files of an image lie that are wanted.
pub fn places() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|each| each.places()).copied()
}

/// What of a fixed path lies below one, where any does.
pub fn places_below(path: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    places().filter_map(move |place| Some((place, place.strip_prefix(path)?.strip_prefix('/')?)))
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
