//! Bundles signed with certificates: the good one is taken, and every bundle of the corpus is refused with its own code.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a failing test should panic; the program reads files"
)]

mod common;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miette::Diagnostic as _;
use proofmark::adapters::clock::SystemClock;
use proofmark::adapters::timestamper::local::{LocalTimestamper, Made, make};
use proofmark::attest::{self, TimeSource, Trust, TrustFiles, bundle};
use proofmark::model::{Bundle, Envelope, Hint, Material, SignatureBytes, SignedBy, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, SanType,
};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

const PAYLOAD: &str = r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://cyclonedx.org/bom","subject":[{"digest":{"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},"name":"oci:images/checkout"}]}"#;
const IDENTITY: &str = "spiffe://example.com/ci/shop";
/// 2026-11-23T00:00:00Z.
const START: i64 = 1_795_392_000;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(START + seconds).unwrap()
}

/// A root, an intermediate under it, and an authority on time.
struct Pki {
    root: String,
    intermediate: String,
    issuer: Issuer<'static, KeyPair>,
    time: Made,
    clock: LocalTimestamper,
}

/// What a leaf is asked to be.
struct Ask {
    names: Vec<&'static str>,
    usages: Vec<ExtendedKeyUsagePurpose>,
    key_usages: Vec<KeyUsagePurpose>,
    lives: Duration,
    authority: bool,
    critical: bool,
    p384: bool,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            names: vec![IDENTITY],
            usages: vec![ExtendedKeyUsagePurpose::CodeSigning],
            key_usages: vec![KeyUsagePurpose::DigitalSignature],
            lives: Duration::minutes(15),
            authority: false,
            critical: false,
            p384: false,
        }
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = at(-86_400);
    params.not_after = at(86_400 * 3650);
    params
}

impl Pki {
    fn new() -> Self {
        let key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let root_key = key();
        let params = authority("root");
        let root = params.self_signed(&root_key).unwrap().pem();
        let root_issuer = Issuer::new(params, root_key);
        let (params, key) = (authority("intermediate"), key());
        let intermediate = params.signed_by(&key, &root_issuer).unwrap().pem();
        let time = make(Timestamp::from_unix(START - 86_400).unwrap()).unwrap();
        let clock = LocalTimestamper::new(&time.key, &time.certificate, Arc::new(SystemClock)).unwrap();
        Self { root, intermediate, issuer: Issuer::new(params, key), time, clock }
    }

    fn trust(&self) -> Trust {
        self.trusting(&["spiffe://example.com/ci/*"], true)
    }

    fn trusting(&self, identities: &[&str], time: bool) -> Trust {
        let signers = format!("{}{}", self.root, self.intermediate);
        let clock = format!("{}{}", pem(&self.time.certificate), pem(&self.time.root));
        let mut roots = vec![("ca.pem", signers.as_bytes())];
        if time {
            roots.push(("time.pem", clock.as_bytes()));
        }
        let identities = identities.iter().map(|text| (*text).to_owned()).collect();
        Trust::read(&TrustFiles { roots, identities, ..TrustFiles::default() }).unwrap()
    }

    fn leaf(&self, ask: &Ask) -> (Vec<u8>, KeyPair) {
        let algorithm = if ask.p384 { &PKCS_ECDSA_P384_SHA384 } else { &PKCS_ECDSA_P256_SHA256 };
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = ask.names.iter().map(|name| SanType::URI((*name).try_into().unwrap())).collect();
        params.extended_key_usages.clone_from(&ask.usages);
        params.key_usages.clone_from(&ask.key_usages);
        params.not_before = at(0);
        params.not_after = at(0) + ask.lives;
        params.is_ca = if ask.authority { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        if ask.critical {
            let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 55555, 1], vec![5, 0]);
            extension.set_criticality(true);
            params.custom_extensions.push(extension);
        }
        (params.signed_by(&key, &self.issuer).unwrap().der().to_vec(), key)
    }

    fn stamp(&self, signature: &[u8], seconds: i64) -> Vec<u8> {
        self.clock.stamp_at(signature, Timestamp::from_unix(START + seconds).unwrap()).unwrap()
    }

    fn bundle(&self, ask: &Ask, stamps: &[i64]) -> Bundle {
        let (certificate, key) = self.leaf(ask);
        let message = Envelope::pre_authentication_encoding(Envelope::IN_TOTO, PAYLOAD.as_bytes());
        // A key of another kind signs nothing that is ever looked at.
        let signature = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.serialize_der())
            .map_or(vec![0; 70], |pair| pair.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec());
        Bundle {
            material: Material::Certificate(certificate),
            timestamps: stamps.iter().map(|seconds| self.stamp(&signature, *seconds)).collect(),
            envelope: Envelope {
                payload_type: Envelope::IN_TOTO.into(),
                payload: PAYLOAD.into(),
                signature: SignatureBytes(signature),
            },
        }
    }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

