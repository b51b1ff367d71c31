use super::*;
use crate::lockfile::{render, tests::example};
use crate::model::{
    Component, Digest, FindingStatus, PredicateType, Purl, Severity, SignerId, SubjectDigest, Timestamp, Verdict,
};

fn component(purl: &str) -> Component {
    let version = purl.rsplit('@').next().unwrap();
    Component::new(Purl::parse(purl).unwrap(), "x", version, None)
}

fn sbom(purls: &[&str]) -> Sbom {
    Sbom { components: purls.iter().map(|purl| component(purl)).collect(), ..Sbom::default() }.normalized()
}

fn changed() -> LockDiff {
    let (old, mut new) = (example(), example());
    new.inputs.as_of = Timestamp::parse("2026-12-01").unwrap();
    new.inputs.advisories.snapshot = Digest::of(b"snapshot 2");
    new.inputs.scanners.insert("syft".into(), "1.38.0@sha256:0".into());
    let mut cart = new.services.remove(1);
    cart.name = Name::new("cart").unwrap();
    let checkout = &mut new.services[0];
    checkout.verdict = Verdict::Fail;
    checkout.policy = Digest::of(b"policy 2");
    checkout.depends_on = vec![cart.name.clone()];
    checkout.waivers.clear();
    let image = &mut checkout.subjects[0];
    image.digest = SubjectDigest::Sha256(Digest::of(b"manifest 2"));
    image.components = 413;
    image.counts.critical = 1;
    image.findings[0].status = FindingStatus::Open;
    image.findings[0].severity = Severity::Critical;
    let mut found = image.findings.remove(1);
    found.id = "CVE-2026-9\u{1b}[2J".into();
    image.findings.push(found);
    image.attestations[2].signer = SignerId("local:other".into());
    image.attestations.remove(1);
    checkout.subjects.remove(1);
    new.services.insert(0, cart);
    let mut diff = diff(&old, &new);
    let packages = diff_components(
        &sbom(&["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0", "pkg:npm/c@1.0.0"]),
        &sbom(&["pkg:npm/a@1.0.0", "pkg:npm/a@2.0.0", "pkg:npm/b@2.0.0"]),
    );
    diff.services_changed[0].subjects_changed[0].components = Some(packages);
    diff
}

#[test]
fn says_everything_that_changed() {
    insta::assert_snapshot!("human", render(&changed()));
    insta::assert_json_snapshot!("json", changed());
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(render(&diff(&example(), &example())), "nothing changed\n");
}

#[test]
fn another_signature_is_a_change() {
    let mut new = example();
    new.services[0].subjects[0].attestations[0].bundle = Digest::of(b"signed again");
    let diff = diff(&example(), &new);
    let change = &diff.services_changed[0].subjects_changed[0].attestations;
    assert_eq!(change.len(), 1);
    assert_eq!(change[0].predicate_type, PredicateType::CycloneDx);
    assert!(change[0].signer.is_none() && change[0].statement.is_none() && change[0].bundle.is_some());
}
