//! Every cataloger, one a file. Adding one: its file here, its test in that file, its line in [`ALL`].

use super::catalog::Cataloger;

pub mod cargo_lock;
pub mod dist_info;
pub mod go_mod;
pub mod poetry_lock;
mod pypi;
pub mod requirements;
mod toml_lock;
pub mod uv_lock;

/// All of them, by name.
pub const ALL: &[&dyn Cataloger] = &[
    &cargo_lock::CargoLock,
    &dist_info::DistInfo,
    &go_mod::GoMod,
    &poetry_lock::PoetryLock,
    &requirements::Requirements,
    &uv_lock::UvLock,
];
