//! Layouts and trees made in temporary directories.

use super::Locator;
use crate::model::{Digest, Name, SubjectDigest};
use crate::ports::{ImageSpec, Located, SourceSpec, SubjectError, SubjectSpec, Subjects as _};
use serde_json::{Value, json};
use std::path::Path;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn image(root: &Path, reference: &str, platform: Option<&str>) -> Result<Located, SubjectError> {
    let (name, platform) = (Name::new("image").unwrap(), platform.map(str::to_owned));
    let spec = SubjectSpec::Image(ImageSpec { name, reference: reference.to_owned(), platform });
    Locator::here(root.to_owned()).locate(&spec, &|_, _| None)
}

fn put(root: &Path, bytes: &[u8], media_type: &str, more: Value) -> Value {
    let digest = Digest::of(bytes);
    let blobs = root.join("image/blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
    let mut descriptor = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
    descriptor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    descriptor
}

fn manifest(root: &Path, layer: &str, more: Value) -> Value {
    let config = json!({"os": "linux", "architecture": "riscv64", "rootfs": {"diff_ids": []}}).to_string();
    let config = put(root, config.as_bytes(), "application/vnd.oci.image.config.v1+json", json!({}));
    let layer = put(root, layer.as_bytes(), "application/vnd.oci.image.layer.v1.tar", json!({}));
    put(root, json!({"config": config, "layers": [layer]}).to_string().as_bytes(), MANIFEST, more)
}

fn index(root: &Path, manifests: &[Value]) {
    std::fs::create_dir_all(root.join("image")).unwrap();
    std::fs::write(root.join("image/oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    std::fs::write(root.join("image/index.json"), json!({"manifests": manifests}).to_string()).unwrap();
}

fn platform(architecture: &str) -> Value {
    json!({"platform": {"os": "linux", "architecture": architecture}})
}

#[test]
fn one_image_of_several_is_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let amd = manifest(root, "amd", platform("amd64"));
    let arm = manifest(root, "arm", platform("arm64"));
    let evidence = manifest(root, "evidence", json!({"platform": {"os": "unknown", "architecture": "unknown"}}));
    let nested = json!({"manifests": [arm, amd, evidence]}).to_string();
    let nested =
        put(root, nested.as_bytes(), INDEX, json!({"annotations": {"org.opencontainers.image.ref.name": "1"}}));
    let bare = manifest(root, "bare", json!({"annotations": {"io.containerd.image.name": "shop.example/a:2"}}));
    index(root, &[nested.clone(), bare.clone()]);

    let digest = |reference: &str, platform| image(root, reference, platform).map(|it| it.subject.digest.to_string());
    assert_eq!(digest("oci:image", None).unwrap(), amd["digest"]);
    assert_eq!(digest("oci:./image/:1", Some("linux/arm64")).unwrap(), arm["digest"]);
    assert_eq!(digest("oci:image", Some("linux/riscv64")).unwrap(), bare["digest"]);
    assert_eq!(digest("oci:image:2", None).unwrap(), bare["digest"]);
    let pinned = format!("oci:image@{}", arm["digest"].as_str().unwrap());
    assert_eq!(digest(&pinned, None).unwrap(), arm["digest"]);
    let pinned = format!("oci:image@{}", nested["digest"].as_str().unwrap());
    assert_eq!(digest(&pinned, None).unwrap(), amd["digest"]);

    let error = |reference: &str, platform| image(root, reference, platform).unwrap_err().to_string();
    assert!(error("oci:image", Some("linux/s390x")).contains("linux/arm64, linux/amd64, linux/riscv64"));
    assert!(error("oci:image:3", None).contains("no image"));
    assert!(error(&format!("oci:image@{}", Digest::of(b"")), None).contains("no image"));

    let located = image(root, "oci:image", None).unwrap();
    assert!(located.inputs.is_sorted_by(|a, b| a.0 < b.0));
    assert!(located.inputs.iter().any(|(path, ..)| path == "image/index.json"));
    assert!(located.inputs.iter().any(|(_, _, digest)| *digest == Some(Digest::of(b"amd"))));
    assert!(located.inputs.iter().all(|(_, _, digest)| *digest != Some(Digest::of(b"arm"))));
    assert_eq!(SubjectDigest::Sha256(Digest::of(&located.manifest)), located.subject.digest);
}

#[test]
fn two_images_for_one_platform_are_not_guessed_at() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    index(root, &[manifest(root, "a", platform("amd64")), manifest(root, "b", platform("amd64"))]);
    assert!(matches!(image(root, "oci:image", None), Err(SubjectError::Reference(_))));
    assert!(matches!(image(root, "oci:image", Some("linux/amd64")), Err(SubjectError::Reference(_))));
}

#[test]
fn damaged_layouts_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let only = manifest(root, "layer", json!({}));
    index(root, std::slice::from_ref(&only));
    assert!(image(root, "oci:image", None).is_ok());
    let blob = |digest: &str| root.join("image/blobs/sha256").join(&digest[7..]);

    let layer = blob(&Digest::of(b"layer").to_string());
    std::fs::write(&layer, "layers").unwrap();
    assert!(matches!(image(root, "oci:image", None), Err(SubjectError::Integrity { .. })));
    std::fs::remove_file(&layer).unwrap();
    assert!(matches!(image(root, "oci:image", None), Err(SubjectError::Unusable { .. })));

    let path = blob(only["digest"].as_str().unwrap());
    let bytes = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, bytes.replace("oci", "ocI")).unwrap();
    assert!(matches!(image(root, "oci:image", None), Err(SubjectError::Integrity { .. })));
    std::fs::write(root.join("image/index.json"), "[").unwrap();
    assert!(matches!(image(root, "oci:image", None), Err(SubjectError::Unusable { .. })));
    assert!(matches!(image(root, "oci:none", None), Err(SubjectError::Missing { .. })));
}

