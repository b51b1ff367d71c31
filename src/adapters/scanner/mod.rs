//! Scanners.

pub mod builtin;
