//! What finds the flaws of components: our own matching of advisories, or another program.

use crate::matching;
use crate::model::Snapshot;
use crate::plan::MatchedBy;
use crate::ports::{Advisories, OtherMatcher};
use std::sync::Arc;

/// What finds the flaws of components.
#[derive(Clone)]
pub enum Finder {
    /// Our own matching, of these advisories.
    Ours(Arc<dyn Advisories>),
    /// Another program, by a database of its own.
    Other(Arc<dyn OtherMatcher>),
}

impl Finder {
    /// The advisories, or the other program's database.
    pub fn snapshot(&self) -> &Snapshot {
        match self {
            Self::Ours(advisories) => advisories.snapshot(),
            Self::Other(matcher) => matcher.snapshot(),
        }
    }

    /// What matches, for keys.
    pub fn matched_by(&self) -> MatchedBy {
        match self {
            Self::Ours(_) => MatchedBy::Ours(matching::REVISION),
            Self::Other(matcher) => MatchedBy::Other(matcher.identity().clone()),
        }
    }
}
