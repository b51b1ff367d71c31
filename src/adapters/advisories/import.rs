//! Records to a database: reads every source, merges them, writes the index, makes it current.
//!
//! Which ecosystems count as imported is told from the names of directories, as in the osv.dev layout: records also name
//! ecosystems that their file is not about (a record of npm that affects a Java package too), and taking such a one for
//! imported would make the rest of that ecosystem look clean. Where a directory is not named by an ecosystem, those count that
//! some record names alone.

use super::build::{Builder, Prepared};
use super::errors::{ImportError, UnreadableRecord, UnreadableRecords};
use super::{osv, sources, store};
use crate::model::{Ecosystem, EcosystemKind, Snapshot};
use crate::ports::{Event, Events};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Records are parsed in parallel by this many, or fewer large ones.
const BATCH_RECORDS: usize = 2_048;
const BATCH_BYTES: usize = 32 * 1024 * 1024;
/// How many oddities are kept to be shown.
const ODDITIES_SHOWN: usize = 50;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The snapshot that is current now.
    pub snapshot: Snapshot,
    /// Records in it.
    pub records: u64,
    /// Records left out as withdrawn.
    pub withdrawn: u64,
    /// How many departures from the schema were met.
    pub oddities: usize,
    /// The first of them: the record's place, and what.
    pub first_oddities: Vec<(String, String)>,
}

/// Imports these files and directories as one database in `dir`, which is made where it is missing.
///
/// # Errors
/// A source or a record cannot be read, or the database cannot be written. The database before stays current then.
pub fn import(dir: &Path, paths: &[PathBuf], events: &dyn Events) -> Result<Imported, ImportError> {
    let database = |error: std::io::Error| ImportError::Database(error.into());
    std::fs::create_dir_all(dir).map_err(database)?;
    let mut intake =
        Intake { builder: Builder::new().map_err(database)?, bad: Vec::new(), oddities: Vec::new(), read: 0, events };
    for path in paths {
        for group in sources::find(path)? {
            intake.group(&group)?;
        }
    }
    let Intake { builder, mut bad, mut oddities, .. } = intake;
    if !bad.is_empty() {
        let total = bad.len();
        bad.sort();
        bad.truncate(UnreadableRecords::SHOWN);
        return Err(ImportError::Records(UnreadableRecords { total, first: bad }));
    }
    if !builder.has_ecosystems() {
        let places: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(ImportError::NoEcosystem { place: places.join(", ") });
    }
    let built = builder.finish(dir).map_err(database)?;
    let (records, withdrawn) = (built.records, built.withdrawn);
    let index = store::adopt(dir, built)?;
    let count = oddities.len();
    oddities.sort();
    oddities.truncate(ODDITIES_SHOWN);
    let snapshot = crate::ports::Advisories::snapshot(&index).clone();
    Ok(Imported { snapshot, records, withdrawn, oddities: count, first_oddities: oddities })
}

struct Intake<'a> {
    builder: Builder,
    bad: Vec<UnreadableRecord>,
    oddities: Vec<(String, String)>,
    read: u64,
    events: &'a dyn Events,
}

/// The families that records of one group name.
#[derive(Default)]
struct Families {
    named: BTreeSet<EcosystemKind>,
    alone: BTreeSet<EcosystemKind>,
}

impl Intake<'_> {
    fn group(&mut self, group: &sources::Group) -> Result<(), ImportError> {
        let mut families = Families::default();
        let mut batch = Vec::new();
        let mut bytes = 0;
        for file in &group.files {
            sources::read(file, &mut |place, record| {
                bytes += record.len();
                batch.push((place, record));
                if batch.len() >= BATCH_RECORDS || bytes >= BATCH_BYTES {
                    bytes = 0;
                    self.batch(std::mem::take(&mut batch), &mut families)?;
                }
                Ok(())
            })?;
        }
        self.batch(batch, &mut families)?;
        let label = group.directory.as_deref().map(|name| Ecosystem::from(name.to_owned()));
        let label = label
            .filter(|label| !matches!(label.kind, EcosystemKind::Other(_)) || families.named.contains(&label.kind));
        match label {
            Some(label) => self.builder.mark_present(label),
            None => families.alone.into_iter().for_each(|kind| self.builder.mark_present(Ecosystem::plain(kind))),
        }
        Ok(())
    }

    fn batch(&mut self, batch: Vec<(String, Vec<u8>)>, families: &mut Families) -> Result<(), ImportError> {
        let database = |error: std::io::Error| ImportError::Database(error.into());
        let read: Vec<_> = batch
            .into_par_iter()
            .map(|(place, bytes)| {
                let record = osv::parse(&bytes).map(|parsed| (Prepared::new(parsed.advisory), parsed.oddities));
                (place, record)
            })
            .collect();
        for (place, record) in read {
            match record {
                Ok((prepared, oddities)) => {
                    let prepared = prepared.map_err(database)?;
                    let kinds: BTreeSet<_> = prepared.ecosystems().map(|one| one.kind.clone()).collect();
                    if kinds.len() == 1 {
                        families.alone.extend(kinds.iter().cloned());
                    }
                    families.named.extend(kinds);
                    self.oddities.extend(oddities.into_iter().map(|what| (place.clone(), what)));
                    self.builder.add(prepared).map_err(database)?;
                }
                Err(osv::OsvError { id, reason }) => self.bad.push(UnreadableRecord { place, id, reason }),
            }
            self.read += 1;
        }
        self.events.emit(Event::Progress { label: "advisories".into(), done: self.read, total: None });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
