//! What signs, and what holds secrets: mounts, keys, authorities and roles.

use super::requests::{look, mounted, post};
use super::{SetupOptions, needs};
use crate::config::{Config, VaultRole};
use crate::model::Name;
use crate::ops::Failure;
use crate::ports::{Filled, VaultRequest};
use serde_json::{Value, json};

/// How long the authorities live: ten years, and five.
const ROOT_TTL: &str = "87600h";
const INTERMEDIATE_TTL: &str = "43800h";
/// How long a key of tokens signs, and how long it verifies after that, in seconds.
const DAY: u64 = 86_400;
/// The use of a certificate that signs code, by its number: <https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.12>.
pub(in crate::ops) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";

/// A key that signs and cannot leave. One that is there stays as it is, and is looked at.
pub(super) fn transit(name: &Name, role: &VaultRole, requests: &mut Vec<VaultRequest>, left: &mut Vec<String>) {
    let (mount, key) = (role.mounted(), role.role.as_deref().unwrap_or_default());
    let kind = role.key_type.as_deref().unwrap_or(VaultRole::KEY_TYPE);
    requests.extend(mounted("mounts", mount, "transit", Value::Null));
    let body = json!({"type": kind, "exportable": false, "allow_plaintext_backup": false});
    requests.push(post(format!("{mount}/keys/{key}"), body));
    let safe = [
        ("/data/type", json!(kind)),
        ("/data/exportable", json!(false)),
        ("/data/allow_plaintext_backup", json!(false)),
    ];
    let mut safe = look(format!("{mount}/keys/{key}"), safe);
    safe.expected_where_known.push(("/data/imported_key".to_owned(), json!(false)));
    requests.push(safe);
    left.push(format!("put its public key into [trust] keys: proofmark vault public-key {name} --write FILE"));
}

/// A place for secrets, with versions. The secret itself is nobody's business here.
pub(super) fn kv(name: &Name, role: &VaultRole, requests: &mut Vec<VaultRequest>, left: &mut Vec<String>) {
    let path = role.path.as_deref().unwrap_or_default();
    if path.contains("/data/") {
        requests.extend(mounted("mounts", role.mounted(), "kv", json!({"options": {"version": "2"}})));
        left.push(format!("whoever has the secret of the role {name} puts it to {path}"));
    } else {
        left.push(format!(
            "the role {name} is no path of a KV engine with versions (MOUNT/data/PATH): nothing is made"
        ));
    }
}

/// A key that signs tokens of minutes, and a role of it: for whoever verifies them by `identity/oidc/.well-known/keys`, and wants
/// the role's name as their audience.
pub(super) fn identity(name: &Name, role: &VaultRole, requests: &mut Vec<VaultRequest>, left: &mut Vec<String>) {
    let (mount, role) = (role.mounted(), role.role.as_deref().unwrap_or_default());
    let key = format!("{mount}/oidc/key/{role}");
    let settings = [
        ("algorithm", json!("ES256")),
        ("allowed_client_ids", json!([role])),
        ("rotation_period", json!(DAY)),
        ("verification_ttl", json!(DAY)),
    ];
    requests.extend(set(key, settings));
    let settings = [("key", json!(role)), ("client_id", json!(role)), ("ttl", json!(VaultRole::TTL))];
    requests.extend(set(format!("{mount}/oidc/role/{role}"), settings));
    left.push(format!(
        "whoever takes the tokens of {name} verifies them by {mount}/oidc/.well-known/keys, with the audience {role}; only a login of an entity gets one"
    ));
}

/// Sets what lies at a path, and looks that it is so.
fn set<const N: usize>(path: String, settings: [(&str, Value); N]) -> [VaultRequest; 2] {
    let body: serde_json::Map<String, Value> =
        settings.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let mut read = look(path.clone(), []);
    read.expected = settings.into_iter().map(|(key, value)| (format!("/data/{key}"), value)).collect();
    [post(path, body.into()), read]
}

