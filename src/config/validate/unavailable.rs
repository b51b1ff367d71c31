//! What the file asks for that this version does not have. It is checked like everything else, and named here, so that a
//! build refuses rather than leaves it out.

use crate::config::raw::RawConfig;
use crate::config::types::Unavailable;
use std::collections::BTreeMap;

pub(super) fn list(raw: &RawConfig, spans: &BTreeMap<String, (usize, usize)>) -> Vec<Unavailable> {
    let mut asked: Vec<(String, String)> = Vec::new();
    let mut ask = |key: String, what: &str| asked.push((key, what.to_owned()));

    let stamp = raw.table("sign").and_then(|sign| sign.text("timestamp"));
    if stamp.is_some_and(|stamp| stamp.text.starts_with("vault:")) {
        ask("sign.timestamp".into(), "time stamps by a Vault role");
    }
    for (name, policy) in raw.tables("policy") {
        if policy.item("known-exploited").is_some() {
            ask(format!("policy.{name}.known-exploited"), "knowledge of what is exploited");
        }
        if policy.item("epss").is_some() {
            ask(format!("policy.{name}.epss"), "EPSS scores");
        }
    }
    let place = |key: &str| spans.get(key).copied().unwrap_or_default();
    asked.into_iter().map(|(key, what)| Unavailable { span: place(&key), key, what }).collect()
}
