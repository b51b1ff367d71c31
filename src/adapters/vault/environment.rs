//! What the environment says of Vault. `BAO_…` stands in where there is no `VAULT_…`.

use std::path::PathBuf;
use zeroize::Zeroizing;

/// Where Kubernetes puts a pod's own token.
const KUBERNETES: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// What the environment says.
#[derive(Default)]
pub struct VaultEnvironment {
    /// `VAULT_ADDR`.
    pub address: Option<String>,
    /// `VAULT_NAMESPACE`.
    pub namespace: Option<String>,
    /// The project's root, where the config's paths begin.
    pub root: std::sync::OnceLock<PathBuf>,
    /// `VAULT_CACERT`: a PEM file.
    pub authorities: Option<PathBuf>,
    /// `VAULT_TOKEN`.
    pub token: Option<Zeroizing<String>>,
    /// `VAULT_TOKEN_FILE`: what an agent writes.
    pub token_file: Option<PathBuf>,
    /// `VAULT_ROLE_ID`.
    pub role_id: Option<Zeroizing<String>>,
    /// `VAULT_SECRET_ID`, or the file that `VAULT_SECRET_ID_FILE` names.
    pub secret_id: Secret,
    /// `VAULT_WRAPPED_SECRET_ID`: a wrapping token.
    pub wrapped_secret_id: Option<Zeroizing<String>>,
    /// `VAULT_JWT`, or the file that `VAULT_JWT_FILE` names.
    pub jwt: Secret,
    /// GitHub's `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub github: Option<(String, Zeroizing<String>)>,
    /// The file with a pod's token.
    pub kubernetes: Option<PathBuf>,
    /// Who this job is: `PROOFMARK_IDENTITY`, else the address of the workflow that GitHub Actions runs.
    pub identity: Option<String>,
}

/// A secret that is given, or lies in a file.
#[derive(Default)]
pub enum Secret {
    /// There is none.
    #[default]
    None,
    /// It.
    Given(Zeroizing<String>),
    /// Where it lies.
    File(PathBuf),
}

impl std::fmt::Debug for VaultEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VaultEnvironment").field("address", &self.address).finish_non_exhaustive()
    }
}

impl VaultEnvironment {
    /// Reads it with a function that gives a variable.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let plain = |name: &str| variable(name).filter(|value| !value.is_empty());
        let either = |name: &str| plain(&format!("VAULT_{name}")).or_else(|| plain(&format!("BAO_{name}")));
        let secret = |name: &str| match (either(name), either(&format!("{name}_FILE"))) {
            (Some(value), _) => Secret::Given(Zeroizing::new(value)),
            (None, Some(path)) => Secret::File(path.into()),
            (None, None) => Secret::None,
        };
        let github = plain("ACTIONS_ID_TOKEN_REQUEST_URL").zip(plain("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
        let workflow = plain("GITHUB_SERVER_URL").zip(plain("GITHUB_WORKFLOW_REF"));
        let workflow = workflow.map(|(server, workflow)| format!("{}/{workflow}", server.trim_end_matches('/')));
        Self {
            root: std::sync::OnceLock::new(),
            address: either("ADDR"),
            namespace: either("NAMESPACE"),
            authorities: either("CACERT").map(Into::into),
            token: either("TOKEN").map(Zeroizing::new),
            token_file: either("TOKEN_FILE").map(Into::into),
            role_id: either("ROLE_ID").map(Zeroizing::new),
            secret_id: secret("SECRET_ID"),
            wrapped_secret_id: either("WRAPPED_SECRET_ID").map(Zeroizing::new),
            jwt: secret("JWT"),
            github: github.map(|(url, token)| (url, Zeroizing::new(token))),
            kubernetes: Some(KUBERNETES.into()),
            identity: plain("PROOFMARK_IDENTITY").or(workflow),
        }
    }
}

impl Secret {
    /// The secret, read where it lies in a file; `None` where there is none.
    ///
    /// # Errors
    /// The file cannot be read. In words that hold nothing of it.
    pub(crate) fn get(&self) -> Result<Option<Zeroizing<String>>, String> {
        match self {
            Self::None => Ok(None),
            Self::Given(value) => Ok(Some(value.clone())),
            Self::File(path) => of_file(path).map(Some),
        }
    }
}

/// A small file with a secret in it, blanks around it left out.
///
/// # Errors
/// It cannot be read, or is empty.
pub(crate) fn of_file(path: &std::path::Path) -> Result<Zeroizing<String>, String> {
    use std::io::Read as _;
    let fail = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    let file = std::fs::File::open(path).map_err(|error| fail(&error))?;
    let mut text = Zeroizing::new(String::new());
    file.take(64 << 10).read_to_string(&mut text).map_err(|error| fail(&error))?;
    let text = Zeroizing::new(text.trim().to_owned());
    if text.is_empty() { Err(fail(&"is empty")) } else { Ok(text) }
}
