//! What Vault is to a project: how the config says it is reached, and the public halves of the keys that sign.

use super::signing::sign_failure;
use super::{Exit, Failure, LOCAL_KEY, World};
use crate::config::{Config, SignWith};
use crate::execute::Waiter;
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
    let vault = config.vault();
    match vault.roles.get(role) {
        Some(found) if found.engine == "transit" => Ok(SignerSpec::Transit {
            mount: found.mount.clone().unwrap_or_else(|| "transit".to_owned()),
            key: found.role.clone().unwrap_or_default(),
            vault: Box::new(spec(config)),
        }),
        _ => {
            let what = format!("signing by the Vault role `{role}`, which is not of engine transit");
            Err(Failure::new(Exit::Usage, "config::unavailable", what))
        }
    }
}

pub(super) fn spec(config: &Config) -> VaultSpec {
    let vault = config.vault();
    let auth = vault.auth;
    let of = |part: fn(&crate::config::VaultAuth) -> Option<String>| auth.as_ref().and_then(part);
    VaultSpec {
        address: vault.address,
        namespace: vault.namespace,
        method: of(|auth| Some(auth.method.clone())),
        role: of(|auth| auth.role.clone()),
        mount: of(|auth| auth.mount.clone()),
        audience: of(|auth| auth.audience.clone()),
        allow_long_lived: of(|auth| auth.allow_long_lived.clone()),
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
    if !config.vault().roles.contains_key(&name) {
        return Err(unknown());
    }
    let spec = signer_spec(config, &SignWith::Role(name))?;
    let waiter =
        Waiter::new().map_err(|error| Failure::new(Exit::Infrastructure, "run::no-threads", error.to_string()))?;
    let opened = waiter.wait(world.signers.open(&spec));
    waiter.wait(world.signers.close());
    let signer = opened.map_err(|error| sign_failure(&error))?;
    Ok(pem(&signer.public().spki))
}

/// A public key as PEM.
fn pem(spki: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(spki);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