fn code(bytes: &[u8], trust: &Trust) -> String {
    attest::verify_bundle(bytes, trust).unwrap_err().code().unwrap().to_string()
}

#[test]
fn a_good_one_is_taken_years_later() {
    let pki = Pki::new();
    let attestation =
        attest::verify_bundle(&bundle::encode(&pki.bundle(&Ask::default(), &[60])), &pki.trust()).unwrap();
    assert_eq!(attestation.signed_by(), &SignedBy::Identity(IDENTITY.into()));
    assert_eq!(attestation.trusted_as(), "spiffe://example.com/ci/*");
    assert_eq!(attestation.stamps().len(), 1);
    assert_eq!(attestation.stamps()[0].at, Timestamp::from_unix(START + 60).unwrap());
    assert_eq!(attestation.stamps()[0].source, TimeSource::SelfAsserted);
}

#[test]
fn leaves_of_another_form_are_refused() {
    let pki = Pki::new();
    let trust = pki.trust();
    let cases: [(&str, Ask); 12] = [
        ("attest::certificate-usage", Ask { usages: vec![], ..Ask::default() }),
        ("attest::certificate-usage", Ask { usages: vec![ExtendedKeyUsagePurpose::ServerAuth], ..Ask::default() }),
        (
            "attest::certificate-usage",
            Ask {
                usages: vec![ExtendedKeyUsagePurpose::CodeSigning, ExtendedKeyUsagePurpose::ServerAuth],
                ..Ask::default()
            },
        ),
        ("attest::certificate-usage", Ask { key_usages: vec![KeyUsagePurpose::KeyEncipherment], ..Ask::default() }),
        ("attest::certificate-usage", Ask { key_usages: vec![], ..Ask::default() }),
        ("attest::certificate-usage", Ask { authority: true, ..Ask::default() }),
        ("attest::certificate-lifetime", Ask { lives: Duration::days(365), ..Ask::default() }),
        ("attest::certificate-lifetime", Ask { lives: Duration::seconds(16 * 60 + 1), ..Ask::default() }),
        ("attest::several-identities", Ask { names: vec![IDENTITY, "urn:other"], ..Ask::default() }),
        ("attest::no-identity", Ask { names: vec![], ..Ask::default() }),
        ("attest::certificate-extension", Ask { critical: true, ..Ask::default() }),
        ("attest::certificate-key", Ask { p384: true, ..Ask::default() }),
    ];
    for (index, (expected, ask)) in cases.iter().enumerate() {
        assert_eq!(code(&bundle::encode(&pki.bundle(ask, &[60])), &trust), *expected, "case {index}");
    }
    let other = Ask { names: vec!["spiffe://example.com/other/shop"], ..Ask::default() };
    assert_eq!(code(&bundle::encode(&pki.bundle(&other, &[60])), &trust), "attest::identity-mismatch");
}

#[test]
fn what_is_not_trusted_is_refused() {
    let (pki, other) = (Pki::new(), Pki::new());
    let good = pki.bundle(&Ask::default(), &[60]);
    let bytes = bundle::encode(&good);
    assert_eq!(code(&bytes, &Trust::default()), "attest::untrusted-certificate");
    assert_eq!(code(&bytes, &pki.trusting(&[], true)), "attest::identity-mismatch");
    assert_eq!(code(&bytes, &pki.trusting(&["spiffe://example.com/ci"], true)), "attest::identity-mismatch");
    assert_eq!(code(&bytes, &other.trust()), "attest::timestamp-untrusted");

    // Of the other authority, with a time stamp that is trusted.
    let mut foreign = other.bundle(&Ask::default(), &[]);
    foreign.timestamps = vec![pki.stamp(&foreign.envelope.signature.0, 60)];
    assert_eq!(code(&bundle::encode(&foreign), &pki.trust()), "attest::untrusted-chain");

    // A clock that is trusted for time names nobody.
    let clock = format!("{}{}", pem(&pki.time.certificate), pem(&pki.time.root));
    let roots = vec![("time.pem", clock.as_bytes())];
    let trust = Trust::read(&TrustFiles { roots, identities: vec!["**".into()], ..TrustFiles::default() }).unwrap();
    assert_eq!(code(&bytes, &trust), "attest::untrusted-certificate");
}

