use super::*;
use crate::attest::{cyclonedx, parse_payload, payload};
use crate::model::{
    Date, Finding, FindingClass, FindingStatus, Gap, GapKind, JudgedFinding, Name, Purl, Reason, Sbom, ScannerIdentity,
    ServiceVerdict, Severity, SeverityCounts, Snapshot, SubjectDigest, SubjectKind, SubjectVerdict, Verdict, Waiver,
};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn subject() -> Subject {
    Subject {
        name: name("checkout"),
        kind: SubjectKind::Image,
        uri: "oci:images/checkout".into(),
        digest: SubjectDigest::Sha256(Digest::of(b"manifest")),
    }
}

fn scanner() -> ScannerIdentity {
    ScannerIdentity { name: "builtin".into(), version: "0.1.0".into(), binary: None }
}

fn snapshot() -> Snapshot {
    Snapshot {
        digest: Digest::of(b"index"),
        modified: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
        ecosystems: BTreeMap::from([("npm".to_owned().into(), 3)]),
    }
}

fn finding() -> Finding {
    Finding {
        id: "CVE-2024-12345".into(),
        aliases: vec!["CVE-2024-12345".into(), "GHSA-aaaa-bbbb-cccc".into()],
        advisories: vec!["GHSA-aaaa-bbbb-cccc".into()],
        package: Purl::parse("pkg:npm/lodash@4.17.20").unwrap(),
        class: FindingClass::Vulnerability,
        severity: Severity::High,
        vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N".into()),
        fixed: vec!["4.17.21".into()],
        summary: "prototype pollution".into(),
    }
}

fn waiver() -> Waiver {
    Waiver {
        id: "CVE-2024-12345".into(),
        package: Some("pkg:npm/lodash".into()),
        services: vec![name("checkout")],
        reason: "not reachable".into(),
        owner: "alice@example.com".into(),
        expires: Date::parse("2026-12-31").unwrap(),
    }
}

fn on_subject(verdict: Verdict) -> SubjectVerdict {
    let mut counts = SeverityCounts::default();
    counts.add(Severity::High);
    SubjectVerdict {
        name: name("checkout"),
        verdict,
        reasons: vec![Reason::Waivers { count: 1 }],
        findings: vec![JudgedFinding {
            finding: finding(),
            status: FindingStatus::Waived,
            first_seen: Date::parse("2026-11-01").unwrap(),
            waiver: Some(waiver()),
        }],
        counts,
    }
}

fn on_service(verdict: Verdict, reasons: Vec<Reason>) -> ServiceVerdict {
    let subjects = vec![on_subject(Verdict::Waived)];
    ServiceVerdict { name: name("checkout"), verdict, reasons, subjects, waivers: vec![waiver()] }
}

fn summary(subject_verdict: Verdict, service: &ServiceVerdict) -> Statement {
    let inputs = SummaryInputs {
        policy: &name("strict"),
        policy_digest: Digest::of(b"policy"),
        attestations: &[
            (PredicateType::Vulns.to_string(), Digest::of(b"vulns")),
            (PredicateType::CycloneDx.to_string(), Digest::of(b"sbom")),
        ],
        depends_on: &[name("payment")],
    };
    verification_summary_statement(&subject(), inputs, &on_subject(subject_verdict), service)
}

/// Snapshots a statement, and checks that it is read back as it was written.
macro_rules! assert_golden {
    ($statement:expr) => {
        let statement = $statement;
        let bytes = payload(&statement);
        assert_eq!(parse_payload(&bytes).unwrap(), statement);
        assert_eq!(bytes, serde_json_canonicalizer::to_vec(&statement).unwrap());
        insta::assert_json_snapshot!(serde_json::from_slice::<Value>(&bytes).unwrap());
    };
}

#[test]
fn findings() {
    let inputs = VulnsInputs {
        scanner: &scanner(),
        snapshot: &snapshot(),
        sbom: Digest::of(b"sbom"),
        slice: Digest::of(b"slice"),
        matcher: None,
    };
    let gaps = [Gap::new(GapKind::NoAdvisories, "Hex", "the snapshot holds none")];
    assert_golden!(vulns_statement(&subject(), inputs, &[finding()], &gaps));
}

#[test]
fn verdict() {
    assert_golden!(summary(Verdict::Waived, &on_service(Verdict::Waived, Vec::new())));
}

