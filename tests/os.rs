//! Real tools' images: what `skopeo` and `umoci` make of one image in every form, and what `rpm` and `cargo auditable` leave in
//! one. A tool that is not here is passed over, aloud.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "a test: it runs tools in temporary directories, and says aloud what it passes over; the shared part serves several"
)]

mod common;

use common::{AS_OF, Project};
use proofmark::adapters::scanner::builtin::Builtin;
use proofmark::adapters::subjects::Locator;
use proofmark::model::{Blob, Digest, Name, Sbom};
use proofmark::ports::{
    ActionKey, ActionRecord, BlobLookup, Cache, CacheError, Cancel, ImageSpec, Output, ScanRequest, ScanTask,
    Scanner as _, SubjectSpec, Subjects as _,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
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

fn scan(root: &Path, reference: &str) -> Arc<Sbom> {
    let spec = ImageSpec { name: Name::new("image").unwrap(), reference: reference.to_owned(), platform: None };
    let located = Locator::here(root.to_owned()).locate(&SubjectSpec::Image(spec), &|_, _| None).unwrap();
    let request = ScanRequest { located, cache: Arc::new(Forgetful), cancel: Cancel::new() };
    match Arc::new(Builtin::new()).scan(request) {
        ScanTask::Cpu(task) => task().unwrap(),
        ScanTask::Wait(_) => panic!("the built-in scanner waits for nobody"),
    }
}

/// Whether a tool is here.
fn has(test: &str, tool: &str) -> bool {
    common::tools::tool(test, tool).is_some()
}

fn run(directory: &Path, tool: &str, arguments: &[&str]) -> String {
    let program = common::tools::tool("", tool).unwrap();
    let output = Command::new(program).args(arguments).current_dir(directory).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{tool} {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn purls(sbom: &Sbom) -> BTreeSet<String> {
    sbom.components.iter().map(|component| component.purl.to_string()).collect()
}

#[test]
fn skopeo_and_umoci_give_the_same_in_every_form() {
    const TEST: &str = "skopeo_and_umoci_give_the_same_in_every_form";
    if !has(TEST, "skopeo") || !has(TEST, "umoci") {
        return;
    }
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique/images");
    // Not the one with zstd layers: neither tool can write or unpack it.
    for name in ["alpine", "debian", "checkout", "recommendation"] {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let from = format!("oci:{}", images.join(name).display());
        let copy = |to: &str| run(root, "skopeo", &["copy", "--quiet", "--insecure-policy", &from, to]);
        copy("oci:layout:tag");
        copy("oci-archive:oci.tar:tag");
        copy("docker-archive:docker.tar:shop.example/cart:1");
        run(root, "umoci", &["unpack", "--rootless", "--image", "layout:tag", "bundle"]);
        let layout = scan(root, "oci:layout");
        assert!(!layout.components.is_empty());
        for reference in ["oci-archive:oci.tar", "oci-archive:oci.tar:tag", "docker-archive:docker.tar:1"] {
            assert_eq!(scan(root, reference), layout, "{name} {reference}");
        }
        let unpacked = scan(root, "dir:bundle/rootfs");
        assert_eq!((purls(&unpacked), &unpacked.gaps), (purls(&layout), &layout.gaps), "{name}");
    }
}

#[test]
fn a_database_that_rpm_writes_now_is_read() {
    const TEST: &str = "a_database_that_rpm_writes_now_is_read";
    if !has(TEST, "rpm") || !has(TEST, "rpmbuild") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rpm/tiny.spec").display().to_string();
    let top = format!("_topdir {}", root.join("top").display());
    run(root, "rpmbuild", &["-bb", "--target", "noarch-linux", "--define", &top, &spec]);
    let database = root.join("rootfs/var/lib/rpm").display().to_string();
    std::fs::create_dir_all(root.join("rootfs/etc")).unwrap();
    std::fs::create_dir_all(&database).unwrap();
    std::fs::write(root.join("rootfs/etc/os-release"), "ID=\"rhel\"\nVERSION_ID=\"9.4\"\n").unwrap();
    let files = ["tiny-1.0-3.el9", "tiny-libs-4.5~rc1-1.el9", "big-1.0-3.el9"];
    let files = files.map(|name| format!("top/RPMS/noarch/{name}.noarch.rpm"));
    let install = ["--dbpath", &database, "-i", "--nodeps", "--justdb"];
    run(root, "rpm", &[install.as_slice(), &files.each_ref().map(String::as_str)].concat());
    let format = "pkg:rpm/redhat/%{NAME}@%{VERSION}-%{RELEASE}?arch=%{ARCH}&distro=rhel-9.4&epoch=%{EPOCH}\\n";
    let expected = run(root, "rpm", &["--dbpath", &database, "-qa", "--qf", format]);
    let sbom = scan(root, "dir:rootfs");
    assert_eq!(purls(&sbom), expected.lines().map(str::to_owned).collect());
    assert_eq!((sbom.components.len(), sbom.gaps.len()), (3, 0), "{:?}", sbom.gaps);
    // One removed again is not found in what its page still holds.
    run(root, "rpm", &["--dbpath", &database, "-e", "--nodeps", "--justdb", "big"]);
    assert_eq!(scan(root, "dir:rootfs").components.len(), 2);
}

#[test]
fn what_umoci_repacks_is_what_lies_unpacked() {
    const TEST: &str = "what_umoci_repacks_is_what_lies_unpacked";
    if !has(TEST, "umoci") || !has(TEST, "rpm") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    run(root, "umoci", &["init", "--layout", "image"]);
    run(root, "umoci", &["new", "--image", "image:1"]);
    run(root, "umoci", &["unpack", "--rootless", "--image", "image:1", "bundle"]);
    let rootfs = root.join("bundle/rootfs");
    let write = |path: &str, bytes: &[u8]| {
        std::fs::create_dir_all(rootfs.join(path).parent().unwrap()).unwrap();
        std::fs::write(rootfs.join(path), bytes).unwrap();
    };
    let fixture = |name: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rpm").join(name)).unwrap()
    };
    let pack = |expected: usize| {
        run(root, "umoci", &["repack", "--image", "image:1", "bundle"]);
        std::fs::remove_dir_all(root.join("bundle")).unwrap();
        run(root, "umoci", &["unpack", "--rootless", "--image", "image:1", "bundle"]);
        let (layers, unpacked) = (scan(root, "oci:image:1"), scan(root, "dir:bundle/rootfs"));
        assert_eq!((purls(&layers), &layers.gaps), (purls(&unpacked), &unpacked.gaps));
        assert_eq!((layers.components.len(), layers.gaps.len()), (expected, 0), "{:?}", layers.gaps);
    };
    // The last file of the layer is the one that counts.
    write("etc/os-release", b"ID=almalinux\nVERSION_ID=9.4\n");
    write("var/lib/rpm/Packages.db", &fixture("Packages.db"));
    pack(3);
    write("srv/a-1.dist-info/METADATA", b"Name: a\nVersion: 1\n");
    pack(4);
    std::fs::remove_dir_all(rootfs.join("var/lib/rpm")).unwrap();
    pack(1);
    write("usr/lib/sysimage/rpm/rpmdb.sqlite", &fixture("rpmdb.sqlite"));
    std::fs::remove_dir_all(rootfs.join("srv")).unwrap();
    write("srv", b"a file now");
    pack(3);
    let database = rootfs.join("usr/lib/sysimage/rpm").display().to_string();
    std::fs::remove_dir_all(&database).unwrap();
    write("usr/lib/sysimage/rpm/Packages", &fixture("Packages"));
    std::fs::hard_link(rootfs.join("usr/lib/sysimage/rpm/Packages"), rootfs.join("copy")).unwrap();
    pack(3);
}

#[test]
fn crates_of_a_program_are_found() {
    const TEST: &str = "crates_of_a_program_are_found";
    if !has(TEST, "cargo-auditable") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    std::fs::create_dir_all(root.join("app/src")).unwrap();
    std::fs::write(root.join("app/src/main.rs"), "fn main() { println!(\"{}\", semver::Version::new(1, 0, 0)); }")
        .unwrap();
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nsemver = \"1\"\n[workspace]\n";
    std::fs::write(root.join("app/Cargo.toml"), manifest).unwrap();
    run(&root.join("app"), "cargo-auditable", &["auditable", "build", "--offline"]);
    let sbom = scan(root, "dir:app/target/debug");
    let names: Vec<&str> = sbom.components.iter().map(|component| component.name.as_str()).collect();
    assert_eq!((names, sbom.gaps.len()), (vec!["app", "semver"], 0), "{:?}", sbom.gaps);
}

#[test]
fn advisories_for_binary_packages_meet_their_epochs() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = std::env::var_os("PROOFMARK_DATA").map_or_else(|| manifest.join("../shared/data"), Into::into);
    let records = data.join("osv-db/AlmaLinux/all.zip");
    if !records.exists() {
        common::tools::skip(
            "advisories_for_binary_packages_meet_their_epochs",
            &format!("no test data at {}", records.display()),
        );
        return;
    }
    let project = Project::bare("alma");
    project.write("osv/AlmaLinux/all.zip", std::fs::read(records).unwrap());
    project.ok(&["db", "import", "osv"]);
    let findings = |version: &str| {
        let line = format!("openssl-libs\t{version}\t1\t1\tAlma\t1\t1\tx86_64\t1\topenssl-{version}.src.rpm\n");
        project.write("rootfs/var/lib/rpmmanifest/container-manifest-2", line);
        project.write("rootfs/etc/os-release", "ID=almalinux\nVERSION_ID=9.5\n");
        let text = project.ok(&["scan", "rootfs:rootfs", "--match", "--format", "json"]);
        let result: serde_json::Value = serde_json::from_str(&text).unwrap();
        let ids: BTreeSet<String> =
            result["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        ids
    };
    let old = findings("3.2.2-6.el9_5");
    assert!(old.contains("CVE-2024-12797") && old.contains("ALSA-2026:25239"), "{old:?}");
    let newer = findings("3.2.2-6.el9_5.1");
    assert!(!newer.contains("CVE-2024-12797") && newer.contains("ALSA-2026:25239"), "{newer:?}");
    assert_eq!(findings("3.5.5-4.el9_8"), BTreeSet::new());
}

#[test]
fn a_build_takes_archives_and_root_filesystems() {
    let project = Project::boutique();
    let layout = project.root().join("images/checkout");
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all(".", &layout).unwrap();
    project.write("images/checkout.tar", builder.into_inner().unwrap());
    project.write("images/rootfs/etc/os-release", "ID=debian\nVERSION_ID=12\n");
    let status = "Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: 2024a-0\n";
    project.write("images/rootfs/var/lib/dpkg/status", status);
    let config = String::from_utf8(project.read("compliance.toml")).unwrap();
    let line = config.lines().find(|line| line.contains("\"oci:images/checkout\"")).unwrap().to_owned();
    project.edit("compliance.toml", &line, &line.replace("oci:images/checkout", "oci-archive:images/checkout.tar"));
    let other = config.lines().find(|line| line.contains("\"oci:images/payment\"")).unwrap().to_owned();
    project.edit("compliance.toml", &other, &other.replace("oci:images/payment", "dir:images/rootfs"));
    let first = project.run(&["build", "--as-of", AS_OF]);
    assert!([0, 1].contains(&first.code), "{}{}", first.stdout, first.stderr);
    let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
    assert!(lock.contains("dir:images/rootfs") && lock.contains("oci-archive:images/checkout.tar"), "{lock}");
    let verify = |project: &Project| project.run(&["verify", "--as-of", "lock", "--offline", "--replay"]);
    assert_eq!(verify(&project).code, first.code);
    project.write("images/rootfs/var/lib/dpkg/status", status.replace("2024a", "2024b"));
    assert_eq!(verify(&project).code, 3, "the lock is stale");
}

#[test]
fn sparse_files_are_read_with_their_holes() {
    const TEST: &str = "sparse_files_are_read_with_their_holes";
    if !has(TEST, "tar") || !has(TEST, "umoci") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    std::fs::create_dir_all(root.join("files/etc")).unwrap();
    std::fs::create_dir_all(root.join("files/var/lib/rpm")).unwrap();
    std::fs::write(root.join("files/etc/os-release"), "ID=almalinux\nVERSION_ID=9.4\n").unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rpm/rpmdb.sqlite");
    let database = root.join("files/var/lib/rpm/rpmdb.sqlite");
    std::fs::copy(fixture, &database).unwrap();
    let file = std::fs::File::options().write(true).open(&database).unwrap();
    file.set_len(64 << 20).unwrap();
    drop(file);
    run(root, "tar", &["--create", "--sparse", "--format=gnu", "--file", "layer.tar", "--directory", "files", "."]);
    assert!(root.join("layer.tar").metadata().unwrap().len() < 1 << 20);
    run(root, "umoci", &["init", "--layout", "image"]);
    run(root, "umoci", &["new", "--image", "image:1"]);
    run(root, "umoci", &["raw", "add-layer", "--image", "image:1", "layer.tar"]);
    let sbom = scan(root, "oci:image:1");
    assert_eq!((sbom.components.len(), sbom.gaps.len()), (3, 0), "{:?}", sbom.gaps);
}

#[test]
fn advisories_for_a_repository_are_for_its_release() {
    let project = Project::bare("rhel");
    let record = |id: &str, ecosystem: &str, name: &str| {
        serde_json::json!({"id": id, "modified": "2026-01-01T00:00:00Z", "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:3.0.7-25.el9_3"}]}],
        }]})
        .to_string()
    };
    project.write("osv/Red Hat/a.json", record("RHSA-1", "Red Hat:enterprise_linux:9::baseos", "openssl-libs"));
    project.write("osv/Red Hat/b.json", record("RHSA-2", "Red Hat:enterprise_linux:8::baseos", "openssl-libs"));
    project.write("osv/Red Hat/c.json", record("RHSA-3", "Red Hat:enterprise_linux:9::appstream", "openssl"));
    project.write("rootfs/etc/os-release", "ID=rhel\nVERSION_ID=9.2\n");
    let line = "openssl-libs\t3.0.7-24.el9\t1\t1\tRed Hat\t1\t1\tx86_64\t1\topenssl-3.0.7-24.el9.src.rpm\n";
    project.write("rootfs/var/lib/rpmmanifest/container-manifest-2", line);
    project.ok(&["db", "import", "osv"]);
    let text = project.ok(&["scan", "rootfs:rootfs", "--match", "--format", "json"]);
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    let ids: Vec<&str> = result["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["RHSA-1"]);
    // The next release is not covered by these records.
    project.write("rootfs/etc/os-release", "ID=rhel\nVERSION_ID=10.0\n");
    project.exits(6, &["scan", "rootfs:rootfs", "--match"]);
}

