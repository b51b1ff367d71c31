//! What the catalogers say of one file.

use super::catalog::{Cataloger, Content, FOUND_LIMIT, File, FileFacts, Found, GAP_LIMIT};
use super::catalogers;
use crate::model::{Gap, GapKind};
use serde::{Deserialize, Serialize};

/// All that is known of one file. Components have no locations yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) found: Vec<Found>,
    pub(super) gaps: Vec<Gap>,
}

impl Facts {
    /// Nothing but a gap.
    pub(super) fn gap(kind: GapKind, path: &str, reason: impl Into<String>) -> Self {
        Self { found: Vec::new(), gaps: vec![Gap::new(kind, path, reason)] }
    }

    /// Asks each cataloger that wants the file. What one of them cannot read is a gap, and the others are asked still.
    pub(super) fn of(
        wanting: &[&'static dyn Cataloger],
        path: &str,
        content: Content<'_>,
        companion: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Self {
        let mut facts = Self::default();
        for cataloger in wanting {
            match cataloger.parse(&File { path, content, companion }) {
                Ok(parsed) => {
                    facts.found.extend(parsed.found);
                    let gaps = parsed.gaps.into_iter().map(|reason| Gap::new(GapKind::UnreadableFile, path, reason));
                    facts.gaps.extend(gaps);
                }
                Err(error) => facts.gaps.push(Gap::new(GapKind::UnreadableFile, path, error.to_string())),
            }
        }
        facts.gaps.truncate(GAP_LIMIT + 1);
        if facts.found.len() > FOUND_LIMIT {
            facts.found.truncate(FOUND_LIMIT);
            let reason = format!("more than {FOUND_LIMIT} packages");
            facts.gaps.push(Gap::new(GapKind::LimitReached, path, reason));
        }
        facts
    }

    /// What they count for against [`FOUND_LIMIT`]: a file that says nothing takes room as well, and so do many
    /// licences.
    pub(super) fn weight(&self) -> usize {
        let one = |found: &Found| match found {
            Found::Licensed(it) => 1 + it.licenses.len() / 8,
            Found::Component(_) | Found::System(_) | Found::Distro(_) => 1,
        };
        self.found.iter().map(one).sum::<usize>().max(1)
    }
}

/// The catalogers that want a file.
pub(super) fn wanting(installed: bool, path: &str, size: u64, executable: bool) -> Vec<&'static dyn Cataloger> {
    catalogers::for_file(installed, &FileFacts { path, size, executable }).collect()
}