/// A root, an intermediate that may sign leaves alone, and a role that certifies the identities that the config trusts, for minutes.
///
/// # Errors
/// Nobody is trusted that it could certify.
pub(super) fn pki(
    config: &Config,
    name: &Name,
    role: &VaultRole,
    options: &SetupOptions,
    requests: &mut Vec<VaultRequest>,
    left: &mut Vec<String>,
) -> Result<(), Failure> {
    let mount = role.mounted();
    let own = format!("{mount}-root");
    let root = options.root_mount.as_deref().unwrap_or(&own);
    if root == mount {
        return needs("the root and what signs leaves cannot be one", "another `--root-mount`, or none");
    }
    if options.root_mount.is_none() {
        requests.extend(mounted("mounts", root, "pki", json!({"config": {"max_lease_ttl": ROOT_TTL}})));
        let body = json!({"common_name": format!("{} attestation root", config.project.name), "key_type": "ec",
            "key_bits": 256, "ttl": ROOT_TTL});
        requests.push(once(root, post(format!("{root}/root/generate/internal"), body)));
    } else {
        requests.push(look(format!("sys/mounts/{root}"), [("/data/type", json!("pki"))]));
    }
    requests.extend(mounted("mounts", mount, "pki", json!({"config": {"max_lease_ttl": INTERMEDIATE_TTL}})));
    requests.extend(intermediate(config, root, mount));
    let identities = identities(config, role);
    if identities.is_empty() {
        return needs(
            "whom it may certify is not known",
            "set [trust] identities, or `identity` of the Vault role: nobody else gets a certificate",
        );
    }
    let role_name = role.role.as_deref().unwrap_or_default();
    let path = format!("{mount}/roles/{role_name}");
    let (body, same, where_known) = role_settings(role, &identities);
    requests.push(post(path.clone(), body));
    let mut read = look(path, []);
    read.expected = same;
    read.expected_where_known = where_known;
    requests.push(read);
    left.push(format!("put its authorities into [trust] roots: proofmark vault roots {name} --write FILE"));
    if identities.iter().any(|pattern| pattern.contains('*')) {
        left.push(format!(
            "{mount}/roles/{role_name} certifies whoever may ask it as any of {}: to bind each job to its own, write \
             allowed_uri_sans_template=true and allowed_uri_sans=https://github.com/{{{{identity.entity.aliases.ACCESSOR.metadata.job_workflow_ref}}}} \
             to it, with user_claim=job_workflow_ref at the login (two jobs that share `sub` would get each other's), and \
             set `identity` no more",
            identities.join(", ")
        ));
    }
    Ok(())
}

/// The intermediate: its key is made where it stays, and the root signs it for leaves alone.
fn intermediate(config: &Config, root: &str, mount: &str) -> [VaultRequest; 3] {
    let common_name = format!("{} attestations", config.project.name);
    let (asked, signed) = (format!("{mount}/intermediate/generate/internal"), format!("{root}/root/sign-intermediate"));
    let ask = json!({"common_name": common_name, "key_type": "ec", "key_bits": 256});
    let sign = json!({"common_name": common_name, "ttl": INTERMEDIATE_TTL, "max_path_length": 0, "csr": "(of the request before)"});
    let filled = |key: &str, from: &str, at: &[&str]| {
        Some(Filled { key: key.to_owned(), from: from.to_owned(), at: at.iter().map(|&at| at.to_owned()).collect() })
    };
    let sign = VaultRequest { filled: filled("csr", &asked, &["/data/csr"]), ..post(signed.clone(), sign) };
    let set = post(format!("{mount}/intermediate/set-signed"), json!({"certificate": "(of the request before)"}));
    let set =
        VaultRequest { filled: filled("certificate", &signed, &["/data/certificate", "/data/issuing_ca"]), ..set };
    [once(mount, post(asked, ask)), once(mount, sign), once(mount, set)]
}

/// Only where a mount has no authority yet.
fn once(mount: &str, request: VaultRequest) -> VaultRequest {
    VaultRequest { only_where_empty: Some((format!("{mount}/config/issuers"), "/data/default".to_owned())), ..request }
}

/// Whom a role may certify. Vault has one star, for anything; `verify` holds whom it certified against the narrower patterns.
fn identities(config: &Config, role: &VaultRole) -> Vec<String> {
    let mut patterns: Vec<String> = match &role.identity {
        Some(identity) => vec![identity.clone()],
        None => config.trust.identities.iter().map(|pattern| pattern.replace("**", "*")).collect(),
    };
    patterns.sort();
    patterns.dedup();
    patterns
}

/// What a role is set to, and what must be read back: of every server, and of those that know it.
#[expect(clippy::type_complexity, reason = "one list of settings each")]
fn role_settings(role: &VaultRole, identities: &[String]) -> (Value, Vec<(String, Value)>, Vec<(String, Value)>) {
    let ttl = role.ttl.map_or(VaultRole::TTL, |ttl| ttl.secs());
    let body = json!({
        "allow_any_name": false, "allow_localhost": false, "allow_subdomains": false, "allow_bare_domains": false,
        "allow_glob_domains": false, "allow_wildcard_certificates": false, "allowed_domains": [], "allowed_other_sans": [],
        "allow_ip_sans": false, "allowed_uri_sans": identities, "allowed_uri_sans_template": false,
        "enforce_hostnames": false, "require_cn": false, "use_csr_common_name": false, "use_csr_sans": true,
        "cn_validations": ["disabled"], "key_type": "ec", "key_bits": 256, "key_usage": ["DigitalSignature"],
        "ext_key_usage": [], "ext_key_usage_oids": [CODE_SIGNING], "server_flag": false, "client_flag": false,
        "code_signing_flag": false, "email_protection_flag": false, "basic_constraints_valid_for_non_ca": false,
        "ttl": ttl, "max_ttl": ttl, "not_before_duration": 30, "not_after_bound": "forbid", "not_before_bound": "forbid",
        "no_store": true, "generate_lease": false,
    });
    // Only OpenBao bounds what a request says of times; elsewhere the policy alone forbids it.
    let known_by_some = ["not_after_bound", "not_before_bound"];
    let pairs = body.as_object().into_iter().flatten();
    let pairs = pairs.map(|(key, value)| (format!("/data/{key}"), value.clone()));
    let is_by_some = |at: &str| known_by_some.iter().any(|key| at.ends_with(key));
    let (some, all) = pairs.partition(|(at, _)| is_by_some(at));
    (body, all, some)
}
