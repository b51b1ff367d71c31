//! The signing of a run: each signer is opened once, asked as seldom as it can be. Every signature is
//! given its time where the config wants one, and is verified as an auditor would before it is kept.

use super::record::Record;
use super::{Exit, Failure, World};
use crate::attest::{self, CertificateError, StampError, Trust, VerifyError};
use crate::config::{Config, SignWith};
use crate::execute::Waiter;
use crate::model::{Bundle, Digest, Envelope, Material, SignatureBytes, SignerId, Timestamp};
use crate::ports::{Made, SignError, Signer, SignerPublic, SignerSpec, TimestampError, Timestamper, TimestamperSpec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most statements that are signed before they are given their times: a certificate lives for minutes only.
const AT_ONCE: usize = 400;

/// What must be left of a certificate's life for more to be signed with it, in seconds.
const LEFT: i64 = 180;

/// What a certificate may live longer than asked for, in seconds: authorities date them back for clocks that differ.
const DATED_BACK: i64 = 60;

/// Signs for one run.
pub(super) struct Signing<'a> {
    world: &'a World,
    config: &'a Config,
    trust: &'a Trust,
    waiter: Waiter,
    opened: BTreeMap<SignWith, Arc<dyn Signer>>,
    timestamper: Option<Arc<dyn Timestamper>>,
}

/// A statement to sign: by whom, and its payload.
pub(super) type Wanted<'a> = (&'a SignWith, &'a [u8]);

/// A signed bundle.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    /// The bundle.
    pub(super) bytes: Vec<u8>,
    /// Who signed.
    pub(super) signer: SignerId,
    /// How it was come by, where a server was asked.
    pub(super) record: Option<Record>,
}

