//! `RawConfig`: what the file says, each value of the right kind and with its place, before names and limits that concern
//! several keys are checked.

use super::errors::Span;
use crate::model::{Date, Duration};
use std::collections::BTreeMap;

/// The whole file.
pub(super) type RawConfig = Section;

/// A checked table. What was of the wrong kind was reported and is not in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    /// Where its key stands.
    pub(super) key: Span,
    items: BTreeMap<String, Item>,
}

/// A checked value.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Where its key stands; for an item of a list, the item.
    pub(super) key: Span,
    /// Where the value stands; for a table, its key.
    pub(super) span: Span,
    /// The value.
    pub(super) value: Checked,
}

/// A value of the right kind, in its canonical spelling.
#[derive(Debug, Clone)]
pub(super) enum Checked {
    Text(String),
    Int(i64),
    Number(f64),
    Bool(bool),
    Length(Duration),
    Date(Date),
    List(Vec<Item>),
    Table(Section),
    Many(Vec<Section>),
    /// The Vault role that holds a secret.
    Secret(String),
}

/// A text and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
}

impl Section {
    /// An empty table.
    pub(super) fn new(key: Span) -> Self {
        Self { key, items: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, name: String, item: Item) {
        self.items.insert(name, item);
    }

    pub(super) fn item(&self, key: &str) -> Option<&Item> {
        self.items.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<Text<'_>> {
        match self.item(key)? {
            Item { value: Checked::Text(text), span, .. } => Some(Text { text, span: *span }),
            _ => None,
        }
    }

    pub(super) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(|found| found.text.to_owned())
    }

    pub(super) fn int(&self, key: &str) -> Option<i64> {
        match self.item(key)?.value {
            Checked::Int(int) => Some(int),
            _ => None,
        }
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.item(key)?.value {
            Checked::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    pub(super) fn length(&self, key: &str) -> Option<Duration> {
        match self.item(key)?.value {
            Checked::Length(length) => Some(length),
            _ => None,
        }
    }

    pub(super) fn date(&self, key: &str) -> Option<Date> {
        match self.item(key)?.value {
            Checked::Date(date) => Some(date),
            _ => None,
        }
    }

    pub(super) fn secret(&self, key: &str) -> Option<Text<'_>> {
        match self.item(key)? {
            Item { value: Checked::Secret(role), span, .. } => Some(Text { text: role, span: *span }),
            _ => None,
        }
    }

    /// The texts of a list; none where the key is not there.
    pub(super) fn list(&self, key: &str) -> impl Iterator<Item = Text<'_>> {
        let items = match self.item(key).map(|item| &item.value) {
            Some(Checked::List(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().filter_map(|item| match &item.value {
            Checked::Text(text) => Some(Text { text, span: item.span }),
            _ => None,
        })
    }

    /// The texts of a list, without their places.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).map(|found| found.text.to_owned()).collect()
    }

    pub(super) fn table(&self, key: &str) -> Option<&Section> {
        match &self.item(key)?.value {
            Checked::Table(section) => Some(section),
            _ => None,
        }
    }

    /// The tables in a table, by name; none where the key is not there.
    pub(super) fn tables(&self, key: &str) -> impl Iterator<Item = (&str, &Section)> {
        self.table(key).into_iter().flat_map(|section| &section.items).filter_map(|(name, item)| match &item.value {
            Checked::Table(section) => Some((name.as_str(), section)),
            _ => None,
        })
    }

    /// The tables of an array; none where the key is not there.
    pub(super) fn many(&self, key: &str) -> &[Section] {
        match self.item(key).map(|item| &item.value) {
            Some(Checked::Many(sections)) => sections,
            _ => &[],
        }
    }

    /// Its entries, by key.
    pub(super) fn items(&self) -> &BTreeMap<String, Item> {
        &self.items
    }

    /// Takes over what this table does not say from another; tables in both are joined the same way.
    pub(super) fn inherit(&mut self, parent: &Section) {
        for (key, theirs) in &parent.items {
            match self.items.get_mut(key) {
                None => {
                    self.items.insert(key.clone(), theirs.clone());
                }
                Some(Item { value: Checked::Table(mine), .. }) => {
                    if let Checked::Table(theirs) = &theirs.value {
                        mine.inherit(theirs);
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// Writes down where each key stands, by its dotted path.
    pub(super) fn places(&self, prefix: &str, spans: &mut BTreeMap<String, (usize, usize)>) {
        for (key, item) in &self.items {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match &item.value {
                Checked::Table(section) => {
                    section.places(&path, spans);
                    spans.insert(path, item.key.into());
                }
                Checked::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        spans.insert(format!("{path}.{index}"), item.span.into());
                    }
                    spans.insert(path, item.key.into());
                }
                Checked::Many(_) => {}
                _ => {
                    spans.insert(path, item.key.to(item.span).into());
                }
            }
        }
    }

    /// What it says, in its canonical form.
    pub(super) fn to_json(&self) -> serde_json::Value {
        self.items
            .iter()
            .map(|(key, item)| (key.clone(), item.value.to_json()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

impl Checked {
    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Int(int) => (*int).into(),
            Self::Number(number) => (*number).into(),
            Self::Bool(flag) => (*flag).into(),
            Self::Length(length) => length.to_string().into(),
            Self::Date(date) => date.to_string().into(),
            Self::List(items) => items.iter().map(|item| item.value.to_json()).collect(),
            Self::Table(section) => section.to_json(),
            Self::Many(sections) => sections.iter().map(Section::to_json).collect(),
            Self::Secret(role) => serde_json::json!({ "vault": role }),
        }
    }
}
