//! The present, read once at the edge.

use crate::model::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Now, in nanoseconds since 1970: for comparing with the times of files, never for a result.
    fn unix_nanos(&self) -> i64;
}
