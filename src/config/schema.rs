//! The JSON Schema of the config, made from the table of keys: for editors (`#:schema`), and a description for people.

use super::forms;
use super::keys::{Form, Keys, Kind, MAX_ITEMS, ROOT};
use serde_json::{Map, Value, json};

/// The schema, draft 2020-12, of the config as TOML tables.
pub fn json_schema() -> Value {
    let mut schema = table(&ROOT);
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".into(), json!("compliance.toml"));
    schema.insert("description".into(), json!("The configuration of proofmark, version 1."));
    schema.into()
}

fn table(keys: &Keys) -> Map<String, Value> {
    let properties: Map<String, Value> = keys
        .keys
        .iter()
        .map(|key| {
            let mut schema = kind(&key.kind);
            schema.insert("description".into(), json!(key.doc));
            (key.name.to_owned(), schema.into())
        })
        .collect();
    let mut schema = object(json!({ "type": "object", "properties": properties, "additionalProperties": false }));
    let required: Vec<&str> = keys.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    if !keys.one_of.is_empty() {
        let any: Vec<Value> = keys.one_of.iter().map(|key| json!({ "required": [key] })).collect();
        schema.insert("anyOf".into(), any.into());
    }
    schema
}

fn kind(kind: &Kind) -> Map<String, Value> {
    object(match kind {
        Kind::Text(form) => return text(*form),
        Kind::Int(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Length(..) => json!({ "type": "string", "pattern": "^[0-9]{1,10}[smhdw]$" }),
        Kind::Date => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Kind::List(form, _) => {
            json!({ "type": "array", "items": text(*form), "uniqueItems": true, "maxItems": MAX_ITEMS })
        }
        Kind::Table(keys) => return table(keys),
        Kind::Named(keys, _, most) => json!({
            "type": "object",
            "propertyNames": text(Form::Name),
            "additionalProperties": table(keys),
            "maxProperties": most,
        }),
        Kind::Many(keys, most) => json!({ "type": "array", "items": table(keys), "maxItems": most }),
        Kind::Secret => json!({
            "type": "object",
            "properties": { "vault": text(Form::Name) },
            "required": ["vault"],
            "additionalProperties": false,
        }),
    })
}

fn text(form: Form) -> Map<String, Value> {
    let pattern = match form {
        Form::Name => "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
        Form::Path => r"^[^/~\\][^\\]*$",
        Form::Glob => r"^[^/\\][^\\]*$",
        Form::Host => "^[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        Form::Url => "^https?://",
        Form::Package => "^pkg:[^@?#]*$",
        Form::Platform => "^[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?$",
        Form::Timestamp => "^(local$|vault:|https?://)",
        Form::Sha256 => "^(sha256:)?[0-9a-f]{64}$",
        Form::Id | Form::Image => r"^\S+$",
        Form::Plain | Form::Source | Form::License | Form::Ecosystem | Form::Requirement => r"\S",
    };
    object(json!({ "type": "string", "pattern": pattern, "maxLength": forms::MAX_TEXT }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