#[test]
fn time_stamps_that_prove_nothing_are_refused() {
    let pki = Pki::new();
    let trust = pki.trust();
    let stamped = |stamps: &[i64]| bundle::encode(&pki.bundle(&Ask::default(), stamps));
    assert_eq!(code(&stamped(&[]), &trust), "attest::no-timestamp");
    assert_eq!(code(&stamped(&[-1]), &trust), "attest::certificate-expired");
    assert_eq!(code(&stamped(&[15 * 60 + 1]), &trust), "attest::certificate-expired");
    assert_eq!(code(&stamped(&[60, 86_400]), &trust), "attest::certificate-expired");
    assert_eq!(code(&stamped(&[86_400, 60]), &trust), "attest::certificate-expired");
    assert_eq!(code(&stamped(&[60; 9]), &trust), "attest::several-timestamps");
    for seconds in [0, 15 * 60] {
        assert!(attest::verify_bundle(&stamped(&[seconds]), &trust).is_ok(), "{seconds}");
    }

    let mut wrong = pki.bundle(&Ask::default(), &[]);
    let message = Envelope::pre_authentication_encoding(Envelope::IN_TOTO, PAYLOAD.as_bytes());
    wrong.timestamps = vec![pki.stamp(&message, 60)];
    assert_eq!(code(&bundle::encode(&wrong), &trust), "attest::timestamp-imprint");
    wrong.timestamps = vec![b"no time stamp".to_vec()];
    assert_eq!(code(&bundle::encode(&wrong), &trust), "attest::malformed-timestamp");
    wrong.timestamps = vec![vec![0x30, 5, 0x30, 3, 2, 1, 2]];
    assert_eq!(code(&bundle::encode(&wrong), &trust), "attest::timestamp-refused");
    wrong.timestamps = vec![vec![0; 65 << 10]];
    assert_eq!(code(&bundle::encode(&wrong), &trust), "attest::malformed-timestamp");
}

#[test]
fn every_changed_byte_is_refused() {
    let pki = Pki::new();
    let trust = pki.trust();
    let good = pki.bundle(&Ask::default(), &[60]);
    let mut tampered = good.clone();
    tampered.envelope.payload = PAYLOAD.replace("checkout", "payments").into();
    assert_eq!(code(&bundle::encode(&tampered), &trust), "attest::bad-signature");
    let Material::Certificate(certificate) = &good.material else { panic!("a certificate") };
    for index in 0..certificate.len() {
        let mut changed = certificate.clone();
        changed[index] ^= 1;
        let changed = Bundle { material: Material::Certificate(changed), ..good.clone() };
        assert!(attest::verify_bundle(&bundle::encode(&changed), &trust).is_err(), "byte {index} of the certificate");
    }
    let stamp = &good.timestamps[0];
    // CMS leaves the certificates that a token carries unsigned; the bundle's digest in the lock covers them. Whatever is
    // changed there, nothing else may come of it.
    let expected = attest::signer(&good, &trust).unwrap();
    let mut taken = 0;
    for index in 0..stamp.len() {
        let mut changed = stamp.clone();
        changed[index] ^= 1;
        let changed = Bundle { timestamps: vec![changed], ..good.clone() };
        if let Ok(signed) = attest::signer(&changed, &trust) {
            assert_eq!(signed, expected, "byte {index} of the time stamp");
            taken += 1;
        }
    }
    assert!(taken < pki.time.certificate.len() + 16, "{taken} bytes of a time stamp change nothing");
}

