//! What Vault is to a project: how the config says it is reached, and the public halves of the keys that sign.

use super::signing::sign_failure;
use super::{Exit, Failure, LOCAL_KEY, World};
use crate::config::{Config, SignWith, Vault};
use crate::execute::Waiter;
use crate::model::SignerId;
use crate::ports::{SignerSpec, VaultSpec};

/// The signer that a config means.
///
/// # Errors
/// It is one that this version does not have.
pub(super) fn signer_spec(config: &Config, with: &SignWith) -> Result<SignerSpec, Failure> {
    let role = match with {
        SignWith::Local => {
            return Ok(SignerSpec::Local { key: config.sign.key.as_deref().unwrap_or(LOCAL_KEY).to_owned() });
        }
        SignWith::Role(role) => role,
    };
    let vault = settings(config)?;
    match vault.roles.get(role) {
        Some(found) if found.engine == "transit" => Ok(SignerSpec::Transit {
            mount: found.mounted().to_owned(),
            key: found.role.clone().unwrap_or_default(),
            version: found.key_version,
            vault: Box::new(spec(&vault)),
        }),
        Some(found) if found.engine == "pki" => Ok(SignerSpec::Pki {
            mount: found.mounted().to_owned(),
            role: found.role.clone().unwrap_or_default(),
            identity: found.identity.clone(),
            ttl: found.ttl.map_or(crate::config::VaultRole::TTL, |ttl| ttl.secs()),
            vault: Box::new(spec(&vault)),
        }),
        _ => {
            let what = format!("signing by the Vault role `{role}`, which is neither of engine transit nor pki");
            Err(Failure::new(Exit::Usage, "config::unavailable", what))
        }
    }
}

/// Whether a name in a lock is one of the signer that the config means.
pub(super) fn is_by(config: &Config, with: &SignWith, signer: &SignerId) -> bool {
    match signer_spec(config, with) {
        Ok(SignerSpec::Local { .. }) => signer.0.starts_with("local:"),
        Ok(SignerSpec::Transit { mount, key, .. }) => signer.0.starts_with(&format!("transit:{mount}/{key}@")),
        Ok(SignerSpec::Pki { mount, role, .. }) => signer.0.starts_with(&format!("pki:{mount}/{role}#")),
        Err(_) => false,
    }
}

/// `[vault]`.
///
/// # Errors
/// It is not as it was checked.
pub(super) fn settings(config: &Config) -> Result<Vault, Failure> {
    config.vault().map_err(|error| Failure::new(Exit::Bug, "config::vault", error.to_string()))
}

/// How Vault is reached.
pub(super) fn spec(vault: &Vault) -> VaultSpec {
    let auth = &vault.auth;
    let of = |part: fn(&crate::config::VaultAuth) -> Option<String>| auth.as_ref().and_then(part);
    VaultSpec {
        address: vault.address.clone(),
        namespace: vault.namespace.clone(),
        authorities: vault.ca.clone(),
        method: of(|auth| Some(auth.method.clone())),
        role: of(|auth| auth.role.clone()),
        mount: of(|auth| auth.mount.clone()),
        audience: of(|auth| auth.audience.clone()),
        allow_long_lived: of(|auth| auth.allow_long_lived.clone()),
        longest: auth.as_ref().and_then(|auth| auth.max_token_ttl).map(|length| length.secs()),
        requests_per_second: vault.rate.requests_per_second,
        retries: vault.rate.retries,
    }
}

/// The public half of the key behind a Vault role, PEM: what `[trust] keys` needs.
///
/// # Errors
/// There is no such role, or Vault does not give it.
pub fn public_key(world: &World, config: &Config, role: &str) -> Result<String, Failure> {
    let unknown = || Failure::new(Exit::Usage, "vault::unknown-role", format!("the config has no Vault role `{role}`"));
    let name = crate::model::Name::new(role).map_err(|_| unknown())?;
    if !settings(config)?.roles.contains_key(&name) {
        return Err(unknown());
    }
    let spec = signer_spec(config, &SignWith::Role(name))?;
    if matches!(spec, SignerSpec::Pki { .. }) {
        let what = format!("the Vault role `{role}` has a new key for each run: trust its roots instead");
        return Err(Failure::new(Exit::Usage, "vault::no-key", what).help("see [trust] roots and identities"));
    }
    let waiter =
        Waiter::new().map_err(|error| Failure::new(Exit::Infrastructure, "run::no-threads", error.to_string()))?;
    let opened = waiter.wait(world.signers.open(&spec));
    let signer = opened.map_err(|error| sign_failure(&error))?;
    pem_rfc7468::encode_string("PUBLIC KEY", pem_rfc7468::LineEnding::LF, &signer.public().spki)
        .map_err(|error| Failure::new(Exit::Integrity, "sign::unexpected", error.to_string()))
}
