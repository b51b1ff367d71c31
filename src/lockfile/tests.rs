//! Tests of the lock's text as a whole: round trips, tampering, messages, staleness and differences.

use super::*;
use crate::model::{
    Date, Digest, FindingStatus, Lock, LockAdvisories, LockAttestation, LockFinding, LockInputs, LockRequired,
    LockService, LockSubject, Name, PredicateType, Purl, Severity, SeverityCounts, SignerId, SubjectDigest,
    SubjectKind, Timestamp, Verdict,
};
use miette::Diagnostic as _;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn with_root(mut lock: Lock) -> Lock {
    lock.root = root(&lock);
    lock
}

fn attestations(seed: &str) -> Vec<LockAttestation> {
    let attestation = |predicate_type: PredicateType| LockAttestation {
        predicate_type,
        statement: Digest::of(format!("{seed} {predicate_type}").as_bytes()),
        bundle: Digest::of(format!("bundle {seed} {predicate_type}").as_bytes()),
        signer: SignerId::local(b"spki"),
    };
    PredicateType::REQUIRED.map(attestation).to_vec()
}

fn finding(id: &str, severity: Severity, status: FindingStatus) -> LockFinding {
    LockFinding {
        id: id.into(),
        package: Purl::parse("pkg:npm/lodash@4.17.20").unwrap(),
        severity,
        status,
        first_seen: Date::parse("2026-11-01").unwrap(),
    }
}

pub(super) fn example() -> Lock {
    let image = LockSubject {
        required: Vec::new(),
        name: name("checkout"),
        uri: "oci:images/checkout".into(),
        kind: SubjectKind::Image,
        digest: SubjectDigest::Sha256(Digest::of(b"manifest")),
        sbom: Digest::of(b"sbom 1"),
        slice: Digest::of(b"slice 1"),
        components: 412,
        counts: SeverityCounts { critical: 0, high: 1, medium: 3, low: 9, unknown: 0 },
        findings: vec![
            finding("CVE-2024-12345", Severity::High, FindingStatus::Waived),
            finding("CVE-2025-1", Severity::Medium, FindingStatus::Open),
        ],
        attestations: attestations("checkout image"),
    };
    let source = LockSubject {
        required: Vec::new(),
        name: name("source"),
        uri: "dir:src/checkout".into(),
        kind: SubjectKind::Source,
        digest: SubjectDigest::of_files([("package-lock.json", Digest::of(b"{}"))]),
        sbom: Digest::of(b"sbom 2"),
        slice: Digest::of(b"slice 2"),
        components: 30,
        counts: SeverityCounts::default(),
        findings: Vec::new(),
        attestations: attestations("checkout source"),
    };
    let service = |name: Name, verdict, depends_on, waivers, subjects| LockService {
        name,
        verdict,
        policy: Digest::of(b"policy"),
        depends_on,
        waivers,
        subjects,
    };
    with_root(Lock {
        inputs: LockInputs {
            config: Digest::of(b"config"),
            as_of: Timestamp::parse("2026-11-23").unwrap(),
            advisories: LockAdvisories {
                snapshot: Digest::of(b"snapshot"),
                modified: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
            },
            scanners: BTreeMap::from([("builtin".into(), "0.1.0".into())]),
        },
        root: Digest::of(b""),
        services: vec![
            service(
                name("checkout"),
                Verdict::Waived,
                vec![name("payment")],
                vec!["CVE-2024-12345".into()],
                vec![image, source],
            ),
            service(name("payment"), Verdict::Pass, Vec::new(), Vec::new(), Vec::new()),
        ],
    })
}

fn code(text: &str) -> String {
    decode(text).unwrap_err().code().unwrap().to_string()
}

#[test]
fn is_the_text_it_should_be() {
    let text = encode(&example());
    insta::assert_snapshot!(text);
    assert_eq!(decode(&text).unwrap(), example());
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["service"][0]["subject"][0]["finding"][1]["id"].as_str(), Some("CVE-2025-1"));
    assert_eq!(table["service"][0]["subject"][1]["attestation"].as_array().unwrap().len(), 3);
    assert_eq!(table["root"]["statements"].as_str(), Some(&*example().root.to_string()));
}

#[test]
fn order_leaves_no_trace() {
    let mut shuffled = example();
    shuffled.services.reverse();
    for service in &mut shuffled.services {
        service.subjects.reverse();
        for subject in &mut service.subjects {
            subject.findings.reverse();
            subject.attestations.reverse();
        }
    }
    assert_eq!(root(&shuffled), example().root);
    assert_eq!(encode(&shuffled), encode(&example()));
}

#[test]
fn every_flipped_byte_is_an_error_or_another_lock() {
    let text = encode(&example());
    for index in 0..text.len() {
        for bit in [0, 5] {
            let mut bytes = text.as_bytes().to_vec();
            bytes[index] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            if let Ok(other) = decode(&changed) {
                assert_ne!(other, example(), "byte {index} bit {bit}");
            }
        }
    }
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        if let Ok(other) = decode(&text[..end]) {
            assert_ne!(other, example(), "cut at {end}");
        }
    }
}

