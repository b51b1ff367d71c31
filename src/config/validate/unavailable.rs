//! What the file asks for that this version does not have. It is checked like everything else, and named here, so that a
//! build refuses rather than leaves it out.

use crate::config::raw::RawConfig;
use crate::config::types::Unavailable;
use std::collections::BTreeMap;

pub(super) fn list(raw: &RawConfig, spans: &BTreeMap<String, (usize, usize)>) -> Vec<Unavailable> {
    let mut asked: Vec<(String, String)> = Vec::new();
    let mut ask = |key: String, what: &str| asked.push((key, what.to_owned()));

    if let Some(trivy) = raw.table("scan").and_then(|scan| scan.table("trivy")) {
        if trivy.item("server").is_some() {
            ask("scan.trivy.server".into(), "Trivy in client/server mode");
        }
        if trivy.item("token").is_some() {
            ask("scan.trivy.token".into(), "Trivy in client/server mode");
        }
    }
    if let Some(sign) = raw.table("sign") {
        if sign.text("with").is_some_and(|with| is_pki(raw, with.text)) {
            ask("sign.with".into(), "signing by Vault's PKI");
        }
        if sign.item("timestamp").is_some() {
            ask("sign.timestamp".into(), "time stamps on signatures");
        }
    }
    for (name, policy) in raw.tables("policy") {
        if policy.item("known-exploited").is_some() {
            ask(format!("policy.{name}.known-exploited"), "knowledge of what is exploited");
        }
        if policy.item("epss").is_some() {
            ask(format!("policy.{name}.epss"), "EPSS scores");
        }
    }
    for (name, service) in raw.tables("services") {
        if service.text("sign").is_some_and(|sign| is_pki(raw, sign.text)) {
            ask(format!("services.{name}.sign"), "signing by Vault's PKI");
        }
    }
    let place = |key: &str| spans.get(key).copied().unwrap_or_default();
    asked.into_iter().map(|(key, what)| Unavailable { span: place(&key), key, what }).collect()
}

/// Whether a name is that of a Vault role of engine pki.
fn is_pki(raw: &RawConfig, name: &str) -> bool {
    let roles = raw.table("vault").into_iter().flat_map(|vault| vault.tables("roles"));
    roles.filter(|(role, _)| *role == name).any(|(_, role)| role.text("engine").is_some_and(|it| it.text == "pki"))
}
