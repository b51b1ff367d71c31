//! A statement's whole way, as a build and a later check go it: a key is made, an SBOM written, signed, bundled, verified,
//! and the same signature checked with OpenSSL alone.
#![expect(clippy::disallowed_methods, reason = "keys lie in files, and OpenSSL is a program")]

#[path = "common/tools.rs"]
mod tools;

use proofmark::adapters::signer::local::{KeyType, LocalSigner};
use proofmark::attest::{Trust, TrustFiles, bundle, cyclonedx, payload, statements, verify_bundle};
use proofmark::model::{
    Bundle, Digest, Envelope, Name, PredicateType, Sbom, ScannerIdentity, Subject, SubjectDigest, SubjectKind,
};
use proofmark::ports::Signer as _;
use std::process::Command;

#[test]
fn signed_bundles_verify_here_and_with_openssl() {
    let dir = tempfile::tempdir().unwrap();
    let (private, public) = (dir.path().join("local.key"), dir.path().join("local.pub"));
    LocalSigner::generate(&private, &public, KeyType::default()).unwrap();
    let signer = LocalSigner::open(&private).unwrap();

    let subject = Subject {
        name: Name::new("checkout").unwrap(),
        kind: SubjectKind::Image,
        uri: "oci:images/checkout".into(),
        digest: SubjectDigest::Sha256(Digest::of(b"manifest")),
    };
    let scanner = ScannerIdentity { name: "builtin".into(), version: "0.1.0".into(), binary: None };
    let document = cyclonedx::encode(&subject, &Sbom::default(), &scanner);
    let statement = statements::sbom_statement(&subject, &document).unwrap();
    let bytes = payload(&statement);
    let encoding = Envelope::pre_authentication_encoding(Envelope::IN_TOTO, &bytes);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let signature = runtime.block_on(signer.sign(std::slice::from_ref(&encoding))).unwrap().remove(0).signature;
    let envelope =
        Envelope { payload_type: Envelope::IN_TOTO.into(), payload: bytes.clone(), signature: signature.clone() };
    let bundle =
        bundle::encode(&Bundle { material: signer.public().material.clone(), timestamps: Vec::new(), envelope });

    let pem = std::fs::read(&public).unwrap();
    let trust = Trust::read(&TrustFiles { keys: vec![("local.pub", &pem)], ..TrustFiles::default() }).unwrap();
    let attestation = verify_bundle(&bundle, &trust).unwrap();
    assert_eq!(attestation.statement(), &statement);
    assert_eq!(attestation.statement().predicate_type, PredicateType::CycloneDx);
    assert_eq!(attestation.payload(), bytes);
    assert!(signer.public().id.is_of(attestation.signed_by()));

    std::fs::write(dir.path().join("encoding"), &encoding).unwrap();
    std::fs::write(dir.path().join("signature"), &signature.0).unwrap();
    let arguments = ["dgst", "-sha256", "-verify", "local.pub", "-signature", "signature", "encoding"];
    match Command::new("openssl").current_dir(dir.path()).args(arguments).output() {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => tools::skip("signed_bundles_verify_here_and_with_openssl", "no openssl program"),
    }
}
