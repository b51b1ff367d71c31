//! Credentials for registries, where other tools keep them: docker's config and its credential helpers, podman's auth file.

use super::reference::Reference;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use zeroize::Zeroizing;

/// Credentials for one registry. Never shown.
#[derive(Clone)]
pub(crate) enum Credential {
    /// None are kept: asked without.
    Anonymous,
    /// A user's name and password.
    Password(String, Zeroizing<String>),
    /// A token that is exchanged for others.
    Identity(Zeroizing<String>),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password(..) => "Password",
            Self::Identity(_) => "Identity",
        })
    }
}

/// Where credentials are looked for.
#[derive(Debug, Clone, Copy, Default)]
pub enum Keychain {
    /// Docker's config (`DOCKER_CONFIG`, else `~/.docker`) with its helpers, then podman's (`REGISTRY_AUTH_FILE`, else its
    /// usual places).
    #[default]
    User,
    /// Nowhere.
    Nobody,
}

impl Keychain {
    /// The credentials for a registry. Waits for a helper where one is configured.
    ///
    /// # Errors
    /// Some are configured but cannot be had: then nothing is asked without them. In words that hold no secret.
    pub(crate) fn credential(self, reference: &Reference) -> Result<Credential, String> {
        if matches!(self, Self::Nobody) {
            return Ok(Credential::Anonymous);
        }
        let names = reference.credential_names();
        for ask in [docker_credential::get_credential, docker_credential::get_podman_credential] {
            for name in &names {
                match ask(name) {
                    Ok(DockerCredential::UsernamePassword(name, password)) => {
                        return Ok(Credential::Password(name, Zeroizing::new(password)));
                    }
                    Ok(DockerCredential::IdentityToken(token)) => {
                        return Ok(Credential::Identity(Zeroizing::new(token)));
                    }
                    Err(error) => refuse(&error)?,
                }
            }
        }
        Ok(Credential::Anonymous)
    }
}

/// What it means that there is no credential. A helper that has none for a server says so and fails.
fn refuse(error: &CredentialRetrievalError) -> Result<(), String> {
    match error {
        CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound => Ok(()),
        CredentialRetrievalError::HelperFailure { stdout, stderr, .. }
            if [stdout, stderr].iter().any(|text| text.contains("credentials not found")) =>
        {
            Ok(())
        }
        CredentialRetrievalError::HelperFailure { helper, .. } => Err(format!("the credential helper {helper} failed")),
        CredentialRetrievalError::HelperCommunicationError => Err("a credential helper cannot be run".to_owned()),
        CredentialRetrievalError::MalformedHelperResponse => {
            Err("a credential helper's answer makes no sense".to_owned())
        }
        CredentialRetrievalError::CredentialDecodingError | CredentialRetrievalError::CredentialMismatchError => {
            Err("the credentials in docker's config cannot be read".to_owned())
        }
        CredentialRetrievalError::ConfigReadError => Err("docker's config cannot be read".to_owned()),
    }
}
