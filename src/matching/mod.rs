//! Which advisories affect which components.

pub mod version;
