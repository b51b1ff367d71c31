use super::Trivy;
use crate::adapters::scanner::external::testing::{facts, is_held_to_what_was_asked, read, recorded};
use crate::adapters::scanner::external::{Printed, Tool as _};
use crate::model::{GapKind, Sbom};
use crate::ports::ScanError;

const VERSIONS: [(&str, &str); 2] = [("trivy-0.59.1", "0.59.1"), ("trivy-0.67.2", "0.67.2")];

fn sbom(program: &str, version: &str, what: &str) -> Sbom {
    read(&Trivy, version, &recorded(program, what), &facts(what)).unwrap()
}

#[test]
fn reports_of_both_versions_say_the_same() {
    let [old, new] = VERSIONS.map(|(program, version)| sbom(program, version, "image"));
    assert_eq!(old.components, new.components);
    assert_eq!(old.distro, new.distro);
    assert!(old.gaps.is_empty() && new.gaps.is_empty(), "{:?} {:?}", old.gaps, new.gaps);
    insta::assert_json_snapshot!("image", old);
}

#[test]
fn answers_are_held_to_what_was_asked() {
    for (program, version) in VERSIONS {
        is_held_to_what_was_asked(&Trivy, program, version);
    }
}

#[test]
fn a_file_that_was_left_out_is_a_gap() {
    for (program, version) in VERSIONS {
        let sbom = sbom(program, version, "source");
        assert_eq!(sbom.components.len(), 4);
        let [gap] = sbom.gaps.as_slice() else { panic!("{:?}", sbom.gaps) };
        assert_eq!((gap.kind, gap.place.as_str()), (GapKind::UnreadableFile, "a/package-lock.json"));
        assert!(sbom.components.iter().all(|it| it.locations.iter().any(|at| at.path == "requirements.txt")));
    }
}

#[test]
fn a_distribution_that_is_not_named_is_a_gap() {
    let mut printed = recorded("trivy-0.59.1", "image");
    let text = String::from_utf8(printed.report).unwrap();
    printed.report = text.replace("\"operating-system\"", "\"application\"").into_bytes();
    let sbom = read(&Trivy, "0.59.1", &printed, &facts("image")).unwrap();
    assert!(sbom.gaps.iter().any(|gap| gap.kind == GapKind::UnknownDistribution), "{:?}", sbom.gaps);
}

#[test]
fn the_log_is_read() {
    let said = |text: &str| {
        let printed = Printed { said: text.to_owned(), ..recorded("trivy-0.59.1", "image") };
        read(&Trivy, "0.59.1", &printed, &facts("image"))
    };
    for fine in
        ["", "\n", "2026-11-23T14:04:14Z\tINFO\tx\terr=\"y\"\n", "2026-11-23T14:04:14Z\tDEBUG\tx\tdir=\"err=\"\n"]
    {
        assert!(said(fine).unwrap().gaps.is_empty(), "{fine}");
    }
    for unread in [
        "2026-11-23T14:04:14Z\tWARN\tCannot do it\n",
        "2026-11-23T14:04:14Z\tDEBUG\tAnalysis error\tfile=\"a b\" err=\"no \\\"c\\\" there\"\n",
    ] {
        assert_eq!(said(unread).unwrap().gaps.len(), 1, "{unread}");
    }
    let gaps = said("2026-11-23T14:04:14Z\tDEBUG\tAnalysis error\tfile=\"/a b\" err=\"in tmp/x1\"\n").unwrap().gaps;
    assert_eq!((gaps[0].place.as_str(), gaps[0].reason.as_str()), ("a b", "trivy: Analysis error"));
    for failed in [
        "2026-11-23T14:04:14Z\tERROR\tno space left\n",
        "2026-11-23T14:04:14Z\tFATAL\tx\n",
        "panic: runtime error\n",
        "error: x",
        "\tINFO\tx",
    ] {
        assert!(matches!(said(failed), Err(ScanError::Unusable(_))), "{failed}");
    }
}

#[test]
fn the_version_is_read() {
    assert_eq!(Trivy.version(b"Version: 0.59.1\nVulnerability DB:\n").as_deref(), Some("0.59.1"));
    assert_eq!(Trivy.version(b"trivy 1"), None);
    assert_eq!(Trivy.version(b""), None);
}
