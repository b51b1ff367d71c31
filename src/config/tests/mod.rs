//! Tests of the whole way from text to `Config`.
#![expect(clippy::disallowed_methods, reason = "the schema in the repository is read, and renewed on demand")]

mod errors;
mod example;
mod rejected;
mod same;
mod schema;

use super::{Config, ConfigErrors, Syntax, load};

/// The least that loads.
const LEAST: &str = "version = 1\nproject.name = 'p'\npolicy.b.max.high = 0\n[services.s]\npath = 's'\npolicy = 'b'\n";

fn toml(text: &str) -> Result<Config, ConfigErrors> {
    load("compliance.toml", text.as_bytes(), Syntax::Toml)
}

fn kdl(text: &str) -> Result<Config, ConfigErrors> {
    load("compliance.kdl", text.as_bytes(), Syntax::Kdl)
}

/// As people see it, 100 columns wide, without colour.
fn rendered(errors: &ConfigErrors) -> String {
    let mut text = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor()).with_width(100);
    handler.render_report(&mut text, errors).unwrap();
    text
}
