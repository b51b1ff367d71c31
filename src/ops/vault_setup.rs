//! `vault setup`: from the config to the settings of Vault that it needs, each safe. The list of requests is pure; making them
//! twice changes nothing.

use super::vault::spec;
use super::{Exit, Failure, World};
use crate::config::{Config, Vault, VaultAuth, VaultRole};
use crate::execute::Waiter;
use crate::ports::{VaultAdminError, VaultRequest};
use serde_json::{Map, Value, json};

/// What the config does not say, and an administrator does.
#[derive(Debug, Clone, Default)]
pub struct SetupOptions {
    /// Who issues the CI's tokens: their `iss`, and where their keys are discovered.
    pub issuer: Option<String>,
    /// The issuer's public key, PEM, where it is not to be discovered.
    pub issuer_key: Option<String>,
    /// Claims that a job's token must have, at least one: without, any job of the issuer could log in.
    pub claims: Vec<(String, String)>,
    /// The claim that tells jobs apart. Two that share it would share metadata.
    pub user_claim: Option<String>,
}

/// What setting up comes to.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Setup {
    /// 1.
    pub version: u32,
    /// The policy's name.
    pub policy: String,
    /// The policy, HCL.
    pub hcl: String,
    /// Every request, in order.
    pub requests: Vec<VaultRequest>,
    /// Whether each was taken; `false` where all was there already. Empty for a dry run.
    pub changed: Vec<bool>,
    /// What is left to do by hand.
    pub left: Vec<String>,
}

/// How long a token lives.
const TTL: &str = "15m";
/// What Vault says to a mount that is there.
const IN_USE: &str = "already in use";

/// The settings that a config needs.
///
/// # Errors
/// Something is missing that only an administrator can say.
pub fn plan_setup(config: &Config, options: &SetupOptions) -> Result<Setup, Failure> {
    let vault = config.vault();
    let (mut requests, mut left) = (Vec::new(), Vec::new());
    for (name, role) in &vault.roles {
        match (role.engine.as_str(), mount(role)) {
            ("transit", mount) => {
                requests.push(post(format!("sys/mounts/{mount}"), json!({"type": "transit"}), Some(IN_USE)));
                let key = role.role.as_deref().unwrap_or_default();
                let body = json!({"type": "ecdsa-p256", "exportable": false, "allow_plaintext_backup": false});
                // What is in use may be another engine, and a key that is there stays as it is: both are looked at.
                requests.push(look(format!("sys/mounts/{mount}"), [("/data/type", json!("transit"))]));
                requests.push(post(format!("{mount}/keys/{key}"), body, None));
                let safe = [("/data/exportable", json!(false)), ("/data/allow_plaintext_backup", json!(false))];
                requests.push(look(format!("{mount}/keys/{key}"), safe));
                left.push(format!("put its public key into [trust] keys: proofmark vault public-key {name}"));
            }
            ("kv", _) => left.push(format!("the secret of the role {name} is put there by whoever has it")),
            ("identity", mount) => left.push(format!(
                "the key and the role of {mount}/oidc/role/{} are made by whoever knows who verifies them",
                role.role.as_deref().unwrap_or_default()
            )),
            _ => left.push(format!("the role {name} is of engine {}, which this version does not set up", role.engine)),
        }
    }
    let policy = format!("proofmark-{}", config.project.name);
    let hcl = hcl(&vault);
    requests.push(VaultRequest {
        method: "PUT",
        path: format!("sys/policies/acl/{policy}"),
        body: json!({"policy": hcl}),
        there_already: None,
        expected: Vec::new(),
    });
    match &vault.auth {
        Some(auth) => login(&vault, auth, &policy, options, &mut requests, &mut left)?,
        None => left.push(format!("give whoever builds a token of the policy {policy}")),
    }
    Ok(Setup { version: 1, policy, hcl, requests, changed: Vec::new(), left })
}

/// Makes the settings, or only says which.
///
/// # Errors
/// As [`plan_setup`]'s, or Vault refuses one of them.
pub fn setup(world: &World, config: &Config, options: &SetupOptions, dry_run: bool) -> Result<Setup, Failure> {
    let mut setup = plan_setup(config, options)?;
    if dry_run {
        return Ok(setup);
    }
    let waiter =
        Waiter::new().map_err(|error| Failure::new(Exit::Infrastructure, "run::no-threads", error.to_string()))?;
    let spec = spec(config);
    setup.changed = waiter.wait(world.vault.ask(&spec, &setup.requests)).map_err(|error| match error {
        VaultAdminError::Refused(_) => Failure::new(Exit::Usage, "vault::refused", error.to_string()),
        VaultAdminError::Unavailable(_) => Failure::new(Exit::Infrastructure, "vault::unavailable", error.to_string()),
    })?;
    Ok(setup)
}

