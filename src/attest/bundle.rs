//! `Bundle` ↔ the bytes of a Sigstore bundle v0.3, with a key hint or a certificate.
//! Format: <https://docs.sigstore.dev/about/bundle/>; the subset that every real verifier accepts: one signature, no key id
//! in the envelope, an empty list of log entries, the leaf certificate alone, standard base64.
//!
//! Written as canonical JSON. Reading takes only what is written: any changed byte, white space and base64 padding
//! included, is an error. Says nothing of the signature: see [`super::verify`].

use super::errors::BundleError;
use crate::model::{Bundle, Envelope, Hint, Material, SignatureBytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The media type of every bundle that we write.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The largest bundle that is read, in bytes: room for the largest payload in base64.
pub const LIMIT: usize = 384 << 20;

// The fields of each object stand in the order of their names, so that the ordinary writer gives canonical JSON.

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawBundle<'a> {
    #[serde(borrow)]
    dsse_envelope: RawEnvelope<'a>,
    media_type: Cow<'a, str>,
    #[serde(borrow)]
    verification_material: RawMaterial<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawEnvelope<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    payload_type: Cow<'a, str>,
    #[serde(borrow)]
    signatures: Vec<RawSignature<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignature<'a> {
    #[serde(borrow)]
    sig: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawMaterial<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    certificate: Option<RawCertificate<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    public_key: Option<RawKey<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<RawTimestamps<'a>>,
    tlog_entries: [(); 0],
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawCertificate<'a> {
    #[serde(borrow)]
    raw_bytes: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawTimestamps<'a> {
    #[serde(borrow)]
    rfc3161_timestamps: Vec<RawTimestamp<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawTimestamp<'a> {
    #[serde(borrow)]
    signed_timestamp: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey<'a> {
    #[serde(borrow)]
    hint: Cow<'a, str>,
}

/// The bytes of a bundle.
pub fn encode(bundle: &Bundle) -> Vec<u8> {
    let (public_key, certificate) = match &bundle.material {
        Material::Key(hint) => (Some(RawKey { hint: hint.0.as_str().into() }), None),
        Material::Certificate(der) => (None, Some(RawCertificate { raw_bytes: STANDARD.encode(der).into() })),
    };
    let timestamp = |der: &Vec<u8>| RawTimestamp { signed_timestamp: STANDARD.encode(der).into() };
    let timestamps = RawTimestamps { rfc3161_timestamps: bundle.timestamps.iter().map(timestamp).collect() };
    let raw = RawBundle {
        dsse_envelope: RawEnvelope {
            payload: STANDARD.encode(&bundle.envelope.payload).into(),
            payload_type: bundle.envelope.payload_type.as_str().into(),
            signatures: vec![RawSignature { sig: STANDARD.encode(&bundle.envelope.signature.0).into() }],
        },
        media_type: MEDIA_TYPE.into(),
        verification_material: RawMaterial {
            certificate,
            public_key,
            timestamp_verification_data: (!bundle.timestamps.is_empty()).then_some(timestamps),
            tlog_entries: [],
        },
    };
    serde_json::to_vec(&raw).unwrap_or_default()
}

