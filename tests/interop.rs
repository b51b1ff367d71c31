//! Stock cosign takes what is signed here, and refuses what it should.
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

use common::Project;
use common::tools::tool;
use std::path::Path;
use std::process::Command;

/// What cosign says of a bundle, about a digest.
fn cosign(program: &Path, project: &Project, bundle: &Path, kind: &str, hex: &str) -> (bool, String) {
    let mut command = Command::new(program);
    command
        .current_dir(project.root())
        .env("HOME", project.cache())
        .args(["verify-blob-attestation", "--key", "trust/local.pub", "--insecure-ignore-tlog", "--bundle"])
        .arg(bundle)
        .args(["--type", kind, "--digest", hex, "--digestAlg", "sha256"]);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn cosign_takes_every_bundle_about_an_image() {
    let Some(program) = tool("cosign_takes_every_bundle_about_an_image", "cosign") else { return };
    for key in ["p256", "ed25519"] {
        let project = Project::boutique();
        std::fs::remove_dir_all(project.root().join(".proofmark")).unwrap();
        std::fs::remove_file(project.root().join("trust/local.pub")).unwrap();
        project.ok(&["init", "--key", "--key-type", key]);
        project.build();
        let lock: toml::Table = String::from_utf8(project.read("compliance.lock")).unwrap().parse().unwrap();
        let mut checked = 0;
        for service in lock["service"].as_array().unwrap() {
            for subject in service["subject"].as_array().unwrap() {
                let digest = subject["digest"].as_str().unwrap();
                let Some(hex) = digest.strip_prefix("sha256:").filter(|_| checked < 6) else { continue };
                for attestation in subject["attestation"].as_array().unwrap() {
                    let name = attestation["bundle"].as_str().unwrap().trim_start_matches("sha256:");
                    let bundle = project.root().join(format!(".compliance/attestations/sha256/{name}.sigstore.json"));
                    let kind = attestation["type"].as_str().unwrap();
                    let (taken, said) = cosign(&program, &project, &bundle, kind, hex);
                    assert!(taken, "{key} {kind}: {said}");
                    checked += 1;
                    if checked == 1 {
                        let (taken, _) = cosign(&program, &project, &bundle, kind, &"0".repeat(64));
                        assert!(!taken, "another subject");
                        let altered = project.root().join("altered.json");
                        let text = std::fs::read_to_string(&bundle).unwrap();
                        std::fs::write(&altered, text.replacen("\"payload\":\"ey", "\"payload\":\"eX", 1)).unwrap();
                        assert!(!cosign(&program, &project, &altered, kind, hex).0, "another payload");
                    }
                }
            }
        }
        assert!(checked >= 6, "{checked}");
    }
}
