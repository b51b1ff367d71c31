//! Why a verb could not give its result: an exit code, a stable code, words, and help.

use super::Exit;
use miette::{Diagnostic, SourceCode};
use serde::Serialize;

/// How deep what a diagnostic consists of is looked into.
const NESTED: usize = 4;

/// One failure. Shown by miette on a terminal, as an object in JSON.
#[derive(Debug, thiserror::Error, Serialize)]
#[error("{message}")]
pub struct Failure {
    /// The exit code that it leads to.
    pub exit: Exit,
    /// A stable code (`lock::stale`).
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<Box<str>>,
    /// Where in a file of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Box<Place>>,
    /// What it consists of, where there is more than one thing to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Failure>,
    /// The diagnostic with source text that it was made from, where there is one.
    #[serde(skip)]
    pub diagnostic: Option<Box<dyn Diagnostic + Send + Sync>>,
}

/// A place in a text.
#[derive(Debug, Serialize)]
pub struct Place {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The byte in it, from 1.
    pub column: usize,
}

impl Failure {
    /// A failure.
    pub fn new(exit: Exit, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            exit,
            code: code.into(),
            message: message.into(),
            help: None,
            place: None,
            details: Vec::new(),
            diagnostic: None,
        }
    }

    /// One that shows as this diagnostic.
    pub fn from_diagnostic(exit: Exit, diagnostic: impl Diagnostic + Send + Sync + 'static) -> Self {
        let mut failure = Self::told(exit, &diagnostic, None, NESTED);
        failure.diagnostic = Some(Box::new(diagnostic));
        failure
    }

    /// What a diagnostic says, in plain words: its own code or that of the first thing which it consists of.
    fn told(exit: Exit, diagnostic: &dyn Diagnostic, source: Option<&dyn SourceCode>, depth: usize) -> Self {
        let source = diagnostic.source_code().or(source);
        let mut failure = Self::new(exit, "", diagnostic.to_string());
        if depth > 0 {
            let parts = diagnostic.related().into_iter().flatten();
            failure.details = parts.map(|part| Self::told(exit, part, source, depth - 1)).collect();
        }
        failure.code = match diagnostic.code() {
            Some(code) => code.to_string(),
            None => failure.details.first().map(|first| first.code.clone()).unwrap_or_default(),
        };
        failure.help = diagnostic.help().map(|help| help.to_string().into());
        let label = diagnostic.labels().and_then(|mut labels| labels.next());
        let place = source.zip(label).and_then(|(source, label)| source.read_span(label.inner(), 0, 0).ok());
        failure.place = place.and_then(|place| {
            let file = place.name()?.to_owned();
            Some(Box::new(Place { file, line: place.line() + 1, column: place.column() + 1 }))
        });
        failure
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into().into());
        self
    }

    /// With what it consists of; its exit code becomes the worst of theirs.
    #[must_use]
    pub fn details(mut self, details: Vec<Self>) -> Self {
        self.exit = details.iter().fold(self.exit, |exit, detail| exit.or_worse(detail.exit));
        self.details = details;
        self
    }
}

impl Diagnostic for Failure {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        (!self.code.is_empty()).then(|| Box::new(&self.code) as _)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.details.is_empty()).then(|| Box::new(self.details.iter().map(Self::shown)) as _)
    }
}

impl Failure {
    /// What to show: the diagnostic with source text where there is one, else itself.
    pub fn shown(&self) -> &dyn Diagnostic {
        match &self.diagnostic {
            Some(diagnostic) => diagnostic.as_ref(),
            None => self,
        }
    }
}
