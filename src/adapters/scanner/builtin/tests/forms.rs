//! The same content as a layout, as archives and as a root filesystem.

use super::*;
use crate::model::SubjectDigest;
use crate::ports::{Located, SubjectError};
use std::path::Path;

const RPM: &[u8] = include_bytes!("../../../../../tests/fixtures/rpm/rpmdb.sqlite");
const ALMA: &str = "ID=\"almalinux\"\nVERSION_ID=\"9.4\"\n";

fn binary(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn locate(root: &Path, reference: &str) -> Result<Located, SubjectError> {
    let name = Name::new("image").unwrap();
    let image = ImageSpec { name, reference: reference.into(), platform: None };
    Locator::here(root.to_owned()).locate(&SubjectSpec::Image(image), &|_, _| None)
}

fn scan_located(located: Located) -> Result<Arc<Sbom>, ScanError> {
    let request = ScanRequest { located, cache: Arc::<Memory>::default(), cancel: Cancel::new() };
    let ScanTask::Cpu(task) = Arc::new(Builtin::new()).scan(request) else { panic!("work for a core") };
    task()
}

fn scan(root: &Path, reference: &str) -> Arc<Sbom> {
    scan_located(locate(root, reference).unwrap()).unwrap()
}

/// The archive that an old `docker save` wrote: a layer that two images share is a link.
fn docker(layers: &[Vec<u8>], diff_ids: &[Digest]) -> Vec<u8> {
    let config =
        serde_json::json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": diff_ids}}).to_string();
    let names: Vec<String> = (0..layers.len()).map(|at| format!("{at}/layer.tar")).collect();
    let manifest = serde_json::json!([{"Config": "config.json", "RepoTags": ["shop.example/cart:1"], "Layers": names}]);
    let manifest = manifest.to_string();
    let mut files: Vec<(String, &[u8])> =
        vec![("manifest.json".into(), manifest.as_bytes()), ("./config.json".into(), config.as_bytes())];
    files.extend(layers.iter().enumerate().map(|(at, layer)| (format!("store/{at}.tar"), layer.as_slice())));
    let mut archive = binary(&files.iter().map(|(path, content)| (path.as_str(), *content)).collect::<Vec<_>>());
    archive.truncate(archive.len() - 1024);
    let links: Vec<String> = (0..layers.len()).map(|at| format!("../store/{at}.tar")).collect();
    let links: Vec<_> =
        names.iter().zip(&links).map(|(name, to)| (EntryType::Symlink, name.as_str(), to.as_str())).collect();
    archive.extend(super::tar(&links));
    archive
}

#[test]
fn every_form_holds_the_same() {
    let tars =
        [binary(&[("etc/os-release", ALMA.as_bytes()), ("var/lib/rpm/rpmdb.sqlite", RPM)]), files(&[("a", "b")])];
    let image = Image::new(&tars);
    let root = image.directory.path();
    let expected = image.scan().unwrap();
    let purls: Vec<String> = expected.components.iter().map(|it| it.purl.to_string()).collect();
    assert_eq!(
        purls,
        [
            "pkg:rpm/almalinux/big@1.0-3.el9?arch=noarch&distro=almalinux-9.4&epoch=0",
            "pkg:rpm/almalinux/tiny-libs@4.5~rc1-1.el9?arch=noarch&distro=almalinux-9.4&epoch=2",
            "pkg:rpm/almalinux/tiny@1.0-3.el9?arch=noarch&distro=almalinux-9.4&epoch=2",
        ]
    );
    let libs = &expected.components[1];
    assert_eq!(
        (libs.lookup(), libs.source.as_ref().unwrap().name.as_str()),
        (("tiny-libs", "2:4.5~rc1-1.el9"), "tiny")
    );
    assert_eq!(libs.ecosystem.as_ref().unwrap().to_string(), "AlmaLinux:9");
    assert_eq!(expected.gaps, []);

    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all(".", root.join("image")).unwrap();
    std::fs::write(root.join("oci.tar"), builder.into_inner().unwrap()).unwrap();
    let layout = locate(root, "oci:image").unwrap();
    let archive = locate(root, "oci-archive:oci.tar").unwrap();
    assert_eq!((archive.subject.digest, archive.inputs.len()), (layout.subject.digest, 1));
    assert_eq!(scan_located(archive).unwrap(), expected);

    for layers in [tars.to_vec(), tars.iter().map(|tar| gzip(tar)).collect()] {
        std::fs::write(root.join("docker.tar"), docker(&layers, &image.layers)).unwrap();
        for reference in ["docker-archive:docker.tar", "docker-archive:docker.tar:1", "docker-archive:docker.tar@0"] {
            assert_eq!(scan(root, reference), expected);
        }
        for reference in ["docker-archive:docker.tar:2", "docker-archive:docker.tar@1"] {
            assert!(matches!(locate(root, reference), Err(SubjectError::Reference(_))));
        }
    }

    std::fs::create_dir_all(root.join("rootfs/etc")).unwrap();
    std::fs::create_dir_all(root.join("rootfs/var/lib/rpm")).unwrap();
    std::fs::write(root.join("rootfs/etc/os-release"), ALMA).unwrap();
    std::fs::write(root.join("rootfs/var/lib/rpm/rpmdb.sqlite"), RPM).unwrap();
    let mut unpacked = scan(root, "dir:./rootfs/").as_ref().clone();
    assert_eq!((names(&unpacked), unpacked.gaps.clone()), (names(&expected), vec![]));
    for component in &mut unpacked.components {
        component.locations.clone_from(&expected.components[0].locations);
    }
    assert_eq!(unpacked.components, expected.components);
}

#[test]
fn archives_are_held_to_their_digests() {
    let tar = files(&[OS, (APK, &apk(&["a"]))]);
    let image = Image::new(std::slice::from_ref(&tar));
    let root = image.directory.path();
    let other = docker(&[files(&[OS])], &image.layers);
    std::fs::write(root.join("docker.tar"), &other).unwrap();
    let wrong = scan_located(locate(root, "docker-archive:docker.tar").unwrap());
    assert!(matches!(wrong, Err(ScanError::Integrity { .. })));
    // Another layer count than the config says; cut off; compressed; no archive.
    let two = docker(&[tar.clone(), tar.clone()], &image.layers);
    let whole = docker(&[tar], &image.layers);
    for bytes in [two, whole[..2000].to_vec(), gzip(&whole), b"nothing".to_vec(), Vec::new()] {
        std::fs::write(root.join("docker.tar"), &bytes).unwrap();
        for scheme in ["docker-archive", "oci-archive"] {
            let result = locate(root, &format!("{scheme}:docker.tar"));
            assert!(matches!(result, Err(SubjectError::Unusable { .. })), "{} {result:?}", bytes.len());
        }
    }
    let step = whole.len() / 300;
    for at in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        std::fs::write(root.join("docker.tar"), &bytes).unwrap();
        let _ = locate(root, "docker-archive:docker.tar").map(scan_located);
        std::fs::write(root.join("docker.tar"), &whole[..at]).unwrap();
        let _ = locate(root, "docker-archive:docker.tar").map(scan_located);
    }
    let circle = super::tar(&[(EntryType::Symlink, "manifest.json", "b"), (EntryType::Symlink, "b", "manifest.json")]);
    std::fs::write(root.join("docker.tar"), circle).unwrap();
    assert!(matches!(locate(root, "docker-archive:docker.tar"), Err(SubjectError::Unusable { .. })));
    let long = "x".repeat(4 << 20);
    let long = super::tar(&[(EntryType::GNULongName, "././@LongLink", &long), (EntryType::Regular, "a", "")]);
    std::fs::write(root.join("docker.tar"), long).unwrap();
    assert!(matches!(locate(root, "docker-archive:docker.tar"), Err(SubjectError::Unusable { .. })));
}