#[test]
fn bundles_of_another_form_are_refused() {
    let pki = Pki::new();
    let trust = pki.trust();
    let text = String::from_utf8(bundle::encode(&pki.bundle(&Ask::default(), &[60]))).unwrap();
    let chain = text
        .replace("\"certificate\":{", "\"x509CertificateChain\":{\"certificates\":[{")
        .replacen("\"},", "\"}]},", 1);
    assert_eq!(code(chain.as_bytes(), &trust), "attest::malformed-bundle");
    let two = text.replace("\"signatures\":[{", "\"signatures\":[{\"sig\":\"AQID\"},{");
    assert_eq!(code(two.as_bytes(), &trust), "attest::signature-count");
    let both = text.replace(
        "\"certificate\":{",
        "\"publicKey\":{\"hint\":\"LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM=\"},\"certificate\":{",
    );
    assert_eq!(code(both.as_bytes(), &trust), "attest::malformed-bundle");
}

/// Runs OpenSSL in a directory, or says that it is not there.
fn openssl(directory: &std::path::Path, arguments: &[&str]) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "the real tool is what this test is about")]
    let run = std::process::Command::new("openssl").current_dir(directory).args(arguments).output().ok()?;
    let text = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "openssl {arguments:?}: {text}");
    Some(text)
}

#[test]
#[allow(clippy::disallowed_methods, clippy::print_stderr, reason = "OpenSSL reads and writes files")]
fn time_stamps_are_openssls_too() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    if std::process::Command::new("openssl").arg("version").output().is_err() {
        common::tools::skip("time_stamps_are_openssls_too", "openssl is not installed");
        return;
    }
    let pki = Pki::new();
    let signature = b"a signature";
    let write = |name: &str, bytes: &[u8]| std::fs::write(at.join(name), bytes).unwrap();
    write("signature", signature);
    write("root.pem", pem(&pki.time.root).as_bytes());
    write("tsa.pem", pem(&pki.time.certificate).as_bytes());
    write("tsa.key", &pki.time.key);

    write("ours.tsr", &pki.stamp(signature, 60));
    let said = openssl(at, &["ts", "-verify", "-data", "signature", "-in", "ours.tsr", "-CAfile", "root.pem"]);
    assert!(said.unwrap().contains("Verification: OK"));

    let config = "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\n\
                  digests = sha256\ness_cert_id_alg = sha256\naccuracy = secs:1, millisecs:500\ntsa_name = yes\nordering = yes\n";
    write("tsa.cnf", config.as_bytes());
    write("serial", b"01\n");
    openssl(at, &["pkey", "-inform", "DER", "-in", "tsa.key", "-out", "tsa-key.pem"]);
    openssl(at, &["ts", "-query", "-data", "signature", "-sha256", "-cert", "-out", "query"]);
    #[rustfmt::skip]
    openssl(at, &["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa-key.pem", "-out", "theirs.tsr"]);
    let theirs = std::fs::read(at.join("theirs.tsr")).unwrap();
    let stamp = attest::timestamps::verify_stamp(&theirs, signature, &pki.trust().authorities).unwrap();
    assert_eq!(stamp.source, TimeSource::SelfAsserted);
    let other = attest::timestamps::verify_stamp(&theirs, b"another", &pki.trust().authorities).unwrap_err();
    assert_eq!(other.code().unwrap().to_string(), "attest::timestamp-imprint");
}