/// The bundle of these bytes, unverified.
///
/// # Errors
/// See [`BundleError`].
pub fn decode(bytes: &[u8]) -> Result<Bundle, BundleError> {
    if bytes.len() > LIMIT {
        return Err(BundleError::TooLarge { limit: LIMIT });
    }
    let malformed = |reason: &str| BundleError::Malformed { reason: reason.to_owned() };
    let raw: RawBundle<'_> = serde_json::from_slice(bytes).map_err(|error| malformed(&error.to_string()))?;
    if raw.media_type != MEDIA_TYPE {
        return Err(malformed(&format!("the media type is `{}`", raw.media_type)));
    }
    if raw.dsse_envelope.payload_type != Envelope::IN_TOTO {
        return Err(malformed(&format!("the payload type is `{}`", raw.dsse_envelope.payload_type)));
    }
    let [signature] = raw.dsse_envelope.signatures.as_slice() else {
        return Err(BundleError::Signatures { count: raw.dsse_envelope.signatures.len() });
    };
    let base64 = |text: &str, what: &str| {
        STANDARD.decode(text).map_err(|_| malformed(&format!("the {what} is not standard base64 with padding")))
    };
    let material = match (&raw.verification_material.public_key, &raw.verification_material.certificate) {
        (Some(key), None) => {
            if base64(&key.hint, "key hint")?.len() != 32 {
                return Err(malformed("the key hint is not a SHA-256 digest"));
            }
            Material::Key(Hint(key.hint.clone().into_owned()))
        }
        (None, Some(certificate)) => Material::Certificate(base64(&certificate.raw_bytes, "certificate")?),
        _ => return Err(malformed("neither exactly one key nor exactly one certificate")),
    };
    let timestamps = raw.verification_material.timestamp_verification_data.as_ref();
    let timestamps = timestamps.map_or(&[][..], |data| &data.rfc3161_timestamps);
    let bundle = Bundle {
        material,
        timestamps: timestamps
            .iter()
            .map(|each| base64(&each.signed_timestamp, "time stamp"))
            .collect::<Result<_, _>>()?,
        envelope: Envelope {
            payload_type: Envelope::IN_TOTO.to_owned(),
            payload: base64(&raw.dsse_envelope.payload, "payload")?,
            signature: SignatureBytes(base64(&signature.sig, "signature")?),
        },
    };
    if encode(&bundle) == bytes { Ok(bundle) } else { Err(BundleError::NotCanonical) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bundle(payload: Vec<u8>, signature: Vec<u8>) -> Bundle {
        Bundle {
            material: Material::Key(Hint::of(b"key")),
            timestamps: Vec::new(),
            envelope: Envelope {
                payload_type: Envelope::IN_TOTO.to_owned(),
                payload,
                signature: SignatureBytes(signature),
            },
        }
    }

    fn code(text: &str) -> String {
        use miette::Diagnostic as _;
        decode(text.as_bytes()).unwrap_err().code().unwrap().to_string()
    }

    #[test]
    fn has_the_form_that_verifiers_accept() {
        let text = String::from_utf8(encode(&bundle(b"{}".to_vec(), vec![1, 2, 3]))).unwrap();
        insta::assert_snapshot!(text, @r#"{"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AQID"}]},"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM="},"tlogEntries":[]}}"#);
        assert_eq!(
            text.as_bytes(),
            serde_json_canonicalizer::to_vec(&serde_json::from_str::<serde_json::Value>(&text).unwrap()).unwrap()
        );
        assert_eq!(code(&text.replace("{\"sig\"", "{\"keyid\":\"\",\"sig\"")), "attest::malformed-bundle");
        assert_eq!(code(&text.replace("[{\"sig\":\"AQID\"}]", "[]")), "attest::signature-count");
        let two = text.replace("[{\"sig\":\"AQID\"}]", "[{\"sig\":\"AQID\"},{\"sig\":\"AQID\"}]");
        assert_eq!(code(&two), "attest::signature-count");
        assert_eq!(code(&text.replace("tlogEntries\":[]", "tlogEntries\":[{}]")), "attest::malformed-bundle");
        assert_eq!(code(&text.replace("v0.3", "v0.2")), "attest::malformed-bundle");
        assert_eq!(code(&text.replace("\"AQID\"", "\"AQID\",\"sig\":\"AQID\"")), "attest::malformed-bundle");
        assert_eq!(code(&text.replace("e30=", "e30")), "attest::malformed-bundle");
        assert_eq!(code(&text.replace("e30=", "e31=")), "attest::malformed-bundle");
        assert_eq!(code(&text.replacen(':', ": ", 1)), "attest::bundle-not-canonical");
        assert_eq!(code(&format!("{text}\n")), "attest::bundle-not-canonical");
        assert_eq!(code(&text.replace("AQID", "\\u0041QID")), "attest::bundle-not-canonical");
    }

    proptest! {
        #[test]
        fn round_trips(
            payload in prop::collection::vec(any::<u8>(), 0..300),
            signature in prop::collection::vec(any::<u8>(), 0..80),
            certificate in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)),
            timestamps in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..3),
        ) {
            let bundle = bundle(payload, signature);
            let material = certificate.map_or_else(|| bundle.material.clone(), Material::Certificate);
            let bundle = Bundle { material, timestamps, ..bundle };
            prop_assert_eq!(decode(&encode(&bundle)).unwrap(), bundle);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
