//! Time stamps over a signature (RFC 3161, RFC 5816; the token is CMS, RFC 5652): whether one is over these bytes, by an
//! authority that is trusted, and from whose hands its time comes.

use super::authorities::{Authorities, Purpose};
use super::x509::{self, TIME_STAMPING};
use super::x509_errors::StampError;
use crate::model::Timestamp;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use cms::cert::CertificateChoices;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _, Sequence};
use serde::Serialize;
use x509_cert::ext::pkix::KeyUsages;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{TimeStampResp, TstInfo};

/// What the certificate of the embedded authority calls itself (its organisation).
pub const SELF_ASSERTED: &str = "Proofmark self-asserted time";

/// The largest time stamp that is read, in bytes.
const LIMIT: usize = 64 << 10;
/// The most certificates that one may carry.
const MOST: usize = 16;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// From whose hands a time comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeSource {
    /// An authority whose root is trusted for time alone.
    Independent,
    /// An authority under a root that also names signers: whoever holds it could forge both.
    Company,
    /// The embedded authority: the clock of whoever signed.
    SelfAsserted,
}

/// A time that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stamp {
    /// When the signature was there.
    pub at: Timestamp,
    /// From whose hands that comes.
    pub source: TimeSource,
    /// The trusted root, for people.
    pub authority: String,
}

/// The time at which this signature was there, by an authority that is trusted.
///
/// # Errors
/// See [`StampError`].
pub fn verify_stamp(response: &[u8], signature: &[u8], authorities: &Authorities) -> Result<Stamp, StampError> {
    let token = read(response)?;
    token.check_imprint(signature)?;
    let carried: Vec<&[u8]> = token.certificates.iter().map(Vec::as_slice).collect();
    let known = carried.iter().copied().chain(authorities.known());
    let signer = known
        .filter_map(|der| Some((x509::read(der).ok()?, der)))
        .find(|(certificate, der)| token.is_signed_with(certificate, der));
    let Some((certificate, der)) = signer else {
        return Err(StampError::Untrusted { reason: "the certificate that signed it is not known".into() });
    };
    token.check_signature(&certificate)?;
    check_usage(&certificate)?;
    let root =
        authorities.chain(der, &carried, Purpose::Time, token.at).map_err(|reason| StampError::Untrusted { reason })?;
    let source = if certificate.subject.contains(SELF_ASSERTED) {
        TimeSource::SelfAsserted
    } else if authorities.names_signers(&root.der) {
        TimeSource::Company
    } else {
        TimeSource::Independent
    };
    Ok(Stamp { at: token.at, source, authority: root.describe() })
}

/// Checks of an answer what can be checked without trusting anybody: that it is granted, over this signature and, where one is
/// given, to the request with this number (big-endian, without leading zeros).
///
/// # Errors
/// It is not.
pub fn check_answer(response: &[u8], signature: &[u8], nonce: Option<&[u8]>) -> Result<Timestamp, StampError> {
    let token = read(response)?;
    token.check_imprint(signature)?;
    let said = token.info.nonce.as_ref().map(der::asn1::Int::as_bytes);
    if nonce.is_some() && said != nonce {
        return Err(malformed("it answers another request (its nonce differs)"));
    }
    Ok(token.at)
}

struct Token {
    info: TstInfo,
    at: Timestamp,
    content: Vec<u8>,
    certificates: Vec<Vec<u8>>,
    signer: SignerInfo,
}

fn malformed(reason: impl ToString) -> StampError {
    StampError::Malformed { reason: reason.to_string() }
}

