//! A certification request (PKCS#10, RFC 2986): a key, and the one identity that it asks for. No subject, no usages: those are the
//! role's to give.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair as _};
use der::asn1::{Any, BitString, Ia5String, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode as _, Encode as _};
use pem_rfc7468::LineEnding;
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
const ALTERNATIVE_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// The request of a P-256 key for one identity, a URI. PEM.
///
/// # Errors
/// The identity cannot stand in a certificate, or the system has no randomness.
pub(super) fn request(key: &EcdsaKeyPair, identity: &str) -> Result<String, String> {
    encode(key, identity).map_err(|error| format!("`{identity}` cannot be asked for: {error}"))
}

fn encode(key: &EcdsaKeyPair, identity: &str) -> der::Result<String> {
    let failed = |_| der::Error::from(der::ErrorKind::Failed);
    let names = SubjectAltName(vec![GeneralName::UniformResourceIdentifier(Ia5String::new(identity)?)]);
    let extension = Extension {
        extn_id: ALTERNATIVE_NAMES,
        // With an empty subject it must be (RFC 5280, 4.2.1.6).
        critical: true,
        extn_value: OctetString::new(names.to_der()?)?,
    };
    let wanted =
        Attribute { oid: EXTENSION_REQUEST, values: SetOfVec::try_from(vec![Any::encode_from(&vec![extension])?])? };
    let spki = key.public_key().as_der().map_err(failed)?;
    let info = CertReqInfo {
        version: Version::V1,
        subject: Name::default(),
        public_key: SubjectPublicKeyInfoOwned::from_der(spki.as_ref())?,
        attributes: SetOfVec::try_from(vec![wanted])?,
    };
    let signature = key.sign(&SystemRandom::new(), &info.to_der()?).map_err(failed)?;
    let request = CertReq {
        info,
        algorithm: AlgorithmIdentifierOwned { oid: ECDSA_SHA256, parameters: None },
        signature: BitString::from_bytes(signature.as_ref())?,
    };
    pem_rfc7468::encode_string("CERTIFICATE REQUEST", LineEnding::LF, &request.to_der()?)
        .map_err(|_| der::ErrorKind::Failed.into())
}
