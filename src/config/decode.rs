//! The tree of values to [`RawConfig`], by the table of keys: every unknown key, wrong kind, bad form, number out of range
//! and missing key is reported, and what is right is kept, so that later checks find their errors in the same pass.

use super::errors::{ConfigError, Report, Span};
use super::forms;
use super::keys::{Form, Keys, Kind, MAX_ITEMS, ROOT};
use super::raw::{Checked, Item, RawConfig, Section};
use super::value::{Table, Value, ValueKind};
use crate::model::{Date, Duration};
use std::collections::BTreeMap;

/// Decodes a whole file. `None` where its version is not one that we know: then nothing more can be said of it.
pub(super) fn decode(table: Table, report: &mut Report) -> Option<RawConfig> {
    if let Some(entry) = table.get("version") {
        let other = match &entry.value.kind {
            ValueKind::Int(1) => None,
            ValueKind::Int(other) => Some(other.to_string()),
            ValueKind::Text(other) => Some(format!("{other:?}")),
            ValueKind::Float(other) => Some(other.to_string()),
            _ => None,
        };
        if let Some(other) = other {
            let help = "this version of proofmark reads `version = 1`; a newer one may read this file";
            let message = format!("version {other} of the config is not known");
            report.add(
                ConfigError::new("config::version", entry.value.span, message).label("unknown version").help(help),
            );
            return None;
        }
    }
    Some(section(table, &ROOT, Span::default(), report))
}

fn section(table: Table, keys: &'static Keys, place: Span, report: &mut Report) -> Section {
    let mut section = Section::new(place);
    let present = |name: &str| table.contains_key(name);
    for key in keys.keys.iter().filter(|key| key.required && !present(key.name)) {
        let message = format!("{} needs `{}`", keys.what, key.name);
        report.add(ConfigError::new("config::missing-key", place, message).label("not in here").help(key.doc));
    }
    if !keys.one_of.is_empty() && !keys.one_of.iter().any(|name| present(name)) {
        let choices = keys.one_of.join("` or `");
        let message = format!("{} needs `{choices}`: there is nothing to scan", keys.what);
        let help = "say where its sources are, which images it has, or both";
        report.add(ConfigError::new("config::nothing-to-scan", place, message).label("neither is in here").help(help));
    }
    for (name, entry) in table {
        let Some(key) = keys.keys.iter().find(|key| key.name == name) else {
            unknown_key(&name, entry.key, &entry.value, keys, report);
            continue;
        };
        let span = entry.value.span;
        let span = if matches!(key.kind, Kind::Table(_) | Kind::Named(..) | Kind::Many(..)) { entry.key } else { span };
        if let Some(value) = checked(entry.value, key.name, &key.kind, entry.key, report) {
            section.insert(name, Item { key: entry.key, span, value });
        }
    }
    section
}

fn unknown_key(name: &str, span: Span, value: &Value, keys: &'static Keys, report: &mut Report) {
    if let (true, ValueKind::Text(_)) = (forms::names_secret(name), &value.kind) {
        literal_secret(name, value.span, report);
        return;
    }
    hide_secrets(value, report);
    let known = || keys.keys.iter().map(|key| key.name);
    let help = match report.suggest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{} has: {}", keys.what, known().collect::<Vec<_>>().join(", ")),
    };
    let message = match keys.unknown {
        "config::unknown-severity" => format!("`{name}` is not a severity"),
        _ => format!("{} has no key `{name}`", keys.what),
    };
    report.add(ConfigError::new(keys.unknown, span, message).label("unknown").help(help));
}

/// Blots out what looks like a secret in a value that is otherwise not looked at.
fn hide_secrets(value: &Value, report: &mut Report) {
    let mut open = vec![(false, value)];
    while let Some((named, value)) = open.pop() {
        match &value.kind {
            ValueKind::Text(text) if named || forms::looks_secret(text) => report.hide(value.span),
            ValueKind::List(items) => open.extend(items.iter().map(|item| (named, item))),
            ValueKind::Table(table) => {
                open.extend(table.iter().map(|(key, entry)| (named || forms::names_secret(key), &entry.value)));
            }
            _ => {}
        }
    }
}

fn literal_secret(name: &str, span: Span, report: &mut Report) {
    report.hide(span);
    let error = ConfigError::new("config::literal-secret", span, format!("`{name}` holds a secret in plain text"))
        .label("not shown")
        .help("keep it in Vault and name a role of engine kv: `{ vault = \"role\" }`; then revoke this one, for it was written down");
    report.add(error);
}

