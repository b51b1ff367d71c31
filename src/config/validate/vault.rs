//! Vault roles: what each engine needs, and that a reference finds a role that can do what is asked of it.

use super::names::{self, Names};
use crate::config::errors::{ConfigError, Report, Span};
use crate::config::raw::{RawConfig, Text};

/// Checks `[vault]` and the secrets that refer to it.
pub(super) fn check(raw: &RawConfig, names: &Names<'_>, report: &mut Report) {
    for (name, role) in &names.roles {
        if *name == "local" {
            super::reserved("a Vault role", name, role.key, "that is the embedded signer", report);
        }
        let Some(engine) = role.text("engine") else { continue };
        let (needed, useless): (&[&str], &[&str]) = match engine.text {
            "kv" => (&["path", "field"], &["role", "ttl"]),
            _ => (&["role"], &["path", "field"]),
        };
        for key in needed.iter().filter(|key| role.item(key).is_none()) {
            let message = format!("a Vault role of engine {} needs `{key}`", engine.text);
            report.add(ConfigError::new("config::missing-key", role.key, message).label("not in here"));
        }
        for item in useless.iter().filter_map(|key| role.item(key)) {
            let message = format!("engine {} has no use for this key", engine.text);
            let error = ConfigError::new("config::useless-key", item.key, message)
                .also(engine.span, "the engine")
                .help("leave it out, or name another engine");
            report.add(error);
        }
    }
    let token = raw.table("scan").and_then(|scan| scan.table("trivy")).and_then(|trivy| trivy.secret("token"));
    if let Some(token) = token {
        need_role(token.text, token.span, &["kv"], names, report);
    }
}

/// Reports a role that is not declared, or whose engine is none of these.
pub(super) fn need_role(role: &str, span: Span, engines: &[&str], names: &Names<'_>, report: &mut Report) {
    if !names::known(Text { text: role, span }, &names.roles, &names::ROLE, report) {
        return;
    }
    let engine = names.roles.get(role).and_then(|role| role.text("engine"));
    if let Some(engine) = engine.filter(|engine| !engines.contains(&engine.text)) {
        let message =
            format!("the Vault role `{role}` is of engine {}; here it must be {}", engine.text, engines.join(" or "));
        report.add(ConfigError::new("config::role-engine", span, message).also(engine.span, "its engine"));
    }
}
