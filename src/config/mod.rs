//! `compliance.toml` or `compliance.kdl` to a validated [`Config`]; every error of a file at once.

mod types;

pub use types::{
    AdvisorySources, Config, Engine, Image, Project, Scan, Service, Sign, SignWith, Store, Trust, Unavailable,
};
