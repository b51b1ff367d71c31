//! Layers and images made in memory.

mod forms;
mod licenses;

use super::Builtin;
use super::catalog::FOUND_LIMIT;
use super::catalogue::LayerCatalogue;
use super::layer::{self, LayerId};
use crate::adapters::subjects::Locator;
use crate::model::{Blob, Digest, GapKind, Name, Sbom};
use crate::ports::{
    ActionKey, ActionRecord, BlobLookup, Cache, CacheError, Cancel, ImageSpec, Output, ScanError, ScanRequest,
    ScanTask, Scanner as _, SubjectSpec, Subjects as _,
};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use tar::EntryType;

const APK: &str = "lib/apk/db/installed";
const OS: (&str, &str) = ("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n");

fn apk(names: &[&str]) -> String {
    names.iter().map(|name| format!("P:{name}\nV:1.0-r0\nA:x86_64\nL:MIT\n\n")).collect()
}

/// A tar of files, without its closing blocks.
fn tar(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, path, content) in entries {
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        let data: &[u8] = if is_link { b"" } else { content.as_bytes() };
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(data.len() as u64);
        if is_link {
            header.set_link_name_literal(content).unwrap();
        }
        header.set_cksum();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes
}

fn files(entries: &[(&str, &str)]) -> Vec<u8> {
    tar(&entries.iter().map(|(path, content)| (EntryType::Regular, *path, *content)).collect::<Vec<_>>())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(blob: &[u8], tar: &[u8]) -> Result<LayerCatalogue, ScanError> {
    let id = LayerId { blob: Some(Digest::of(blob)), diff_id: Digest::of(tar) };
    layer::catalogue(|| Ok(blob), &id, &Cancel::new()).map(|(catalogue, _)| catalogue)
}

fn found(catalogue: &LayerCatalogue, path: &str) -> usize {
    catalogue.files.get(path).map_or(0, |facts| facts.found.len())
}

#[test]
fn every_compression_gives_the_same() {
    let tar = files(&[OS, (APK, &apk(&["a", "b"]))]);
    let plain = read(&tar, &tar).unwrap();
    assert_eq!((found(&plain, OS.0), found(&plain, APK)), (1, 2));
    let members = [gzip(&tar[..700]), gzip(&tar[700..])].concat();
    let frames = [zstd::encode_all(&tar[..700], 3).unwrap(), zstd::encode_all(&tar[700..], 3).unwrap()].concat();
    for blob in [gzip(&tar), members, frames] {
        assert_eq!(read(&blob, &tar).unwrap(), plain);
    }
}

#[test]
fn bytes_after_the_end_belong_to_the_digest() {
    let mut tar = files(&[OS]);
    tar.extend([0; 1024]);
    tar.extend(b"more");
    let blob = gzip(&tar);
    assert_eq!(found(&read(&blob, &tar).unwrap(), OS.0), 1);
    assert!(matches!(read(&blob, &tar[..tar.len() - 4]), Err(ScanError::Integrity { .. })));
}

#[test]
fn wrong_bytes_are_no_layer() {
    let tar = files(&[OS]);
    let blob = gzip(&tar);
    let right = LayerId { blob: Some(Digest::of(&blob)), diff_id: Digest::of(&tar) };
    let other = Digest::of(b"other");
    for id in [LayerId { blob: Some(other), ..right }, LayerId { diff_id: other, ..right }] {
        let result = layer::catalogue(|| Ok(blob.as_slice()), &id, &Cancel::new());
        assert!(matches!(result, Err(ScanError::Integrity { .. })));
    }
    // A blob that was cut short is a tampered one; one that was made so cannot be read.
    let cut = &blob[..blob.len() - 9];
    assert!(matches!(layer::catalogue(|| Ok(cut), &right, &Cancel::new()), Err(ScanError::Integrity { .. })));
    assert!(matches!(read(cut, &tar), Err(ScanError::Unusable(_))));
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(matches!(layer::catalogue(|| Ok(blob.as_slice()), &right, &cancel), Err(ScanError::Cancelled)));
}

#[test]
fn missing_tails_lose_nothing() {
    let database = apk(&["a", "b"]);
    let tar = files(&[OS, (APK, &database)]);
    let end = 512 * 3 + database.len();
    let whole = read(&tar, &tar).unwrap();
    assert_eq!(whole.gaps, []);
    // Without closing blocks, and without the padding of the last file.
    for tail in [end, end + 1, tar.len()] {
        let blob = gzip(&tar[..tail]);
        assert_eq!(read(&blob, &tar[..tail]).unwrap(), whole);
    }
    // Cut within the file, within its header, and within a file that nobody wants.
    let cut = read(&tar[..end - 1], &tar[..end - 1]).unwrap();
    assert_eq!((found(&cut, APK), cut.files[APK].gaps[0].kind), (0, GapKind::UnreadableFile));
    assert_eq!(read(&tar[..1100], &tar[..1100]).unwrap().gaps.len(), 1);
    let tar = files(&[OS, ("x", &"y".repeat(4000))]);
    for tail in [1700, 5300] {
        assert_eq!(read(&tar[..tail], &tar[..tail]).unwrap().gaps.len(), 1, "{tail}");
    }
}

#[test]
fn hostile_headers_are_gaps() {
    let long = "x".repeat(4 << 20);
    let tar = [tar(&[(EntryType::GNULongName, "././@LongLink", &long)]), files(&[OS])].concat();
    let catalogue = read(&gzip(&tar), &tar).unwrap();
    assert_eq!(catalogue.gaps[0].kind, GapKind::LimitReached);
    let outside = files(&[("a/../../etc/os-release", "ID=alpine\n"), OS]);
    let catalogue = read(&outside, &outside).unwrap();
    assert_eq!((catalogue.gaps.len(), found(&catalogue, OS.0)), (1, 1));
    let noise = files(&[OS, ("./y", "z")]).repeat(2)[..1200].to_vec();
    let mut noise = [noise, vec![7; 2000]].concat();
    assert!(!read(&noise, &noise).unwrap().gaps.is_empty());
    noise.truncate(3);
    assert!(read(&noise, &noise).is_ok());
}

#[test]
fn large_files_are_spooled_and_passed_over() {
    let database = apk(&vec!["package"; 40_000]);
    let large = "x".repeat(5 << 20);
    let tar = files(&[("large", &large), (APK, &database), ("more", &large), OS]);
    let catalogue = read(&gzip(&tar), &tar).unwrap();
    assert_eq!((found(&catalogue, APK), found(&catalogue, OS.0)), (40_000, 1));
    assert_eq!(catalogue.gaps, []);
}

#[test]
fn links_are_followed_or_told() {
    let tar = tar(&[
        (EntryType::Regular, "./usr/lib/os-release", OS.1),
        (EntryType::Link, "etc/os-release", "usr/lib/os-release"),
        (EntryType::Link, APK, "gone"),
    ]);
    let catalogue = read(&tar, &tar).unwrap();
    assert_eq!(found(&catalogue, "etc/os-release"), 1);
    assert_eq!(catalogue.files[APK].gaps.len(), 1);
}

#[test]
fn content_before_its_wanted_name_is_read_again() {
    let database = apk(&["a", "b"]);
    let tar = tar(&[
        (EntryType::Regular, "store/1", &database),
        (EntryType::Regular, "store/2", OS.1),
        (EntryType::Link, APK, "store/1"),
        (EntryType::Link, "etc/os-release", "./store/2"),
        (EntryType::Link, "usr/lib/os-release", "store/2"),
    ]);
    let catalogue = read(&gzip(&tar), &tar).unwrap();
    assert_eq!((found(&catalogue, APK), found(&catalogue, OS.0), found(&catalogue, "usr/lib/os-release")), (2, 1, 1));
    assert!(catalogue.gaps.is_empty() && catalogue.files.values().all(|facts| facts.gaps.is_empty()));
}

/// A cache in memory.
#[derive(Default)]
struct Memory(Mutex<Kept>);

type Kept = (BTreeMap<Digest, Vec<u8>>, BTreeMap<ActionKey, BTreeMap<String, Blob>>);

impl Cache for Memory {
    fn blob(&self, digest: &Digest) -> Result<BlobLookup, CacheError> {
        Ok(self.0.lock().unwrap().0.get(digest).cloned().map_or(BlobLookup::Missing, BlobLookup::Found))
    }
    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, CacheError> {
        self.0.lock().unwrap().0.insert(Digest::of(bytes), bytes.to_vec());
        Ok(Digest::of(bytes))
    }
    fn action(&self, key: &ActionKey) -> Result<Option<ActionRecord>, CacheError> {
        let kept = self.0.lock().unwrap().1.get(key).cloned();
        let record = |outputs: BTreeMap<String, Blob>| {
            outputs.iter().map(|(name, blob)| (name.clone(), blob.digest())).collect()
        };
        Ok(kept.map(|outputs| ActionRecord { outputs: record(outputs) }))
    }
    fn output(&self, key: &ActionKey, name: &str) -> Result<BlobLookup<(Blob, Vec<u8>)>, CacheError> {
        let kept = self.0.lock().unwrap().1.get(key).and_then(|outputs| outputs.get(name).cloned());
        Ok(kept.map_or(BlobLookup::Missing, |blob| BlobLookup::Found((blob.clone(), blob.bytes().unwrap()))))
    }
    fn put_action(&self, key: &ActionKey, outputs: &[(&str, Output<'_>)]) -> Result<(), CacheError> {
        let whole =
            |output: &Output<'_>| if let Output::Whole(blob) = output { (*blob).clone() } else { panic!("half kept") };
        let outputs = outputs.iter().map(|(name, output)| ((*name).to_owned(), whole(output))).collect();
        self.0.lock().unwrap().1.insert(*key, outputs);
        Ok(())
    }
}

struct Image {
    directory: tempfile::TempDir,
    layers: Vec<Digest>,
    cache: Arc<Memory>,
}

impl Image {
    fn new(tars: &[Vec<u8>]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let blobs = directory.path().join("image/blobs/sha256");
        std::fs::create_dir_all(&blobs).unwrap();
        let put = |bytes: &[u8], media_type: &str| {
            let digest = Digest::of(bytes);
            std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
            serde_json::json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
        };
        let layers: Vec<Digest> = tars.iter().map(|tar| Digest::of(tar)).collect();
        let config = serde_json::json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": layers}});
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "config": put(config.to_string().as_bytes(), "application/vnd.oci.image.config.v1+json"),
            "layers": tars.iter().map(|tar| put(&gzip(tar), "application/vnd.oci.image.layer.v1.tar+gzip"))
                .collect::<Vec<_>>(),
        });
        let manifest = put(manifest.to_string().as_bytes(), "application/vnd.oci.image.manifest.v1+json");
        let index = serde_json::json!({"schemaVersion": 2, "manifests": [manifest]});
        std::fs::write(directory.path().join("image/index.json"), index.to_string()).unwrap();
        std::fs::write(directory.path().join("image/oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        Self { directory, layers, cache: Arc::default() }
    }

    fn scan(&self) -> Result<Arc<Sbom>, ScanError> {
        self.scan_with(&Arc::new(Builtin::new()))
    }

    fn scan_with(&self, builtin: &Arc<Builtin>) -> Result<Arc<Sbom>, ScanError> {
        let image = ImageSpec { name: Name::new("image").unwrap(), reference: "oci:image".into(), platform: None };
        let subjects = Locator::here(self.directory.path().to_owned());
        let located = subjects.locate(&SubjectSpec::Image(image), &|_, _| None).unwrap();
        let request = ScanRequest { located, cache: self.cache.clone(), cancel: Cancel::new() };
        let ScanTask::Cpu(task) = Arc::clone(builtin).scan(request) else { panic!("work for a core") };
        task()
    }
}

fn names(sbom: &Sbom) -> Vec<&str> {
    sbom.components.iter().map(|component| component.name.as_str()).collect()
}

#[test]
fn more_packages_than_are_kept_are_a_gap() {
    let told = |gaps: &[crate::model::Gap]| -> Vec<(GapKind, String)> {
        gaps.iter().map(|gap| (gap.kind, gap.reason.clone())).collect()
    };
    let many = |from: usize, to: usize| {
        let names: Vec<String> = (from..to).map(|at| format!("p{at}")).collect();
        apk(&names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    // In one file; in several layers, of which each by itself would do.
    let sbom = Image::new(&[files(&[OS, (APK, &many(0, FOUND_LIMIT + 1))])]).scan().unwrap();
    assert_eq!(sbom.components.len(), 0);
    assert_eq!(told(&sbom.gaps), [(GapKind::LimitReached, "more packages than are kept of a layer".to_owned())]);
    let sbom = Image::new(&[files(&[(APK, &many(0, FOUND_LIMIT + 1))])]).scan().unwrap();
    assert!(
        told(&sbom.gaps).contains(&(GapKind::LimitReached, "more than 100000 packages".to_owned())),
        "{:?}",
        sbom.gaps
    );
    let half = FOUND_LIMIT / 2 + 1;
    let layers = [files(&[OS, (APK, &many(0, half))]), files(&[(APK, &many(half, 2 * half))])];
    let sbom = Image::new(&layers).scan().unwrap();
    assert_eq!(sbom.components.len(), 0);
    assert_eq!(told(&sbom.gaps), [(GapKind::LimitReached, "more than 100000 packages in its layers".to_owned())]);
    // In one layer, in files that say nothing each.
    let names: Vec<String> = (0..FOUND_LIMIT + 2).map(|at| format!("node_modules/p{at}/package.json")).collect();
    let layer = files(&names.iter().map(|name| (name.as_str(), "")).collect::<Vec<_>>());
    let catalogue = read(&layer, &layer).unwrap();
    assert_eq!(catalogue.files.len(), FOUND_LIMIT);
    assert_eq!(told(&catalogue.gaps), [(GapKind::LimitReached, "more packages than are kept of a layer".to_owned())]);
}

#[test]
fn the_topmost_layer_wins_and_packages_keep_their_first() {
    let base = files(&[OS, (APK, &apk(&["a", "b"]))]);
    let app = files(&[(APK, &apk(&["a", "b", "c"])), ("app/x.jar", "")]);
    let image = Image::new(&[base, app]);
    let sbom = image.scan().unwrap();
    assert_eq!(names(&sbom), ["a", "b", "c"]);
    let layers: Vec<_> = sbom.components.iter().map(|it| it.locations[0].layer.unwrap()).collect();
    assert_eq!(layers, [image.layers[0], image.layers[0], image.layers[1]]);
    assert_eq!(sbom.components[0].purl.as_str(), "pkg:apk/alpine/a@1.0-r0?arch=x86_64&distro=alpine-3.20.3");
    assert_eq!(sbom.components[0].ecosystem.as_ref().unwrap().to_string(), "Alpine:v3.20");
    assert_eq!(sbom.gaps.len(), 1);
}

#[test]
fn what_an_upper_layer_removes_is_gone() {
    let base = files(&[OS, (APK, &apk(&["a"])), ("app/x.jar", "")]);
    for (path, kind) in [
        ("lib/apk/db/.wh.installed", EntryType::Regular),
        ("lib/.wh.apk", EntryType::Regular),
        (".wh.lib", EntryType::Regular),
        ("lib/apk/.wh..wh..opq", EntryType::Regular),
        ("lib", EntryType::Symlink),
        (APK, EntryType::Directory),
        (APK, EntryType::Char),
    ] {
        let sbom = Image::new(&[base.clone(), tar(&[(kind, path, "")])]).scan().unwrap();
        assert_eq!(names(&sbom), Vec::<&str>::new(), "{path}");
        assert_eq!((sbom.distro.is_some(), sbom.gaps.len()), (true, 1), "{path}");
    }
    let sbom = Image::new(&[base.clone(), tar(&[(EntryType::Regular, ".wh..wh..opq", "")])]).scan().unwrap();
    assert_eq!((sbom.components.len(), &*places(&sbom)), (0, &[""][..]), "an image that shows nothing is not clean");
    // A whiteout does not reach what its own layer brings.
    let top = files(&[("lib/apk/.wh..wh..opq", ""), (APK, &apk(&["b"])), ("app/.wh.x.jar", "")]);
    let sbom = Image::new(&[base, top]).scan().unwrap();
    assert_eq!((names(&sbom), sbom.gaps.len()), (vec!["b"], 0));
}

#[test]
fn a_package_that_came_back_came_with_the_later_layer() {
    let image = Image::new(&[
        files(&[OS, (APK, &apk(&["a"]))]),
        files(&[(APK, &apk(&["b"]))]),
        files(&[(APK, &apk(&["a", "b"]))]),
    ]);
    let sbom = image.scan().unwrap();
    let layers: Vec<_> = sbom.components.iter().map(|it| it.locations[0].layer.unwrap()).collect();
    assert_eq!(layers, [image.layers[2], image.layers[1]]);
}

#[test]
fn packages_of_no_known_distribution_are_a_gap() {
    let sbom = Image::new(&[files(&[(APK, &apk(&["a"]))])]).scan().unwrap();
    assert_eq!(sbom.gaps[0].kind, GapKind::UnknownDistribution);
    assert_eq!(sbom.components[0].purl.as_str(), "pkg:apk/a@1.0-r0?arch=x86_64");
    let other = ("etc/os-release", "ID=unheard\nVERSION_ID=1\n");
    let sbom = Image::new(&[files(&[other, (APK, &apk(&["a"]))])]).scan().unwrap();
    assert_eq!((sbom.gaps[0].kind, sbom.components[0].ecosystem.clone()), (GapKind::UnknownDistribution, None));
}

fn places(sbom: &Sbom) -> Vec<&str> {
    sbom.gaps.iter().map(|gap| gap.place.as_str()).collect()
}

#[test]
fn a_link_to_what_was_not_read_is_a_gap() {
    let link = |target| tar(&[(EntryType::Symlink, "usr/lib/os-release", target)]);
    let unread = Image::new(&[files(&[("usr/share/release", OS.1)]), link("../share/release")]).scan().unwrap();
    assert_eq!(places(&unread), ["usr/lib/os-release"]);
    let with_packages = |link| Image::new(&[files(&[OS, (APK, &apk(&["a"]))]), link]).scan().unwrap();
    assert_eq!(with_packages(link("/etc/os-release")).gaps, []);
    assert_eq!(with_packages(link("nowhere")).gaps, []);
}

#[test]
fn images_with_the_same_layers_are_given_the_same() {
    let builtin = Arc::new(Builtin::new());
    let (base, more) = (files(&[OS, (APK, &apk(&["a"]))]), files(&[(APK, &apk(&["a", "b"]))]));
    let lowest = [base.clone()];
    let images = [&lowest[..], &[base.clone(), more.clone()], &lowest, &[more, base]].map(Image::new);
    let scans = images.each_ref().map(|image| image.scan_with(&builtin).unwrap());
    assert!(Arc::ptr_eq(&scans[0], &scans[2]));
    for (image, scan) in images.iter().zip(&scans) {
        assert_eq!(image.scan().unwrap(), *scan, "as by itself");
    }
    assert_eq!(scans.map(|scan| scan.components.len()), [1, 2, 1, 1]);
}

#[test]
fn links_to_links_lead_to_what_was_read() {
    let links = tar(&[
        (EntryType::Symlink, "app/node_modules/a/package.json", "/one/package.json"),
        (EntryType::Symlink, "one/package.json", "../two/package.json"),
        (EntryType::Symlink, "round/package.json", "about/package.json"),
        (EntryType::Symlink, "round/about/package.json", "../package.json"),
    ]);
    let manifest = r#"{"name":"a","version":"1.0.0"}"#;
    let read = files(&[OS, (APK, &apk(&["a"])), ("two/package.json", manifest)]);
    assert_eq!(
        places(&Image::new(&[read, links.clone()]).scan().unwrap()),
        ["round/about/package.json", "round/package.json"]
    );
    let unread = tar(&[(EntryType::Symlink, "two/package.json", "/etc/passwd")]);
    let sbom = Image::new(&[files(&[OS, (APK, &apk(&["a"])), ("etc/passwd", "")]), links, unread]).scan().unwrap();
    assert!(places(&sbom).contains(&"app/node_modules/a/package.json"), "{:?}", sbom.gaps);
}

#[test]
fn links_above_a_database_are_told_where_it_was_not_read() {
    let database = ("usr/share/packages/db/installed", apk(&["a"]));
    let base = files(&[OS, (database.0, &database.1), ("app/package.json", r#"{"name":"a","version":"1.0.0"}"#)]);
    let link = |path, target| tar(&[(EntryType::Symlink, path, target)]);
    for (path, target) in [
        ("lib/apk", "/usr/share/packages"),
        ("usr/lib/apk", "../share/packages"),
        ("lib/apk/db", "../../usr/share/packages/db"),
    ] {
        let sbom = Image::new(&[base.clone(), link(path, target)]).scan().unwrap();
        assert_eq!((sbom.gaps.len(), sbom.components.len()), (1, 1), "{path}: {:?}", sbom.gaps);
    }
    // One that leads to where it is read.
    let read = files(&[OS, ("usr/lib/apk/db/installed", &apk(&["a"]))]);
    for (path, target) in [("lib", "usr/lib"), ("lib/apk", "../usr/lib/apk"), ("var", "nowhere")] {
        assert_eq!(Image::new(&[read.clone(), link(path, target)]).scan().unwrap().gaps, [], "{path}");
    }
}

#[test]
fn a_layer_is_read_once_and_a_damaged_cache_is_a_miss() {
    let image = Image::new(&[files(&[OS, (APK, &apk(&["a"]))])]);
    let first = image.scan().unwrap();
    {
        let mut kept = image.cache.0.lock().unwrap();
        assert_eq!(kept.1.len(), 1);
        for blob in kept.1.values_mut().flat_map(BTreeMap::values_mut) {
            let bytes = blob.bytes().unwrap();
            *blob = Blob::new(&bytes[..bytes.len() / 2]);
        }
    }
    assert_eq!(image.scan().unwrap(), first);
    // From here on nothing but the cache knows what is in the layer.
    let blobs = image.directory.path().join("image/blobs/sha256");
    for entry in std::fs::read_dir(blobs).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            std::fs::write(&path, vec![0; bytes.len()]).unwrap();
        }
    }
    assert_eq!(image.scan().unwrap(), first);
    *image.cache.0.lock().unwrap() = Default::default();
    assert!(matches!(image.scan(), Err(ScanError::Integrity { .. })));
}