#[test]
fn a_trusted_root_file_says_the_same_and_for_how_long() {
    let pki = Pki::new();
    let bytes = bundle::encode(&pki.bundle(&Ask::default(), &[60]));
    let body = |text: &str| text.lines().filter(|line| !line.starts_with("---")).collect::<String>();
    let read = |end: &str, list: &str| {
        let text = format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[],"ctlogs":[],
            "certificateAuthorities":[{{"subject":{{}},"uri":"https://ca.example","certChain":{{"certificates":[{{"rawBytes":"{}"}},{{"rawBytes":"{}"}}]}},
              "validFor":{{"start":"2026-01-01T00:00:00Z","end":"{end}"}}}}],
            "{list}":[{{"certChain":{{"certificates":[{{"rawBytes":"{}"}},{{"rawBytes":"{}"}}]}},"validFor":{{"start":"2026-01-01T00:00:00Z"}}}}]}}"#,
            body(&pki.intermediate),
            body(&pki.root),
            STANDARD.encode(&pki.time.certificate),
            STANDARD.encode(&pki.time.root),
        );
        let roots = vec![("trusted_root.json", text.as_bytes())];
        Trust::read(&TrustFiles { roots, identities: vec![IDENTITY.into()], ..TrustFiles::default() }).unwrap()
    };
    assert!(attest::verify_bundle(&bytes, &read("2030-01-01T00:00:00Z", "timestampAuthorities")).is_ok());
    assert_eq!(code(&bytes, &read("2026-02-01T00:00:00Z", "timestampAuthorities")), "attest::untrusted-chain");
    assert_eq!(code(&bytes, &read("2030-01-01T00:00:00Z", "others")), "attest::timestamp-untrusted");
    for text in
        ["{}", "{\"mediaType\":\"x\"}", "no pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        let roots = vec![("root", text.as_bytes())];
        assert!(Trust::read(&TrustFiles { roots, identities: Vec::new(), ..TrustFiles::default() }).is_err(), "{text}");
    }
    let roots = vec![("intermediate.pem", pki.intermediate.as_bytes())];
    let alone = Trust::read(&TrustFiles { roots, identities: Vec::new(), ..TrustFiles::default() }).unwrap_err();
    assert_eq!(alone.code().unwrap().to_string(), "attest::no-root");
}

/// An authority on time that is nobody's own, and its root, PEM.
fn independent() -> (LocalTimestamper, String) {
    let key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let root_key = key();
    let root = authority("time root");
    let pem = root.self_signed(&root_key).unwrap().pem();
    let mut leaf = authority("time");
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // id-kp-timeStamping, which must be critical.
    let usage = [0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8].to_vec();
    let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], usage);
    usage.set_criticality(true);
    leaf.custom_extensions.push(usage);
    let leaf_key = key();
    let certificate = leaf.signed_by(&leaf_key, &Issuer::new(root, root_key)).unwrap();
    let clock = LocalTimestamper::new(&leaf_key.serialize_der(), certificate.der(), Arc::new(SystemClock)).unwrap();
    (clock, format!("{}{pem}", certificate.pem()))
}

#[test]
fn a_revoked_key_counts_for_what_others_dated_before() {
    let (pki, (clock, time)) = (Pki::new(), independent());
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let (public, spki) = (pair.public_key_pem(), {
        use rcgen::PublicKeyData as _;
        pair.subject_public_key_info()
    });
    let own = format!("{}{}", pem(&pki.time.certificate), pem(&pki.time.root));
    let day = |seconds: i64| Timestamp::from_unix(START + seconds).unwrap();
    let trust = |revoked: &[i64]| {
        Trust::read(&TrustFiles {
            keys: vec![("k.pub", public.as_bytes())],
            roots: vec![("own.pem", own.as_bytes()), ("time.pem", time.as_bytes())],
            revoked: revoked.iter().map(|since| ("k.pub", public.as_bytes(), day(*since))).collect(),
            ..TrustFiles::default()
        })
        .unwrap()
    };
    let message = Envelope::pre_authentication_encoding(Envelope::IN_TOTO, PAYLOAD.as_bytes());
    let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pair.serialize_der()).unwrap();
    let signature = signer.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec();
    let stamped = |stamps: Vec<Vec<u8>>| {
        bundle::encode(&Bundle {
            material: Material::Key(Hint::of(&spki)),
            timestamps: stamps,
            envelope: Envelope {
                payload_type: Envelope::IN_TOTO.into(),
                payload: PAYLOAD.into(),
                signature: SignatureBytes(signature.clone()),
            },
        })
    };
    let others = |seconds: i64| clock.stamp_at(&signature, day(seconds)).unwrap();
    let (bare, early, late) = (stamped(vec![]), stamped(vec![others(0)]), stamped(vec![others(90_000)]));
    for good in [&bare, &early, &late] {
        attest::verify_bundle(good, &trust(&[])).unwrap();
    }
    assert_eq!(attest::verify_bundle(&early, &trust(&[])).unwrap().stamps()[0].source, TimeSource::Independent);
    attest::verify_bundle(&early, &trust(&[86_400])).unwrap();
    for (bytes, revoked) in [
        (&bare, &[86_400][..]),
        (&late, &[86_400]),
        // Of two days that are named the first counts.
        (&early, &[86_400, 0]),
        // Whoever has the key can have made this one himself.
        (&stamped(vec![pki.stamp(&signature, 0)]), &[86_400]),
    ] {
        assert_eq!(code(bytes, &trust(revoked)), "attest::revoked-key");
    }
}

