//! Registries: each once, with a whole credential.

use super::names::Names;
use super::vault::need_role;
use crate::config::errors::{ConfigError, Report};
use crate::config::raw::RawConfig;
use crate::config::types::RegistryCredential;
use crate::model::Name;
use std::collections::BTreeMap;

/// Checks `[[registry]]`.
pub(super) fn validate(
    raw: &RawConfig,
    names: &Names<'_>,
    report: &mut Report,
) -> BTreeMap<String, RegistryCredential> {
    let (mut found, mut places) = (BTreeMap::new(), BTreeMap::new());
    for section in raw.many("registry") {
        let Some(host) = section.text("host") else { continue };
        if let Some(before) = places.insert(host.text, host.span) {
            let message = format!("the registry {} has its credential twice", host.text);
            report.add(ConfigError::new("config::duplicate-item", host.span, message).also(before, "here before"));
        }
        let (password, token) = (section.secret("password"), section.secret("token"));
        for (secret, engines) in [(password, &["kv"] as &[&str]), (token, &["kv", "identity"])] {
            if let Some(secret) = secret {
                need_role(secret.text, secret.span, engines, names, report);
            }
        }
        let role = |secret: crate::config::raw::Text<'_>| Name::new(secret.text).ok();
        let credential = match (section.owned("username"), password, token) {
            (Some(user), Some(password), None) if !user.contains(':') => {
                role(password).map(|role| RegistryCredential::Password(user, role))
            }
            (None, None, Some(token)) => role(token).map(RegistryCredential::Token),
            _ => {
                let message = "a registry needs `username` and `password`, or `token` alone";
                let help = "`username = \"ci\"` without a colon, and `password = { vault = \"role\" }`";
                report.add(ConfigError::new("config::registry-credential", host.span, message).help(help));
                None
            }
        };
        found.extend(credential.map(|credential| (host.text.to_owned(), credential)));
    }
    found
}
