//! `compliance.toml` or `compliance.kdl` to a validated [`Config`]; every error of a file at once.
//!
//! ```text
//! bytes -> guard (size, UTF-8, depth) -> toml | kdl -> tree of values with places
//!       -> decode, by the one table of keys -> RawConfig -> validate (names, circles, limits) -> Config
//! ```
//!
//! Both syntaxes give the same tree, so that everything behind it holds for both; [`kdl`] says how a KDL file is written.
//! Pure: no files, no clock. A waiver's expiry is therefore not judged here.

mod decode;
mod errors;
mod forms;
mod guard;
pub mod kdl;
mod keys;
mod raw;
mod schema;
mod toml;
mod trust;
mod types;
mod validate;
mod value;
mod vault;

#[cfg(test)]
mod tests;

pub use errors::{ConfigError, ConfigErrors};
pub use schema::json_schema;
pub use trust::{TrustError, load_trust};
pub use types::{
    AdvisorySources, Config, Engine, Image, MatchWith, Project, RegistryCredential, RevokedKey, Scan, ScanProgram,
    Service, Sign, SignWith, Store, Trust, Unavailable,
};
pub use vault::{Vault, VaultAuth, VaultError, VaultRate, VaultRole};

/// How a config file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// TOML 1.1.
    Toml,
    /// KDL 2.
    Kdl,
}

impl Syntax {
    /// By the end of a file's name; `None` for another end than `.toml` and `.kdl`.
    pub fn of(file_name: &str) -> Option<Self> {
        match file_name.rsplit_once('.')?.1 {
            "toml" => Some(Self::Toml),
            "kdl" => Some(Self::Kdl),
            _ => None,
        }
    }
}

/// Reads and validates a config. The name is only for messages.
///
/// # Errors
/// Everything that is wrong with it, each error with a stable code, its place, and help. Broken syntax, an unknown version
/// and text that is no text end the search; all else is found in one pass.
pub fn load(file_name: &str, bytes: &[u8], syntax: Syntax) -> Result<Config, ConfigErrors> {
    let mut report = errors::Report::default();
    let config = match guard::text(bytes, syntax) {
        Ok((text, shift)) => {
            let tree = match syntax {
                Syntax::Toml => toml::parse(text, shift, &mut report),
                Syntax::Kdl => kdl::parse(text, shift, &mut report),
            };
            tree.and_then(|tree| decode::decode(tree, &mut report))
                .and_then(|raw| validate::validate(&raw, &mut report))
        }
        Err(error) => {
            report.add(error);
            None
        }
    };
    match config {
        Some(config) if report.is_empty() => Ok(config),
        _ => {
            // A file that is too large is not kept to be shown.
            let shown = bytes.get(..bytes.len().min(guard::MAX_BYTES)).unwrap_or_default();
            Err(ConfigErrors::new(file_name, String::from_utf8_lossy(shown).into_owned(), report))
        }
    }
}
