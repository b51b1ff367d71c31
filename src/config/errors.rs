//! What is wrong with a config file: every error with a stable code, where it stands, and what to do.
//!
//! Rendered by `miette` for people, by `serde` for machines. Must not hold a secret: what a file should not have contained
//! is blotted out of the kept text.

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceSpan};
use serde::Serialize;
use std::fmt;

/// A place in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    /// First byte.
    pub(super) offset: usize,
    /// Bytes.
    pub(super) length: usize,
}

impl Span {
    /// From the first byte to the end of another place.
    pub(super) fn to(self, end: Span) -> Span {
        Span { offset: self.offset, length: (end.offset + end.length).saturating_sub(self.offset).max(self.length) }
    }
}

impl From<Span> for (usize, usize) {
    fn from(span: Span) -> Self {
        (span.offset, span.length)
    }
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    code: &'static str,
    message: Box<str>,
    span: Span,
    label: Box<str>,
    also: Vec<(Span, String)>,
    help: Option<Box<str>>,
    line: usize,
    column: usize,
}

impl ConfigError {
    /// An error at a place.
    pub(super) fn new(code: &'static str, span: Span, message: impl Into<Box<str>>) -> Self {
        let (message, label) = (message.into(), "here".into());
        Self { code, message, span, label, also: Vec::new(), help: None, line: 1, column: 1 }
    }

    /// What the label under the place says.
    pub(super) fn label(mut self, label: impl Into<Box<str>>) -> Self {
        self.label = label.into();
        self
    }

    /// What to do.
    pub(super) fn help(mut self, help: impl Into<Box<str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Another place that has to do with it.
    pub(super) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    /// The same, so many bytes further on.
    pub(super) fn shifted(mut self, bytes: usize) -> Self {
        self.span.offset += bytes;
        self
    }

    /// Its stable code (`config::unknown-key`).
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Byte offset and length of the place in the file.
    pub fn span(&self) -> (usize, usize) {
        self.span.into()
    }

    /// Line and column, from 1; a column is a character.
    pub fn position(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// What to do about it, where that can be said.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Diagnostic for ConfigError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labelled = |(span, text): (Span, &str)| {
            let span = SourceSpan::from(<(usize, usize)>::from(span));
            LabeledSpan::new_with_span(Some(text.to_owned()), span)
        };
        let also = self.also.iter().map(|(span, text)| (*span, text.as_str()));
        Some(Box::new(std::iter::once((self.span, &*self.label)).chain(also).map(labelled)))
    }
}

#[derive(Serialize)]
struct SpanView {
    offset: usize,
    length: usize,
    line: usize,
    column: usize,
}

impl Serialize for ConfigError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct View<'a> {
            code: &'a str,
            message: &'a str,
            span: SpanView,
            help: Option<&'a str>,
        }
        let Span { offset, length } = self.span;
        let span = SpanView { offset, length, line: self.line, column: self.column };
        View { code: self.code, message: &self.message, span, help: self.help.as_deref() }.serialize(serializer)
    }
}

/// Every error of one file, in the order of the file.
#[derive(Debug, Clone)]
pub struct ConfigErrors {
    source: NamedSource<String>,
    errors: Vec<ConfigError>,
}

impl ConfigErrors {
    /// Puts errors and text together; blots the secrets out of the text.
    pub(super) fn new(file_name: &str, text: String, report: Report) -> Self {
        let Report { mut errors, dropped, mut secrets, .. } = report;
        secrets.extend(super::forms::tokens_in(&text).into_iter().map(|(offset, length)| Span { offset, length }));
        errors.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        errors.dedup();
        if dropped > 0 {
            let message = format!("{dropped} more errors are not shown");
            errors.push(ConfigError::new("config::too-many-errors", Span::default(), message));
        }
        if errors.is_empty() {
            errors.push(ConfigError::new("config::invalid", Span::default(), "the file is not a valid config"));
        }
        let text = blot(text, &secrets);
        let starts: Vec<usize> = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
            .collect();
        for error in &mut errors {
            let offset = error.span.offset.min(text.len());
            error.line = starts.partition_point(|start| *start <= offset).max(1);
            let before = text.get(starts[error.line - 1]..offset).unwrap_or_default();
            error.column = 1 + before.chars().filter(|c| *c != '\u{feff}').count();
        }
        Self { source: NamedSource::new(file_name, text), errors }
    }

    /// The file's name, as it was given.
    pub fn file_name(&self) -> &str {
        self.source.name()
    }

    /// The errors, at least one, in the order of the file.
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }

    /// Their codes, in the same order.
    pub fn codes(&self) -> Vec<&'static str> {
        self.errors.iter().map(|error| error.code).collect()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.len() {
            1 => write!(f, "{} has an error", self.file_name()),
            count => write!(f, "{} has {count} errors", self.file_name()),
        }
    }
}

impl std::error::Error for ConfigErrors {}

impl Diagnostic for ConfigErrors {
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.errors.iter().map(|error| error as &dyn Diagnostic)))
    }
}

impl Serialize for ConfigErrors {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct View<'a> {
            file: &'a str,
            errors: &'a [ConfigError],
        }
        View { file: self.file_name(), errors: &self.errors }.serialize(serializer)
    }
}

/// Overwrites places of a text with `*`, byte for byte, so that no span moves.
fn blot(text: String, secrets: &[Span]) -> String {
    if secrets.is_empty() {
        return text;
    }
    let mut bytes = text.into_bytes();
    for Span { offset, length } in secrets {
        let end = offset.saturating_add(*length).min(bytes.len());
        for byte in bytes.get_mut(*offset..end).unwrap_or_default() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Most errors that are kept of one file.
const MAX_ERRORS: usize = 500;
/// Most did-you-mean searches for one file: each looks at every name there is.
const MAX_SUGGESTIONS: usize = 100;

/// Collects the errors of one file.
#[derive(Debug, Default)]
pub(super) struct Report {
    errors: Vec<ConfigError>,
    dropped: usize,
    secrets: Vec<Span>,
    suggestions: usize,
}

impl Report {
    /// Adds an error.
    pub(super) fn add(&mut self, error: ConfigError) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        } else {
            self.dropped += 1;
        }
    }

    /// Keeps a place of the text from being shown.
    pub(super) fn hide(&mut self, secret: Span) {
        self.secrets.push(secret);
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The candidate that a mistyped word most likely meant.
    pub(super) fn suggest<'a>(&mut self, word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        if self.suggestions >= MAX_SUGGESTIONS || word.len() > 128 {
            return None;
        }
        self.suggestions += 1;
        nearest(word, candidates)
    }
}

/// The nearest candidate within a third of the word's length (at least 2 edits for words of 4 and more); the first of equals.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let limit = if length < 4 { 1 } else { (length / 3).max(2) };
    candidates
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= limit * 2)
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}
