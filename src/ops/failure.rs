//! Why a verb could not give its result: an exit code, a stable code, words, and help.

use super::Exit;
use miette::Diagnostic;
use serde::Serialize;

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
    pub help: Option<String>,
    /// What it consists of, where there is more than one thing to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Failure>,
    /// The diagnostic with source text that it was made from, where there is one.
    #[serde(skip)]
    pub diagnostic: Option<Box<dyn Diagnostic + Send + Sync>>,
}

impl Failure {
    /// A failure.
    pub fn new(exit: Exit, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { exit, code: code.into(), message: message.into(), help: None, details: Vec::new(), diagnostic: None }
    }

    /// One that shows as this diagnostic.
    pub fn from_diagnostic(exit: Exit, diagnostic: impl Diagnostic + Send + Sync + 'static) -> Self {
        let code = diagnostic.code().map(|code| code.to_string()).unwrap_or_default();
        let mut failure = Self::new(exit, code, diagnostic.to_string());
        failure.help = diagnostic.help().map(|help| help.to_string());
        failure.diagnostic = Some(Box::new(diagnostic));
        failure
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
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
