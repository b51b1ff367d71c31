//! The JSON Schema: fresh in the repository, and of one mind with the decoder.

use super::{LEAST, toml};
use crate::config::json_schema;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/compliance.schema.json");

#[test]
fn file_is_fresh() {
    let text = format!("{}\n", serde_json::to_string_pretty(&json_schema()).unwrap());
    if std::env::var_os("PROOFMARK_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(FILE, &text).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(kept == text, "schema/compliance.schema.json is stale: run the tests with PROOFMARK_BLESS=1");
}

/// The file as JSON, as an editor's TOML plugin sees it.
fn as_json(text: &str) -> serde_json::Value {
    fn convert(value: toml::Value) -> serde_json::Value {
        match value {
            toml::Value::String(text) => text.into(),
            toml::Value::Integer(int) => int.into(),
            toml::Value::Float(float) => float.into(),
            toml::Value::Boolean(flag) => flag.into(),
            toml::Value::Datetime(stamp) => stamp.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(convert).collect(),
            toml::Value::Table(table) => {
                table.into_iter().map(|(key, value)| (key, convert(value))).collect::<serde_json::Map<_, _>>().into()
            }
        }
    }
    convert(text.parse::<toml::Table>().unwrap().into())
}

#[test]
fn takes_the_example() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for text in [include_str!("../../../compliance.toml.example"), LEAST] {
        let errors: Vec<String> = validator.iter_errors(&as_json(text)).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn refuses_what_the_decoder_refuses() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for bad in [
        "scan.jobs = 0",
        "scan.jobs = 'two'",
        "scan.engine = 'grype'",
        "scan.stagger = '5'",
        "scan.trivy.token = 'text'",
        "scam = {}",
        "policy.b.epss = 2",
        "policy.b.max.hihg = 0",
        "store.dir = '/x'",
        "trust.roots = ['a', 'a']",
        "waiver = [{ id = 'x' }]",
        "images.x.platform = 'linux'",
        "services.t.policy = 'b'",
        "services.'t!' = { path = 'x', policy = 'b' }",
        "vault.auth.role = 'x'",
    ] {
        let text = LEAST.replace("version = 1\n", &format!("version = 1\n{bad}\n"));
        assert!(!validator.is_valid(&as_json(&text)), "the schema takes {bad}");
        assert!(toml(&text).is_err(), "the decoder takes {bad}");
    }
}