fn post(path: String, body: Value, there_already: Option<&'static str>) -> VaultRequest {
    VaultRequest { method: "POST", path, body, there_already, expected: Vec::new() }
}

/// Looks that what lies at a path is as it must be.
fn look<const N: usize>(path: String, expected: [(&str, Value); N]) -> VaultRequest {
    let expected = expected.into_iter().map(|(at, value)| (at.to_owned(), value)).collect();
    VaultRequest { method: "GET", path, body: Value::Null, there_already: None, expected }
}

fn mount(role: &VaultRole) -> &str {
    role.mount.as_deref().unwrap_or(match role.engine.as_str() {
        "transit" => "transit",
        "pki" => "pki",
        "identity" => "identity",
        _ => "secret",
    })
}

/// What a build may do, and nothing else; looking up, renewing and giving up its own token is in Vault's default policy.
fn hcl(vault: &Vault) -> String {
    let mut lines = Vec::new();
    for role in vault.roles.values() {
        let (mount, name) = (mount(role), role.role.as_deref().unwrap_or_default());
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

fn login(
    vault: &Vault,
    auth: &VaultAuth,
    policy: &str,
    options: &SetupOptions,
    requests: &mut Vec<VaultRequest>,
    left: &mut Vec<String>,
) -> Result<(), Failure> {
    let needs =
        |what: &str, help: &str| Err(Failure::new(Exit::Usage, "vault::setup", what.to_owned()).help(help.to_owned()));
    let mount = auth.mount.clone().unwrap_or_else(|| auth.method.clone());
    let role = auth.role.as_deref();
    match (auth.method.as_str(), role) {
        ("approle" | "jwt", None) => return needs("[vault.auth] names no role", "name one: `role = \"ci\"`"),
        ("approle", Some(role)) => {
            requests.push(post(format!("sys/auth/{mount}"), json!({"type": "approle"}), Some(IN_USE)));
            // A role that is there keeps what is not said: all is said.
            let body = json!({"token_policies": [policy], "token_ttl": TTL, "token_max_ttl": TTL, "token_period": 0,
                "bind_secret_id": true, "secret_id_num_uses": 1, "secret_id_ttl": "10m"});
            requests.push(post(format!("auth/{mount}/role/{role}"), body, None));
            let safe = [
                ("/data/bind_secret_id", json!(true)),
                ("/data/token_period", json!(0)),
                ("/data/token_policies", json!([policy])),
            ];
            requests.push(look(format!("auth/{mount}/role/{role}"), safe));
            left.push(format!("hand out role id and secret ids of auth/{mount}/role/{role}, wrapped"));
        }
        ("jwt", Some(role)) => {
            let Some(issuer) = &options.issuer else {
                return needs(
                    "who issues the tokens is not known",
                    "`--issuer https://token.actions.githubusercontent.com`",
                );
            };
            if options.claims.is_empty() {
                return needs(
                    "any job of the issuer could log in",
                    "bind it: `--claim repository=acme/shop`, once or more",
                );
            }
            requests.push(post(format!("sys/auth/{mount}"), json!({"type": "jwt"}), Some(IN_USE)));
            let config = match &options.issuer_key {
                Some(key) => json!({"jwt_validation_pubkeys": [key], "bound_issuer": issuer}),
                None => json!({"oidc_discovery_url": issuer, "bound_issuer": issuer}),
            };
            requests.push(post(format!("auth/{mount}/config"), config, None));
            let claims: Map<String, Value> =
                options.claims.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
            // As the login asks for it.
            let audience =
                auth.audience.as_deref().or(vault.address.as_deref().map(|address| address.trim_end_matches('/')));
            let Some(audience) = audience.filter(|audience| !audience.is_empty()) else {
                return needs("for whom the tokens are is not known", "set [vault.auth] audience, or [vault] address");
            };
            let body = json!({"role_type": "jwt", "bound_audiences": [audience], "bound_claims": claims.clone(),
                "user_claim": options.user_claim.as_deref().unwrap_or("job_workflow_ref"),
                "bound_claims_type": "string", "expiration_leeway": 0, "not_before_leeway": 0, "clock_skew_leeway": 0,
                "token_policies": [policy], "token_ttl": TTL, "token_max_ttl": TTL, "token_period": 0});
            requests.push(post(format!("auth/{mount}/role/{role}"), body, None));
            let safe = [
                ("/data/token_period", json!(0)),
                ("/data/bound_claims", Value::from(claims)),
                ("/data/token_policies", json!([policy])),
            ];
            requests.push(look(format!("auth/{mount}/role/{role}"), safe));
        }
        ("kubernetes", _) => left.push("the login of pods is not set up by this version".to_owned()),
        _ => left.push(format!("give whoever builds a token of the policy {policy}")),
    }
    Ok(())
}
