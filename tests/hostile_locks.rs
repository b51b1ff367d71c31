//! Locks and evidence put together by somebody who knows the formats, also by one who holds a trusted key.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "tests may fail loudly and touch files"
)]

mod common;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use common::Project;
use proofmark::attest::{bundle, merkle, statements};
use proofmark::lockfile;
use proofmark::model::{
    Bundle, Digest, Envelope, Hint, Lock, LockService, LockSubject, Material, Name, PredicateType, SignatureBytes,
    Statement, Verdict,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;

/// Somebody who holds the trusted key.
struct Insider {
    project: Project,
    key: Ed25519KeyPair,
}

impl Insider {
    fn new() -> Self {
        let project = Project::boutique();
        project.build();
        let pem = project.read(".proofmark/local.key");
        let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der())
            .or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()))
            .unwrap();
        Self { project, key }
    }

    fn lock(&self) -> Lock {
        lockfile::decode(&String::from_utf8(self.project.read("compliance.lock")).unwrap()).unwrap()
    }

    fn sign(&self, payload: &[u8]) -> Vec<u8> {
        let message = Envelope::pre_authentication_encoding(Envelope::IN_TOTO, payload);
        bundle::encode(&Bundle {
            material: Material::Key(Hint::of(self.key.public_key().as_der().unwrap().as_ref())),
            timestamps: Vec::new(),
            envelope: Envelope {
                payload_type: Envelope::IN_TOTO.into(),
                payload: payload.to_vec(),
                signature: SignatureBytes(self.key.sign(&message).as_ref().to_vec()),
            },
        })
    }

    /// Writes a lock, with its root as it should be, and signs it.
    fn publish(&self, mut lock: Lock) {
        let all = lock.services.iter().flat_map(|service| &service.subjects).flat_map(LockSubject::statements);
        lock.root = merkle::root(all);
        let text = lockfile::encode(&lock);
        self.project.write("compliance.lock", &text);
        let digest = Digest::of(text.as_bytes());
        let statement = statements::lock_statement(&digest, &lock.root, lock.inputs.as_of);
        self.lock_bundle(&digest, &statement);
    }

    fn lock_bundle(&self, of: &Digest, statement: &Statement) {
        let path = format!(".compliance/attestations/lock/{}.sigstore.json", of.hex());
        assert!(self.project.root().join(".compliance/attestations/lock").is_dir(), "the layout of the store changed");
        self.project.write(&path, self.sign(&proofmark::attest::payload(statement)));
    }

    /// Signs another statement in place of a recorded one.
    fn replace(&self, subject: &mut LockSubject, kind: PredicateType, payload: &str) {
        let bytes = self.sign(payload.as_bytes());
        let recorded = subject.attestations.iter_mut().find(|each| each.predicate_type == kind).unwrap();
        recorded.statement = Digest::of(payload.as_bytes());
        recorded.bundle = Digest::of(&bytes);
        let path = format!(".compliance/attestations/sha256/{}.sigstore.json", recorded.bundle.hex());
        self.project.write(&path, bytes);
    }

    fn payload(&self, subject: &LockSubject, kind: PredicateType) -> String {
        let recorded = subject.attestations.iter().find(|each| each.predicate_type == kind).unwrap();
        let path = format!(".compliance/attestations/sha256/{}.sigstore.json", recorded.bundle.hex());
        String::from_utf8(bundle::decode(&self.project.read(&path)).unwrap().envelope.payload).unwrap()
    }

    /// The codes that `verify` gives, whose exit is 4.
    #[track_caller]
    fn refused(&self) -> Vec<String> {
        let report = self.project.exits(4, &["verify", "--format", "json"]).json();
        let failures = report["checks"].as_array().unwrap().iter().flat_map(|check| {
            let name = check["name"].as_str().unwrap().to_owned();
            let failures = check["failures"].as_array().unwrap().clone();
            failures.into_iter().map(move |failure| format!("{name} {}", failure["code"].as_str().unwrap()))
        });
        let mut codes: Vec<String> = failures.collect();
        codes.sort();
        codes.dedup();
        codes
    }
}

fn service<'a>(lock: &'a mut Lock, name: &str) -> &'a mut LockService {
    lock.services.iter_mut().find(|service| service.name.as_str() == name).unwrap()
}

#[test]
fn a_lock_that_nobody_signed_is_refused() {
    let insider = Insider::new();
    // Text that decodes to the same, but is not what was signed.
    insider.project.edit("compliance.lock", "verdict = \"pass\"", "verdict = \"waived\"");
    assert!(insider.refused().contains(&"lock-signature lock::unsigned".to_owned()));
}