/// The program itself, on a bundle about the payload's subject: exit code, and what it says.
fn program(directory: &std::path::Path, bytes: &[u8], more: &[&str]) -> (i32, String) {
    std::fs::write(directory.join("bundle.json"), bytes).unwrap();
    let subject = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_proofmark"));
    command.current_dir(directory).args(["verify", "--bundle", "bundle.json", "--trust", "trust.toml"]);
    let default = ["--subject", subject];
    command.args(if more.is_empty() { &default } else { more });
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.code().unwrap(), said)
}

#[test]
fn the_program_refuses_each_with_its_code_and_exit_4() {
    let pki = Pki::new();
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("ca.pem"), format!("{}{}", pki.root, pki.intermediate)).unwrap();
    std::fs::write(at.join("time.pem"), format!("{}{}", pem(&pki.time.certificate), pem(&pki.time.root))).unwrap();
    std::fs::write(
        at.join("trust.toml"),
        "roots = [\"ca.pem\", \"time.pem\"]\nidentities = [\"spiffe://example.com/ci/*\"]\n",
    )
    .unwrap();
    let good = pki.bundle(&Ask::default(), &[60]);
    let (exit, said) = program(at, &bundle::encode(&good), &[]);
    assert_eq!(exit, 0, "{said}");
    let text = String::from_utf8(bundle::encode(&good)).unwrap();
    // The same, signed over what the payload is made to say.
    let saying = |payload: &str| {
        let (certificate, key) = pki.leaf(&Ask::default());
        let message = Envelope::pre_authentication_encoding(Envelope::IN_TOTO, payload.as_bytes());
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.serialize_der()).unwrap();
        let signature = pair.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec();
        bundle::encode(&Bundle {
            material: Material::Certificate(certificate),
            timestamps: vec![pki.stamp(&signature, 60)],
            envelope: Envelope {
                payload_type: Envelope::IN_TOTO.into(),
                payload: payload.into(),
                signature: SignatureBytes(signature),
            },
        })
    };
    let asked = |ask: Ask| bundle::encode(&pki.bundle(&ask, &[60]));
    let with = |change: &dyn Fn(&mut Bundle)| {
        let mut other = good.clone();
        change(&mut other);
        bundle::encode(&other)
    };
    let Material::Certificate(leaf) = &good.material else { panic!("a certificate") };
    let chain =
        format!("\"x509CertificateChain\":{{\"certificates\":[{{\"rawBytes\":\"{}\"}}]}}", STANDARD.encode(leaf));
    let single = format!("\"certificate\":{{\"rawBytes\":\"{}\"}}", STANDARD.encode(leaf));
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        (
            "tampered payload",
            "attest::bad-signature",
            with(&|it| it.envelope.payload = PAYLOAD.replace("checkout", "x").into()),
        ),
        ("tampered signature", "attest::bad-signature", with(&|it| it.envelope.signature.0[20] ^= 1)),
        ("chain in v0.3", "attest::malformed-bundle", text.replace(&single, &chain).into_bytes()),
        (
            "two signatures",
            "attest::signature-count",
            text.replace("\"signatures\":[{", "\"signatures\":[{\"sig\":\"AQID\"},{").into_bytes(),
        ),
        ("no signature", "attest::signature-count", {
            let end = text.find("]}").unwrap();
            let begin = text.find("\"signatures\":[").unwrap() + 14;
            format!("{}{}", &text[..begin], &text[end..]).into_bytes()
        }),
        ("leaf without code signing", "attest::certificate-usage", asked(Ask { usages: vec![], ..Ask::default() })),
        ("one-year leaf", "attest::certificate-lifetime", asked(Ask { lives: Duration::days(365), ..Ask::default() })),
        (
            "two names",
            "attest::several-identities",
            asked(Ask { names: vec![IDENTITY, "urn:other"], ..Ask::default() }),
        ),
        ("no name", "attest::no-identity", asked(Ask { names: vec![], ..Ask::default() })),
        ("an authority's", "attest::certificate-usage", asked(Ask { authority: true, ..Ask::default() })),
        (
            "time over other bytes",
            "attest::timestamp-imprint",
            with(&|it| it.timestamps = vec![pki.stamp(PAYLOAD.as_bytes(), 60)]),
        ),
        (
            "time after expiry",
            "attest::certificate-expired",
            with(&|it| it.timestamps = vec![pki.stamp(&it.envelope.signature.0, 86_400)]),
        ),
        (
            "time before validity",
            "attest::certificate-expired",
            with(&|it| it.timestamps = vec![pki.stamp(&it.envelope.signature.0, -60)]),
        ),
        (
            "a good time and a late one",
            "attest::certificate-expired",
            with(&|it| it.timestamps.push(pki.stamp(&it.envelope.signature.0, 86_400))),
        ),
        ("no time", "attest::no-timestamp", with(&|it| it.timestamps.clear())),
        (
            "duplicate key in the payload",
            "attest::duplicate-key",
            saying(&PAYLOAD.replacen("{\"_type\"", "{\"_type\":\"x\",\"_type\"", 1)),
        ),
        (
            "duplicate key in the subject",
            "attest::duplicate-key",
            saying(&PAYLOAD.replacen("\"name\":", "\"name\":\"y\",\"name\":", 1)),
        ),
        (
            "duplicate key in the bundle",
            "attest::malformed-bundle",
            text.replacen("{\"dsseEnvelope\"", "{\"mediaType\":\"x\",\"dsseEnvelope\"", 1).into_bytes(),
        ),
        (
            "unknown predicate",
            "attest::malformed-statement",
            saying(&PAYLOAD.replace("https://cyclonedx.org/bom", "https://example.com/other")),
        ),
        (
            "another statement type",
            "attest::malformed-statement",
            saying(&PAYLOAD.replace("Statement/v1", "Statement/v0.1")),
        ),
        (
            "a fifth field",
            "attest::malformed-statement",
            saying(&PAYLOAD.replacen("\"predicate\":{}", "\"more\":1,\"predicate\":{}", 1)),
        ),
        ("white space", "attest::bundle-not-canonical", text.replacen(':', ": ", 1).into_bytes()),
        (
            "another payload type",
            "attest::malformed-bundle",
            text.replace("application/vnd.in-toto+json", "text/plain").into_bytes(),
        ),
        ("v0.2", "attest::malformed-bundle", text.replace("bundle.v0.3+json", "bundle.v0.2+json").into_bytes()),
        (
            "a key's hint as well",
            "attest::malformed-bundle",
            text.replace(
                "\"certificate\":{",
                "\"publicKey\":{\"hint\":\"LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM=\"},\"certificate\":{",
            )
            .into_bytes(),
        ),
        ("nothing", "attest::malformed-bundle", Vec::new()),
    ];
    for (what, expected, bytes) in &cases {
        let (exit, said) = program(at, bytes, &[]);
        assert_eq!(exit, 4, "{what}: {said}");
        assert!(said.contains(expected), "{what}: {expected} is not in {said}");
    }
    // Of another type than was wanted, and with a time from the signer's own clock where that is not enough.
    let subject = format!("sha256:{}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let bytes = bundle::encode(&good);
    for (more, expected) in [
        (["--type", "https://slsa.dev/verification_summary/v1"], "attestation::other-type"),
        (["--require", "independent"], "verify::time-source"),
    ] {
        let (exit, said) = program(at, &bytes, &[&["--subject", &subject][..], &more].concat());
        assert!(exit == 4 && said.contains(expected), "{said}");
    }
    for more in [["--type", "https://cyclonedx.org/bom"], ["--require", "self-asserted"]] {
        let (exit, said) = program(at, &bytes, &[&["--subject", &subject][..], &more].concat());
        assert_eq!(exit, 0, "{said}");
    }
    // Swapped: it is about something else.
    let (exit, said) = program(at, &bundle::encode(&good), &["--subject", &format!("sha256:{}", "0".repeat(64))]);
    assert!(exit == 4 && said.contains("attestation::other-subject"), "{said}");
}
