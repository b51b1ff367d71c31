//! The certificates of the embedded authority: a root whose key is thrown away, and one end-entity certificate for time stamps
//! alone (RFC 3161, 2.3). Real verifiers want both: a root that stamps by itself is refused by some.

use super::NAME;
use crate::model::Timestamp;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use der::asn1::{BitString, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _};
use std::str::FromStr as _;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{TbsCertificate, Version};
use zeroize::Zeroizing;

/// ECDSA with SHA-256 (RFC 5758).
pub(super) const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// Twenty years: old bundles stay checkable.
const LIFETIME: u64 = 20 * 365 * 24 * 3600;

/// An authority that was made.
pub struct Made {
    /// Its key, PKCS#8 DER.
    pub key: Zeroizing<Vec<u8>>,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// The root that issued it, DER.
    pub root: Vec<u8>,
}

/// Makes an authority whose certificates begin at a time.
///
/// # Errors
/// The system has no randomness; the text says so.
pub fn make(from: Timestamp) -> Result<Made, String> {
    let random = SystemRandom::new();
    let no_key = |_| "the system has no randomness to make a key with".to_owned();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).map_err(no_key)?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref())
        .map_err(|error| error.to_string())?;
    let root_key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(no_key)?;
    // Names differ from machine to machine, so that two authorities in one list of roots are not mistaken for each other.
    let mut name = [0; 8];
    random.fill(&mut name).map_err(no_key)?;
    let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let issue = |subject: &str, of: &EcdsaKeyPair, extensions: Vec<Extension>| {
        issue(&format!("CN=root {name},O={NAME}"), subject, of, &root_key, extensions, from)
    };
    let der = |error: der::Error| error.to_string();
    let root = issue(&format!("CN=root {name},O={NAME}"), &root_key, root_extensions().map_err(der)?).map_err(der)?;
    let leaf = issue(&format!("CN=clock {name},O={NAME}"), &key, leaf_extensions().map_err(der)?).map_err(der)?;
    Ok(Made { key: Zeroizing::new(document.as_ref().to_vec()), certificate: leaf, root })
}

/// The certificate, if it is one of this key.
pub(super) fn of(key: &EcdsaKeyPair, der: &[u8]) -> Option<Certificate> {
    let certificate = Certificate::from_der(der).ok()?;
    let point = certificate.tbs_certificate.subject_public_key_info.subject_public_key.as_bytes()?;
    (point == key.public_key().as_ref()).then_some(certificate)
}

fn extension(id: ObjectIdentifier, value: &impl der::Encode) -> der::Result<Extension> {
    Ok(Extension { extn_id: id, critical: true, extn_value: OctetString::new(value.to_der()?)? })
}

fn root_extensions() -> der::Result<Vec<Extension>> {
    Ok(vec![
        extension(BASIC_CONSTRAINTS, &BasicConstraints { ca: true, path_len_constraint: Some(0) })?,
        extension(KEY_USAGE, &KeyUsage(KeyUsages::KeyCertSign.into()))?,
    ])
}

fn leaf_extensions() -> der::Result<Vec<Extension>> {
    Ok(vec![
        extension(BASIC_CONSTRAINTS, &BasicConstraints { ca: false, path_len_constraint: None })?,
        extension(KEY_USAGE, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
        extension(EXTENDED_KEY_USAGE, &ExtendedKeyUsage(vec![TIME_STAMPING]))?,
    ])
}

fn issue(
    issuer: &str,
    subject: &str,
    of: &EcdsaKeyPair,
    by: &EcdsaKeyPair,
    extensions: Vec<Extension>,
    from: Timestamp,
) -> der::Result<Vec<u8>> {
    let value = |_| der::Error::from(der::ErrorKind::Failed);
    let algorithm = AlgorithmIdentifierOwned { oid: ECDSA_SHA256, parameters: None };
    let mut serial = [0; 16];
    SystemRandom::new().fill(&mut serial).map_err(value)?;
    serial[0] = (serial[0] & 0x7f) | 0x40;
    let start = u64::try_from(from.unix()).unwrap_or(0);
    let time = |seconds: u64| {
        let at = Duration::from_secs(seconds);
        // RFC 5280, 4.1.2.5: UTCTime until 2049.
        der::asn1::UtcTime::from_unix_duration(at)
            .map(Time::UtcTime)
            .or_else(|_| der::asn1::GeneralizedTime::from_unix_duration(at).map(Time::GeneralTime))
    };
    let spki = of.public_key().as_der().map_err(value)?;
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial)?,
        signature: algorithm.clone(),
        issuer: Name::from_str(issuer)?,
        validity: Validity { not_before: time(start)?, not_after: time(start + LIFETIME)? },
        subject: Name::from_str(subject)?,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(spki.as_ref())?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions),
    };
    let signature = by.sign(&SystemRandom::new(), &tbs.to_der()?).map_err(value)?;
    Certificate {
        tbs_certificate: tbs,
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(signature.as_ref())?,
    }
    .to_der()
}