#[test]
fn lock() {
    let as_of = Timestamp::parse("2026-11-23").unwrap();
    assert_golden!(lock_statement(&Digest::of(b"lock"), &Digest::of(b"root"), as_of));
}

#[test]
fn the_predicate_of_an_sbom_is_its_document() {
    let document = cyclonedx::encode(&subject(), &Sbom::default(), &scanner());
    let statement = sbom_statement(&subject(), &document).unwrap();
    let frame = SbomFrame::new(&subject());
    assert!(frame.around(&document) == crate::attest::payload(&statement), "one statement, two spellings");
    assert_eq!(frame.digest(&document), Digest::of(&frame.around(&document)));
    assert_eq!(json::canonical(&statement.predicate), document);
    assert_eq!(parse_payload(&payload(&statement)).unwrap(), statement);
    for bytes in [b"{ }".as_slice(), b"[]", b"{\"a\":1,\"a\":1}", b"", b"{"] {
        assert!(sbom_statement(&subject(), bytes).is_err());
    }
}

#[test]
fn passes_only_with_its_whole_service() {
    let result = |statement: Statement| statement.predicate["verificationResult"].as_str().unwrap().to_owned();
    let fails = [Reason::Dependency { path: vec![name("payment")], verdict: Verdict::Fail }];
    for (verdict, expected) in [
        (Verdict::Pass, "PASSED"),
        (Verdict::Waived, "PASSED"),
        (Verdict::Fail, "FAILED"),
        (Verdict::Incomplete, "FAILED"),
    ] {
        let service = on_service(verdict, if expected == "FAILED" { fails.to_vec() } else { Vec::new() });
        assert_eq!(result(summary(Verdict::Pass, &service)), expected, "{verdict}");
    }
    assert_eq!(result(summary(Verdict::Incomplete, &on_service(Verdict::Pass, Vec::new()))), "FAILED");
}

#[test]
fn order_of_inputs_leaves_no_trace() {
    let service = on_service(Verdict::Pass, Vec::new());
    let make = |attestations: &[(String, Digest)]| {
        let policy = name("strict");
        let inputs =
            SummaryInputs { policy: &policy, policy_digest: Digest::of(b"policy"), attestations, depends_on: &[] };
        payload(&verification_summary_statement(&subject(), inputs, &on_subject(Verdict::Pass), &service))
    };
    let (a, b) = (
        (PredicateType::CycloneDx.to_string(), Digest::of(b"1")),
        (PredicateType::Vulns.to_string(), Digest::of(b"2")),
    );
    assert_eq!(make(&[a.clone(), b.clone()]), make(&[b, a]));
}

#[test]
fn are_read_back_or_refused() {
    let inputs = VulnsInputs {
        scanner: &scanner(),
        snapshot: &snapshot(),
        sbom: Digest::of(b"sbom"),
        slice: Digest::of(b"slice"),
        matcher: None,
    };
    let vulns = vulns_statement(&subject(), inputs, &[finding()], &[]);
    let read = read_vulns(&vulns).unwrap();
    assert_eq!((read.findings, read.slice, read.modified), (vec![finding()], inputs.slice, snapshot().modified));

    let verdict = summary(Verdict::Pass, &on_service(Verdict::Fail, Vec::new()));
    let read = read_summary(&verdict).unwrap();
    assert_eq!((read.verdict.subject_verdict, read.verdict.service_verdict), (Verdict::Pass, Verdict::Fail));
    assert_eq!(read.attestations[0], (PredicateType::CycloneDx.to_string(), Digest::of(b"sbom")));
    assert_eq!((read.policy, read.policy_digest), (name("strict"), Digest::of(b"policy")));

    assert!(read_vulns(&verdict).is_err() && read_summary(&vulns).is_err());
    let mut lies = verdict.clone();
    lies.predicate["verificationResult"] = "PASSED".into();
    assert!(read_summary(&lies).is_err());
    let mut lies = vulns.clone();
    lies.predicate["scanner"]["result"][0]["severity"][0]["score"] = "low".into();
    assert!(read_vulns(&lies).is_err());
    let mut more = vulns;
    more.predicate.insert("note".into(), "x".into());
    assert!(read_vulns(&more).is_err());
}
