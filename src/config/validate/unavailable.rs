//! What the file asks for that this version does not have. It is checked like everything else, and named here, so that a
//! build refuses rather than leaves it out.

use crate::config::raw::RawConfig;
use crate::config::types::{Image, Unavailable};
use crate::model::Name;
use std::collections::BTreeMap;

pub(super) fn list(
    raw: &RawConfig,
    images: &BTreeMap<Name, Image>,
    spans: &BTreeMap<String, (usize, usize)>,
) -> Vec<Unavailable> {
    let mut asked: Vec<(String, String)> = Vec::new();
    let mut ask = |key: String, what: &str| asked.push((key, what.to_owned()));

    if let Some(scan) = raw.table("scan") {
        if let Some(engine) = scan.text("engine").filter(|engine| engine.text != "builtin") {
            ask("scan.engine".into(), &format!("the engine {}", engine.text));
        }
        if scan.item("trivy").is_some() {
            ask("scan.trivy".into(), "the engine trivy");
        }
    }
    if let Some(sign) = raw.table("sign") {
        if sign.text("with").is_some_and(|with| with.text != "local") {
            ask("sign.with".into(), "signing by a Vault role");
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
    for (name, image) in images {
        let scheme = image.reference.split_once(':').map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("oci" | "oci-archive" | "docker-archive" | "dir")) {
            ask(format!("images.{name}.ref"), "images in registries");
        }
    }
    for (name, service) in raw.tables("services") {
        if let Some(engine) = service.text("engine").filter(|engine| engine.text != "builtin") {
            ask(format!("services.{name}.engine"), &format!("the engine {}", engine.text));
        }
        if service.text("sign").is_some_and(|sign| sign.text != "local") {
            ask(format!("services.{name}.sign"), "signing by a Vault role");
        }
    }
    let place = |key: &str| spans.get(key).copied().unwrap_or_default();
    asked.into_iter().map(|(key, what)| Unavailable { span: place(&key), key, what }).collect()
}