#[test]
fn a_signature_of_another_lock_is_refused() {
    let insider = Insider::new();
    let lock = insider.lock();
    let digest = Digest::of(&insider.project.read("compliance.lock"));
    for statement in [
        statements::lock_statement(&Digest::of(b"another"), &lock.root, lock.inputs.as_of),
        statements::lock_statement(&digest, &Digest::of(b"another root"), lock.inputs.as_of),
    ] {
        insider.lock_bundle(&digest, &statement);
        assert_eq!(insider.refused(), ["lock-signature lock::other-signed"]);
    }
}

#[test]
fn attestations_of_other_subjects_are_refused() {
    let insider = Insider::new();
    let mut lock = insider.lock();
    // Good statements, each about something else.
    let taken = service(&mut lock, "cart").subjects[0].attestations.clone();
    service(&mut lock, "search").subjects[0].attestations = taken;
    insider.publish(lock);
    assert_eq!(insider.refused(), ["statements attestation::mismatch"]);

    // Of the subject, each in the place of another type.
    let mut lock = insider.lock();
    let swapped = &mut service(&mut lock, "inventory").subjects[0].attestations;
    let (bundle, statement) = (swapped[0].bundle, swapped[0].statement);
    (swapped[0].bundle, swapped[0].statement) = (swapped[1].bundle, swapped[1].statement);
    (swapped[1].bundle, swapped[1].statement) = (bundle, statement);
    insider.publish(lock);
    let codes = ["completeness attestation::inputs", "statements attestation::mismatch"];
    assert_eq!(insider.refused(), codes, "and its verdict rests on statements that are not in its place any more");
}

#[test]
fn a_verdict_that_rests_on_other_findings_is_refused() {
    let insider = Insider::new();
    let mut lock = insider.lock();
    let subject = &mut service(&mut lock, "payment").subjects[0];
    // The findings are signed anew, without one; the verdict still rests on what they were.
    let said = insider.payload(subject, PredicateType::Vulns);
    let mut statement: serde_json::Value = serde_json::from_str(&said).unwrap();
    statement["predicate"]["scanner"]["result"].as_array_mut().unwrap().clear();
    let said = String::from_utf8(serde_json_canonicalizer::to_vec(&statement).unwrap()).unwrap();
    insider.replace(subject, PredicateType::Vulns, &said);
    insider.publish(lock);
    assert_eq!(insider.refused(), ["completeness attestation::inputs", "verdicts verdict::differs"]);
}

#[test]
fn a_verdict_that_the_findings_do_not_give_is_refused() {
    // Without a replay: a lock of passes, everything in it signed by a trusted key and of each other.
    let insider = Insider::new();
    let mut lock = insider.lock();
    let verdict = service(&mut lock, "checkout");
    assert_eq!(verdict.verdict, Verdict::Waived);
    verdict.verdict = Verdict::Pass;
    insider.publish(lock);
    let report = insider.project.exits(4, &["verify"]).stderr;
    assert!(report.contains("the lock says pass; the findings that were signed give waived"), "{report}");
    assert_eq!(insider.refused(), ["verdicts verdict::differs"]);
}

#[test]
fn a_subject_without_all_its_attestations_is_refused() {
    let insider = Insider::new();
    let mut lock = insider.lock();
    service(&mut lock, "search").subjects[0].attestations.remove(1);
    let text = lockfile::encode(&lock);
    insider.project.write("compliance.lock", text);
    let gone = insider.project.exits(4, &["verify"]);
    assert!(gone.stderr.contains("lock::root-mismatch"), "{}", gone.stderr);
}

#[test]
fn a_service_that_is_gone_is_missed() {
    let insider = Insider::new();
    let mut lock = insider.lock();
    let name = Name::new("storefront").unwrap();
    lock.services.retain(|service| service.name != name);
    insider.publish(lock);
    let stale = insider.project.exits(3, &["verify"]);
    assert!(stale.stderr.contains("lock::stale"), "{}", stale.stderr);
}

#[test]
fn an_older_lock_is_no_longer_current() {
    let insider = Insider::new();
    let (old, changed) = (insider.project.read("compliance.lock"), "src/cart/pnpm-lock.yaml");
    let text = insider.project.read(changed);
    insider.project.write(changed, [text.as_slice(), b"\n"].concat());
    insider.project.build();
    // Everything that it needs is still in the store, and it is signed.
    insider.project.write("compliance.lock", old);
    let stale = insider.project.exits(3, &["verify"]);
    assert!(stale.stderr.contains("lock::stale"), "{}", stale.stderr);
}
