//! `trust export`: whom the project trusts, in the form of other verifiers, and how stock cosign checks what the lock records.

use super::project::{Project, read_lock};
use super::recall::subjects;
use super::store::{Kind, Store};
use super::verify::read_trust;
use super::{Exit, Failure, World};
use crate::attest::{self, Attestation, Trust};
use crate::config;
use crate::model::{Digest, Lock, PredicateType, SignedBy, SubjectDigest};
use crate::ports::Workspace;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is exported.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Exported {
    /// 1.
    pub version: u32,
    /// The trusted root, JSON.
    #[serde(skip)]
    pub root: Vec<u8>,
    /// Whether there is an authority in it: keys alone need none.
    pub has_authorities: bool,
    /// The commands, one a bundle, and the lock's own last.
    pub commands: Vec<Command>,
}

/// How cosign checks a bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Command {
    /// What it is about.
    pub subject: String,
    /// The predicate type.
    pub kind: String,
    /// For a shell.
    pub command: String,
}

/// The trusted root, and a command for each bundle that the lock records, and for its own. `output` is where the root will lie;
/// `trust` whom to trust instead of the config's `[trust]`.
///
/// # Errors
/// Nobody is trusted, or a bundle of the lock does not verify.
pub fn export_trust(
    world: &World,
    output: &str,
    trust: Option<(Arc<dyn Workspace>, config::Trust)>,
) -> Result<Exported, Failure> {
    let project = Project::open(world)?;
    let named = trust.as_ref().map_or(&project.config.trust, |(_, trust)| trust).clone();
    let trust = match &trust {
        Some((workspace, trust)) => read_trust(workspace.as_ref(), trust)?,
        None => read_trust(world.workspace.as_ref(), &project.config.trust)?,
    };
    let root = attest::trusted_root(&trust.authorities);
    let mut bytes = serde_json::to_vec_pretty(&root)
        .map_err(|error| Failure::new(Exit::Bug, "trust::export", error.to_string()))?;
    bytes.push(b'\n');
    let commands = match read_lock(world)? {
        Some((lock, text)) => {
            let cosign =
                Cosign { store: Store::new(world, &project.config.store.dir), trust: &trust, named: &named, output };
            let mut commands = cosign.of_subjects(&lock)?;
            let path = world.lock_path();
            let claims = quoted(&path);
            let (kind, digest) = (PredicateType::Lock.to_string(), Digest::of(text.as_bytes()));
            commands.push(cosign.command(Kind::LockBundle, &digest, path, kind, &claims)?);
            commands
        }
        None => Vec::new(),
    };
    Ok(Exported { version: 1, root: bytes, has_authorities: !named.roots.is_empty(), commands })
}

/// How cosign is asked.
struct Cosign<'a> {
    store: Store<'a>,
    trust: &'a Trust,
    named: &'a config::Trust,
    output: &'a str,
}

impl Cosign<'_> {
    /// The commands for what the lock records of its subjects, sorted.
    fn of_subjects(&self, lock: &Lock) -> Result<Vec<Command>, Failure> {
        let mut commands = BTreeSet::new();
        for (_, subject) in subjects(lock) {
            // It knows no digests of directories: of those it compares nothing, and checks who signed what kind of statement.
            let claims = match subject.digest {
                SubjectDigest::Sha256(digest) => format!("--digest {} --digestAlg sha256", digest.hex()),
                SubjectDigest::DirHash(_) => "--check-claims=false".to_owned(),
            };
            for recorded in &subject.attestations {
                let kind = recorded.predicate_type.to_string();
                let uri = subject.uri.clone();
                commands.insert(self.command(Kind::Bundle, &recorded.bundle, uri, kind, &claims)?);
            }
        }
        Ok(commands.into_iter().collect())
    }

    fn command(
        &self,
        place: Kind,
        digest: &Digest,
        subject: String,
        kind: String,
        claims: &str,
    ) -> Result<Command, Failure> {
        let bytes = self.store.read(place, digest)?;
        let attestation = attest::verify_bundle(&bytes, self.trust)
            .map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
        let signer = signer(&attestation, self.named, self.output);
        let bundle = quoted(&self.store.path(place, digest));
        let command = format!(
            "cosign verify-blob-attestation --bundle {bundle} {signer} --insecure-ignore-tlog --type {kind} {claims}"
        );
        Ok(Command { subject, kind, command })
    }
}

/// The options that say who must have signed.
fn signer(attestation: &Attestation, named: &config::Trust, output: &str) -> String {
    match attestation.signed_by() {
        SignedBy::Key(_) => {
            let file = named.keys.iter().find(|key| *key == attestation.trusted_as());
            format!("--key {}", quoted(file.map_or(attestation.trusted_as(), String::as_str)))
        }
        SignedBy::Identity(identity) => format!(
            "--trusted-root {} --use-signed-timestamps --insecure-ignore-sct --certificate-identity {} --certificate-oidc-issuer-regexp '.*'",
            quoted(output),
            quoted(identity)
        ),
    }
}

/// For a shell: as it is where that is safe, else in single quotes.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._:-@+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
