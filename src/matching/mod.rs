//! Which advisories affect which components.
