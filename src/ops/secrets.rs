//! Which secrets a config refers to, and where in Vault they lie.

use super::vault::spec;
use super::{Project, World};
use crate::config::{Config, RegistryCredential};
use crate::model::Name;
use crate::ports::{RegistryLogin, SecretPlace, SecretSpec};
use std::collections::BTreeMap;

/// The secret behind a Vault role; `None` where the role holds none, which was refused with the config.
pub(super) fn secret(config: &Config, role: &Name) -> Option<SecretSpec> {
    let vault = config.vault().ok()?;
    let found = vault.roles.get(role)?;
    let place = match found.engine.as_str() {
        "kv" => SecretPlace::Kv { path: found.path.clone()?, field: found.field.clone()? },
        "identity" => SecretPlace::Identity {
            mount: found.mount.clone().unwrap_or_else(|| "identity".to_owned()),
            role: found.role.clone()?,
        },
        _ => return None,
    };
    Some(SecretSpec { vault: Box::new(spec(&vault)), place })
}

/// The credentials of registries, by host.
pub fn registry_logins(config: &Config) -> BTreeMap<String, RegistryLogin> {
    let login = |credential: &RegistryCredential| match credential {
        RegistryCredential::Password(user, role) => {
            Some(RegistryLogin::Password { user: user.clone(), password: secret(config, role)? })
        }
        RegistryCredential::Token(role) => Some(RegistryLogin::Token(secret(config, role)?)),
    };
    config.registries.iter().filter_map(|(host, credential)| Some((host.clone(), login(credential)?))).collect()
}

/// Lets registries be asked with the config's credentials.
pub(super) fn log_in(world: &World, project: &Project) {
    if !project.config.registries.is_empty() {
        world.registry.log_in_with(registry_logins(&project.config));
    }
}
