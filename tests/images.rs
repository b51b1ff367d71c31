//! Real images: package databases of distributions against the lists that syft makes of them.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test: it unpacks images to temporary directories, and says aloud what it passes over"
)]

#[path = "common/tools.rs"]
mod tools;

use proofmark::adapters::scanner::builtin::Builtin;
use proofmark::adapters::subjects::Locator;
use proofmark::model::{Blob, Digest, GapKind, Name, Sbom};
use proofmark::ports::{
    ActionKey, ActionRecord, BlobLookup, Cache, CacheError, Cancel, ImageSpec, Output, ScanError, ScanRequest,
    ScanTask, Scanner as _, SourceSpec, SubjectSpec, Subjects as _,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A cache that keeps nothing.
struct Forgetful;

impl Cache for Forgetful {
    fn blob(&self, _: &Digest) -> Result<BlobLookup, CacheError> {
        Ok(BlobLookup::Missing)
    }
    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, CacheError> {
        Ok(Digest::of(bytes))
    }
    fn action(&self, _: &ActionKey) -> Result<Option<ActionRecord>, CacheError> {
        Ok(None)
    }
    fn output(&self, _: &ActionKey, _: &str) -> Result<BlobLookup<(Blob, Vec<u8>)>, CacheError> {
        Ok(BlobLookup::Missing)
    }
    fn put_action(&self, _: &ActionKey, _: &[(&str, Output<'_>)]) -> Result<(), CacheError> {
        Ok(())
    }
}

fn scan(
    builtin: &Arc<Builtin>,
    root: &Path,
    spec: &SubjectSpec,
    between: impl FnOnce(),
) -> Result<Arc<Sbom>, ScanError> {
    let located = Locator::here(root.to_owned()).locate(spec, &|_, _| None).unwrap();
    between();
    let request = ScanRequest { located, cache: Arc::new(Forgetful), cancel: Cancel::new() };
    match builtin.clone().scan(request) {
        ScanTask::Cpu(task) => task(),
        ScanTask::Wait(_) => panic!("the built-in scanner waits for nobody"),
    }
}

fn image(reference: &str) -> SubjectSpec {
    let name = Name::new("image").unwrap();
    SubjectSpec::Image(ImageSpec { name, reference: reference.to_owned(), platform: None })
}

/// A directory of test data; without it the test is passed over, loudly.
fn data(test: &str, path: &str) -> Option<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = std::env::var_os("PROOFMARK_DATA").map_or_else(|| manifest.join("../shared/data"), PathBuf::from);
    let path = data.join(path);
    if !path.exists() {
        tools::skip(test, &format!("no test data at {}", path.display()));
        return None;
    }
    Some(path)
}

/// Package URLs as syft writes them, without what only syft says; and the names of packages that have no version, which
/// syft lists and we tell as gaps.
fn expected(path: &Path) -> (BTreeSet<String>, Vec<String>) {
    let all: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |package: &serde_json::Value, key: &str| package[key].as_str().unwrap().to_owned();
    let (unknown, known): (Vec<_>, Vec<_>) = all.iter().partition(|package| package["version"] == "UNKNOWN");
    let purls = known.iter().map(|it| text(it, "purl").split("&upstream=").next().unwrap().to_owned());
    (purls.collect(), unknown.iter().map(|it| text(it, "name")).collect())
}

#[test]
fn small_images_hold_what_syft_finds() {
    let Some(data) = data("small_images_hold_what_syft_finds", "images-small") else { return };
    for name in ["alpine", "distroless"] {
        let directory = tempfile::tempdir().unwrap();
        let archive = std::fs::File::open(data.join(format!("{name}.oci.tar"))).unwrap();
        tar::Archive::new(archive).unpack(directory.path()).unwrap();
        let reference = format!("oci:{name}");
        let sbom = scan(&Arc::new(Builtin::new()), directory.path(), &image(&reference), || {}).unwrap();
        let found: BTreeSet<String> = sbom.components.iter().map(|it| it.purl.to_string()).collect();
        let (expected, unversioned) = expected(&data.join(format!("{name}.expected.syft.json")));
        let missing: Vec<_> = expected.difference(&found).collect();
        let more: Vec<_> = found.difference(&expected).collect();
        for name in unversioned {
            let start = format!("{name}: ");
            assert!(sbom.gaps.iter().any(|gap| gap.reason.starts_with(&start)), "{name}");
        }
        assert!(
            missing.is_empty() && more.is_empty(),
            "{name}: missing {missing:#?}, more {more:#?}, {:#?}",
            sbom.gaps
        );
    }
}

#[test]
fn the_example_images_share_their_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique");
    if !root.join("images").exists() {
        tools::skip("the_example_images_share_their_layers", &format!("no images at {}", root.display()));
        return;
    }
    let builtin = Arc::new(Builtin::new());
    for name in ["alpine", "checkout", "debian", "payment", "recommendation", "storefront"] {
        let spec = image(&format!("oci:images/{name}"));
        let shared = scan(&builtin, &root, &spec, || {}).unwrap();
        let alone = scan(&Arc::new(Builtin::new()), &root, &spec, || {}).unwrap();
        assert_eq!(shared, alone, "{name}");
        assert!(shared.distro.is_some() && !shared.components.is_empty(), "{name}");
        let has = |kind| shared.gaps.iter().any(|gap| gap.kind == kind);
        assert!(!has(GapKind::UnreadableFile) && !has(GapKind::UnknownDistribution), "{name}: {:?}", shared.gaps);
        eprintln!("{name}: {} components", shared.components.len());
    }
}

#[test]
fn a_tree_that_changes_meanwhile_is_not_scanned() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pom.xml");
    std::fs::write(&file, "<project/>").unwrap();
    let spec = SubjectSpec::Source(SourceSpec { path: ".".into(), exclude: Vec::new() });
    let builtin = Arc::new(Builtin::new());
    assert!(scan(&builtin, directory.path(), &spec, || {}).is_ok());
    let changed = scan(&builtin, directory.path(), &spec, || std::fs::write(&file, "<projects/>").unwrap());
    assert!(matches!(changed, Err(ScanError::Unusable(reason)) if reason.contains("changed while being read")));
}
