//! The certificate of a signer: of exactly the form that a role for attestations gives, from a trusted authority at the time of
//! signing, naming one identity that is trusted. Stricter than Sigstore's libraries, which take a leaf that lives a year, one for
//! TLS, or one with two names.

use super::authorities::{Authorities, Purpose, Root};
use super::x509::{self, CODE_SIGNING};
use super::x509_errors::CertificateError;
use super::{identities, keys};
use crate::model::Timestamp;
use x509_cert::ext::pkix::KeyUsages;
use x509_cert::ext::pkix::name::GeneralName;

/// The longest that a signer's certificate may live, in seconds: 15 minutes, and one for clocks that differ.
pub(super) const LONGEST: i64 = 16 * 60;

/// The certificate of a signer, its form checked, its trust not.
pub(super) struct Leaf {
    read: x509::Read,
    der: Vec<u8>,
    /// Whom it names.
    pub(super) identity: String,
    key: aws_lc_rs::signature::ParsedPublicKey,
}

impl Leaf {
    /// Reads a certificate and checks its form.
    ///
    /// # Errors
    /// It is of another form.
    pub(super) fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let read = x509::read(der).map_err(|reason| CertificateError::Malformed { reason })?;
        let usage = |reason: &str| CertificateError::Usage { reason: reason.to_owned() };
        if read.authority {
            return Err(usage("it is one of an authority (CA:TRUE)"));
        }
        if !read.unknown.is_empty() {
            return Err(CertificateError::UnknownExtension { oid: read.unknown.join(", ") });
        }
        if read.usages.as_ref().map(|(_, usages)| usages.as_slice()) != Some(&[CODE_SIGNING]) {
            return Err(usage("its extended key usage is not code signing alone"));
        }
        if read.key_usage.as_ref().is_none_or(|usage| usage.0 != KeyUsages::DigitalSignature) {
            return Err(usage("its key usage is not digital signature alone"));
        }
        let identity = match read.names.as_slice() {
            [] => return Err(CertificateError::NoIdentity),
            [GeneralName::UniformResourceIdentifier(name) | GeneralName::Rfc822Name(name)] => name.to_string(),
            [_] => return Err(CertificateError::NoIdentity),
            several => return Err(CertificateError::SeveralIdentities { count: several.len() }),
        };
        let lifetime = read.until.unix().saturating_sub(read.from.unix());
        if !(0..=LONGEST).contains(&lifetime) {
            return Err(CertificateError::Lifetime { seconds: lifetime });
        }
        let Some(key) = keys::parse(&read.spki) else { return Err(CertificateError::Key) };
        Ok(Self { read, der: der.to_vec(), identity, key })
    }

    /// Whether the signature is one of its key over the message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// The pattern of those trusted that takes its identity.
    ///
    /// # Errors
    /// None does.
    pub(super) fn identity<'a>(&self, patterns: &'a [String]) -> Result<&'a str, CertificateError> {
        patterns
            .iter()
            .find(|pattern| identities::matches(pattern, &self.identity))
            .map(String::as_str)
            .ok_or_else(|| CertificateError::Identity { identity: self.identity.clone() })
    }

    /// The root that it leads to, at the time of signing.
    ///
    /// # Errors
    /// It was not valid then, or leads to none.
    pub(super) fn root<'a>(&self, authorities: &'a Authorities, at: Timestamp) -> Result<&'a Root, CertificateError> {
        if !self.read.covers(at) {
            let (from, until) = (self.read.from, self.read.until);
            return Err(CertificateError::Expired { at, from, until });
        }
        authorities.chain(&self.der, &[], Purpose::Signer, at).map_err(|reason| CertificateError::Untrusted { reason })
    }
}

/// What a certificate that was just issued says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Whom it names.
    pub identity: String,
    /// Its key: `SubjectPublicKeyInfo`, DER.
    pub spki: Vec<u8>,
    /// How long it lives, in seconds.
    pub seconds: i64,
}

/// Checks a certificate before anything is signed with it: that it is of the form that is taken, that its chain and identity are
/// trusted, and that it holds now.
///
/// # Errors
/// What it would sign would not verify.
pub fn issued(der: &[u8], trust: &super::Trust, now: Timestamp) -> Result<Issued, super::VerifyError> {
    if trust.authorities.no_signers() {
        return Err(super::VerifyError::UntrustedCertificate);
    }
    let leaf = Leaf::read(der)?;
    leaf.identity(&trust.identities)?;
    leaf.root(&trust.authorities, now)?;
    let seconds = leaf.read.until.unix().saturating_sub(leaf.read.from.unix());
    Ok(Issued { identity: leaf.identity, spki: leaf.read.spki, seconds })
}