#[test]
fn a_root_filesystem_stays_in_its_root() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), text).unwrap();
    };
    write("outside/installed", &apk(&["outside"]));
    write("r/usr/lib/os-release", OS.1);
    write("r/proc/os-release", "x");
    std::fs::create_dir_all(root.join("r/etc")).unwrap();
    std::fs::create_dir_all(root.join("r/lib/apk/db")).unwrap();
    symlink("/usr/lib/os-release", root.join("r/etc/os-release")).unwrap();
    symlink("../../../../outside/installed", root.join("r/lib/apk/db/installed")).unwrap();
    let sbom = scan(root, "dir:r");
    assert_eq!((names(&sbom), sbom.distro.is_some(), sbom.gaps.len()), (vec![], true, 0));
    // To a file within that is not read: told, and part of the digest.
    let before = locate(root, "dir:r").unwrap().subject.digest;
    write("r/outside/installed", &apk(&["inside"]));
    let located = locate(root, "dir:r").unwrap();
    assert!(matches!(located.subject.digest, SubjectDigest::DirHash(_)) && located.subject.digest != before);
    assert_eq!(scan_located(located).unwrap().gaps.len(), 1);
    // Nothing there is nothing looked at.
    std::fs::create_dir(root.join("empty")).unwrap();
    assert_eq!(scan(root, "dir:empty").gaps.len(), 1);
    assert!(matches!(locate(root, "dir:gone"), Err(SubjectError::Missing { .. })));
    // By a link of a directory above it.
    write("r/srv/rpm/Packages", "a database");
    std::fs::create_dir_all(root.join("r/var/lib")).unwrap();
    symlink("../../srv/rpm", root.join("r/var/lib/rpm")).unwrap();
    let sbom = scan(root, "dir:r");
    assert!(places(&sbom).contains(&"var/lib/rpm/Packages"), "{:?}", sbom.gaps);
}