impl<'a> Signing<'a> {
    /// Does work that signs.
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
        let mut signing = Self { world, config, trust, waiter, opened: BTreeMap::new(), timestamper: None };
        signing.open_timestamper().and_then(|()| work(&mut signing))
    }

    fn open_timestamper(&mut self) -> Result<(), Failure> {
        if let Some(spec) = timestamper_spec(self.config)? {
            let opened = self.world.timestampers.open(&spec).map_err(|error| stamp_failure(&error))?;
            self.timestamper = Some(opened);
        }
        Ok(())
    }

    /// Bundles over payloads, in order. Every one has been verified against what the config trusts.
    ///
    /// # Errors
    /// A signer cannot sign, a time cannot be had, or what is signed is not trusted.
    pub(super) fn sign(&mut self, wanted: &[Wanted<'_>]) -> Result<Vec<Signed>, Failure> {
        let mut by_signer: BTreeMap<&SignWith, Vec<usize>> = BTreeMap::new();
        for (index, (with, _)) in wanted.iter().enumerate() {
            by_signer.entry(with).or_default().push(index);
        }
        let mut signed: Vec<Option<Signed>> = vec![None; wanted.len()];
        for (with, indices) in by_signer {
            let at_once = if self.timestamper.is_some() { AT_ONCE } else { indices.len() };
            for indices in indices.chunks(at_once.max(1)) {
                let signer = self.open(with)?;
                let payloads: Vec<&[u8]> = indices.iter().map(|index| wanted[*index].1).collect();
                let bundles = self.bundles(signer.as_ref(), &payloads)?;
                for (index, bundle) in indices.iter().zip(bundles) {
                    signed[*index] = Some(bundle);
                }
            }
        }
        Ok(signed.into_iter().flatten().collect())
    }

    fn open(&mut self, with: &SignWith) -> Result<Arc<dyn Signer>, Failure> {
        let now = self.world.clock.now();
        let lasts =
            |signer: &&Arc<dyn Signer>| signer.public().until.is_none_or(|until| until.unix() - now.unix() >= LEFT);
        if let Some(signer) = self.opened.get(with).filter(lasts) {
            return Ok(Arc::clone(signer));
        }
        let spec = super::vault::signer_spec(self.config, with)?;
        if matches!(spec, SignerSpec::Pki { .. }) && self.timestamper.is_none() {
            let what = "a certificate that ends in minutes proves nothing later without a time stamp";
            return Err(Failure::new(Exit::Usage, "sign::no-timestamp", what)
                .help("set `[sign] timestamp` to an RFC 3161 authority, or to \"local\""));
        }
        let signer = self.waiter.wait(self.world.signers.open(&spec)).map_err(|error| sign_failure(&error))?;
        match &signer.public().material {
            Material::Key(hint) if self.trust.keys.get(hint).is_none() => {
                return Err(Failure::new(
                    Exit::Usage,
                    "sign::untrusted",
                    "the signing key is none of the keys in [trust]",
                )
                .help(
                    "add its public half to [trust] keys, or sign with a key that is there: what it signs would not verify",
                ));
            }
            Material::Key(hint) if self.trust.keys.get(hint).is_some_and(|key| key.revoked().is_some()) => {
                let what = "the signing key is revoked in [trust]";
                return Err(Failure::new(Exit::Usage, "sign::revoked", what).help(
                    "make another one (`proofmark init --key`, or rotate it in Vault), and name it in [trust] keys",
                ));
            }
            Material::Key(_) => {}
            Material::Certificate(leaf) => self.check_leaf(leaf, signer.public(), &spec, now)?,
        }
        self.opened.insert(with.clone(), Arc::clone(&signer));
        Ok(signer)
    }

    /// A certificate must be exactly as it was asked for, and name whom the config trusts, before anything is signed with it.
    fn check_leaf(&self, leaf: &[u8], public: &SignerPublic, spec: &SignerSpec, now: Timestamp) -> Result<(), Failure> {
        let untrusted = |error: VerifyError| Failure::from_diagnostic(Exit::Usage, error);
        let issued = attest::issued(leaf, self.trust, now).map_err(|error| match error {
            VerifyError::UntrustedCertificate | VerifyError::Certificate(CertificateError::Identity { .. }) => {
                untrusted(error).help("what it signs would not verify: see [trust] roots and identities")
            }
            error => Failure::from_diagnostic(Exit::Integrity, error),
        })?;
        let longest = match spec {
            SignerSpec::Pki { ttl, .. } => i64::try_from(*ttl).unwrap_or(i64::MAX).saturating_add(DATED_BACK),
            _ => i64::MAX,
        };
        let odd =
            |what: String| sign_failure(&SignError::Unexpected(format!("the certificate of {} {what}", public.id)));
        if !public.id.is_of(&crate::model::SignedBy::Identity(issued.identity.clone())) {
            return Err(odd(format!("names {} instead", issued.identity)));
        }
        if issued.spki != public.spki {
            return Err(odd("is of another key".to_owned()));
        }
        if issued.seconds > longest {
            return Err(odd(format!("lives for {} seconds, longer than asked for", issued.seconds)));
        }
        Ok(())
    }

    fn bundles(&self, signer: &dyn Signer, payloads: &[&[u8]]) -> Result<Vec<Signed>, Failure> {
        let encodings: Vec<Vec<u8>> =
            payloads.iter().map(|payload| Envelope::pre_authentication_encoding(Envelope::IN_TOTO, payload)).collect();
        let signatures = self.waiter.wait(signer.sign(&encodings)).map_err(|error| sign_failure(&error))?;
        if signatures.len() != payloads.len() {
            let what = "the signer gave another number of signatures than asked for";
            return Err(Failure::new(Exit::Integrity, "sign::count", what));
        }
        let stamps = self.stamps(&signatures)?;
        let public = signer.public();
        let bundle = |index: usize| {
            let (payload, made) = (payloads[index], &signatures[index]);
            let envelope = Envelope {
                payload_type: Envelope::IN_TOTO.to_owned(),
                payload: payload.to_vec(),
                signature: made.signature.clone(),
            };
            let bundle = Bundle { material: public.material.clone(), timestamps: stamps[index].clone(), envelope };
            let signed = attest::signer(&bundle, self.trust).map_err(|error| match error {
                VerifyError::Stamp(StampError::Untrusted { .. }) => Failure::from_diagnostic(Exit::Usage, error),
                error => Failure::from_diagnostic(Exit::Integrity, error),
            })?;
            if !public.id.is_of(&signed.by) {
                return Err(sign_failure(&SignError::Unverified));
            }
            let bytes = attest::bundle::encode(&bundle);
            let requests: Vec<_> =
                public.request.iter().chain(&made.request).map(|request| (**request).clone()).collect();
            let record = (!requests.is_empty()).then(|| Record {
                version: 1,
                bundle: Digest::of(&bytes),
                statement: Digest::of(payload),
                signed: Digest::of(&encodings[index]),
                signer: public.id.clone(),
                requests,
            });
            Ok(Signed { bytes, signer: public.id.clone(), record })
        };
        (0..payloads.len()).map(bundle).collect()
    }

    /// The time of each signature, where the config wants one.
    fn stamps(&self, signatures: &[Made]) -> Result<Vec<Vec<Vec<u8>>>, Failure> {
        let Some(timestamper) = &self.timestamper else { return Ok(vec![Vec::new(); signatures.len()]) };
        let signatures: Vec<SignatureBytes> = signatures.iter().map(|made| made.signature.clone()).collect();
        let stamped = self.waiter.wait(timestamper.stamp(&signatures)).map_err(|error| stamp_failure(&error))?;
        if stamped.len() != signatures.len() {
            let what = "the time authority gave another number of answers than asked for";
            return Err(Failure::new(Exit::Integrity, "sign::count", what));
        }
        let check = |(stamped, signature): (crate::ports::Stamped, &SignatureBytes)| {
            attest::timestamps::check_answer(&stamped.response, &signature.0, stamped.nonce.as_deref())
                .map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
            Ok(vec![stamped.response])
        };
        stamped.into_iter().zip(&signatures).map(check).collect()
    }
}

/// The authority on time that a config means.
fn timestamper_spec(config: &Config) -> Result<Option<TimestamperSpec>, Failure> {
    match config.sign.timestamp.as_deref() {
        None => Ok(None),
        Some("local") => Ok(Some(TimestamperSpec::Local)),
        Some(role) if role.starts_with("vault:") => {
            Err(Failure::new(Exit::Usage, "config::unavailable", "time stamps by a Vault role"))
        }
        Some(address) => Ok(Some(TimestamperSpec::Remote { address: address.to_owned() })),
    }
}

fn stamp_failure(error: &TimestampError) -> Failure {
    let (exit, code) = match error {
        TimestampError::NoKey { .. } => (Exit::Usage, "timestamp::no-key"),
        TimestampError::Refused(_) => (Exit::Usage, "timestamp::refused"),
        TimestampError::Unavailable(_) => (Exit::Infrastructure, "timestamp::unavailable"),
    };
    Failure::new(exit, code, error.to_string())
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
