//! What users run into and attackers send: images made wrong, runs at once, runs that are stopped, places that cannot be
//! written. Nothing of it passes, and nothing of it breaks what was there.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "tests may fail loudly and touch files"
)]

mod common;

use common::{AS_OF, Project, Run};
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

const OS_RELEASE: &str = "etc/os-release";
const DEBIAN: &[u8] = b"ID=debian\nVERSION_ID=\"12\"\n";
const STATUS: &[u8] =
    b"Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u13\nArchitecture: amd64\n\n";

/// Paths and what is in them.
type Files<'a> = &'a [(&'a str, &'a [u8])];

fn tar(files: Files<'_>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Writes a layout of one image with these layers, compressed.
fn layout(project: &Project, directory: &str, layers: &[Vec<u8>]) {
    let blob = |bytes: &[u8]| {
        let digest = proofmark::model::Digest::of(bytes);
        project.write(&format!("{directory}/blobs/sha256/{}", digest.hex()), bytes);
        (digest.to_string(), bytes.len())
    };
    let described: Vec<String> = layers
        .iter()
        .map(|layer| {
            let (digest, size) = blob(layer);
            let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
            format!(r#"{{"mediaType":"{kind}","digest":"{digest}","size":{size}}}"#)
        })
        .collect();
    let plain = |layer: &Vec<u8>| {
        let mut plain = Vec::new();
        // Of one that is no gzip it does not matter.
        let _ = flate2::read::GzDecoder::new(layer.as_slice()).read_to_end(&mut plain);
        format!(r#""{}""#, proofmark::model::Digest::of(&plain))
    };
    let ids: Vec<String> = layers.iter().map(plain).collect();
    let rootfs = format!(r#"{{"type":"layers","diff_ids":[{}]}}"#, ids.join(","));
    let (config, size) = blob(format!(r#"{{"architecture":"amd64","os":"linux","rootfs":{rootfs}}}"#).as_bytes());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":{size}}},"layers":[{}]}}"#,
        described.join(",")
    );
    let (digest, size) = blob(manifest.as_bytes());
    project.write(
        &format!("{directory}/index.json"),
        format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":{size}}}]}}"#
        ),
    );
    project.write(&format!("{directory}/oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
}

const ONE_IMAGE: &str = r#"version = 1
[project]
name = "one"
[advisories]
sources = ["advisories"]
[trust]
keys = ["trust/local.pub"]
[policy.any]
[images.app]
ref = "oci:image"
[services.app]
images = ["app"]
policy = "any"
"#;

/// A project of one image, ready to build: advisories of Debian 12 at hand.
fn one_image(layers: &[Vec<u8>]) -> Project {
    let project = Project::bare("one");
    layout(&project, "image", layers);
    project.write("compliance.toml", ONE_IMAGE);
    project.write(
        "advisories/Debian/DEBIAN-1.json",
        r#"{"schema_version":"1.7.0","id":"DEBIAN-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"nothing"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#,
    );
    project.ok(&["init", "--key", "--key-type", "ed25519"]);
    project.ok(&["db", "import", "advisories"]);
    project
}

fn built(files: Files<'_>) -> Run {
    one_image(&[gzip(&tar(files))]).run(&["build", "--as-of", AS_OF])
}

#[test]
fn an_image_that_is_not_understood_is_incomplete() {
    let run = built(&[(OS_RELEASE, DEBIAN), ("var/lib/dpkg/status", STATUS)]);
    assert_eq!(run.code, 0, "{run:?}");
    let cases: [(&str, Files<'_>, &str); 4] = [
        ("no distribution", &[("var/lib/dpkg/status", STATUS)], "distribution"),
        ("an unknown one", &[(OS_RELEASE, b"ID=plan9\nVERSION_ID=4\n"), ("var/lib/dpkg/status", STATUS)], "plan9"),
        (
            "no advisories for it",
            &[(OS_RELEASE, b"ID=debian\nVERSION_ID=13\n"), ("var/lib/dpkg/status", STATUS)],
            "Debian:13",
        ),
        ("a cut list", &[(OS_RELEASE, DEBIAN), ("var/lib/dpkg/status", &STATUS[..40])], "status"),
    ];
    for (what, files, named) in cases {
        let run = built(files);
        assert_eq!(run.code, 6, "{what}: {run:?}");
        assert!(run.stdout.contains(named), "{what}: {}", run.stdout);
    }
}

#[test]
fn damaged_layers_never_pass() {
    let whole = gzip(&tar(&[(OS_RELEASE, DEBIAN), ("var/lib/dpkg/status", STATUS)]));
    for (what, layer) in [
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("no archive", gzip(b"this is no archive at all, but it is long enough to be looked at as a header of one")),
        ("no gzip", b"PK\x03\x04 nothing that anybody expects here".to_vec()),
        ("empty", Vec::new()),
    ] {
        let project = one_image(&[layer]);
        let run = project.run(&["build", "--as-of", AS_OF]);
        assert!([4, 6].contains(&run.code), "{what}: {run:?}");
    }
    // Bytes that are not those of their digest are no accident of format.
    let project = one_image(std::slice::from_ref(&whole));
    let digest = proofmark::model::Digest::of(&whole).hex();
    let mut other = whole.clone();
    other[20] ^= 1;
    project.write(&format!("image/blobs/sha256/{digest}"), other);
    assert_eq!(project.run(&["build", "--as-of", AS_OF]).code, 4);
    std::fs::remove_file(project.root().join(format!("image/blobs/sha256/{digest}"))).unwrap();
    let run = project.run(&["build", "--as-of", AS_OF]);
    assert!([2, 4, 5, 6].contains(&run.code), "{run:?}");
}

#[test]
fn names_that_lead_out_and_bombs_do_no_harm() {
    // A name with `..` cannot be made with the ordinary writer: the header is written by hand.
    let mut archive = tar(&[("aa/aa/aa/escaped", b"x")]);
    archive[..16].copy_from_slice(b"../../../escaped");
    let mut sum = [0_u8; 512];
    sum.copy_from_slice(&archive[..512]);
    sum[148..156].fill(b' ');
    let total: u32 = sum.iter().map(|byte| u32::from(*byte)).sum();
    archive[148..156].copy_from_slice(format!("{total:06o}\0 ").as_bytes());
    let project = one_image(&[gzip(&archive)]);
    let run = project.run(&["build", "--as-of", AS_OF]);
    assert!([0, 6].contains(&run.code), "{run:?}");
    assert!(!project.root().parent().unwrap().join("escaped").exists());

    // 300 MB of nothing in 300 KB, as a package list and as a file that nobody wants.
    let zeros = vec![0_u8; 300 << 20];
    let run = built(&[(OS_RELEASE, DEBIAN), ("var/lib/dpkg/status", &zeros)]);
    assert_eq!(run.code, 6, "{run:?}");
    let run = built(&[(OS_RELEASE, DEBIAN), ("var/lib/dpkg/status", STATUS), ("srv/film", &zeros)]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn runs_at_once_leave_one_whole_lock() {
    let project = Project::boutique();
    let start = || {
        let mut command = project.command(&["build", "--as-of", AS_OF]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..4).map(|_| start()).collect();
    for run in running {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    project.ok(&["verify", "--replay"]);
}

#[test]
#[cfg(unix)]
fn a_run_that_is_stopped_leaves_the_lock_and_the_next_picks_up() {
    let project = Project::boutique();
    project.build();
    let before = project.read("compliance.lock");
    project.ok(&["cache", "clear"]);
    project.edit("src/shipping/Cargo.lock", "# This file", "# this file");
    let mut command = project.command(&["build", "--as-of", AS_OF, "--stagger", "60s"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{errors}");
    assert!(errors.contains("stopped"), "{errors}");
    assert!(project.read("compliance.lock") == before, "the lock was touched");
    project.build();
    project.ok(&["verify", "--replay"]);
}

#[test]
#[cfg(unix)]
fn the_same_project_in_kdl_and_from_a_subdirectory() {
    let project = one_image(&[gzip(&tar(&[(OS_RELEASE, DEBIAN), ("var/lib/dpkg/status", STATUS)]))]);
    project.build();
    let toml = project.read("compliance.lock");
    std::fs::remove_file(project.root().join("compliance.toml")).unwrap();
    project.write(
        "compliance.kdl",
        r#"version 1
project name="one"
advisories {
    sources "advisories"
}
trust {
    keys "trust/local.pub"
}
policy "any"
image "app" ref="oci:image"
service "app" policy="any" {
    images "app"
}
"#,
    );
    let mut command = project.command(&["build", "--as-of", AS_OF]);
    command.current_dir(project.root().join("image/blobs"));
    let run = Run::of(command);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(project.read("compliance.lock") == toml, "another syntax is another lock");
}

#[test]
#[cfg(unix)]
fn places_that_cannot_be_written_are_said() {
    let project = Project::boutique();
    // A file where a directory should be cannot be written to by anybody, root included.
    project.write("file", "");
    let mut command = project.command(&["build", "--as-of", AS_OF]);
    command.env("PROOFMARK_CACHE_DIR", project.root().join("file"));
    assert_eq!(Run::of(command).code, 5);
    project.write(".compliance", "in the way");
    let run = project.run(&["build", "--as-of", AS_OF]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(!project.root().join("compliance.lock").exists());
}

/// What the README shows is what the program prints.
#[test]
fn the_readme_shows_what_is_printed() {
    let readme = include_str!("../README.md");
    let project = Project::boutique();
    let mut printed = vec![project.ok(&["db", "import", "advisories"])];
    printed.push(project.build());
    printed.push(project.ok(&["verify", "--offline", "--replay"]));
    printed.push(project.exits(1, &["--config", "compliance.failing.toml", "build", "--as-of", "2026-11-23"]).stdout);
    for text in printed {
        assert!(readme.contains(text.trim_end()), "README.md does not show:\n{text}");
    }
}

/// A pack is checked where there is nothing else: no project, no home, no cache and, where the system lets us, no network.
#[test]
fn a_pack_is_verified_alone_and_every_change_is_seen() {
    let project = Project::boutique();
    project.build();
    project.ok(&["pack"]);
    project.ok(&["pack", "--output", "again.pack"]);
    let pack = project.read("evidence.pack");
    assert!(pack == project.read("again.pack"), "the same evidence gave another pack");

    let auditor = Project::bare("auditor");
    auditor.write("evidence.pack", &pack);
    auditor.write("their.pub", project.read("trust/local.pub"));
    auditor.write("trust.toml", "keys = [\"their.pub\"]\n");
    let alone = |arguments: &[&str]| {
        let mut command = auditor.command(arguments);
        command.env_remove("PROOFMARK_CACHE_DIR");
        Run::of(command)
    };
    let run = alone(&["verify", "--pack", "evidence.pack", "--replay", "--trust", "trust.toml"]);
    assert_eq!(run.code, 0, "{run:?}");
    let run = alone(&["verify", "--pack", "evidence.pack"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("--trust FILE names your own"), "{run:?}");
    for at in (0..pack.len()).step_by(pack.len() / 40) {
        let mut other = pack.clone();
        other[at] ^= 1;
        auditor.write("other.pack", other);
        let run = alone(&["verify", "--pack", "other.pack"]);
        assert_eq!(run.code, 4, "byte {at}: {run:?}");
    }
    auditor.write("other.pack", &pack[..pack.len() / 2]);
    assert_eq!(alone(&["verify", "--pack", "other.pack"]).code, 4);
    // Another's key in the trust file: nothing in the pack is taken for trusted.
    auditor.ok(&["init"]);
    auditor.write("trust.toml", "keys = [\"trust/local.pub\"]\n");
    assert_eq!(alone(&["verify", "--pack", "evidence.pack", "--trust", "trust.toml"]).code, 4);

    let program = env!("CARGO_BIN_EXE_proofmark");
    let unshared = |arguments: &[&str]| {
        let mut command = std::process::Command::new("unshare");
        command.current_dir(auditor.root()).arg("-rn").args(arguments).env_clear();
        command.output().is_ok_and(|output| output.status.success())
    };
    if unshared(&["true"]) {
        assert!(unshared(&[program, "verify", "--pack", "evidence.pack", "--replay"]));
    } else {
        common::tools::skip("a_pack_is_verified_alone_and_every_change_is_seen", "`unshare -rn` is not allowed here");
    }
}
