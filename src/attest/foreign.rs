//! What others have signed: read as widely as they write it, and trusted as narrowly as our own.
//!
//! | form | is |
//! |---|---|
//! | Sigstore bundle 0.1 to 0.3 | JSON in any spelling, with a DSSE envelope; entries of transparency logs are neither needed nor looked at |
//! | a DSSE envelope alone | what cosign attached before bundles (`.att`) |
//!
//! What our own must be and these need not is canonical. No key may stand twice in any object, one signature must be there, and it
//! must be that of somebody trusted: a key, or a certificate with a time stamp, by the same rules as for our own. Certificates
//! beside the signer's own are not looked at.

use super::errors::{BundleError, StatementError, VerifyError};
use super::json::{self, StrictError};
use super::{Signed, Trust, signer};
use crate::model::{Bundle, Digest, Envelope, Hint, Material, SignatureBytes, SignedBy, SignerId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The largest one that is read, in bytes.
pub const LIMIT: usize = 64 << 20;

/// What somebody else has attested. Only [`verify_foreign`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignAttestation {
    /// What it says, a URI.
    pub predicate_type: String,
    /// What it is about: the sha256 of each of its subjects, hex.
    pub subjects: Vec<String>,
    /// Digest of what was signed.
    pub statement: Digest,
    /// Digest of the whole, as it was found.
    pub bundle: Digest,
    /// What is said.
    pub predicate: Value,
    /// Who signed.
    pub signed: Signed,
}

impl ForeignAttestation {
    /// Who signed, for the lock.
    pub fn signer(&self) -> SignerId {
        SignerId::other(&self.signed.by)
    }

    /// Whether it is one that this program writes: told by what is signed, whoever has signed it and wherever it lies.
    pub fn is_ours(&self) -> bool {
        self.predicate.get("proofmark").is_some()
            || super::cyclonedx::decode(&json::canonical_value(&self.predicate)).is_ok()
    }

