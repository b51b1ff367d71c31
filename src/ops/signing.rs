//! The signing of a run: each signer is opened once, asked as seldom as it can be, and closed whatever happens.

use super::{Exit, Failure, World};
use crate::attest::{self, Trust};
use crate::config::{Config, SignWith};
use crate::execute::Waiter;
use crate::model::{Bundle, Envelope, Material, SignerId};
use crate::ports::{Event, SignError, Signer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Signs for one run.
pub(super) struct Signing<'a> {
    world: &'a World,
    config: &'a Config,
    trust: &'a Trust,
    waiter: Waiter,
    opened: BTreeMap<SignWith, Arc<dyn Signer>>,
}

/// A statement to sign: by whom, and its payload.
pub(super) type Wanted<'a> = (&'a SignWith, &'a [u8]);

/// A bundle's bytes, and who signed it.
pub(super) type Signed = (Vec<u8>, SignerId);

impl<'a> Signing<'a> {
    /// Does work that signs; logs out afterwards, also when it fails.
    ///
    /// # Errors
    /// As the work's.
    pub(super) fn with<T>(
        world: &'a World,
        config: &'a Config,
        trust: &'a Trust,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let waiter = Waiter::new().map_err(|error| no_threads(&error))?;
        let mut signing = Self { world, config, trust, waiter, opened: BTreeMap::new() };
        let result = work(&mut signing);
        if let Some((requests, retries)) = signing.waiter.wait(world.signers.close()) {
            world.events.emit(Event::Asked { server: "Vault", requests, retries });
        }
        result
    }

    /// Bundles over payloads, in order. Every one has been verified against what the config trusts.
    ///
    /// # Errors
    /// A signer cannot sign, or what it signs is not trusted.
    pub(super) fn sign(&mut self, wanted: &[Wanted<'_>]) -> Result<Vec<Signed>, Failure> {
        let mut by_signer: BTreeMap<&SignWith, Vec<usize>> = BTreeMap::new();
        for (index, (with, _)) in wanted.iter().enumerate() {
            by_signer.entry(with).or_default().push(index);
        }
        let mut signed: Vec<Option<Signed>> = vec![None; wanted.len()];
        for (with, indices) in by_signer {
            let signer = self.open(with)?;
            let payloads: Vec<&[u8]> = indices.iter().map(|index| wanted[*index].1).collect();
            let bundles = self.bundles(signer.as_ref(), &payloads)?;
            for (index, bundle) in indices.into_iter().zip(bundles) {
                signed[index] = Some((bundle, signer.public().id.clone()));
            }
        }
        Ok(signed.into_iter().flatten().collect())
    }

    fn open(&mut self, with: &SignWith) -> Result<Arc<dyn Signer>, Failure> {
        if let Some(signer) = self.opened.get(with) {
            return Ok(Arc::clone(signer));
        }
        let spec = super::vault::signer_spec(self.config, with)?;
        let signer = self.waiter.wait(self.world.signers.open(&spec)).map_err(|error| sign_failure(&error))?;
        if let Material::Key(hint) = &signer.public().material
            && self.trust.keys.get(hint).is_none()
        {
            return Err(Failure::new(Exit::Usage, "sign::untrusted", "the signing key is none of the keys in [trust]")
                .help("add its public half to [trust] keys, or sign with a key that is there: what it signs would not verify"));
        }
        self.opened.insert(with.clone(), Arc::clone(&signer));
        Ok(signer)
    }

    fn bundles(&self, signer: &dyn Signer, payloads: &[&[u8]]) -> Result<Vec<Vec<u8>>, Failure> {
        let encodings: Vec<Vec<u8>> =
            payloads.iter().map(|payload| Envelope::pre_authentication_encoding(Envelope::IN_TOTO, payload)).collect();
        let signatures = self.waiter.wait(signer.sign(&encodings)).map_err(|error| sign_failure(&error))?;
        if signatures.len() != payloads.len() {
            let what = "the signer gave another number of signatures than asked for";
            return Err(Failure::new(Exit::Integrity, "sign::count", what));
        }
        let bundle = |(payload, signature): (&&[u8], _)| {
            let bundle = Bundle {
                material: signer.public().material.clone(),
                timestamps: Vec::new(),
                envelope: Envelope { payload_type: Envelope::IN_TOTO.to_owned(), payload: payload.to_vec(), signature },
            };
            let signed = attest::signer(&bundle, self.trust)
                .map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
            if !signer.public().id.is_of(&signed.by) {
                return Err(sign_failure(&SignError::Unverified));
            }
            Ok(attest::bundle::encode(&bundle))
        };
        payloads.iter().zip(signatures).map(bundle).collect()
    }
}

fn no_threads(error: &crate::execute::ExecuteError) -> Failure {
    Failure::new(Exit::Infrastructure, "run::no-threads", error.to_string())
}

pub(super) fn sign_failure(error: &SignError) -> Failure {
    let (exit, code) = match error {
        SignError::NoKey { .. } => (Exit::Usage, "sign::no-key"),
        SignError::Refused(_) => (Exit::Usage, "sign::refused"),
        SignError::Unverified => (Exit::Integrity, "sign::unverified"),
        SignError::Unexpected(_) => (Exit::Integrity, "sign::unexpected"),
        SignError::Unavailable(_) => (Exit::Infrastructure, "sign::unavailable"),
    };
    Failure::new(exit, code, error.to_string())
}
