//! `vault status`: looks at the settings of Vault that the config depends on for those known to be unsafe, and says how to mend
//! each. Changes nothing. What it has no right to see is not known, never fine.
//!
//! | file | holds |
//! |---|---|
//! | [`engines`] | keys, roles of certificates, authorities |
//! | [`login`] | who can log in, and for how long |
//! | [`policies`], [`grants`] | what a build may do besides |
//! | [`probe`] | one setting |

mod engines;
mod grants;
mod login;
mod policies;
mod probe;

pub use probe::{Probe, Safety};

use super::vault::{settings, spec};
use super::vault_setup::{admin_failure, policy_name};
use super::{Exit, Failure, World};
use crate::config::{Config, Vault, VaultAuth};
use crate::execute::Waiter;
use crate::ports::{VaultLook, VaultSpec};
use policies::Policy;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct VaultStatus {
    /// 1.
    pub version: u32,
    /// The settings, by place.
    pub probes: Vec<Probe>,
}

impl VaultStatus {
    /// 1 where something is unsafe; else 6 where something is not known.
    pub fn exit(&self) -> Exit {
        match self.probes.iter().map(|probe| probe.safety).max() {
            Some(Safety::Unsafe) => Exit::Policy,
            Some(Safety::NotKnown) => Exit::Incomplete,
            _ => Exit::Pass,
        }
    }
}

/// Looks at the settings that the config depends on.
///
/// # Errors
/// Vault cannot be reached, or there is nothing to look with.
pub fn vault_status(world: &World, config: &Config) -> Result<VaultStatus, Failure> {
    let vault = settings(config)?;
    let look = Look { world, spec: spec(&vault), waiter: waiter()? };
    let login = login_path(&vault);
    let mut paths: Vec<String> = login.iter().cloned().collect();
    for role in vault.roles.values() {
        let (mount, name) = (role.mounted(), role.role.as_deref().unwrap_or_default());
        match role.engine.as_str() {
            "transit" => paths.push(format!("{mount}/keys/{name}")),
            "pki" => paths.extend([format!("{mount}/roles/{name}"), format!("{mount}/cert/ca")]),
            _ => {}
        }
    }
    let own_token = login.is_none();
    if own_token {
        paths.push(SELF.to_owned());
    }
    let seen = look.at(paths)?;
    let policies = read_policies(&look, &names(config, login.as_deref().unwrap_or(SELF), &seen))?;
    let mut probes = Vec::new();
    if let (Some(path), Some(auth)) = (&login, &vault.auth) {
        others(&look, path, auth, &policies, &mut probes)?;
    }
    for role in vault.roles.values() {
        let (mount, name) = (role.mounted(), role.role.as_deref().unwrap_or_default());
        match role.engine.as_str() {
            "transit" => {
                let path = format!("{mount}/keys/{name}");
                with(&seen, &path, &mut probes, |data, probes| engines::transit(&path, role, data, probes));
            }
            "pki" => {
                let (path, authority) = (format!("{mount}/roles/{name}"), format!("{mount}/cert/ca"));
                with(&seen, &path, &mut probes, |data, probes| {
                    engines::pki(&path, data, probes);
                    times(&path, &format!("{mount}/sign/{name}"), data, &policies, probes);
                });
                with(&seen, &authority, &mut probes, |data, probes| engines::authority(&authority, data, probes));
            }
            _ => {}
        }
    }
    if let (Some(path), Some(auth)) = (&login, &vault.auth) {
        let templated = |path: &String| path.contains("/roles/") && is_templated(seen.get(path));
        let has_template = seen.keys().any(templated);
        with(&seen, path, &mut probes, |data, probes| login::role(path, auth, has_template, data, probes));
    } else {
        with(&seen, SELF, &mut probes, |data, probes| login::token(SELF, vault.auth.as_ref(), data, probes));
    }
    policies::check(&vault, &policies, &mut probes);
    probes.sort_by(|a, b| (&a.place, a.name).cmp(&(&b.place, b.name)));
    probes.dedup();
    Ok(VaultStatus { version: 1, probes })
}