/// The value, where it is of its kind.
fn checked(value: Value, name: &str, kind: &'static Kind, key: Span, report: &mut Report) -> Option<Checked> {
    let span = value.span;
    match (kind, value.kind) {
        (_, ValueKind::Reported) => None,
        (Kind::Secret, ValueKind::Text(_)) => {
            literal_secret(name, span, report);
            None
        }
        (_, ValueKind::Text(text)) if forms::looks_secret(&text) => {
            literal_secret(name, span, report);
            None
        }
        (Kind::Text(form), ValueKind::Text(text)) => form_of(*form, &text, span, report).map(Checked::Text),
        (Kind::Int(least, most), ValueKind::Int(int)) => {
            if !(*least..=*most).contains(&int) {
                let message = format!("`{name}` is {int}; it may be {least} to {most}");
                report.add(ConfigError::new("config::out-of-range", span, message));
                return None;
            }
            Some(Checked::Int(int))
        }
        (Kind::Number(least, most), ValueKind::Int(int)) => {
            let small = i32::try_from(int).map_or(f64::INFINITY, f64::from);
            number(small, *least, *most, name, span, report)
        }
        (Kind::Number(least, most), ValueKind::Float(float)) => number(float, *least, *most, name, span, report),
        (Kind::Bool, ValueKind::Bool(flag)) => Some(Checked::Bool(flag)),
        (Kind::Choice(words), ValueKind::Text(text)) => {
            if words.contains(&text.as_str()) {
                return Some(Checked::Text(text));
            }
            let near = report.suggest(&text, words.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("one of \"{}\"", words.join("\", \"")),
            };
            report.add(
                ConfigError::new("config::unknown-value", span, format!("`{name}` cannot be {text:?}")).help(help),
            );
            None
        }
        (Kind::Length(least, most, code), ValueKind::Text(text)) => match Duration::parse(&text) {
            Ok(length) if (*least..=*most).contains(&length.secs()) => Some(Checked::Length(length)),
            Ok(length) => {
                let bounds = (Duration::from_secs(*least), Duration::from_secs(*most));
                let message = format!("`{name}` is {length}; it may be {} to {}", bounds.0, bounds.1);
                report.add(ConfigError::new(code, span, message).help(format!("at most \"{}\"", bounds.1)));
                None
            }
            Err(error) => {
                let message = format!("`{name}` is not a length of time");
                report.add(ConfigError::new("config::duration", span, message).help(error.to_string()));
                None
            }
        },
        (Kind::Date, ValueKind::Date(text) | ValueKind::Text(text)) => match Date::parse(&text) {
            Ok(date) => Some(Checked::Date(date)),
            Err(error) => {
                let message = format!("`{name}` is not a date");
                report.add(ConfigError::new("config::date", span, message).help(error.to_string()));
                None
            }
        },
        (Kind::List(form, sorted), ValueKind::List(items)) => {
            Some(Checked::List(list(items, *form, *sorted, span, report)))
        }
        (Kind::Table(keys), ValueKind::Table(table)) => Some(Checked::Table(section(table, keys, key, report))),
        (Kind::Named(keys, _, most), ValueKind::Table(table)) => {
            if table.len() > *most {
                return too_many(name, table.len(), *most, key, report);
            }
            Some(Checked::Table(named(table, keys, key, report)))
        }
        (Kind::Many(keys, most), ValueKind::List(items)) => {
            if items.len() > *most {
                return too_many(name, items.len(), *most, key, report);
            }
            let sections = items.into_iter().filter_map(|item| match item.kind {
                ValueKind::Table(table) => Some(section(table, keys, item.span, report)),
                other => {
                    wrong_kind(name, kind, &other, item.span, report);
                    None
                }
            });
            Some(Checked::Many(sections.collect()))
        }
        (Kind::Secret, ValueKind::Table(table)) => secret(table, name, key, report),
        (_, other) => {
            hide_secrets(&Value { span, kind: other.clone() }, report);
            wrong_kind(name, kind, &other, span, report);
            None
        }
    }
}

fn form_of(form: Form, text: &str, span: Span, report: &mut Report) -> Option<String> {
    match forms::check(form, text) {
        Ok(text) => Some(text),
        Err(misfit) => {
            report.add(ConfigError::new(misfit.code, span, misfit.message).help(misfit.help));
            None
        }
    }
}