#[test]
fn advisories_for_a_product_are_for_its_service_pack() {
    let project = Project::bare("sles");
    let record = |id: &str, entries: &[(&str, &str, &str)]| {
        let entry = |(ecosystem, name, fixed): &(&str, &str, &str)| {
            serde_json::json!({
                "package": {"ecosystem": ecosystem, "name": name, "purl": format!("pkg:rpm/suse/{name}")},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
                "ecosystem_specific": {"binaries": [{format!("lib{name}"): fixed}]},
            })
        };
        let affected: Vec<_> = entries.iter().map(entry).collect();
        let modified = "2026-01-01T00:00:00Z";
        serde_json::json!({"id": id, "modified": modified, "affected": affected}).to_string()
    };
    for (id, entries) in [
        (
            "SUSE-SU-2024:1-1",
            &[
                ("SUSE:Linux Enterprise Module for Basesystem 15 SP5", "openssl-3", "3.0.8-150500.5.42.1"),
                ("SUSE:Linux Enterprise Server 15 SP4-LTSS", "openssl-3", "3.0.8-150400.4.63.1"),
                ("SUSE:Linux Enterprise Micro 5.5", "openssl-3", "3.0.8-150500.5.42.1"),
                ("SUSE:Linux Micro 6.0", "openssl-3", "3.1.4-6.1"),
                ("SUSE:Linux Enterprise Server 16.0", "openssl-3", "3.5.0-160000.3.2"),
            ][..],
        ),
        ("SUSE-SU-2024:2-1", &[("SUSE:Manager Server 4.3", "openssl-3", "4-1")]),
        ("SUSE-SU-2024:3-1", &[("SUSE:Linux Enterprise Module for Toolchain 12", "gcc13", "13.3-1.1")]),
        ("SUSE-SU-2024:4-1", &[("SUSE:Linux Enterprise Server 12 SP5-LTSS", "openssl-3", "1-1")]),
    ] {
        project.write(&format!("osv/SUSE/{}.json", id.replace(':', "-")), record(id, entries));
    }
    project.ok(&["db", "import", "osv"]);
    let findings = |os: &str, packages: &[(&str, &str)]| -> Result<Vec<String>, i32> {
        let line = |(binary, source): &(&str, &str)| {
            let (name, version) = source.split_once('@').unwrap();
            format!("{binary}\t{version}\t1\t1\tSUSE LLC\t(none)\t1\tx86_64\t0\t{name}-{version}.src.rpm\n")
        };
        project.write("rootfs/etc/os-release", os);
        let list: String = packages.iter().map(line).collect();
        project.write("rootfs/var/lib/rpmmanifest/container-manifest-2", list);
        let run = project.run(&["scan", "rootfs:rootfs", "--match", "--format", "json"]);
        let result: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let ids = result["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned());
        if run.code == 0 { Ok(ids.collect()) } else { Err(run.code) }
    };
    let of = |id: &str| Ok(vec![id.to_owned()]);
    let old = ("libopenssl3", "openssl-3@3.0.8-150500.5.7.1");
    let fixed = ("libopenssl3", "openssl-3@3.0.8-150500.5.42.1");
    let sp5 = "ID=\"sles\"\nVERSION_ID=\"15.5\"\nPRETTY_NAME=\"SUSE Linux Enterprise Server 15 SP5\"\n";
    assert_eq!(findings(sp5, &[old]), of("SUSE-SU-2024:1-1"));
    assert_eq!(findings(sp5, &[fixed]), Ok(vec![]));
    // That the fourth service pack's fix is older than this build says nothing.
    assert_eq!(findings("ID=sles_sap\nVERSION_ID=15.4\n", &[old]), Ok(vec![]));
    assert_eq!(findings("ID=sle-micro\nVERSION_ID=5.5\n", &[old]), of("SUSE-SU-2024:1-1"));
    assert_eq!(
        findings("ID=sl-micro\nVERSION_ID=6.0\n", &[("libopenssl3", "openssl-3@3.1.4-4.1")]),
        of("SUSE-SU-2024:1-1")
    );
    assert_eq!(findings("ID=sles\nVERSION_ID=16.0\n", &[fixed]), of("SUSE-SU-2024:1-1"));
    // Modules of 12 have no service packs.
    assert_eq!(findings("ID=sles\nVERSION_ID=12.5\n", &[("libgcc_s1", "gcc13@13.2-1.1")]), of("SUSE-SU-2024:3-1"));
    // A service pack that no record names is not clean.
    assert_eq!(findings("ID=sles\nVERSION_ID=15.7\n", &[fixed]), Err(6));
}

#[test]
fn advisories_for_a_stream_are_for_its_module() {
    const TEST: &str = "advisories_for_a_stream_are_for_its_module";
    if !has(TEST, "rpm") || !has(TEST, "rpmbuild") {
        return;
    }
    let project = Project::bare("modules");
    let root = &project.root();
    let database = root.join("rootfs/var/lib/rpm").display().to_string();
    std::fs::create_dir_all(&database).unwrap();
    project.write("rootfs/etc/os-release", "ID=rhel\nVERSION_ID=8.10\n");
    let top = format!("_topdir {}", root.join("top").display());
    for (name, release, label) in [
        ("nodejs", "1.module+el8.10.0+1+a", "ModularityLabel: nodejs:18:8100020240101:a"),
        ("npm", "2.module+el8.10.0+1+a", ""),
        ("perl", "3.el8", ""),
    ] {
        let spec = format!(
            "Name: {name}\nVersion: 18.2\nRelease: {release}\nSummary: s\nLicense: MIT\nBuildArch: noarch\n{label}\n\
             %description\nd\n%files\n"
        );
        project.write("package.spec", spec);
        let spec = root.join("package.spec").display().to_string();
        run(root, "rpmbuild", &["-bb", "--target", "noarch-linux", "--define", &top, &spec]);
        let file = format!("top/RPMS/noarch/{name}-18.2-{release}.noarch.rpm");
        run(root, "rpm", &["--dbpath", &database, "-i", "--nodeps", "--justdb", &file]);
    }
    let record = |id: &str, summary: &str, names: [&str; 2], fixed: &str| {
        let entry = |name: &str| {
            serde_json::json!({
                "package": {"ecosystem": "Red Hat:enterprise_linux:8::appstream", "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            })
        };
        let affected = names.map(entry);
        let modified = "2026-01-01T00:00:00Z";
        serde_json::json!({"id": id, "modified": modified, "summary": summary, "affected": affected}).to_string()
    };
    let summary = |stream: &str| format!("Red Hat Security Advisory: {stream} security update");
    for (id, stream, names, fixed) in [
        ("RHSA-1", "nodejs:18", ["nodejs", "npm"], "18.3-1.module+el8.10.0+9+b"),
        ("RHSA-2", "nodejs:20", ["nodejs", "npm"], "20.1-1.module+el8.10.0+9+b"),
        ("RHSA-3", "perl:5.30", ["perl", "npm"], "30.1-1.module+el8.10.0+9+b"),
        ("RHSA-4", "perl", ["perl", "nodejs"], "18.2-4.el8"),
    ] {
        project.write(&format!("osv/Red Hat/{id}.json"), record(id, &summary(stream), names, fixed));
    }
    project.ok(&["db", "import", "osv"]);
    let text = project.exits(6, &["scan", "rootfs:rootfs", "--match", "--format", "json"]).stdout;
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    let found = result["findings"].as_array().unwrap().iter();
    let found: BTreeSet<String> = found.map(|it| format!("{} {}", it["package"], it["id"]).replace('"', "")).collect();
    let of = |name: &str, release: &str, module: &str, id: &str| {
        format!("pkg:rpm/redhat/{name}@18.2-{release}?arch=noarch&distro=rhel-8.10{module} {id}")
    };
    let module = "&rpmmod=nodejs:18:8100020240101:a";
    assert_eq!(
        found,
        [
            of("nodejs", "1.module%2Bel8.10.0%2B1%2Ba", module, "RHSA-1"),
            // Without a label the version says that it is one of 18.
            of("npm", "2.module%2Bel8.10.0%2B1%2Ba", "", "RHSA-1"),
            of("perl", "3.el8", "", "RHSA-4"),
        ]
        .into()
    );
    let gaps: Vec<&str> = result["gaps"].as_array().unwrap().iter().map(|it| it["reason"].as_str().unwrap()).collect();
    assert_eq!(gaps, ["its module's stream is not known: not held against RHSA-3"]);
}
