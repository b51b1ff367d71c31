use super::Syft;
use crate::adapters::scanner::external::testing::{facts, is_held_to_what_was_asked, read, recorded};
use crate::adapters::scanner::external::{Printed, Tool as _};
use crate::model::GapKind;

const PROGRAM: &str = "syft-1.18.1";
const VERSION: &str = "1.18.1";

#[test]
fn a_report_becomes_an_sbom() {
    let sbom = read(&Syft, VERSION, &recorded(PROGRAM, "image"), &facts("image")).unwrap();
    assert!(sbom.gaps.is_empty(), "{:?}", sbom.gaps);
    insta::assert_json_snapshot!("image", sbom);
}

#[test]
fn answers_are_held_to_what_was_asked() {
    is_held_to_what_was_asked(&Syft, PROGRAM, VERSION);
    let whole = recorded(PROGRAM, "image");
    for cut in (0..whole.extra.len()).step_by(41) {
        let printed = Printed { extra: whole.extra[..cut].to_vec(), ..recorded(PROGRAM, "image") };
        assert!(read(&Syft, VERSION, &printed, &facts("image")).is_err(), "half a second report");
    }
}

#[test]
fn a_file_that_was_left_out_is_a_gap() {
    let sbom = read(&Syft, VERSION, &recorded(PROGRAM, "source"), &facts("source")).unwrap();
    assert_eq!(sbom.components.len(), 4);
    let [gap] = sbom.gaps.as_slice() else { panic!("{:?}", sbom.gaps) };
    assert_eq!((gap.kind, gap.place.as_str()), (GapKind::UnreadableFile, "a/package-lock.json"));
}

#[test]
fn the_version_is_read() {
    assert_eq!(Syft.version(br#"{"application":"syft","version":"1.18.1"}"#).as_deref(), Some("1.18.1"));
    assert_eq!(Syft.version(br#"{"application":"grype","version":"1.18.1"}"#), None);
    assert_eq!(Syft.version(b"syft 1.18.1"), None);
}