#[test]
fn every_error_has_its_code_and_place() {
    let text = encode(&example());
    let digest = Digest::of(b"config").to_string();
    let second = text.rfind("\n[[service]]").unwrap();
    let (first_service, second_service) = (&text[text.find("\n[[service]]").unwrap()..second], &text[second..]);
    let head = &text[..text.find("\n[[service]]").unwrap()];
    let change = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let cases = [
        ("lock::unknown-version", change("version = 1", "version = 2")),
        ("lock::unknown-version", change("version = 1", "version = \"1\"")),
        ("lock::unknown-key", change("policy = ", "surprise = 1\npolicy = ")),
        ("lock::unknown-key", change("high = 1", "high = 1, extreme = 0")),
        ("lock::unknown-key", format!("extra = 1\n{text}")),
        ("lock::bad-value", change(&digest, "sha256:abc")),
        ("lock::bad-value", change(&digest, &digest.to_uppercase())),
        ("lock::bad-value", change("\"waived\"", "\"fine\"")),
        ("lock::bad-value", change("\"checkout\"", "\"check out\"")),
        ("lock::bad-value", change("components = 412", "components = 99999999999999999999")),
        ("lock::bad-value", change("2026-11-01", "2026-13-01")),
        ("lock::bad-value", change("pkg:npm", "npm")),
        ("lock::unsorted", format!("{head}{second_service}{first_service}")),
        ("lock::unsorted", change("\"CVE-2024-12345\"\n  package", "\"CVE-2026-12345\"\n  package")),
        ("lock::duplicate", format!("{text}{second_service}")),
        ("lock::duplicate", change("[\"payment\"]", "[\"payment\", \"payment\"]")),
        ("lock::syntax", change("waivers = []", "waivers = [")),
        ("lock::syntax", change("components = 412", "components = 412\ncomponents = 412")),
        ("lock::not-canonical", change("\n[root]", "\n\n[root]")),
        ("lock::not-canonical", change("waivers = []", "waivers = [ ]")),
        ("lock::not-canonical", change("oci:images", "\\u006Fci:images")),
        ("lock::not-canonical", change("00:00:00Z", "00:00:00.0Z")),
        ("lock::not-canonical", change("\n  status", "\r\n  status")),
        ("lock::not-canonical", change("slice = ", "sbom-slice = ").replace("sbom-slice", "slice ")),
        ("lock::not-canonical", text.replace("# @generated", "# generated")),
        ("lock::not-canonical", String::new()),
        ("lock::conflict", change("[inputs]", "<<<<<<< HEAD\n[inputs]\n=======\n>>>>>>> other\n")),
        ("lock::root-mismatch", change(&attestations("checkout source")[0].statement.to_string(), &digest)),
        ("lock::root-mismatch", format!("{head}{second_service}")),
    ];
    for (expected, text) in &cases {
        assert_eq!(code(text), *expected, "{text}");
        let error = decode(text).unwrap_err();
        for label in error.labels().into_iter().flatten() {
            assert!(label.offset() + label.len() <= text.len(), "{expected}");
        }
    }
}

#[test]
fn messages_show_the_place() {
    let text = encode(&example());
    let mut shown = String::new();
    for (from, to) in [
        ("version = 1", "version = 2"),
        ("verdict = \"waived\"", "verdict = \"fine\""),
        ("policy = ", "surprise = 1\npolicy = "),
        ("waivers = []", "waivers = [ ]"),
        ("[inputs]", "<<<<<<< HEAD\n[inputs]"),
        ("[\"payment\"]", "[\"payment\", \"payment\"]"),
    ] {
        let changed = text.replacen(from, to, 1);
        let report = miette::Report::new(decode(&changed).unwrap_err())
            .with_source_code(miette::NamedSource::new("compliance.lock", changed));
        let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none());
        handler.render_report(&mut shown, report.as_ref()).unwrap();
        shown.push('\n');
    }
    insta::assert_snapshot!(shown);
}

fn text_strategy() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9:/.@-]{0,12}", "[a-z\"\\\\\u{0}-\u{1f}\u{7f}é😀\u{2028}]{0,8}"]
}

fn digest_strategy() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}