/// Whether the authorities that sign leaves can make others: the first that can, and how.
///
/// # Errors
/// As [`vault_status`]'s.
pub(super) fn mighty_authority(world: &World, config: &Config) -> Result<Option<Probe>, Failure> {
    let vault = settings(config)?;
    let look = Look { world, spec: spec(&vault), waiter: waiter()? };
    let roles = vault.roles.values().filter(|role| role.engine == "pki");
    let seen = look.at(roles.map(|role| format!("{}/cert/ca", role.mounted())).collect())?;
    let mut probes = Vec::new();
    for path in seen.keys() {
        with(&seen, path, &mut probes, |data, probes| engines::authority(path, data, probes));
    }
    Ok(probes.into_iter().find(|probe| probe.safety != Safety::Safe))
}

/// The authorities behind a role of engine pki, PEM: what `[trust] roots` needs.
///
/// # Errors
/// There is no such role, or Vault does not show them.
pub fn vault_roots(world: &World, config: &Config, role: &str) -> Result<String, Failure> {
    let vault = settings(config)?;
    let name = crate::model::Name::new(role).ok();
    let found = name.and_then(|name| vault.roles.get(&name)).filter(|role| role.engine == "pki").ok_or_else(|| {
        Failure::new(Exit::Usage, "vault::unknown-role", format!("the config has no Vault role `{role}` of engine pki"))
    })?;
    let look = Look { world, spec: spec(&vault), waiter: waiter()? };
    let path = format!("{}/cert/ca_chain", found.mounted());
    let seen = look.at(vec![path.clone()])?;
    let chain = match seen.get(&path) {
        Some(VaultLook::Found(data)) => data.get("ca_chain").or(data.get("certificate")).and_then(Value::as_str),
        _ => None,
    };
    let none =
        || Failure::new(Exit::Infrastructure, "vault::no-roots", format!("Vault shows no authorities at {path}"));
    let text = format!("{}\n", chain.ok_or_else(none)?.trim());
    // What the config could not read is not given out.
    let files = crate::attest::TrustFiles { roots: vec![(path.as_str(), text.as_bytes())], ..Default::default() };
    crate::attest::Trust::read(&files).map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
    Ok(text)
}

/// Where a token tells of itself.
const SELF: &str = "auth/token/lookup-self";

struct Look<'a> {
    world: &'a World,
    spec: VaultSpec,
    waiter: Waiter,
}

impl Look<'_> {
    fn at(&self, mut paths: Vec<String>) -> Result<BTreeMap<String, VaultLook>, Failure> {
        if paths.is_empty() {
            return Ok(BTreeMap::new());
        }
        paths.sort();
        paths.dedup();
        let looked = self.waiter.wait(self.world.vault.look(&self.spec, &paths));
        let looked = looked.map_err(|error| admin_failure(&error))?;
        Ok(paths.into_iter().zip(looked).collect())
    }
}

fn waiter() -> Result<Waiter, Failure> {
    Waiter::new().map_err(|error| Failure::new(Exit::Infrastructure, "run::no-threads", error.to_string()))
}

/// The role of the login; `None` for a token that is given.
fn login_path(vault: &Vault) -> Option<String> {
    let VaultAuth { method, role, mount, .. } = vault.auth.as_ref()?;
    let has_role = matches!(method.as_str(), "approle" | "jwt" | "kubernetes");
    let role = role.as_ref().filter(|_| has_role)?;
    Some(format!("auth/{}/role/{role}", mount.as_ref().unwrap_or(method)))
}

/// The most roles of a login that are looked at.
const MOST_ROLES: usize = 100;

/// Other roles of the same login that give the policies of a build: whoever is not bound by the config's may be by none of those.
fn others(
    look: &Look<'_>,
    path: &str,
    auth: &VaultAuth,
    policies: &[Policy],
    probes: &mut Vec<Probe>,
) -> Result<(), Failure> {
    let Some((mount, own)) = path.rsplit_once('/') else { return Ok(()) };
    let listed = look.at(vec![format!("{mount}/")])?;
    let mut not_known = |found: String| {
        let mend = Some("look with a token that may list and read them".to_owned());
        let name = "other-roles";
        probes.push(Probe { place: mount.to_owned(), name, safety: Safety::NotKnown, found, mend });
    };
    let names: Vec<&str> = match listed.values().next() {
        Some(VaultLook::Found(data)) => data.get("keys").map(probe::texts).unwrap_or_default(),
        Some(VaultLook::Absent) => Vec::new(),
        Some(VaultLook::Hidden(reason)) => {
            not_known(format!("not shown: {reason}"));
            return Ok(());
        }
        None => return Ok(()),
    };
    let names: Vec<&str> = names.into_iter().filter(|name| *name != own).collect();
    let readable = names.iter().filter(|name| is_plain(name)).take(MOST_ROLES);
    let seen = look.at(readable.map(|name| format!("{mount}/{name}")).collect())?;
    let hidden = names.len() - seen.values().filter(|look| matches!(look, VaultLook::Found(_))).count();
    if hidden > 0 {
        not_known(format!("{hidden} of {} are not shown", names.len()));
    }
    let gives = |data: &Value| {
        let theirs = data.get("token_policies").map(probe::texts).unwrap_or_default();
        policies.iter().any(|policy| theirs.contains(&policy.name()))
    };
    for (path, found) in &seen {
        match found {
            VaultLook::Found(data) if gives(data) => login::role(path, auth, false, data, probes),
            _ => {}
        }
    }
    Ok(())
}