fn number(value: f64, least: f64, most: f64, name: &str, span: Span, report: &mut Report) -> Option<Checked> {
    if !(least..=most).contains(&value) {
        let message = format!("`{name}` may be {least} to {most}");
        report.add(ConfigError::new("config::out-of-range", span, message));
        return None;
    }
    Some(Checked::Number(value))
}

fn list(items: Vec<Value>, form: Form, sorted: bool, span: Span, report: &mut Report) -> Vec<Item> {
    if items.len() > MAX_ITEMS {
        let message = format!("the array has {} items; it may have {MAX_ITEMS}", items.len());
        report.add(ConfigError::new("config::too-many", span, message));
        return Vec::new();
    }
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        let span = item.span;
        let text = match item.kind {
            ValueKind::Reported => continue,
            ValueKind::Text(text) if forms::looks_secret(&text) => {
                literal_secret("the item", span, report);
                continue;
            }
            ValueKind::Text(text) => text,
            other => {
                let message = format!("the item is {}; expected a string", other.describe());
                report.add(ConfigError::new("config::wrong-type", span, message));
                continue;
            }
        };
        let Some(text) = form_of(form, &text, span, report) else { continue };
        if let Some(before) = seen.get(&text) {
            let error = ConfigError::new("config::duplicate-item", span, format!("`{text}` is listed twice"))
                .label("listed again")
                .also(*before, "listed here before")
                .help("keep one of them");
            report.add(error);
            continue;
        }
        seen.insert(text.clone(), span);
        kept.push((text, span));
    }
    if sorted {
        kept.sort();
    }
    kept.into_iter().map(|(text, span)| Item { key: span, span, value: Checked::Text(text) }).collect()
}

fn named(table: Table, keys: &'static Keys, key: Span, report: &mut Report) -> Section {
    let mut tables = Section::new(key);
    for (name, entry) in table {
        let name = form_of(Form::Name, &name, entry.key, report);
        match entry.value.kind {
            ValueKind::Reported => {}
            ValueKind::Table(table) => {
                let value = Checked::Table(section(table, keys, entry.key, report));
                if let Some(name) = name {
                    tables.insert(name, Item { key: entry.key, span: entry.key, value });
                }
            }
            other => {
                let message = format!("{} is a table; this is {}", keys.what, other.describe());
                report.add(ConfigError::new("config::wrong-type", entry.value.span, message));
            }
        }
    }
    tables
}

fn secret(table: Table, name: &str, key: Span, report: &mut Report) -> Option<Checked> {
    let mut role = None;
    for (inner, entry) in table {
        match (inner.as_str(), entry.value.kind) {
            ("vault", ValueKind::Text(text)) if !forms::looks_secret(&text) => {
                role = Some(form_of(Form::Name, &text, entry.value.span, report)?);
            }
            (_, ValueKind::Text(_)) => {
                literal_secret(&inner, entry.value.span, report);
                return None;
            }
            (_, other) => {
                let message =
                    format!("`{name}` has only `vault`, the name of a role; `{inner}` is {}", other.describe());
                report.add(ConfigError::new("config::unknown-key", entry.key, message).label("unknown"));
                return None;
            }
        }
    }
    if role.is_none() {
        let error = ConfigError::new("config::missing-key", key, format!("`{name}` needs `vault`, the name of a role"))
            .help("`{ vault = \"role\" }`");
        report.add(error);
    }
    role.map(Checked::Secret)
}

fn too_many(name: &str, count: usize, most: usize, key: Span, report: &mut Report) -> Option<Checked> {
    let message = format!("there are {count} entries in `{name}`; there may be {most}");
    report.add(ConfigError::new("config::too-many", key, message));
    None
}

fn wrong_kind(name: &str, kind: &Kind, found: &ValueKind, span: Span, report: &mut Report) {
    let expected = match kind {
        Kind::Text(_) | Kind::Choice(_) => "a string",
        Kind::Int(..) => "a whole number",
        Kind::Number(..) => "a number",
        Kind::Bool => "true or false",
        Kind::Length(..) => "a length of time as a string, such as \"7d\"",
        Kind::Date => "a date, such as 2026-12-31",
        Kind::List(..) => "an array of strings",
        Kind::Table(_) | Kind::Named(..) => "a table",
        Kind::Many(..) => "an array of tables",
        Kind::Secret => "a table with the name of a Vault role, `{ vault = \"role\" }`",
    };
    let message = format!("`{name}` is {}; expected {expected}", found.describe());
    report.add(ConfigError::new("config::wrong-type", span, message).label(format!("expected {expected}")));
}
