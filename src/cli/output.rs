//! Writing results to standard output and failures to standard error: the only place that prints.
#![expect(clippy::print_stderr, reason = "this is the place that prints")]

use super::annotations;
use super::args::When;
use crate::ops::Failure;
use crate::report::github::{self, Annotation};
use std::borrow::Cow;
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
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// The form of results.
    pub(super) form: Form,
    /// Whether results are coloured.
    pub(super) color: bool,
    /// Whether to say only what failed.
    pub(super) quiet: bool,
    /// In GitHub Actions: where the project is from the repository's root, empty or ending in `/`.
    github: Option<String>,
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
        Self { form, color, quiet, github: None, error_color: on(std::io::stderr().is_terminal()) }
    }

    /// The same, in GitHub Actions.
    pub(super) fn beside(self, github: Option<String>) -> Self {
        Self { github, ..self }
    }

    /// Prints text as it is. A closed pipe ends the process quietly, as for any filter.
    pub(super) fn text(&self, text: &str) {
        self.print(&self.plain(text));
    }

    /// Prints a JSON document as it is.
    pub(super) fn document(&self, text: &str) {
        self.print(&if self.github.is_some() { github::plain_json(text) } else { Cow::Borrowed(text) });
    }

    /// Says beside the lines of files what is wrong, in GitHub Actions; on standard error, for a result may stand on the other.
    pub(super) fn annotate(&self, annotations: Vec<Annotation>) {
        let Some(prefix) = &self.github else { return };
        for annotation in annotations {
            let file = annotation.file.map(|file| format!("{prefix}{file}"));
            eprintln!("{}", Annotation { file, ..annotation });
        }
    }

    fn plain<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.github.is_some() { github::plain(text) } else { Cow::Borrowed(text) }
    }

    #[expect(clippy::unused_self, reason = "only what has been made fit for it is printed")]
    fn print(&self, text: &str) {
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
        self.document(&format!("{text}\n"));
    }

    /// Shows a failure: on standard error for people, as an object on standard output for machines.
    pub(super) fn failure(&self, failure: &Failure) {
        self.annotate(annotations::of_failure(failure));
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
            Ok(()) => eprint!("{}", self.plain(&text)),
            Err(_) => eprintln!("{}", self.plain(&format!("error: {failure}"))),
        }
    }
}

/// Says that what just happened is a bug.
pub(super) fn bug() {
    eprintln!("error[bug]: this is a bug in proofmark; nothing was signed or written by this run after it");
}
