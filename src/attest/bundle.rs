//! `Bundle` ↔ the bytes of a Sigstore bundle v0.3, key form.
//! Format: <https://docs.sigstore.dev/about/bundle/>; the subset that every real verifier accepts: one signature, no key id
//! in the envelope, an empty list of log entries, no certificate chain, standard base64.
//!
//! Written as canonical JSON. Reading takes only what is written: any changed byte, white space and base64 padding
//! included, is an error. Says nothing of the signature: see [`super::verify`].

use super::errors::BundleError;
use crate::model::{Bundle, Envelope, Hint, SignatureBytes};
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
    #[serde(borrow)]
    public_key: RawKey<'a>,
    tlog_entries: [(); 0],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey<'a> {
    #[serde(borrow)]
    hint: Cow<'a, str>,
}

/// The bytes of a bundle.
pub fn encode(bundle: &Bundle) -> Vec<u8> {
    let raw = RawBundle {
        dsse_envelope: RawEnvelope {
            payload: STANDARD.encode(&bundle.envelope.payload).into(),
            payload_type: bundle.envelope.payload_type.as_str().into(),
            signatures: vec![RawSignature { sig: STANDARD.encode(&bundle.envelope.signature.0).into() }],
        },
        media_type: MEDIA_TYPE.into(),
        verification_material: RawMaterial {
            public_key: RawKey { hint: bundle.hint.0.as_str().into() },
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
    let hint = &raw.verification_material.public_key.hint;
    if base64(hint, "key hint")?.len() != 32 {
        return Err(malformed("the key hint is not a SHA-256 digest"));
    }
    let bundle = Bundle {
        hint: Hint(hint.clone().into_owned()),
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
            hint: Hint::of(b"key"),
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
        fn round_trips(payload in prop::collection::vec(any::<u8>(), 0..300), signature in prop::collection::vec(any::<u8>(), 0..80)) {
            let bundle = bundle(payload, signature);
            prop_assert_eq!(decode(&encode(&bundle)).unwrap(), bundle);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
