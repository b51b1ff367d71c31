//! The tree that both syntaxes are read into: plain values, each with its place in the file.

use super::errors::Span;
use std::collections::BTreeMap;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    /// Where.
    pub(super) span: Span,
    /// What.
    pub(super) kind: ValueKind,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValueKind {
    /// A string.
    Text(String),
    /// A whole number of 64 bits.
    Int(i64),
    /// Another number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A calendar date, as written.
    Date(String),
    /// A date with a time, or a time.
    Time,
    /// KDL's `#null`.
    Null,
    /// Values in order.
    List(Vec<Value>),
    /// Values by key.
    Table(Table),
    /// One that was already reported: nothing more is said of it.
    Reported,
}

/// A table: each key with its place and value.
pub(super) type Table = BTreeMap<String, Entry>;

/// A value under a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Where the key stands.
    pub(super) key: Span,
    /// The value.
    pub(super) value: Value,
}

impl ValueKind {
    /// What it is, in words.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number with a fraction",
            Self::Bool(_) => "a boolean",
            Self::Date(_) => "a date",
            Self::Time => "a date with a time",
            Self::Null => "null",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
            Self::Reported => "an unusable value",
        }
    }
}
