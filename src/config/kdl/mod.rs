//! KDL (version 2) to the same tree of values as TOML.
//!
//! The rule is regular, and driven by the table of keys:
//!
//! - A node is a key: its name is the key's name.
//! - A key with a value takes it as its one argument: `jobs 8`, `ignore-unfixed #false`. Dates and lengths of time are strings.
//! - A key with an array takes any number of arguments: `images "checkout" "worker"`.
//! - A table's entries are properties, children, or both: `max critical=0 high=0`, or `max { critical 0; high 0 }`.
//! - Tables with names of their own (`[services.NAME]`, `[images.NAME]`, `[policy.NAME]`, `[vault.roles.NAME]`) are one node
//!   each, called `service`, `image`, `policy` and `role`, with the name as their one argument: `service "checkout" { … }`.
//! - An array of tables (`[[waiver]]`) is one node for each: `waiver id="CVE-2024-12345" { … }`.
//! - A secret is a table: `token vault="scan-token"`.
//!
//! Type annotations mean nothing here and are refused. A top-level node may have 32 KiB; what is larger is for TOML.

mod nodes;

use super::errors::{ConfigError, Report, Span};
use super::keys::{Keys, Kind, ROOT};
use super::value::{Entry, Table, Value, ValueKind};
use ::kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};

/// Most syntax errors shown: those behind are mostly echoes.
const MAX_SYNTAX_ERRORS: usize = 10;

/// Stack for the parser, in bytes. For each byte from which it recovers it needs 2 to 4 KiB where it is compiled without
/// optimization; twice that is reserved, and only what is used costs memory.
const STACK: usize = nodes::MAX_NODE * 8192;

/// Reads a document whose first byte stands at `shift` of the file. `None` where its syntax is broken.
pub(super) fn parse(text: &str, shift: usize, report: &mut Report) -> Option<Table> {
    let nodes = match nodes::cut(text) {
        Ok(nodes) => nodes,
        Err(error) => {
            report.add(error.shifted(shift));
            return None;
        }
    };
    let table = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("kdl".into()).stack_size(STACK);
        let worker = builder.spawn_scoped(scope, || read(&nodes, shift, report)).ok()?;
        worker.join().ok()
    });
    match table {
        Some(table) => table,
        None => {
            let message = "the KDL parser could not be run";
            report
                .add(ConfigError::new("config::kdl-parser", Span::default(), message).help("write the config as TOML"));
            None
        }
    }
}

fn read(nodes: &nodes::Nodes, shift: usize, report: &mut Report) -> Option<Table> {
    let mut table = Table::new();
    for range in &nodes.ranges {
        let text = nodes.text.get(range.clone())?;
        let mut reader = Reader { shift: shift + range.start, report };
        match KdlDocument::parse_v2(text) {
            Ok(document) => reader.children(&document, Some(&ROOT), &mut table),
            Err(error) => {
                reader.complain(text, &error);
                return None;
            }
        }
    }
    Some(table)
}

/// The last line of a place: the parser gives all that it had read when it gave up.
fn last_line(text: &str, span: miette::SourceSpan) -> miette::SourceSpan {
    let end = text.len().min(span.offset().saturating_add(span.len()));
    let Some(read) = text.get(span.offset()..end).map(str::trim_end).filter(|read| read.contains('\n')) else {
        return span;
    };
    let start = read.rfind('\n').map_or(0, |line| line + 1);
    let start = start + read[start..].len() - read[start..].trim_start().len();
    (span.offset() + start, read.len() - start).into()
}

