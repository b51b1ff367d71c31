//! The embedded authority on time: this machine's clock, signed with a key that lies beside the signing key. Its certificate says
//! of itself that its time is self-asserted; it shows when a run says that it was, never that it was then.

mod certificate;
mod token;

pub use certificate::{Made, make};

use crate::adapters::key_file::{self, Sections};
use crate::model::{SignatureBytes, Timestamp};
use crate::ports::{BoxFuture, Clock, Stamped, TimestampError, Timestamper};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use std::path::Path;
use std::sync::Arc;
use x509_cert::Certificate;
use zeroize::Zeroizing;

/// What the certificate calls its organisation; verifiers tell the embedded authority by it.
pub const NAME: &str = "Proofmark self-asserted time";

/// The embedded authority.
pub struct LocalTimestamper {
    key: EcdsaKeyPair,
    certificate: Certificate,
    clock: Arc<dyn Clock>,
}

impl LocalTimestamper {
    /// The authority of a key (PKCS#8) and its certificate (DER).
    ///
    /// # Errors
    /// They are not of the form that [`make`] gives, or not of each other.
    pub fn new(pkcs8: &[u8], certificate: &[u8], clock: Arc<dyn Clock>) -> Result<Self, TimestampError> {
        let refused = |what: &str| TimestampError::Refused(format!("the embedded time authority: {what}"));
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8)
            .map_err(|_| refused("its key is not a P-256 key in PKCS#8"))?;
        let certificate =
            certificate::of(&key, certificate).ok_or_else(|| refused("its certificate is of another key"))?;
        Ok(Self { key, certificate, clock })
    }

    /// The authority of a file: its key and its certificate, PEM, which only the owner can read.
    ///
    /// # Errors
    /// There is none, others could have read it, or it holds something else.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, TimestampError> {
        let Sections { key, certificates } = key_file::read(path)?;
        Self::new(&key, certificates.first().map(Vec::as_slice).unwrap_or_default(), clock)
    }

    /// Makes an authority whose certificates begin at a time, and writes it: the key with its certificate for the owner alone,
    /// the certificate with its root for whoever trusts them.
    ///
    /// # Errors
    /// One of the files is there already, or cannot be written.
    pub fn generate(private: &Path, public: &Path, from: Timestamp) -> Result<(), TimestampError> {
        let made = make(from).map_err(TimestampError::Unavailable)?;
        let certificate = key_file::pem("CERTIFICATE", &made.certificate)?;
        let key = Zeroizing::new([key_file::pem("PRIVATE KEY", &made.key)?.as_str(), &certificate].concat());
        let chain = [certificate.as_str(), &key_file::pem("CERTIFICATE", &made.root)?].concat();
        Ok(key_file::write_pair((private, &key), (public, &chain))?)
    }

    /// A time stamp that says this time.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn stamp_at(&self, signature: &[u8], at: Timestamp) -> Result<Vec<u8>, TimestampError> {
        let mut serial = [0; 16];
        SystemRandom::new()
            .fill(&mut serial)
            .map_err(|_| TimestampError::Unavailable("the system has no randomness".into()))?;
        token::response(&self.key, &self.certificate, signature, at, serial)
            .map_err(|error| TimestampError::Refused(format!("the embedded time authority: {error}")))
    }
}

impl Timestamper for LocalTimestamper {
    fn stamp<'a>(&'a self, signatures: &'a [SignatureBytes]) -> BoxFuture<'a, Result<Vec<Stamped>, TimestampError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let stamp = |signature: &SignatureBytes| self.stamp_at(&signature.0, now);
            let stamped = |response| Stamped { response, nonce: None };
            signatures.iter().map(|signature| stamp(signature).map(stamped)).collect()
        })
    }
}
