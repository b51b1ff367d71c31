//! Vault roles: what each engine needs, and that a reference finds a role that can do what is asked of it.

use super::names::{self, Names};
use crate::config::errors::{ConfigError, Report, Span};
use crate::config::raw::{RawConfig, Section, Text};

/// Checks `[vault]` and the secrets that refer to it.
pub(super) fn check(raw: &RawConfig, names: &Names<'_>, report: &mut Report) {
    for (name, role) in &names.roles {
        if *name == "local" {
            super::reserved("a Vault role", name, role.key, "that is the embedded signer", report);
        }
        plain(role, "mount", false, report);
        plain(role, "role", true, report);
        plain(role, "path", false, report);
        let Some(engine) = role.text("engine") else { continue };
        let (needed, useless): (&[&str], &[&str]) = match engine.text {
            "kv" => (&["path", "field"], &["role", "ttl", "identity", "key-type", "key-version"]),
            "pki" => (&["role"], &["path", "field", "key-type", "key-version"]),
            "identity" => (&["role"], &["path", "field", "ttl", "identity", "key-type", "key-version"]),
            _ => (&["role"], &["path", "field", "ttl", "identity"]),
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
    if let Some(auth) = raw.table("vault").and_then(|vault| vault.table("auth")) {
        plain(auth, "mount", false, report);
        plain(auth, "role", true, report);
    }
    let token = raw.table("scan").and_then(|scan| scan.table("trivy")).and_then(|trivy| trivy.secret("token"));
    if let Some(token) = token {
        need_role(token.text, token.span, &["kv", "identity"], names, report);
        // Trivy passes over a token without a server, with a warning.
        if raw.table("scan").and_then(|scan| scan.table("trivy")).is_some_and(|trivy| trivy.item("server").is_none()) {
            let message = "a token is for a server, and there is none";
            report.add(
                ConfigError::new("config::useless-key", token.span, message).help("name the `server`, or leave it out"),
            );
        }
    }
}

/// Reports a name or path that could mean more than itself where it ends up: in a path of Vault, and in a policy, where `*` and `+`
/// stand for others and a quote ends the text.
fn plain(section: &Section, key: &str, one: bool, report: &mut Report) {
    let Some(found) = section.text(key) else { return };
    let is_plain = |part: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        !part.is_empty() && part.bytes().all(inner) && !matches!(part, "." | "..")
    };
    if found.text.split('/').all(is_plain) && !(one && found.text.contains('/')) {
        return;
    }
    let what = if one {
        "letters, digits, `_`, `-` and `.`"
    } else {
        "parts of letters, digits, `_`, `-` and `.`, with `/` between"
    };
    let message = format!("`{}` cannot stand in a path of Vault", found.text);
    report.add(ConfigError::new("config::vault-path", found.span, message).help(format!("only {what}")));
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
