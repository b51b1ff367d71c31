//! What a build may do in Vault, as HCL: <https://openbao.org/docs/concepts/policies/>.

use crate::config::Vault;

/// What a build may do, and nothing else; looking up, renewing and giving up its own token is in Vault's default policy.
pub(super) fn hcl(vault: &Vault) -> String {
    let mut lines = Vec::new();
    for role in vault.roles.values() {
        let (mount, name) = (role.mounted(), role.role.as_deref().unwrap_or_default());
        match role.engine.as_str() {
            "transit" => {
                lines.push(format!("path \"{mount}/sign/{name}\" {{ capabilities = [\"update\"] }}"));
                lines.push(format!("path \"{mount}/keys/{name}\" {{ capabilities = [\"read\"] }}"));
            }
            "identity" => {
                lines.push(format!("path \"{mount}/oidc/token/{name}\" {{ capabilities = [\"read\"] }}"));
            }
            "kv" => {
                let path = role.path.as_deref().unwrap_or_default();
                lines.push(format!("path \"{path}\" {{ capabilities = [\"read\"] }}"));
            }
            _ => lines.push(format!(
                "path \"{mount}/sign/{name}\" {{ capabilities = [\"update\"]  denied_parameters = {{ \"not_after\" = []  \"not_before\" = [] }} }}"
            )),
        }
    }
    lines.sort();
    lines.dedup();
    lines.join("\n") + "\n"
}