fn read(response: &[u8]) -> Result<Token, StampError> {
    if response.len() > LIMIT {
        return Err(malformed(format!("larger than {LIMIT} bytes")));
    }
    let answer = TimeStampResp::from_der(response).map_err(malformed)?;
    let status = answer.status.status as u8;
    if status > 1 {
        return Err(StampError::Refused { status });
    }
    let Some(token) = answer.time_stamp_token else { return Err(malformed("there is no token in it")) };
    if token.content_type != SIGNED_DATA {
        return Err(malformed("the token is not signed data"));
    }
    let data: SignedData = token.content.decode_as().map_err(malformed)?;
    if data.encap_content_info.econtent_type != TST_INFO {
        return Err(malformed("the token is not over a time"));
    }
    let Some(content) = data.encap_content_info.econtent else { return Err(malformed("the token is detached")) };
    let content: OctetString = content.decode_as().map_err(malformed)?;
    let info = TstInfo::from_der(content.as_bytes()).map_err(malformed)?;
    if info.extensions.iter().flatten().any(|extension| extension.critical) {
        return Err(malformed("it has a critical extension that is not known"));
    }
    let seconds = i64::try_from(info.gen_time.to_unix_duration().as_secs()).map_err(malformed)?;
    let at = Timestamp::from_unix(seconds).map_err(malformed)?;
    let signers = data.signer_infos.0;
    if signers.len() != 1 {
        return Err(malformed(format!("{} signers; exactly one is allowed", signers.len())));
    }
    let Some(signer) = signers.into_vec().pop() else { return Err(malformed("it has no signer")) };
    let mut certificates = Vec::new();
    for choice in data.certificates.iter().flat_map(|set| set.0.iter()) {
        if let CertificateChoices::Certificate(certificate) = choice {
            certificates.push(certificate.to_der().map_err(malformed)?);
        }
        if certificates.len() > MOST {
            return Err(malformed(format!("more than {MOST} certificates")));
        }
    }
    Ok(Token { info, at, content: content.as_bytes().to_vec(), certificates, signer })
}

impl Token {
    fn check_imprint(&self, signature: &[u8]) -> Result<(), StampError> {
        let imprint = &self.info.message_imprint;
        let digest = digest::digest(&digest::SHA256, signature);
        if imprint.hash_algorithm.oid == SHA256 && imprint.hashed_message.as_bytes() == digest.as_ref() {
            Ok(())
        } else {
            Err(StampError::Imprint)
        }
    }

    /// Whether the token names this certificate as its signer's, both in the signer's own words and under its signature.
    fn is_signed_with(&self, certificate: &x509::Read, der: &[u8]) -> bool {
        let tbs = &certificate.certificate.tbs_certificate;
        let named = match &self.signer.sid {
            SignerIdentifier::IssuerAndSerialNumber(name) => {
                name.issuer == tbs.issuer && name.serial_number == tbs.serial_number
            }
            SignerIdentifier::SubjectKeyIdentifier(id) => certificate.key_id.as_deref() == Some(id.0.as_bytes()),
        };
        named && self.signed_name(der).unwrap_or(false)
    }

    fn attribute(&self, oid: ObjectIdentifier) -> Option<&Any> {
        let mut found = self.signer.signed_attrs.iter().flat_map(|all| all.iter()).filter(|each| each.oid == oid);
        match (found.next(), found.next()) {
            (Some(attribute), None) if attribute.values.len() == 1 => attribute.values.get(0),
            _ => None,
        }
    }

