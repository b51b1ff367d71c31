//! Scanners that are programs of their own: the real ones, and programs that do everything wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "tests may fail loudly and touch files"
)]

mod common;

use common::{AS_OF, Project, Run, without_signatures};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A real program, where it is installed.
fn tool(test: &str, name: &str) -> Option<PathBuf> {
    common::tools::tool(test, name).map(|path| std::fs::canonicalize(path).unwrap())
}

/// The example, scanned by another engine.
fn boutique(engine: &str, settings: &str) -> Project {
    let project = Project::boutique();
    project.edit("compliance.toml", "engine = \"builtin\"", &format!("engine = \"{engine}\"\ntimeout = \"5m\""));
    project.edit("compliance.toml", "[advisories]", &format!("[scan.{engine}]\n{settings}\n[advisories]"));
    project
}

fn binary(path: &Path) -> String {
    format!("binary = {:?}", path.display().to_string())
}

/// A program that tells Trivy's version, and then does what the script says.
fn shim(project: &Project, version: &str, script: &str) -> PathBuf {
    let path = project.root().parent().unwrap().join("shim");
    let text = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\ncase \"$1\" in --version) echo 'Version: {version}'; exit 0;; esac\n{script}\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The example with a program in Trivy's place.
fn with_shim(script: &str) -> Project {
    let project = boutique("trivy", "binary = \"../shim\"");
    shim(&project, "0.59.1", script);
    project
}

fn build_payment(project: &Project) -> Run {
    project.run(&["build", "payment", "--as-of", AS_OF, "--jobs", "4"])
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/scanners/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn trivy_builds_verifies_and_comes_out_the_same_sixteen_at_once() {
    for name in ["trivy", "trivy-0.67.2"] {
        let Some(trivy) = tool("trivy_builds_verifies_and_comes_out_the_same_sixteen_at_once", name) else { continue };
        let project = boutique("trivy", &binary(&trivy));
        let first = project.build();
        assert!(first.contains("compliance.lock written"), "{first}");
        let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
        assert!(lock.contains("scanners = { trivy = \"0."), "{lock}");
        project.ok(&["verify", "--offline", "--replay"]);
        project.ok(&["build", "--locked", "--as-of", AS_OF]);

        let other = boutique("trivy", &binary(&trivy));
        other.exits(0, &["build", "--as-of", AS_OF, "--jobs", "16"]);
        assert_eq!(without_signatures(lock.as_bytes()), without_signatures(&other.read("compliance.lock")));
    }
}

#[test]
fn syft_builds_and_verifies_and_what_it_cannot_read_is_not_clean() {
    let Some(syft) = tool("syft_builds_and_verifies_and_what_it_cannot_read_is_not_clean", "syft") else { return };
    let project = boutique("syft", &binary(&syft));
    let run = project.exits(6, &["build", "--as-of", AS_OF]);
    assert!(run.stdout.contains("uv.lock: syft shows nothing of this file"), "{}", run.stdout);
    // The one service that it cannot read goes to another scanner.
    project.edit("compliance.toml", "[services.search]", "[services.search]\nengine = \"builtin\"");
    project.build();
    project.ok(&["verify", "--offline", "--replay"]);
    let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
    assert!(lock.contains("scanners = { builtin = \"") && lock.contains(", syft = \"1."), "{lock}");
}

#[test]
fn images_of_every_form_have_the_same_components() {
    let Some(trivy) = tool("images_of_every_form_have_the_same_components", "trivy") else { return };
    let Some(syft) = tool("images_of_every_form_have_the_same_components", "syft") else { return };
    for (engine, program) in [("trivy", trivy), ("syft", syft)] {
        let project = boutique(engine, &binary(&program));
        let tar = |from: &str, to: &str| {
            let done = std::process::Command::new("tar")
                .current_dir(project.root())
                .args(["-C", from, "-cf", to, "."])
                .status();
            assert!(done.unwrap().success());
        };
        tar("images/payment", "payment.tar");
        let components = |reference: &str| {
            let json = project.exits(0, &["scan", reference, "--engine", engine, "--format", "json"]).json();
            assert_eq!(json["scanner"]["name"], engine);
            json["components"].clone()
        };
        assert_eq!(components("oci:images/payment"), components("oci-archive:payment.tar"), "{engine}");
        let root = project.root().join("rootfs");
        for (name, text) in [
            ("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
            (
                "var/lib/dpkg/status",
                "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n\n",
            ),
        ] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let installed = components("rootfs:rootfs");
        assert_eq!(
            installed[0]["purl"], "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12",
            "{engine}"
        );
        assert_eq!(installed[0]["source"]["name"], "zlib", "{engine}");
    }
}

#[test]
fn a_program_that_is_not_the_pinned_one_never_runs() {
    let project = boutique("trivy", &format!("binary = \"../shim\"\nsha256 = \"{}\"", "ab".repeat(32)));
    let marker = project.root().parent().unwrap().join("ran");
    let shim = shim(&project, "0.59.1", "exit 0");
    let text = std::fs::read_to_string(&shim).unwrap();
    std::fs::write(&shim, text.replacen("PATH=", &format!("echo ran > {}\nPATH=", marker.display()), 1)).unwrap();
    let run = project.exits(4, &["build", "--as-of", AS_OF]);
    assert!(run.stderr.contains("scanner::other-program"), "{}", run.stderr);
    assert!(!marker.exists(), "it was run");
    assert!(!project.root().join("compliance.lock").exists());
}

#[test]
fn malicious_and_missing_programs_are_refused() {
    for version in ["0.69.4", "0.69.5", "0.69.6"] {
        let project = boutique("trivy", "binary = \"../shim\"");
        shim(&project, version, "exit 0");
        let run = project.exits(4, &["build", "--as-of", AS_OF]);
        assert!(run.stderr.contains("scanner::malicious"), "{}", run.stderr);
    }
    let project = boutique("trivy", "binary = \"no-such-scanner\"");
    let run = project.exits(5, &["build", "--as-of", AS_OF]);
    assert!(run.stderr.contains("scanner::missing"), "{}", run.stderr);
    let project = boutique("trivy", "binary = \"../shim\"");
    shim(&project, "0.12.0", "exit 0");
    let run = project.exits(5, &["plan"]);
    assert!(run.stderr.contains("scanner::unusable"), "{}", run.stderr);
}

#[test]
fn a_bad_answer_is_never_clean() {
    let whole = std::fs::read(fixture("trivy-0.59.1/image.cdx.json")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let half = directory.path().join("half.json");
    std::fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    for (what, script) in [
        ("nothing", "exit 0".to_owned()),
        ("a blank line", "echo; exit 0".to_owned()),
        ("half a report", format!("cat {}", half.display())),
        ("a report of another image", format!("cat {}", fixture("trivy-0.59.1/image.cdx.json"))),
        ("not a report", "echo '{}'".to_owned()),
        ("a gigabyte", "exec head -c 1073741824 /dev/zero".to_owned()),
        ("a gigabyte of complaints", "head -c 1073741824 /dev/zero >&2".to_owned()),
        ("failure", "echo 'FATAL no'; exit 1".to_owned()),
        ("a signal", "kill -9 $$".to_owned()),
    ] {
        let run = build_payment(&with_shim(&script));
        assert!(matches!(run.code, 5 | 6), "{what}: {}\n{}\n{}", run.code, run.stdout, run.stderr);
    }
}

#[test]
fn a_complaint_beside_a_good_report_is_not_clean() {
    let Some(trivy) = tool("a_complaint_beside_a_good_report_is_not_clean", "trivy") else { return };
    let good = format!("{} \"$@\"", trivy.display());
    let run = build_payment(&with_shim(&good));
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    let run = build_payment(&with_shim(&format!("{good}\necho 'error: the disk is full, token=hunter2' >&2; exit 0")));
    assert_eq!(run.code, 6, "{}\n{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("the disk is full") && !run.stdout.contains("hunter2"), "{}", run.stdout);
}

#[test]
fn a_program_that_hangs_is_ended_with_all_that_it_started() {
    let project = with_shim("sleep 300 & echo $! >> \"$0.pids\"; echo $$ >> \"$0.pids\"; wait");
    project.edit("compliance.toml", "timeout = \"5m\"", "timeout = \"1s\"");
    let run = build_payment(&project);
    assert_eq!(run.code, 6, "{}\n{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("not finished within 1s"), "{}", run.stdout);
    let pids = std::fs::read_to_string(project.root().parent().unwrap().join("shim.pids")).unwrap();
    assert!(pids.lines().count() >= 2, "{pids}");
    let is_alive = |pid: &&str| {
        // What was killed and not yet collected by its new parent is dead all the same.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    std::thread::sleep(std::time::Duration::from_millis(200));
    let alive: Vec<&str> = pids.lines().filter(is_alive).collect();
    assert!(alive.is_empty(), "left behind: {alive:?}");
}

#[test]
fn a_program_sees_nothing_of_ours() {
    let project = with_shim("env >> \"$0.seen\"; echo \"argv: $*\" >> \"$0.seen\"; pwd >> \"$0.seen\"; exit 0");
    let secrets = [
        "VAULT_TOKEN",
        "BAO_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "GITHUB_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "TRIVY_PASSWORD",
        "TRIVY_TOKEN",
        "DOCKER_CONFIG",
        "SYFT_REGISTRY_AUTH_PASSWORD",
    ];
    let mut command = project.command(&["build", "payment", "--as-of", AS_OF]);
    for name in secrets {
        command.env(name, "s3cr3t-value-of-ours");
    }
    let key = std::fs::canonicalize(project.root().join(".proofmark/local.key")).unwrap();
    command.env("PROOFMARK_KEY_FILE", &key).env("HOME", "/home/s3cr3t-value-of-ours");
    let run = Run::of(command);
    assert!(matches!(run.code, 5 | 6), "{}", run.stderr);
    let seen = std::fs::read_to_string(project.root().parent().unwrap().join("shim.seen")).unwrap();
    assert!(!seen.contains("s3cr3t-value-of-ours"), "{seen}");
    assert!(!seen.contains("local.key") && !seen.contains("boutique"), "{seen}");
    let allowed = [
        "HOME",
        "TMPDIR",
        "LC_ALL",
        "TZ",
        "NO_COLOR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "TRIVY_DISABLE_TELEMETRY",
        "TRIVY_SKIP_VERSION_CHECK",
        "PATH",
        "PWD",
        "_",
        "OLDPWD",
        "SHLVL",
    ];
    let names = seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
    for name in names.filter(|name| !name.contains(' ')) {
        assert!(allowed.contains(&name), "{name} is in its environment");
    }
}

#[test]
fn another_program_is_noticed_when_nothing_else_changed() {
    let Some(trivy) = tool("another_program_is_noticed_when_nothing_else_changed", "trivy") else { return };
    let project = with_shim(&format!("exec {} \"$@\"", trivy.display()));
    std::thread::sleep(std::time::Duration::from_millis(50));
    project.build();
    let again = project.build();
    assert!(again.contains("nothing changed"), "{again}");
    shim(&project, "0.59.1", &format!("# another\nexec {} \"$@\"", trivy.display()));
    let run = project.exits(3, &["build", "--locked", "--as-of", AS_OF]);
    assert!(run.stderr.contains("trivy"), "{}", run.stderr);
}

#[test]
fn doctor_tells_what_a_build_would_meet() {
    let project = Project::boutique();
    let json = project.exits(0, &["doctor", "--format", "json"]).json();
    let check = |json: &serde_json::Value, name: &str| {
        let checks = json["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {json}")).clone()
    };
    for name in ["config", "signing key", "advisory database", "clock", "cache"] {
        assert_eq!(check(&json, name)["state"], "ok", "{json}");
    }
    let mut command = project.command(&["doctor"]);
    command.env("VAULT_TOKEN", "s3cr3t");
    let run = Run::of(command);
    assert!(run.stdout.contains("VAULT_TOKEN") && !run.stdout.contains("s3cr3t"), "{}", run.stdout);

    let key = project.root().join(".proofmark/local.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    project.exits(2, &["doctor"]);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();

    // A malicious program is a matter even where nothing uses it.
    project.edit("compliance.toml", "[advisories]", "[scan.trivy]\nbinary = \"../shim\"\n[advisories]");
    shim(&project, "0.69.4", "exit 0");
    let run = project.exits(4, &["doctor"]);
    assert!(run.stdout.contains("problem") && run.stdout.contains("scanner::malicious"), "{}", run.stdout);
    shim(&project, "0.59.1", "exit 0");
    let run = project.exits(0, &["doctor"]);
    assert!(run.stdout.contains("it is a script"), "{}", run.stdout);
    std::fs::remove_dir_all(project.cache()).unwrap();
    project.exits(6, &["doctor"]);
}

#[test]
fn a_summary_is_appended_whatever_the_result() {
    let project = Project::boutique();
    project.write("summary.md", "before\n");
    let build = ["build", "--as-of", AS_OF, "--summary", "summary.md"];
    project.exits(0, &build);
    let text = String::from_utf8(project.read("summary.md")).unwrap();
    assert!(text.starts_with("before\n### boutique\n\n| service | verdict |"), "{text}");
    assert!(text.contains("| payment | waived |") && text.contains("CVE-2021-44906"), "{text}");
    project.edit("compliance.toml", "high = 3", "high = 2");
    project.run(&["build", "--locked", "--as-of", AS_OF, "--summary", "summary.md"]);
    let text = String::from_utf8(project.read("summary.md")).unwrap();
    assert!(text.contains("is not what this build would write"), "{text}");
}

#[test]
fn trivy_has_no_database_of_jars() {
    let Some(trivy) = tool("trivy_has_no_database_of_jars", "trivy") else { return };
    let project = boutique("trivy", &binary(&trivy));
    project.write("rootfs/etc/os-release", "ID=debian\nVERSION_ID=12\n");
    // The least that is a zip file: its end record.
    let jar = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    project.write("rootfs/app/a.jar", jar);
    let run = project.exits(6, &["scan", "rootfs:rootfs", "--engine", "trivy"]);
    assert!(run.stderr.contains("what a JAR is"), "{}", run.stderr);
}
