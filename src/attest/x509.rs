//! What of a certificate our rules look at, read strictly from its DER.

use crate::model::Timestamp;
use der::oid::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName, SubjectKeyIdentifier};

/// `id-kp-codeSigning` (RFC 5280).
pub(super) const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// `id-kp-timeStamping` (RFC 5280).
pub(super) const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const ALTERNATIVE_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");

/// A certificate as read.
#[derive(Clone)]
pub(super) struct Read {
    /// The parsed certificate, for what is not below.
    pub(super) certificate: Certificate,
    /// `SubjectPublicKeyInfo`, DER.
    pub(super) spki: Vec<u8>,
    /// Its subject, RFC 4514.
    pub(super) subject: String,
    /// Issued to its issuer.
    pub(super) self_issued: bool,
    /// CA:TRUE.
    pub(super) authority: bool,
    /// Key usage, if there is one.
    pub(super) key_usage: Option<KeyUsage>,
    /// Extended key usages and whether the extension is critical, if there is one.
    pub(super) usages: Option<(bool, Vec<ObjectIdentifier>)>,
    /// Subject alternative names.
    pub(super) names: Vec<GeneralName>,
    /// Subject key identifier, if there is one.
    pub(super) key_id: Option<Vec<u8>>,
    /// Critical extensions that we do not know, as dotted numbers.
    pub(super) unknown: Vec<String>,
    /// First second of validity.
    pub(super) from: Timestamp,
    /// Last second of validity.
    pub(super) until: Timestamp,
}

impl Read {
    /// Whether this instant lies in the validity, both ends included.
    pub(super) fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && at <= self.until
    }
}

/// Reads a certificate. Each extension may be there once.
///
/// # Errors
/// It is not one; the text says why.
pub(super) fn read(der: &[u8]) -> Result<Read, String> {
    let text = |error: der::Error| format!("not a certificate: {error}");
    let certificate = Certificate::from_der(der).map_err(text)?;
    let tbs = &certificate.tbs_certificate;
    let time = |time: x509_cert::time::Time| {
        i64::try_from(time.to_unix_duration().as_secs())
            .ok()
            .and_then(|seconds| Timestamp::from_unix(seconds).ok())
            .ok_or_else(|| "not a certificate: a date out of range".to_owned())
    };
    let (from, until) = (time(tbs.validity.not_before)?, time(tbs.validity.not_after)?);
    let mut read = Read {
        spki: tbs.subject_public_key_info.to_der().map_err(text)?,
        subject: tbs.subject.to_string(),
        self_issued: tbs.subject == tbs.issuer,
        authority: false,
        key_usage: None,
        usages: None,
        names: Vec::new(),
        key_id: None,
        unknown: Vec::new(),
        from,
        until,
        certificate: certificate.clone(),
    };
    let mut seen = Vec::new();
    for extension in tbs.extensions.iter().flatten() {
        let value = extension.extn_value.as_bytes();
        if seen.contains(&extension.extn_id) {
            return Err(format!("not a certificate: the extension {} is there twice", extension.extn_id));
        }
        seen.push(extension.extn_id);
        match extension.extn_id {
            KEY_USAGE => read.key_usage = Some(KeyUsage::from_der(value).map_err(text)?),
            ALTERNATIVE_NAMES => read.names = SubjectAltName::from_der(value).map_err(text)?.0,
            BASIC_CONSTRAINTS => read.authority = BasicConstraints::from_der(value).map_err(text)?.ca,
            EXTENDED_KEY_USAGE => {
                read.usages = Some((extension.critical, ExtendedKeyUsage::from_der(value).map_err(text)?.0));
            }
            SUBJECT_KEY => {
                read.key_id = Some(SubjectKeyIdentifier::from_der(value).map_err(text)?.0.as_bytes().to_vec());
            }
            // Ours to know in an authority's certificate, where the path builder checks the latter.
            POLICIES | NAME_CONSTRAINTS => {}
            other if extension.critical => read.unknown.push(other.to_string()),
            _ => {}
        }
    }
    Ok(read)
}