    fn signed_name(&self, der: &[u8]) -> Option<bool> {
        if let Some(value) = self.attribute(SIGNING_CERTIFICATE_V2) {
            let named: SigningCertificateV2 = value.decode_as().ok()?;
            let first = named.certs.first()?;
            let hash = first.hash_algorithm.as_ref().map_or(SHA256, |algorithm| algorithm.oid);
            return Some(digest::digest(hash_of(hash)?, der).as_ref() == first.cert_hash.as_bytes());
        }
        let named: SigningCertificate = self.attribute(SIGNING_CERTIFICATE)?.decode_as().ok()?;
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der);
        Some(sha1.as_ref() == named.certs.first()?.cert_hash.as_bytes())
    }

    fn check_signature(&self, certificate: &x509::Read) -> Result<(), StampError> {
        let wrong = |reason: &str| StampError::Signature { reason: reason.to_owned() };
        let Some(attributes) = &self.signer.signed_attrs else { return Err(wrong("nothing is signed")) };
        let content_type: Option<ObjectIdentifier> =
            self.attribute(CONTENT_TYPE).and_then(|value| value.decode_as().ok());
        if content_type != Some(TST_INFO) {
            return Err(wrong("it is not over a time"));
        }
        let Some(hash) = hash_of(self.signer.digest_alg.oid) else { return Err(wrong("its digest is not SHA-2")) };
        let digest: Option<OctetString> = self.attribute(MESSAGE_DIGEST).and_then(|value| value.decode_as().ok());
        if digest.is_none_or(|said| said.as_bytes() != digest::digest(hash, &self.content).as_ref()) {
            return Err(wrong("its content was changed"));
        }
        let message = attributes.to_der().map_err(malformed)?;
        let spki = &certificate.certificate.tbs_certificate.subject_public_key_info;
        let Some(algorithm) = algorithm(&spki.algorithm, self.signer.digest_alg.oid)
            .filter(|_| agrees(self.signer.signature_algorithm.oid, self.signer.digest_alg.oid))
        else {
            return Err(wrong("its kind of key or digest is not known"));
        };
        let key = spki.subject_public_key.as_bytes().unwrap_or_default();
        UnparsedPublicKey::new(algorithm, key)
            .verify(&message, self.signer.signature.as_bytes())
            .map_err(|_| wrong("it is of another key or over other bytes"))
    }
}

fn check_usage(certificate: &x509::Read) -> Result<(), StampError> {
    let wrong = |reason: &str| Err(StampError::Usage { reason: reason.to_owned() });
    if certificate.authority {
        return wrong("it is one of an authority (CA:TRUE)");
    }
    if !certificate.unknown.is_empty() {
        return wrong("it has a critical extension that is not known");
    }
    match &certificate.usages {
        Some((true, usages)) if usages.as_slice() == [TIME_STAMPING] => {}
        Some((false, usages)) if usages.as_slice() == [TIME_STAMPING] => {
            return wrong("its extended key usage is not critical");
        }
        _ => return wrong("its extended key usage is not time stamping alone"),
    }
    let allowed = KeyUsages::DigitalSignature | KeyUsages::NonRepudiation;
    if certificate.key_usage.as_ref().is_some_and(|usage| usage.0.is_empty() || !(usage.0 - allowed).is_empty()) {
        return wrong("its key usage is not digital signature");
    }
    Ok(())
}

fn hash_of(oid: ObjectIdentifier) -> Option<&'static digest::Algorithm> {
    match oid {
        SHA256 => Some(&digest::SHA256),
        SHA384 => Some(&digest::SHA384),
        SHA512 => Some(&digest::SHA512),
        _ => None,
    }
}

/// Whether a signature's algorithm is one with this digest. RSA may leave the digest to the other field (RFC 3370).
fn agrees(signature: ObjectIdentifier, hash: ObjectIdentifier) -> bool {
    let known = |rsa: &str, ec: &str| [rsa, ec].iter().any(|text| signature.to_string() == **text);
    match hash {
        _ if signature == RSA => true,
        SHA256 => known("1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"),
        SHA384 => known("1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"),
        SHA512 => known("1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"),
        _ => false,
    }
}

fn algorithm(key: &AlgorithmIdentifierOwned, hash: ObjectIdentifier) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = key.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    Some(match (key.oid, curve, hash) {
        (RSA, _, SHA256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (RSA, _, SHA384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (RSA, _, SHA512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (EC, Some(P256), SHA256) => &signature::ECDSA_P256_SHA256_ASN1,
        (EC, Some(P256), SHA384) => &signature::ECDSA_P256_SHA384_ASN1,
        (EC, Some(P384), SHA256) => &signature::ECDSA_P384_SHA256_ASN1,
        (EC, Some(P384), SHA384) => &signature::ECDSA_P384_SHA384_ASN1,
        _ => return None,
    })
}

// RFC 5035; of the first certificate alone, which is the signer's.

#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<CertificateIdV2>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

#[derive(Sequence)]
struct CertificateIdV2 {
    #[asn1(optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<Any>,
}

#[derive(Sequence)]
struct SigningCertificate {
    certs: Vec<CertificateId>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

#[derive(Sequence)]
struct CertificateId {
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<Any>,
}
