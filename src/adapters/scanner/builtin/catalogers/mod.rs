//! Every cataloger, one a file. Adding one: its file here, its test in that file, its line in [`ALL`].

use super::catalog::Cataloger;

/// All of them, by name.
pub const ALL: &[&dyn Cataloger] = &[];