struct Reader<'a> {
    shift: usize,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn span(&self, span: miette::SourceSpan) -> Span {
        Span { offset: span.offset() + self.shift, length: span.len() }
    }

    fn complain(&mut self, text: &str, error: &::kdl::KdlError) {
        for diagnostic in error.diagnostics.iter().take(MAX_SYNTAX_ERRORS) {
            let span = self.span(last_line(text, diagnostic.span));
            let message = diagnostic.message.as_deref().unwrap_or("unexpected text");
            let mut error = ConfigError::new("config::syntax", span, format!("not valid KDL: {message}"));
            if let Some(label) = &diagnostic.label {
                error = error.label(label.as_str());
            }
            if let Some(help) = &diagnostic.help {
                error = error.help(help.as_str());
            }
            self.report.add(error);
        }
    }

    /// The nodes of a document as entries of a table.
    fn children(&mut self, document: &KdlDocument, keys: Option<&'static Keys>, table: &mut Table) {
        for node in document.nodes() {
            let name = node.name().value();
            let key = self.span(node.name().span());
            if let Some(annotation) = node.ty() {
                self.refuse_annotation(self.span(annotation.span()));
            }
            let known = keys.and_then(|keys| keys.keys.iter().find(|key| node_name(key.name, &key.kind) == name));
            match known.map(|known| (known.name, &known.kind)) {
                Some((plural, Kind::Named(keys, ..))) => self.named(node, key, plural, keys, table),
                Some((name, Kind::Many(keys, _))) => {
                    let value = self.table_of(node, Some(keys));
                    let new = || Entry { key, value: Value { span: key, kind: ValueKind::List(Vec::new()) } };
                    if let ValueKind::List(items) = &mut table.entry(name.to_owned()).or_insert_with(new).value.kind {
                        items.push(value);
                    }
                }
                Some((_, Kind::Table(keys))) => {
                    let value = self.table_of(node, Some(keys));
                    self.insert(table, name, key, value);
                }
                None if keys.is_some_and(|keys| keys.keys.iter().any(|key| key.name == name)) => {
                    let node = keys.and_then(|keys| keys.keys.iter().find(|key| key.name == name));
                    let node = node.map_or("", |key| node_name(key.name, &key.kind));
                    let error =
                        ConfigError::new("config::unknown-key", key, format!("there is no key `{name}` in KDL"))
                            .label("unknown")
                            .help(format!("write one `{node} \"name\" {{ … }}` for each"));
                    self.report.add(error);
                }
                known => {
                    let value = self.plain(node, matches!(known, Some((_, Kind::List(..)))));
                    self.insert(table, name, key, value);
                }
            }
        }
    }

    /// `service "checkout" { … }`: an entry of the table `services`.
    fn named(&mut self, node: &KdlNode, key: Span, plural: &str, keys: &'static Keys, table: &mut Table) {
        let mut arguments = node.entries().iter().filter(|entry| entry.name().is_none());
        let (first, more) = (arguments.next(), arguments.next());
        let (Some(entry), Some(name), None) = (first, first.and_then(|entry| entry.value().as_string()), more) else {
            let message = format!("`{}` needs its name, and only that, as a string behind it", node.name().value());
            let help = format!("write it as `{} \"name\" {{ … }}`", node.name().value());
            self.report.add(ConfigError::new("config::kdl-argument", key, message).help(help));
            return;
        };
        let at = self.span(entry.span());
        let mut inner = Table::new();
        self.properties(node, &mut inner);
        if let Some(document) = node.children() {
            self.children(document, Some(keys), &mut inner);
        }
        let new = || Entry { key, value: Value { span: key, kind: ValueKind::Table(Table::new()) } };
        if let ValueKind::Table(tables) = &mut table.entry(plural.to_owned()).or_insert_with(new).value.kind {
            self.insert(tables, name, at, Value { span: at, kind: ValueKind::Table(inner) });
        }
    }

    /// A node that is a table: properties and children.
    fn table_of(&mut self, node: &KdlNode, keys: Option<&'static Keys>) -> Value {
        let span = self.span(node.name().span());
        for entry in node.entries().iter().filter(|entry| entry.name().is_none()) {
            let message = format!("`{}` takes no value of its own", node.name().value());
            let help = "give its entries as properties `key=value` or as children";
            self.report.add(ConfigError::new("config::kdl-argument", self.span(entry.span()), message).help(help));
        }
        let mut table = Table::new();
        self.properties(node, &mut table);
        if let Some(document) = node.children() {
            self.children(document, keys, &mut table);
        }
        Value { span, kind: ValueKind::Table(table) }
    }

    /// A node that is a value, an array, or a table that the table of keys does not describe.
    fn plain(&mut self, node: &KdlNode, list: bool) -> Value {
        let span = self.span(node.name().span());
        let entries = node.entries();
        if node.children().is_some() || entries.iter().any(|entry| entry.name().is_some()) {
            return self.table_of(node, None);
        }
        match entries {
            [entry] if !list => self.value(entry),
            [] if !list => Value { span, kind: ValueKind::Null },
            _ => {
                let items: Vec<Value> = entries.iter().map(|entry| self.value(entry)).collect();
                let whole = match (items.first(), items.last()) {
                    (Some(first), Some(last)) => first.span.to(last.span),
                    _ => span,
                };
                Value { span: whole, kind: ValueKind::List(items) }
            }
        }
    }

    fn properties(&mut self, node: &KdlNode, table: &mut Table) {
        for entry in node.entries() {
            if let Some(name) = entry.name() {
                let (key, value) = (self.span(name.span()), self.value(entry));
                self.insert(table, name.value(), key, value);
            }
        }
    }

    fn value(&mut self, entry: &KdlEntry) -> Value {
        let mut span = self.span(entry.span());
        if let Some(format) = entry.format().filter(|_| entry.name().is_some()) {
            // The entry's place begins with its key.
            let length = format.value_repr.len().min(span.length);
            span = Span { offset: span.offset + span.length - length, length };
        }
        if let Some(annotation) = entry.ty() {
            self.refuse_annotation(self.span(annotation.span()));
        }
        let mut too_large = || {
            let message = "the number is too large or too small";
            self.report.add(ConfigError::new("config::number", span, message).help("whole numbers have 64 bits"));
            ValueKind::Reported
        };
        let kind = match entry.value() {
            KdlValue::String(text) => ValueKind::Text(text.clone()),
            KdlValue::Integer(int) => i64::try_from(*int).map_or_else(|_| too_large(), ValueKind::Int),
            KdlValue::Float(number) if number.is_finite() => ValueKind::Float(*number),
            KdlValue::Float(_) => too_large(),
            KdlValue::Bool(value) => ValueKind::Bool(*value),
            KdlValue::Null => ValueKind::Null,
        };
        Value { span, kind }
    }

    fn insert(&mut self, table: &mut Table, name: &str, key: Span, value: Value) {
        if let Some(before) = table.get(name) {
            let error = ConfigError::new("config::duplicate-key", key, format!("`{name}` is given twice"))
                .label("given again")
                .also(before.key, "given here before")
                .help("keep one of them");
            self.report.add(error);
        } else {
            table.insert(name.to_owned(), Entry { key, value });
        }
    }

    fn refuse_annotation(&mut self, span: Span) {
        let error = ConfigError::new("config::type-annotation", span, "type annotations mean nothing here")
            .help("leave the `(…)` out");
        self.report.add(error);
    }
}

/// What a key's node is called.
fn node_name(name: &'static str, kind: &Kind) -> &'static str {
    match kind {
        Kind::Named(_, node, _) => node,
        _ => name,
    }
}
