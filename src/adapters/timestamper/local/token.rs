//! A `TimeStampResp` (RFC 3161, 2.4.2): CMS (RFC 5652) over a `TSTInfo`, with the signer's certificate in it.

use super::certificate::ECDSA_SHA256;
use crate::model::Timestamp;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::EcdsaKeyPair;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, GeneralizedTime, Int, ObjectIdentifier, OctetString, SetOfVec};
use der::{Encode, Sequence};
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{MessageImprint, TspVersion, TstInfo};

const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// Any policy: the embedded authority promises none (a UUID of its own, ITU-T X.667).
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.25.71983214");

/// RFC 5816; SHA-256 is the default and so left out.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<CertificateId>,
}

#[derive(Sequence)]
struct CertificateId {
    cert_hash: OctetString,
}

/// What `TimeStampResp` is when it grants: a status of 0, and the token.
#[derive(Sequence)]
struct Granted {
    status: Status,
    token: ContentInfo,
}

#[derive(Sequence)]
struct Status {
    status: u8,
}

pub(super) fn response(
    key: &EcdsaKeyPair,
    certificate: &Certificate,
    signature: &[u8],
    at: Timestamp,
    mut serial: [u8; 16],
) -> der::Result<Vec<u8>> {
    serial[0] = (serial[0] & 0x7f) | 0x40;
    let sha256 = || AlgorithmIdentifierOwned { oid: SHA_256, parameters: None };
    let seconds = u64::try_from(at.unix()).map_err(|_| der::Error::from(der::ErrorKind::DateTime))?;
    let info = TstInfo {
        version: TspVersion::V1,
        policy: POLICY,
        message_imprint: MessageImprint {
            hash_algorithm: sha256(),
            hashed_message: OctetString::new(digest(&SHA256, signature).as_ref())?,
        },
        serial_number: Int::new(&serial)?,
        gen_time: GeneralizedTime::from_unix_duration(Duration::from_secs(seconds))?,
        accuracy: None,
        ordering: false,
        nonce: None,
        tsa: None,
        extensions: None,
    };
    let content = info.to_der()?;
    let named = SigningCertificateV2 {
        certs: vec![CertificateId { cert_hash: OctetString::new(digest(&SHA256, &certificate.to_der()?).as_ref())? }],
    };
    let attributes = SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, &TST_INFO)?,
        attribute(MESSAGE_DIGEST, &OctetString::new(digest(&SHA256, &content).as_ref())?)?,
        attribute(SIGNING_CERTIFICATE_V2, &named)?,
    ])?;
    let signed =
        key.sign(&SystemRandom::new(), &attributes.to_der()?).map_err(|_| der::Error::from(der::ErrorKind::Failed))?;
    let tbs = &certificate.tbs_certificate;
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer.clone(),
            serial_number: tbs.serial_number.clone(),
        }),
        digest_alg: sha256(),
        signed_attrs: Some(attributes),
        signature_algorithm: AlgorithmIdentifierOwned { oid: ECDSA_SHA256, parameters: None },
        signature: OctetString::new(signed.as_ref())?,
        unsigned_attrs: None,
    };
    let data = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![sha256()])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: TST_INFO,
            econtent: Some(Any::encode_from(&OctetString::new(content)?)?),
        },
        certificates: Some(CertificateSet::try_from(vec![CertificateChoices::Certificate(certificate.clone())])?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![signer])?,
    };
    let token = ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&data)? };
    Granted { status: Status { status: 0 }, token }.to_der()
}

fn attribute(oid: ObjectIdentifier, value: &(impl der::EncodeValue + der::Tagged)) -> der::Result<Attribute> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![Any::encode_from(value)?])? })
}