#[test]
fn a_removed_rpm_database_is_gone() {
    let base = binary(&[("etc/os-release", ALMA.as_bytes()), ("var/lib/rpm/rpmdb.sqlite", RPM)]);
    for path in ["var/lib/rpm/.wh.rpmdb.sqlite", "var/lib/.wh.rpm", "var/lib/rpm/.wh..wh..opq", "var/.wh.lib"] {
        let sbom = Image::new(&[base.clone(), files(&[(path, "")])]).scan().unwrap();
        // No package is left, and an image that shows none is not taken for clean: one gap, of the whole image.
        let places: Vec<&str> = sbom.gaps.iter().map(|it| it.place.as_str()).collect();
        assert_eq!((names(&sbom), places), (vec![], vec![""]), "{path}");
    }
    // An opaque directory with a database of its own layer.
    let top = binary(&[("var/lib/rpm/.wh..wh..opq", b""), ("usr/lib/sysimage/rpm/rpmdb.sqlite", RPM)]);
    assert_eq!(Image::new(&[base, top]).scan().unwrap().components.len(), 3);
}

/// A header of GNU tar's sparse form: so many bytes of data at an offset, in a file of a size.
fn sparse(path: &str, offset: u64, data: &[u8], size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(EntryType::GNUSparse);
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    let octal = |number: u64| format!("{number:011o}\0").into_bytes();
    let gnu = header.as_gnu_mut().unwrap();
    gnu.sparse[0].offset.copy_from_slice(&octal(offset));
    gnu.sparse[0].numbytes.copy_from_slice(&octal(data.len() as u64));
    gnu.sparse[1].offset.copy_from_slice(&octal(size));
    gnu.sparse[1].numbytes.copy_from_slice(&octal(0));
    gnu.realsize.copy_from_slice(&octal(size));
    header.set_cksum();
    let mut bytes = [header.as_bytes().as_slice(), data].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

#[test]
fn sparse_files_are_filled_and_bounded() {
    let path = "var/lib/rpm/rpmdb.sqlite";
    let whole = sparse(path, 0, RPM, 1 << 20);
    assert_eq!(found(&read(&whole, &whole).unwrap(), path), 3);
    let cut = &whole[..512 + RPM.len() - 1];
    assert_eq!(read(cut, cut).unwrap().files[path].gaps.len(), 1);
    let huge = sparse(path, 0, RPM, 1 << 32);
    assert_eq!(read(&huge, &huge).unwrap().files[path].gaps[0].kind, GapKind::LimitReached);
}

/// An entry with PAX headers, as GNU tar writes sparse files in that format.
fn pax(path: &str, headers: &[(&str, &str)], stored: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_pax_extensions(headers.iter().map(|(key, value)| (*key, value.as_bytes()))).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(stored.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, path, stored).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn sparse_files_of_pax_are_filled_under_their_own_names() {
    let path = "var/lib/rpm/rpmdb.sqlite";
    let odd = "var/lib/rpm/GNUSparseFile.1/rpmdb.sqlite";
    // The database, and a hole behind it.
    let mut database = RPM.to_vec();
    database.extend([0; 8192]);
    let end = RPM.len().to_string();
    let size = database.len().to_string();
    let map = format!("0,{end},{size},0");
    let mut in_data = format!("2\n0\n{end}\n{size}\n0\n").into_bytes();
    in_data.resize(512, 0);
    in_data.extend(RPM);
    let of_one = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", path),
        ("GNU.sparse.realsize", &size),
    ];
    let of_zero = [
        ("GNU.sparse.size", size.as_str()),
        ("GNU.sparse.numblocks", "2"),
        ("GNU.sparse.offset", "0"),
        ("GNU.sparse.numbytes", &end),
        ("GNU.sparse.offset", &size),
        ("GNU.sparse.numbytes", "0"),
    ];
    let between = [("GNU.sparse.size", size.as_str()), ("GNU.sparse.name", path), ("GNU.sparse.map", &map)];
    for tar in [pax(path, &of_zero, RPM), pax(odd, &between, RPM), pax(odd, &of_one, &in_data)] {
        let catalogue = read(&tar, &tar).unwrap();
        assert_eq!((found(&catalogue, path), catalogue.files.len()), (3, 1));
        assert!(catalogue.files[path].gaps.is_empty() && catalogue.gaps.is_empty());
    }
    // What lies behind a file that cannot be put together is still read.
    let more = files(&[OS]);
    let damaged = [
        pax(odd, &[("GNU.sparse.size", &size), ("GNU.sparse.name", path), ("GNU.sparse.map", "0,9,4")], RPM),
        pax(odd, &[("GNU.sparse.size", &size), ("GNU.sparse.name", path), ("GNU.sparse.map", "512,9,0,9")], RPM),
        pax(odd, &[("GNU.sparse.size", "10"), ("GNU.sparse.name", path), ("GNU.sparse.map", &map)], RPM),
        pax(odd, &[("GNU.sparse.size", &size), ("GNU.sparse.name", path), ("GNU.sparse.map", &map)], &RPM[..700]),
        pax(odd, &of_one, b"x\n"),
        pax(odd, &of_one, &in_data[..512]),
        pax(odd, &[("GNU.sparse.name", path)], RPM),
    ];
    for mut tar in damaged {
        tar.truncate(tar.len() - 1024);
        tar.extend(&more);
        let catalogue = read(&tar, &tar).unwrap();
        assert_eq!((catalogue.files[path].gaps.len(), found(&catalogue, OS.0)), (1, 1), "{catalogue:?}");
    }
}

#[test]
fn mutated_layers_never_panic() {
    let links = [(EntryType::Link, APK, "store"), (EntryType::Symlink, "etc/os-release", "../usr/lib/os-release")];
    let layer = [
        files(&[("store", &apk(&["a"])), ("usr/lib/os-release", OS.1), ("a/.wh.b", ""), ("c/.wh..wh..opq", "")]),
        super::tar(&links),
        sparse("var/lib/rpm/Packages", 512, &RPM[..512], 4096),
        pax(
            "x",
            &[("GNU.sparse.size", "999"), ("GNU.sparse.name", APK), ("GNU.sparse.map", "9,99,600,9")],
            &RPM[..512],
        ),
    ]
    .concat();
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..3000 {
        let mut bytes = layer.clone();
        for _ in 0..=next(3) {
            // Sizes and kinds stand in the headers' first 512 bytes: their checksum is made right again.
            let header = next(bytes.len() / 512) * 512;
            bytes[header + 100 + next(400)] = [b'0', b'7', 0x80, 0xff, b'S', b'L', b'1', b'5', b'x'][next(9)];
            let mut fixed = tar::Header::from_byte_slice(&bytes[header..header + 512]).clone();
            fixed.set_cksum();
            bytes[header..header + 512].copy_from_slice(fixed.as_bytes());
        }
        if next(5) == 0 {
            bytes.truncate(next(bytes.len()));
        }
        drop(read(&bytes, &bytes));
    }
}
