//! Writing results to standard output and failures to standard error: the only place that prints.
#![expect(clippy::print_stderr, reason = "this is the place that prints")]

use super::args::When;
use crate::ops::Failure;
use std::io::{IsTerminal as _, Write as _};

/// How a result is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Words.
    Human,
    /// One JSON document on standard output, and nothing else there.
    Json,
}

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// The form of results.
    pub(super) form: Form,
    /// Whether results are coloured.
    pub(super) color: bool,
    /// Whether to say only what failed.
    pub(super) quiet: bool,
    error_color: bool,
}

impl Output {
    /// From the options, the streams, and whether `NO_COLOR` is set.
    pub(super) fn new(form: Form, color: When, quiet: bool, no_color: bool) -> Self {
        let on = |terminal: bool| match color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !no_color,
        };
        let color = on(std::io::stdout().is_terminal());
        Self { form, color, quiet, error_color: on(std::io::stderr().is_terminal()) }
    }

    /// Prints text as it is. A closed pipe ends the process quietly, as for any filter.
    pub(super) fn text(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A reader that went away is not an error of ours.
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap_or_default();
    }

    /// Prints text unless only failures are wanted.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.text(text);
        }
    }

    /// Prints a value as indented JSON.
    pub(super) fn json(&self, value: &impl serde::Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.text(&format!("{text}\n"));
    }

    /// Shows a failure: on standard error for people, as an object on standard output for machines.
    pub(super) fn failure(&self, failure: &Failure) {
        if self.form == Form::Json {
            self.json(&serde_json::json!({ "error": failure, "exit": failure.exit.code() }));
            return;
        }
        let theme = match self.error_color {
            true => miette::GraphicalTheme::unicode(),
            false => miette::GraphicalTheme::unicode_nocolor(),
        };
        let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(110).with_links(false);
        let mut text = String::new();
        match handler.render_report(&mut text, failure.shown()) {
            Ok(()) => eprint!("{text}"),
            Err(_) => eprintln!("error: {failure}"),
        }
    }
}

/// Says that what just happened is a bug.
pub(super) fn bug() {
    eprintln!("error[bug]: this is a bug in proofmark; nothing was signed or written by this run after it");
}
