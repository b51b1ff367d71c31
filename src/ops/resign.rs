//! `resign`: statements whose signer is no longer trusted, or is not the one that the config names any more, are signed anew, and so
//! is the lock. No scanner, no database: what is signed is computed from the stored evidence, and must be what the lock says,
//! byte for byte.

use super::assemble;
use super::build::LockOutcome;
use super::project::{Project, read_lock};
use super::recall::{Recalled, stored_evidence, subjects};
use super::seal::{Bundles, Seal, bundle_of, recorded_bundles};
use super::seen::Seen;
use super::signing::Signing;
use super::store::{Kind, Store};
use super::verify::{Check, currency, lock_signature, read_trust};
use super::{Exit, Failure, World};
use crate::attest::{self, Trust};
use crate::config;
use crate::lockfile;
use crate::model::{Digest, Lock};
use crate::ports::Workspace;
use std::sync::Arc;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resigned {
    /// 1.
    pub version: u32,
    /// The lock's path.
    pub lock: String,
    /// Its digest, as it is now.
    pub lock_digest: Digest,
    /// Statements that were signed anew, the lock's own not counted.
    pub signed: usize,
    /// Statements in all.
    pub statements: usize,
}

/// Signs anew what has to be. `was_trusted` says who may have signed until now: then every signature that is replaced must
/// be one of theirs.
///
/// # Errors
/// The lock is not current, its evidence does not give it, a replaced signature is nobody's, or nothing can be signed.
pub fn resign(world: &World, was_trusted: Option<(Arc<dyn Workspace>, config::Trust)>) -> Result<Resigned, Failure> {
    let project = Project::open(world)?;
    let Some(previous) = read_lock(world)? else {
        return Err(Failure::new(Exit::Stale, "lock::missing", format!("there is no {}", world.lock_path()))
            .help("`proofmark build` writes it"));
    };
    let (lock, text) = &previous;
    let store = Store::new(world, &project.config.store.dir);
    let trust = read_trust(world.workspace.as_ref(), &project.config.trust)?;
    let was_trusted = was_trusted.map(|(workspace, trust)| read_trust(workspace.as_ref(), &trust)).transpose()?;
    refuse(currency(world, &project, lock, false))?;
    let (evidence, failures) = stored_evidence(&store, lock);
    refuse(Check::of("evidence", evidence.len(), failures))?;
    let recalled = Recalled::new(&project, lock, &evidence, None)?;
    let inputs = recalled.inputs(&project, lock.inputs.as_of);
    let assembled = assemble::assemble(&inputs)?;
    let recorded = recorded_bundles(lock);
    let config = &project.config;
    // They are signed by others, and stay as they are.
    let others = std::collections::BTreeMap::new();
    let seal = Seal {
        world,
        config,
        store,
        previous: Some(&previous),
        inputs: &inputs,
        assembled: &assembled,
        others: &others,
        // Whoever signs anew looks at every signature.
        seen: Seen::default(),
    };
    let again = assemble::lock(&inputs, &assembled, &|draft| bundle_of(&recorded, draft));
    if lockfile::encode(&again) != *text {
        let differences = lockfile::render(&lockfile::diff(lock, &again));
        let what = "the evidence does not give this lock: nothing is signed";
        return Err(Failure::new(Exit::Integrity, "replay::differs", what)
            .help(format!("from recorded to computed:\n{differences}")));
    }
    let bundles = seal.reusable(&trust);
    let statements = recorded.len();
    if let Some(was_trusted) = &was_trusted {
        were_theirs(&seal, lock, text, &bundles, was_trusted)?;
    }
    let resigned =
        |digest, signed| Resigned { version: 1, lock: world.lock_path(), lock_digest: digest, signed, statements };
    if let Some(digest) = seal.holds(&bundles, Some(&trust), false) {
        return Ok(resigned(digest, 0));
    }
    let signed = statements - bundles.len();
    let (outcome, digest) = Signing::with(world, config, &trust, |signing| seal.write(bundles, signing))?;
    Ok(match outcome {
        LockOutcome::Written { signed } => resigned(digest, signed),
        LockOutcome::Unchanged | LockOutcome::LeftAlone => resigned(digest, signed),
    })
}

fn refuse(check: Check) -> Result<(), Failure> {
    let Some(worst) = check.failures.iter().map(|failure| failure.exit).reduce(Exit::or_worse) else { return Ok(()) };
    Err(Failure::new(worst, "resign::refused", "the lock cannot be signed anew as it is").details(check.failures))
}

/// Whatever is replaced was signed by somebody who was trusted.
fn were_theirs(seal: &Seal<'_>, lock: &Lock, text: &str, kept: &Bundles, was_trusted: &Trust) -> Result<(), Failure> {
    lock_signature(&seal.store, was_trusted, lock, &Digest::of(text.as_bytes()))?;
    for (_, subject) in subjects(lock) {
        for attestation in &subject.attestations {
            if kept.contains_key(&attestation.statement) {
                continue;
            }
            let bytes = seal.store.read(Kind::Bundle, &attestation.bundle)?;
            let verified = attest::verify_bundle(&bytes, was_trusted)
                .map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
            if verified.payload_digest() != attestation.statement || !attestation.signer.is_of(verified.signed_by()) {
                let path = seal.store.path(Kind::Bundle, &attestation.bundle);
                let what = format!("{path} holds another statement, or was signed by another than the lock says");
                return Err(Failure::new(Exit::Integrity, "attestation::mismatch", what));
            }
        }
    }
    Ok(())
}
