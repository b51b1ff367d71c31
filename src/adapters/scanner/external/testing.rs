//! Recorded answers of real programs, for tests.

use super::stage::{Facts, Form};
use super::{Asked, Printed, Tool};
use crate::model::{Digest, Sbom};
use crate::ports::ScanError;

/// A recorded answer: the image `checkout` of the example, its components cut down to a few, or a source tree with a
/// `requirements.txt` and half a `package-lock.json`.
pub(in crate::adapters::scanner) fn recorded(program: &str, what: &str) -> Printed {
    let directory = format!("{}/tests/fixtures/scanners/{program}", env!("CARGO_MANIFEST_DIR"));
    let read = |ending: &str| std::fs::read(format!("{directory}/{what}.{ending}"));
    Printed {
        report: read("cdx.json").unwrap(),
        extra: read("extra.json").unwrap_or_default(),
        said: String::from_utf8(read("log").unwrap()).unwrap(),
    }
}

/// What the recorded programs were asked.
pub(in crate::adapters::scanner) fn facts(what: &str) -> Facts {
    let digest = |text| Some(Digest::parse(text).unwrap());
    let gaps = Vec::new();
    if what == "source" {
        let name = "afcb8d0e093c93b43be4bf1f2c12b0eb1b74fe804d2eec00d456dd63b9dc0a8a".to_owned();
        return Facts { form: Form::Source, name, manifest: None, config: None, diff_ids: Vec::new(), gaps };
    }
    let layers = [
        "sha256:516e696bedfeb83eebccd0ae5211cd6e022625aee3a62dc93dc7c139a1ecd1dc",
        "sha256:9a6a150dbc963136b6b02b4b130f061d63c86dc80b610bbb9a88951e1942cdde",
    ];
    Facts {
        form: Form::Layout,
        name: "535699b13a47b436d43f5f33ceec497166e6577e1007dcd38f4e9e7924641e76".to_owned(),
        manifest: digest("sha256:535699b13a47b436d43f5f33ceec497166e6577e1007dcd38f4e9e7924641e76"),
        config: digest("sha256:7a89f4aa941fd657ef822240f8c7a7da1b32f8c1853fd0b59b784a1d04cb8973"),
        diff_ids: layers.iter().filter_map(|layer| digest(layer)).collect(),
        gaps,
    }
}

/// Reads an answer.
pub(in crate::adapters::scanner) fn read(
    tool: &dyn Tool,
    version: &str,
    printed: &Printed,
    facts: &Facts,
) -> Result<Sbom, ScanError> {
    tool.parse(printed, &Asked { version, staged: facts }).map(Sbom::normalized)
}

/// Holds an answer to what every program's must do: half of it, another subject's, or another program's is never taken.
pub(in crate::adapters::scanner) fn is_held_to_what_was_asked(tool: &dyn Tool, program: &str, version: &str) {
    let facts = facts("image");
    let whole = recorded(program, "image");
    read(tool, version, &whole, &facts).unwrap();
    let refused = |printed: &Printed, facts: &Facts, version: &str, what: &str| {
        let error = read(tool, version, printed, facts).expect_err(what);
        assert!(matches!(error, ScanError::Unusable(_)), "{what}: {error}");
    };
    for cut in (0..whole.report.len()).step_by(97) {
        let printed = Printed { report: whole.report[..cut].to_vec(), ..recorded(program, "image") };
        refused(&printed, &facts, version, "half a report");
    }
    let twice = [whole.report.clone(), whole.report.clone()].concat();
    refused(&Printed { report: twice, ..recorded(program, "image") }, &facts, version, "two reports");
    refused(&recorded(program, "source"), &facts, version, "a report of a tree");
    refused(&whole, &facts, "9.9.9", "a report of another version");
    let other = Digest::of(b"another");
    refused(&whole, &Facts { name: other.hex(), ..facts.clone() }, version, "another name");
    refused(&whole, &Facts { config: Some(other), ..facts.clone() }, version, "another image");
    let complaint = format!("{}ERROR: cannot read the database\n", whole.said);
    refused(&Printed { said: complaint, ..recorded(program, "image") }, &facts, version, "a complaint");
}
