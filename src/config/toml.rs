//! TOML to the tree of values, by the `toml` crate's own spanned tree.

use super::errors::{ConfigError, Report, Span};
use super::value::{Entry, Table, Value, ValueKind};
use toml::de::{DeTable, DeValue};

/// Largest file of which more than the first syntax error is looked for, in bytes: each error costs memory.
const MAX_RECOVERY: usize = 256 << 10;
/// Most syntax errors shown: those behind are mostly echoes.
const MAX_SYNTAX_ERRORS: usize = 10;

/// Reads a document whose first byte stands at `shift` of the file. `None` where its syntax is broken; with nothing worse
/// than duplicate keys, what remains is given, so that other errors are found as well.
pub(super) fn parse(text: &str, shift: usize, report: &mut Report) -> Option<Table> {
    let reader = Reader { shift };
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(first) if text.len() > MAX_RECOVERY => {
            reader.complain(&first, report);
            return None;
        }
        Err(_) => {
            let (table, errors) = DeTable::parse_recoverable(text);
            let broken = errors.iter().any(|error| !is_duplicate(error));
            let shown = errors.iter().filter(|error| !broken || !is_duplicate(error));
            shown.take(MAX_SYNTAX_ERRORS).for_each(|error| reader.complain(error, report));
            if broken {
                return None;
            }
            table
        }
    };
    Some(reader.table(table.into_inner(), report))
}

fn is_duplicate(error: &toml::de::Error) -> bool {
    error.message() == "duplicate key"
}

struct Reader {
    shift: usize,
}

impl Reader {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span { offset: range.start + self.shift, length: range.end.saturating_sub(range.start) }
    }

    fn complain(&self, error: &toml::de::Error, report: &mut Report) {
        let span = error.span().map(|range| self.span(range)).unwrap_or_default();
        report.add(if is_duplicate(error) {
            ConfigError::new("config::duplicate-key", span, "the key was given before")
                .label("given again")
                .help("keep one of them")
        } else {
            ConfigError::new("config::syntax", span, format!("not valid TOML: {}", error.message()))
        });
    }

    fn table(&self, table: DeTable<'_>, report: &mut Report) -> Table {
        let entries = table.into_iter().map(|(key, value)| {
            let span = self.span(key.span());
            (key.into_inner().into_owned(), Entry { key: span, value: self.value(value, report) })
        });
        entries.collect()
    }

    fn value(&self, value: toml::Spanned<DeValue<'_>>, report: &mut Report) -> Value {
        let span = self.span(value.span());
        let mut too_large = || {
            let message = "the number is too large or too small";
            report.add(ConfigError::new("config::number", span, message).help("whole numbers have 64 bits"));
            ValueKind::Reported
        };
        let kind = match value.into_inner() {
            DeValue::String(text) => ValueKind::Text(text.into_owned()),
            DeValue::Integer(int) => {
                i64::from_str_radix(int.as_str(), int.radix()).map_or_else(|_| too_large(), ValueKind::Int)
            }
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => ValueKind::Float(number),
                _ => too_large(),
            },
            DeValue::Boolean(value) => ValueKind::Bool(value),
            DeValue::Datetime(stamp) => match (stamp.date, stamp.time, stamp.offset) {
                (Some(date), None, None) => ValueKind::Date(date.to_string()),
                _ => ValueKind::Time,
            },
            DeValue::Array(items) => ValueKind::List(items.into_iter().map(|item| self.value(item, report)).collect()),
            DeValue::Table(table) => ValueKind::Table(self.table(table, report)),
        };
        Value { span, kind }
    }
}
