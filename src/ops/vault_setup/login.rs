//! How a build logs in: by which method, as whom, and for how long.

use super::requests::{look, mounted, post};
use super::{SetupOptions, needs};
use crate::config::{Vault, VaultAuth};
use crate::ops::Failure;
use crate::ports::VaultRequest;
use serde_json::{Map, Value, json};

/// How long a token lives, in seconds.
const TTL: u64 = 900;

/// The login that a config names.
///
/// # Errors
/// Something is missing that only an administrator can say.
pub(super) fn login(
    vault: &Vault,
    auth: &VaultAuth,
    policy: &str,
    options: &SetupOptions,
    requests: &mut Vec<VaultRequest>,
    left: &mut Vec<String>,
) -> Result<(), Failure> {
    let mount = auth.mount.clone().unwrap_or_else(|| auth.method.clone());
    let method = auth.method.as_str();
    match (method, auth.role.as_deref()) {
        ("approle" | "jwt" | "kubernetes", None) => needs("[vault.auth] names no role", "name one: `role = \"ci\"`"),
        ("approle", Some(role)) => {
            approle(&mount, role, auth, policy, requests);
            left.push(format!("hand out role id and secret ids of auth/{mount}/role/{role}, wrapped"));
            Ok(())
        }
        ("jwt", Some(role)) => jwt(vault, &mount, role, auth, policy, options, requests),
        ("kubernetes", Some(role)) => kubernetes(&mount, role, auth, policy, options, requests),
        _ => {
            left.push(format!("give whoever builds a token of the policy {policy}"));
            Ok(())
        }
    }
}

/// What the tokens of a role are: of this policy alone, short, and never longer. A role that is there keeps what is not said: all
/// is said.
fn tokens(auth: &VaultAuth, policy: &str) -> Map<String, Value> {
    let ttl = auth.max_token_ttl.map_or(TTL, |most| most.secs().min(TTL));
    let tokens = json!({"token_policies": [policy], "token_ttl": ttl, "token_max_ttl": ttl, "token_period": 0,
        "token_explicit_max_ttl": 0, "token_num_uses": 0, "token_no_default_policy": false});
    tokens.as_object().cloned().unwrap_or_default()
}

/// Sets a role and looks that it is what was set.
fn role(mount: &str, role: &str, settings: Map<String, Value>) -> [VaultRequest; 2] {
    let path = format!("auth/{mount}/role/{role}");
    let mut read = look(path.clone(), []);
    read.expected = settings.iter().map(|(key, value)| (format!("/data/{key}"), value.clone())).collect();
    [post(path, Value::Object(settings)), read]
}

fn approle(mount: &str, name: &str, auth: &VaultAuth, policy: &str, requests: &mut Vec<VaultRequest>) {
    requests.extend(mounted("auth", mount, "approle", Value::Null));
    let mut settings = tokens(auth, policy);
    settings.insert("bind_secret_id".into(), true.into());
    settings.insert("secret_id_num_uses".into(), 1.into());
    settings.insert("secret_id_ttl".into(), 600.into());
    requests.extend(role(mount, name, settings));
}

fn jwt(
    vault: &Vault,
    mount: &str,
    name: &str,
    auth: &VaultAuth,
    policy: &str,
    options: &SetupOptions,
    requests: &mut Vec<VaultRequest>,
) -> Result<(), Failure> {
    let Some(issuer) = &options.issuer else {
        return needs("who issues the tokens is not known", "`--issuer https://token.actions.githubusercontent.com`");
    };
    if options.claims.is_empty() {
        return needs("any job of the issuer could log in", "bind it: `--claim repository=acme/shop`, once or more");
    }
    let user_claim = options.user_claim.as_deref().unwrap_or("job_workflow_ref");
    if user_claim == "sub" {
        return needs(
            "jobs that share `sub` would share an identity in Vault, and the one that logs in last its metadata",
            "`--user-claim job_workflow_ref`, or another that tells jobs apart",
        );
    }
    // As the login asks for it.
    let audience = auth.audience.as_deref().or(vault.address.as_deref().map(|address| address.trim_end_matches('/')));
    let Some(audience) = audience.filter(|audience| !audience.is_empty()) else {
        return needs("for whom the tokens are is not known", "set [vault.auth] audience, or [vault] address");
    };
    requests.extend(mounted("auth", mount, "jwt", Value::Null));
    let config = match &options.issuer_key {
        Some(key) => json!({"jwt_validation_pubkeys": [key], "bound_issuer": issuer}),
        None => json!({"oidc_discovery_url": issuer, "bound_issuer": issuer}),
    };
    requests.push(post(format!("auth/{mount}/config"), config));
    let claims: Map<String, Value> =
        options.claims.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let mut settings = tokens(auth, policy);
    settings.insert("role_type".into(), "jwt".into());
    settings.insert("bound_audiences".into(), json!([audience]));
    settings.insert("bound_claims".into(), claims.into());
    settings.insert("bound_claims_type".into(), "string".into());
    settings.insert("bound_subject".into(), "".into());
    settings.insert("user_claim".into(), user_claim.into());
    for leeway in ["expiration_leeway", "not_before_leeway", "clock_skew_leeway"] {
        settings.insert(leeway.into(), 0.into());
    }
    requests.extend(role(mount, name, settings));
    Ok(())
}

fn kubernetes(
    mount: &str,
    name: &str,
    auth: &VaultAuth,
    policy: &str,
    options: &SetupOptions,
    requests: &mut Vec<VaultRequest>,
) -> Result<(), Failure> {
    let Some(host) = &options.kubernetes_host else {
        return needs(
            "which cluster the pods are of is not known",
            "`--kubernetes-host https://kubernetes.default.svc`",
        );
    };
    let named = |list: &[String]| !list.is_empty() && list.iter().all(|name| !name.contains('*') && !name.is_empty());
    if !named(&options.service_accounts) || !named(&options.namespaces) {
        return needs(
            "any pod of the cluster could log in",
            "bind it by whole names: `--service-account builder --kubernetes-namespace ci`, each once or more",
        );
    }
    let Some(audience) = &auth.audience else {
        return needs(
            "for whom the pods' tokens are is not known: one that is for the cluster itself would do",
            "set [vault.auth] audience, and project tokens of that audience into the pods",
        );
    };
    requests.extend(mounted("auth", mount, "kubernetes", Value::Null));
    let mut config = json!({"kubernetes_host": host});
    if let Some(authority) = &options.kubernetes_ca {
        config["kubernetes_ca_cert"] = authority.as_str().into();
    }
    requests.push(post(format!("auth/{mount}/config"), config));
    let mut settings = tokens(auth, policy);
    settings.insert("bound_service_account_names".into(), json!(options.service_accounts));
    settings.insert("bound_service_account_namespaces".into(), json!(options.namespaces));
    settings.insert("audience".into(), audience.as_str().into());
    requests.extend(role(mount, name, settings));
    Ok(())
}