#[test]
fn nothing_leads_out() {
    let directory = tempfile::tempdir().unwrap();
    let outside = directory.path().join("outside");
    let root = directory.path().join("project");
    std::fs::create_dir_all(&root).unwrap();
    index(&outside, &[manifest(&outside, "layer", json!({}))]);
    std::os::unix::fs::symlink(outside.join("image"), root.join("link")).unwrap();
    let absolute = format!("oci:{}", outside.join("image").display());
    for reference in ["oci:../outside/image", "oci:link", &absolute, "oci-archive:../x.tar", "dir:.."] {
        let error = image(&root, reference, None).unwrap_err();
        assert!(matches!(error, SubjectError::Reference(_)), "{reference}: {error}");
    }
    // What asks no registry finds nothing in one.
    assert!(matches!(image(&root, "debian:12", None), Err(SubjectError::Offline { .. })));
    // Neither does a blob of a layout that lies inside.
    index(&root, &[manifest(&root, "layer", json!({}))]);
    let blob = format!("image/blobs/sha256/{}", Digest::of(b"layer").hex());
    std::fs::remove_file(root.join(&blob)).unwrap();
    std::os::unix::fs::symlink(outside.join(&blob), root.join(&blob)).unwrap();
    assert!(matches!(image(&root, "oci:image", None), Err(SubjectError::Reference(_))));
}

fn source(root: &Path, path: &str, exclude: &[&str]) -> Result<Located, SubjectError> {
    let exclude = exclude.iter().map(|glob| (*glob).to_owned()).collect();
    let spec = SubjectSpec::Source(SourceSpec { path: path.to_owned(), exclude });
    Locator::here(root.to_owned()).locate(&spec, &|_, _| None)
}

fn write(root: &Path, path: &str, text: &str) {
    std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
    std::fs::write(root.join(path), text).unwrap();
}

#[test]
fn a_tree_is_what_catalogues_read() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "src/shop/pom.xml", "a");
    write(root, "src/shop/b/Gemfile.lock", "b");
    write(root, "src/shop/main.c", "c");
    write(root, "src/shop/node_modules/x/pom.xml", "d");
    write(root, "src/shop/vendor/x/pom.xml", "e");
    let located = source(root, "./src//shop/", &["vendor/**"]).unwrap();
    let expected = [("pom.xml", Digest::of(b"a")), ("b/Gemfile.lock", Digest::of(b"b"))];
    assert_eq!(located.subject.digest, SubjectDigest::of_files(expected));
    assert_eq!((located.subject.name.as_str(), located.subject.uri.as_str()), ("source", "dir:src/shop"));
    let inputs: Vec<_> = located.inputs.iter().map(|(path, _, digest)| (path.as_str(), digest.is_some())).collect();
    let (directory, file) = (false, true);
    assert_eq!(
        inputs,
        [
            ("src/shop", directory),
            ("src/shop/b", directory),
            ("src/shop/b/Gemfile.lock", file),
            ("src/shop/pom.xml", file),
        ]
    );

    // What is known is not read again, whichever service it is asked for.
    let spec =
        SubjectSpec::Source(SourceSpec { path: ".".into(), exclude: vec!["src/*/b".into(), "**/vendor".into()] });
    let known = |path: &str, _: &_| (path == "src/shop/pom.xml").then(|| Digest::of(b"other"));
    let located = Locator::here(root.to_owned()).locate(&spec, &known).unwrap();
    assert_eq!(located.subject.digest, SubjectDigest::of_files([("src/shop/pom.xml", Digest::of(b"other"))]));
    assert_eq!(located.subject.uri, "dir:.");
}

#[test]
fn trees_fail_closed() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write(root, "a/main.c", "c");
    // Nothing to read there is for the scanner to say, as a gap.
    let nothing = source(root, "a", &[]).unwrap();
    assert_eq!(nothing.subject.digest, SubjectDigest::of_files([]));
    assert!(matches!(source(root, "b", &[]), Err(SubjectError::Missing { .. })));
    assert!(matches!(source(root, "a/../a", &[]), Err(SubjectError::Reference(_))));
    assert!(matches!(source(root, "a/main.c", &[]), Err(SubjectError::Unusable { .. })));

    let link = |target: &Path| {
        let _ = std::fs::remove_file(root.join("a/pom.xml"));
        std::os::unix::fs::symlink(target, root.join("a/pom.xml")).unwrap();
        source(root, "a", &[])
    };
    assert!(matches!(link(Path::new("nowhere")), Err(SubjectError::Unusable { .. })));
    assert!(matches!(link(Path::new("/etc/passwd")), Err(SubjectError::Unusable { .. })));
    let inside = link(Path::new("main.c")).unwrap();
    assert_eq!(inside.subject.digest, SubjectDigest::of_files([("pom.xml", Digest::of(b"c"))]));
    // Directories that are links are not walked, so that no tree is endless.
    std::os::unix::fs::symlink(root.join("a"), root.join("a/again")).unwrap();
    assert_eq!(source(root, "a", &[]).unwrap().subject, inside.subject);
    // A socket, or a directory of that name, is no file.
    std::fs::remove_file(root.join("a/pom.xml")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("a/pom.xml")).unwrap();
    assert!(matches!(source(root, "a", &[]), Err(SubjectError::Unusable { .. })));
}
