//! RPM's package database in its three forms: SQLite, RPM's own ("ndb") and Berkeley DB. Each holds one header a package.
//!
//! Read in parts, by position; what is kept of a package is bounded, whatever a header says.

mod bdb;
mod header;
mod ndb;
mod packages;
mod sqlite;

use super::parts::Source;
use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use packages::Packages;

pub(super) use packages::source_package;

/// The largest header of one package, in bytes.
const BLOB_LIMIT: u64 = 64 << 20;

/// What a database hands out: the header of each package, or why one cannot be read.
type Each<'a> = &'a mut dyn FnMut(Result<Vec<u8>, ParseError>);

/// Where databases lie: where rpm has it, where newer distributions have it, and where ostree has it.
const DIRECTORIES: [&str; 3] = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];

/// Reads the database.
pub(super) struct Rpm;

impl Cataloger for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let Some((directory, name)) = file.path.rsplit_once('/') else { return false };
        DIRECTORIES.contains(&directory)
            && match name {
                "Packages" | "Packages.db" | "rpmdb.sqlite" => true,
                // Left empty by rpm when it is done.
                "rpmdb.sqlite-journal" | "rpmdb.sqlite-wal" => file.size > 0,
                _ => false,
            }
    }

    fn places(&self) -> &'static [&'static str] {
        &[
            "var/lib/rpm/Packages",
            "var/lib/rpm/Packages.db",
            "var/lib/rpm/rpmdb.sqlite",
            "usr/lib/sysimage/rpm/Packages",
            "usr/lib/sysimage/rpm/Packages.db",
            "usr/lib/sysimage/rpm/rpmdb.sqlite",
            "usr/share/rpm/Packages",
            "usr/share/rpm/Packages.db",
            "usr/share/rpm/rpmdb.sqlite",
        ]
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        if file.path.ends_with("-wal") || file.path.ends_with("-journal") {
            return Err(ParseError("changes that were not brought into the database are not read".into()));
        }
        let source = Source::new(file.content)?;
        let start = source.bytes(0, 16.min(source.size()))?;
        let mut packages = Packages::default();
        let mut each = |blob: Result<Vec<u8>, ParseError>| packages.add(blob);
        let end = if start == sqlite::MAGIC {
            sqlite::read(&source, &mut each)
        } else if start.starts_with(ndb::MAGIC) {
            ndb::read(&source, &mut each)
        } else if bdb::is_hash(&start) {
            bdb::read(&source, &mut each)
        } else {
            Err(ParseError("it is no database of rpm".into()))
        };
        packages.finish(end)
    }
}

#[cfg(test)]
mod tests;