/// Probes what was found at a path; what was not is one that is not known, or is missing.
fn with(
    seen: &BTreeMap<String, VaultLook>,
    path: &str,
    probes: &mut Vec<Probe>,
    check: impl FnOnce(&Value, &mut Vec<Probe>),
) {
    let mut add = |safety, found: String, mend: Option<&str>| {
        let mend = mend.map(str::to_owned);
        probes.push(Probe { place: path.to_owned(), name: "there", safety, found, mend });
    };
    match seen.get(path) {
        Some(VaultLook::Found(data)) => check(data, probes),
        Some(VaultLook::Absent) => {
            add(Safety::NotKnown, "nothing is there".to_owned(), Some("`proofmark vault setup` makes it"));
        }
        Some(VaultLook::Hidden(reason)) => {
            let mend = "look with a token that may read it";
            add(Safety::NotKnown, format!("not shown: {reason}"), Some(mend));
        }
        None => add(Safety::NotKnown, "not looked at".to_owned(), None),
    }
}

/// The policies of a build's tokens; those of the config where they are not shown.
fn names(config: &Config, path: &str, seen: &BTreeMap<String, VaultLook>) -> Vec<String> {
    let listed = match seen.get(path) {
        Some(VaultLook::Found(data)) => data.get("token_policies").or(data.get("policies")).map(probe::texts),
        _ => None,
    };
    match listed.filter(|names| !names.is_empty()) {
        Some(names) => names.into_iter().filter(|name| *name != "default").map(str::to_owned).collect(),
        None => vec![policy_name(config)],
    }
}

/// Whether a name means itself alone in a path.
fn is_plain(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !name.is_empty() && name.bytes().all(inner) && !matches!(name, "." | "..")
}

fn read_policies(look: &Look<'_>, names: &[String]) -> Result<Vec<Policy>, Failure> {
    let path = |name: &String| format!("sys/policies/acl/{name}");
    let seen = look.at(names.iter().filter(|name| is_plain(name)).map(path).collect())?;
    let read = |name: &String| {
        let text = match seen.get(&path(name)) {
            Some(VaultLook::Found(data)) => data.get("policy").and_then(Value::as_str),
            _ => None,
        };
        Policy::new(name, text)
    };
    Ok(names.iter().map(read).collect())
}

fn is_templated(seen: Option<&VaultLook>) -> bool {
    matches!(seen, Some(VaultLook::Found(data)) if data.get("allowed_uri_sans_template") == Some(&Value::Bool(true)))
}

/// Whether a request may say when a certificate begins and ends, past what the role says: forbidden by the role, where the server
/// knows such bounds, or by every policy.
fn times(place: &str, sign: &str, data: &Value, policies: &[Policy], probes: &mut Vec<Probe>) {
    let mut at = probe::Place::new(place, data, probes);
    for (name, key, denied) in
        [("not-after", "not_after_bound", "not_after"), ("not-before", "not_before_bound", "not_before")]
    {
        let bound = at.get(key).as_str();
        let (safety, found) = match (bound, policies::deny_times(policies, sign)) {
            (Some("forbid"), _) => (Safety::Safe, format!("{key} = forbid")),
            (_, Some(true)) => (Safety::Safe, "every policy denies it".to_owned()),
            (_, None) => (Safety::NotKnown, format!("{key} is not forbid, and not all policies are known")),
            (bound, Some(false)) => (Safety::Unsafe, format!("{key} = {}", bound.unwrap_or("(not there)"))),
        };
        let mend = format!(
            "{key}=forbid (OpenBao), and denied_parameters = {{ \"{denied}\" = [] }} in the policy: else a request \
             gets a certificate of years"
        );
        at.add(name, safety, found, (safety != Safety::Safe).then_some(mend.as_str()));
    }
}