    /// Whether it is about what has this digest, among others.
    pub fn is_about(&self, digest: &Digest) -> bool {
        let hex = digest.hex();
        self.subjects.contains(&hex)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBundle {
    media_type: String,
    dsse_envelope: RawEnvelope,
    verification_material: RawMaterial,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEnvelope {
    payload: String,
    payload_type: String,
    signatures: Vec<RawSignature>,
}

#[derive(Deserialize)]
struct RawSignature {
    sig: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct RawMaterial {
    certificate: Option<RawCertificate>,
    x509_certificate_chain: Option<RawChain>,
    public_key: Option<RawKey>,
    timestamp_verification_data: Option<RawTimestamps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCertificate {
    raw_bytes: String,
}

#[derive(Deserialize)]
struct RawChain {
    certificates: Vec<RawCertificate>,
}

#[derive(Deserialize)]
struct RawKey {
    #[serde(default)]
    hint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTimestamps {
    #[serde(default)]
    rfc3161_timestamps: Vec<RawTimestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTimestamp {
    signed_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatement {
    #[serde(rename = "_type")]
    kind: String,
    predicate_type: String,
    subject: Vec<RawSubject>,
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct RawSubject {
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

/// Verifies what somebody else has signed: its form, that whoever signed is trusted, and then reads what it says. Of what it should
/// be is the caller's to say.
///
/// # Errors
/// See [`VerifyError`].
pub fn verify_foreign(bytes: &[u8], trust: &Trust) -> Result<ForeignAttestation, VerifyError> {
    let (bundle, named) = read(bytes)?;
    let signed = match (&bundle.material, named) {
        (Material::Key(_), false) => by_any_key(bundle.clone(), trust)?,
        _ => signer(&bundle, trust)?,
    };
    let payload = &bundle.envelope.payload;
    let statement = statement(payload)?;
    Ok(ForeignAttestation {
        predicate_type: statement.predicate_type,
        subjects: statement
            .subject
            .into_iter()
            .map(|mut each| each.digest.remove("sha256").unwrap_or_default())
            .collect(),
        statement: Digest::of(payload),
        bundle: Digest::of(bytes),
        predicate: statement.predicate,
        signed,
    })
}

/// One that does not say which key: it must be one of those that are trusted.
fn by_any_key(mut bundle: Bundle, trust: &Trust) -> Result<Signed, VerifyError> {
    let mut last = VerifyError::UntrustedKey { hint: Hint(String::new()) };
    for hint in trust.keys.hints() {
        bundle.material = Material::Key(hint.clone());
        match signer(&bundle, trust) {
            Ok(signed) => return Ok(signed),
            // A signature of none of them is one of nobody's; anything else is worse than that.
            Err(VerifyError::BadSignature { .. }) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The bundle, and whether it says who signed.
fn read(bytes: &[u8]) -> Result<(Bundle, bool), BundleError> {
    let malformed = |reason: &dyn std::fmt::Display| BundleError::Malformed { reason: reason.to_string() };
    if bytes.len() > LIMIT {
        return Err(BundleError::TooLarge { limit: LIMIT });
    }
    let value = json::parse_strict(bytes).map_err(|error| match error {
        StrictError::Syntax(reason) => malformed(&reason),
        StrictError::Duplicate(key) => malformed(&format!("the key `{key}` is there twice")),
    })?;
    let (envelope, material) = if value.get("payloadType").is_some() {
        let envelope: RawEnvelope = serde_json::from_value(value).map_err(|error| malformed(&error))?;
        (envelope, RawMaterial::default())
    } else {
        let raw: RawBundle = serde_json::from_value(value).map_err(|error| malformed(&error))?;
        if !raw.media_type.starts_with("application/vnd.dev.sigstore.bundle") {
            return Err(malformed(&format!("the media type is `{}`", raw.media_type)));
        }
        (raw.dsse_envelope, raw.verification_material)
    };
    if envelope.payload_type != Envelope::IN_TOTO {
        return Err(malformed(&format!("the payload type is `{}`", envelope.payload_type)));
    }
    let [signature] = envelope.signatures.as_slice() else {
        return Err(BundleError::Signatures { count: envelope.signatures.len() });
    };
    let base64 = |text: &str, what: &str| {
        STANDARD.decode(text).map_err(|_| malformed(&format!("the {what} is not standard base64 with padding")))
    };
    let leaf = match (material.certificate, material.x509_certificate_chain) {
        (Some(certificate), None) => Some(certificate),
        (None, Some(mut chain)) if !chain.certificates.is_empty() => Some(chain.certificates.swap_remove(0)),
        (None, None) => None,
        _ => return Err(malformed(&"it has no certificate, or several")),
    };
    let (material_of, named) = match (leaf, material.public_key) {
        (Some(certificate), None) => (Material::Certificate(base64(&certificate.raw_bytes, "certificate")?), true),
        (None, Some(RawKey { hint })) if base64(&hint, "hint").is_ok_and(|hint| hint.len() == 32) => {
            (Material::Key(Hint(hint)), true)
        }
        (None, _) => (Material::Key(Hint(String::new())), false),
        (Some(_), Some(_)) => return Err(malformed(&"it has both a key and a certificate")),
    };
    let timestamps = material.timestamp_verification_data.map(|data| data.rfc3161_timestamps).unwrap_or_default();
    let bundle = Bundle {
        material: material_of,
        timestamps: timestamps
            .iter()
            .map(|each| base64(&each.signed_timestamp, "time stamp"))
            .collect::<Result<_, _>>()?,
        envelope: Envelope {
            payload_type: envelope.payload_type,
            payload: base64(&envelope.payload, "payload")?,
            signature: SignatureBytes(base64(&signature.sig, "signature")?),
        },
    };
    Ok((bundle, named))
}

fn statement(payload: &[u8]) -> Result<RawStatement, StatementError> {
    let shape = |reason: String| StatementError::Shape { reason };
    let value = json::parse_strict(payload).map_err(|error| match error {
        StrictError::Syntax(reason) => StatementError::Syntax { reason },
        StrictError::Duplicate(key) => StatementError::DuplicateKey { key },
    })?;
    let statement: RawStatement = serde_json::from_value(value).map_err(|error| shape(error.to_string()))?;
    let known = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
    if !known.contains(&statement.kind.as_str()) {
        return Err(shape(format!("`_type` is `{}`, which is no statement that is known", statement.kind)));
    }
    let is_plain = |text: &str| text.len() <= 512 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain(&statement.predicate_type) {
        return Err(shape("its predicate type is no URI".to_owned()));
    }
    Ok(statement)
}

/// Whether a name in a lock is that of who was seen to have signed.
pub fn is_signer(id: &SignerId, by: &SignedBy) -> bool {
    *id == SignerId::other(by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::TrustFiles;
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
    use proptest::prelude::*;
    use serde_json::json;

    const IMAGE: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    struct Key(EcdsaKeyPair);

    impl Key {
        fn new() -> Self {
            Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
        }

        fn spki(&self) -> Vec<u8> {
            self.0.public_key().as_der().unwrap().as_ref().to_vec()
        }

        fn trust(&self) -> Trust {
            let pem =
                format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(self.spki()));
            Trust::read(&TrustFiles { keys: vec![("k.pub", pem.as_bytes())], ..TrustFiles::default() }).unwrap()
        }

        fn envelope(&self, payload: &str) -> Value {
            let encoding = Envelope::pre_authentication_encoding(Envelope::IN_TOTO, payload.as_bytes());
            let signature = self.0.sign(&SystemRandom::new(), &encoding).unwrap();
            json!({"payloadType": Envelope::IN_TOTO, "payload": STANDARD.encode(payload),
                "signatures": [{"keyid": "", "sig": STANDARD.encode(signature.as_ref())}]})
        }

        fn bundle(&self, payload: &str, hint: &str) -> Value {
            json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": self.envelope(payload),
                "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": [{"logIndex": "1"}], "more": 1}})
        }
    }

    fn payload() -> String {
        json!({"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v1",
            "subject": [{"name": "x", "digest": {"sha256": IMAGE}}], "predicate": {"a": 1}})
        .to_string()
    }

    fn code(bytes: &[u8], trust: &Trust) -> String {
        use miette::Diagnostic as _;
        verify_foreign(bytes, trust).unwrap_err().code().unwrap().to_string()
    }

    #[test]
    fn every_form_that_others_write_is_read() {
        let key = Key::new();
        let digest = Digest::from_hex(IMAGE).unwrap();
        let pretty = serde_json::to_string_pretty(&key.bundle(&payload(), &Hint::of(&key.spki()).0)).unwrap();
        let forms =
            [pretty, key.bundle(&payload(), "some other name").to_string(), key.envelope(&payload()).to_string()];
        for form in forms {
            let found = verify_foreign(form.as_bytes(), &key.trust()).unwrap();
            assert_eq!(found.predicate_type, "https://slsa.dev/provenance/v1");
            assert!(found.is_about(&digest) && !found.is_about(&Digest::of(b"")));
            assert_eq!(found.bundle, Digest::of(form.as_bytes()));
            assert!(is_signer(&found.signer(), &found.signed.by));
            assert_eq!(code(form.as_bytes(), &Key::new().trust()), "attest::untrusted-key");
            assert_eq!(code(form.as_bytes(), &Trust::default()), "attest::untrusted-key");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        let key = Key::new();
        let hint = Hint::of(&key.spki()).0;
        let trust = key.trust();
        let good = key.bundle(&payload(), &hint).to_string();
        let twice = good.replacen("{\"dsseEnvelope\"", "{\"mediaType\":\"x\",\"dsseEnvelope\"", 1);
        assert_ne!(twice, good);
        assert_eq!(code(twice.as_bytes(), &trust), "attest::malformed-bundle");
        let doubled = payload().replacen("{\"_type\"", "{\"predicateType\":\"https://other.example/\",\"_type\"", 1);
        assert_eq!(code(key.bundle(&doubled, &hint).to_string().as_bytes(), &trust), "attest::duplicate-key");
        let mut two = key.bundle(&payload(), &hint);
        let signature = two["dsseEnvelope"]["signatures"][0].clone();
        two["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(signature);
        assert_eq!(code(two.to_string().as_bytes(), &trust), "attest::signature-count");
        let mut both = key.bundle(&payload(), &hint);
        both["verificationMaterial"]["certificate"] = json!({"rawBytes": ""});
        assert_eq!(code(both.to_string().as_bytes(), &trust), "attest::malformed-bundle");
        let mut other = key.bundle(&payload(), &hint);
        other["dsseEnvelope"]["payload"] = STANDARD.encode(payload().replace("v1", "v2")).into();
        assert_eq!(code(other.to_string().as_bytes(), &trust), "attest::bad-signature");
        let unknown = payload().replace("Statement/v0.1", "Statement/v9");
        assert_eq!(code(key.bundle(&unknown, &hint).to_string().as_bytes(), &trust), "attest::malformed-statement");
        // A build of several says what it says of each.
        let wide =
            payload().replace("\"subject\":[", &format!("\"subject\":[{{\"digest\":{{\"sha256\":\"{IMAGE}\"}}}},"));
        let wide = wide.replacen(IMAGE, &"0".repeat(64), 1);
        let found = verify_foreign(key.bundle(&wide, &hint).to_string().as_bytes(), &trust).unwrap();
        assert_eq!(found.subjects.len(), 2);
        assert!(found.is_about(&Digest::from_hex(IMAGE).unwrap()) && !found.is_about(&Digest::of(b"")));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(verify_foreign(&bytes, &Trust::default()).is_err());
        }
    }
}
