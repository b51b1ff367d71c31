//! Requests, as settings are made of them.

use crate::ports::VaultRequest;
use serde_json::{Value, json};

/// What Vault says to a mount that is there.
const IN_USE: &str = "already in use";

/// Sets what lies at a path.
pub(super) fn post(path: String, body: Value) -> VaultRequest {
    VaultRequest { method: "POST", path, body, ..VaultRequest::default() }
}

/// Looks that what lies at a path is as it must be.
pub(super) fn look<const N: usize>(path: String, expected: [(&str, Value); N]) -> VaultRequest {
    let expected = expected.into_iter().map(|(at, value)| (at.to_owned(), value)).collect();
    VaultRequest { method: "GET", path, expected, ..VaultRequest::default() }
}

/// Mounts an engine (`mounts`) or a login (`auth`), and looks that what is mounted there is one: the path may be in use by another.
pub(super) fn mounted(what: &str, mount: &str, kind: &str, more: Value) -> [VaultRequest; 2] {
    let path = format!("sys/{what}/{mount}");
    let mut body = json!({"type": kind});
    let mut expected = look(path.clone(), [("/data/type", json!(kind))]);
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
        if key == "options" {
            expected.expected.push(("/data/options".to_owned(), value.clone()));
        }
    }
    [VaultRequest { there_already: Some(IN_USE), ..post(path, body) }, expected]
}
