//! `vault setup`: from the config to the settings of Vault that it needs, each safe. The list of requests is pure; making them
//! twice changes nothing.
//!
//! | file | holds |
//! |---|---|
//! | [`engines`] | mounts, keys, authorities and roles |
//! | [`login`] | how a build logs in |
//! | [`policy`] | what a build may do |
//! | [`requests`] | what the others are made of |

mod engines;
mod login;
mod policy;
mod requests;

pub(super) use engines::CODE_SIGNING;

use super::vault::{settings, spec};
use super::{Exit, Failure, World};
use crate::config::Config;
use crate::execute::Waiter;
use crate::ports::{VaultAdminError, VaultRequest};
use serde_json::json;

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
    /// Where the root is that signs intermediates; else one is made, mounted beside the role's engine.
    pub root_mount: Option<String>,
    /// The address of the cluster whose pods log in.
    pub kubernetes_host: Option<String>,
    /// The authorities of its TLS, PEM.
    pub kubernetes_ca: Option<String>,
    /// Service accounts that may log in, by whole names.
    pub service_accounts: Vec<String>,
    /// The namespaces that they are in.
    pub namespaces: Vec<String>,
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

/// The settings that a config needs.
///
/// # Errors
/// Something is missing that only an administrator can say.
pub fn plan_setup(config: &Config, options: &SetupOptions) -> Result<Setup, Failure> {
    let vault = settings(config)?;
    let (mut requests, mut left) = (Vec::new(), Vec::new());
    for (name, role) in &vault.roles {
        match role.engine.as_str() {
            "transit" => engines::transit(name, role, &mut requests, &mut left),
            "kv" => engines::kv(name, role, &mut requests, &mut left),
            "identity" => engines::identity(name, role, &mut requests, &mut left),
            _ => engines::pki(config, name, role, options, &mut requests, &mut left)?,
        }
    }
    let policy = policy_name(config);
    let hcl = policy::hcl(&vault);
    requests.push(VaultRequest {
        method: "PUT",
        path: format!("sys/policies/acl/{policy}"),
        body: json!({"policy": hcl}),
        ..VaultRequest::default()
    });
    match &vault.auth {
        Some(auth) => login::login(&vault, auth, &policy, options, &mut requests, &mut left)?,
        None => left.push(format!("give whoever builds a token of the policy {policy}")),
    }
    // Two roles of one mount ask for it once.
    let mut distinct: Vec<VaultRequest> = Vec::with_capacity(requests.len());
    for request in requests {
        if !distinct.contains(&request) {
            distinct.push(request);
        }
    }
    Ok(Setup { version: 1, policy, hcl, requests: distinct, changed: Vec::new(), left })
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
    let spec = spec(&settings(config)?);
    setup.changed = waiter.wait(world.vault.ask(&spec, &setup.requests)).map_err(|error| admin_failure(&error))?;
    // An authority that was there before may be more than one of ours.
    if let Some(probe) = super::vault_status::mighty_authority(world, config)? {
        let what = format!("{}: {}; it was made by somebody else, and is left as it is", probe.place, probe.found);
        return Err(Failure::new(Exit::Usage, "vault::refused", what).help(probe.mend.unwrap_or_default()));
    }
    Ok(setup)
}

/// What a build may do in Vault, HCL.
///
/// # Errors
/// `[vault]` is not as it was checked.
pub fn policy(config: &Config) -> Result<String, Failure> {
    Ok(policy::hcl(&settings(config)?))
}

/// The policy of a config's builds.
pub(super) fn policy_name(config: &Config) -> String {
    format!("proofmark-{}", config.project.name)
}

/// Why Vault's settings were not looked at or changed.
pub(super) fn admin_failure(error: &VaultAdminError) -> Failure {
    match error {
        VaultAdminError::Refused(_) => Failure::new(Exit::Usage, "vault::refused", error.to_string()),
        VaultAdminError::Unavailable(_) => Failure::new(Exit::Infrastructure, "vault::unavailable", error.to_string()),
    }
}

fn needs<T>(what: &str, help: &str) -> Result<T, Failure> {
    Err(Failure::new(Exit::Usage, "vault::setup", what.to_owned()).help(help.to_owned()))
}