prop_compose! {
    fn any_subject()(
        name in "[a-z][a-z0-9-]{0,5}",
        uri in text_strategy(),
        (image, digest, sbom, slice) in (any::<bool>(), digest_strategy(), digest_strategy(), digest_strategy()),
        components in 0..=i64::MAX as u64,
        counts in any::<[u32; 5]>(),
        findings in prop::collection::btree_map((text_strategy(), "[a-z]{1,4}"), (0..5usize, 0..6usize), 0..4),
        attestations in prop::collection::btree_map(0..3usize, (digest_strategy(), digest_strategy(), text_strategy()), 0..3),
        required_set in prop::collection::btree_set((text_strategy(), digest_strategy(), digest_strategy(), text_strategy()), 0..3),
    ) -> LockSubject {
        let finding = |((id, package), (severity, status)): ((String, String), (usize, usize))| LockFinding {
            id,
            package: Purl::build("npm", None, &package, Some("1.0.0"), &[]).unwrap(),
            severity: Severity::ALL[severity],
            status: words::STATUSES[status].0,
            first_seen: Date::parse("2026-11-01").unwrap(),
        };
        let attestation = |(kind, (statement, bundle, signer)): (usize, (Digest, Digest, String))| LockAttestation {
            predicate_type: PredicateType::REQUIRED[kind],
            statement,
            bundle,
            signer: SignerId(signer),
        };
        let [critical, high, medium, low, unknown] = counts.map(u64::from);
        let required = |(predicate_type, statement, bundle, signer)| {
            LockRequired { predicate_type, statement, bundle, signer: SignerId(signer) }
        };
        LockSubject {
            required: required_set.into_iter().map(required).collect(),
            name: Name::new(&name).unwrap(),
            uri,
            kind: if image { SubjectKind::Image } else { SubjectKind::Source },
            digest: if image { SubjectDigest::Sha256(digest) } else { SubjectDigest::DirHash(digest) },
            sbom,
            slice,
            components,
            counts: SeverityCounts { critical, high, medium, low, unknown },
            findings: findings.into_iter().map(finding).collect(),
            attestations: attestations.into_iter().map(attestation).collect(),
        }
    }
}

prop_compose! {
    fn any_lock()(
        digests in any::<[[u8; 32]; 3]>(),
        (as_of, modified) in (0..4_000_000_000i64, 0..4_000_000_000i64),
        scanners in prop::collection::btree_map(text_strategy(), text_strategy(), 0..3),
        services in prop::collection::btree_map(
            "[a-z][a-z0-9.-]{0,5}",
            (
                0..4usize,
                digest_strategy(),
                prop::collection::btree_set("[a-z]{1,5}", 0..3),
                prop::collection::btree_set(text_strategy(), 0..3),
                prop::collection::vec(any_subject(), 0..3),
            ),
            0..4,
        ),
    ) -> Lock {
        let verdicts = [Verdict::Pass, Verdict::Waived, Verdict::Fail, Verdict::Incomplete];
        let [config, snapshot, _] = digests.map(Digest::from_bytes);
        let services = services.into_iter().map(|(name, (verdict, policy, depends_on, waivers, subjects))| {
            let subjects: BTreeMap<Name, LockSubject> = subjects.into_iter().map(|each| (each.name.clone(), each)).collect();
            LockService {
                name: Name::new(&name).unwrap(),
                verdict: verdicts[verdict],
                policy,
                depends_on: depends_on.iter().map(|name| Name::new(name).unwrap()).collect(),
                waivers: waivers.into_iter().collect(),
                subjects: subjects.into_values().collect(),
            }
        });
        with_root(Lock {
            inputs: LockInputs {
                config,
                as_of: Timestamp::from_unix(as_of).unwrap(),
                advisories: LockAdvisories { snapshot, modified: Timestamp::from_unix(modified).unwrap() },
                scanners,
            },
            root: config,
            services: services.collect(),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn round_trips(lock in any_lock()) {
        let text = encode(&lock);
        prop_assert_eq!(&decode(&text).unwrap(), &lock);
        let table: toml::Table = text.parse().unwrap();
        let scanners = table["inputs"]["scanners"].as_table().unwrap();
        let read: BTreeMap<String, String> =
            scanners.iter().map(|(name, version)| (name.clone(), version.as_str().unwrap().to_owned())).collect();
        prop_assert_eq!(read, lock.inputs.scanners.clone());
        let uris = |service: &toml::Value| -> Vec<String> {
            let subjects = service.get("subject").and_then(toml::Value::as_array).cloned().unwrap_or_default();
            subjects.iter().map(|subject| subject["uri"].as_str().unwrap().to_owned()).collect()
        };
        let services = table.get("service").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        for (service, read) in lock.services.iter().zip(services) {
            let expected: Vec<String> = service.subjects.iter().map(|subject| subject.uri.clone()).collect();
            prop_assert_eq!(uris(&read), expected);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>(), cut in any::<prop::sample::Index>(), insert in any::<bool>()) {
        let _ = decode(&text);
        let good = encode(&example());
        let mut at = cut.index(good.len());
        while !good.is_char_boundary(at) {
            at -= 1;
        }
        let changed = if insert { format!("{}{text}{}", &good[..at], &good[at..]) } else { format!("{}{text}", &good[..at]) };
        if let Ok(lock) = decode(&changed) {
            prop_assert_eq!(encode(&lock), changed);
        }
    }

    #[test]
    fn a_lock_does_not_differ_from_itself(lock in any_lock(), other in any_lock()) {
        prop_assert!(diff(&lock, &lock).is_empty());
        prop_assert_eq!(diff(&lock, &other).is_empty(), lock == other);
        let _ = render(&diff(&lock, &other));
    }
}
