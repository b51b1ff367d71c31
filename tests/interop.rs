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

use common::tools::tool;
use common::vault::Vault;
use common::{AS_OF, Project, Run};
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

/// Runs a command as it was printed, with cosign in reach.
fn shell(program: &Path, project: &Project, line: &str) -> (bool, String) {
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(project.root()).env("HOME", project.cache()).env("PATH", path);
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// What `trust export` says that cosign is to be asked, by predicate type.
fn exported(project: &Project) -> Vec<String> {
    let json = project.exits(0, &["trust", "export", "--format", "json"]).json();
    let commands = json["commands"].as_array().unwrap();
    commands.iter().map(|each| each["command"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn cosign_takes_what_the_exported_trust_says() {
    let Some(program) = tool("cosign_takes_what_the_exported_trust_says", "cosign") else { return };
    // By keys, with and without a time.
    for timestamp in [false, true] {
        let project = Project::boutique();
        if timestamp {
            project.edit("compliance.toml", "with = \"local\"", "with = \"local\"\ntimestamp = \"local\"");
            project.edit("compliance.toml", "[trust]", "[trust]\nroots = [\"trust/time.pem\"]");
            project.ok(&["init", "--key"]);
        }
        project.build();
        let commands = exported(&project);
        assert!(commands.len() >= 9 && commands.len() % 3 == 0, "{}", commands.len());
        for command in commands.iter().take(3) {
            let (taken, said) = shell(&program, &project, command);
            assert!(taken, "{command}\n{said}");
        }
        let other = commands[0].replace("--digest ", "--digest 0000");
        assert!(!shell(&program, &project, &other).0);
    }
    // By certificates, of minutes.
    let Some(vault) = Vault::start("cosign_takes_what_the_exported_trust_says (certificates)") else { return };
    let project = Project::boutique();
    project.edit(
        "compliance.toml",
        "[trust]",
        &format!(
            "[vault]\naddress = \"{}\"\n[vault.roles.attest]\nengine = \"pki\"\nrole = \"attestation\"\nidentity = \"https://ci.example/acme/it's\"\n\
             [trust]\nroots = [\"trust/ca.pem\", \"trust/time.pem\"]\nidentities = [\"https://ci.example/acme/*\"]",
            vault.address()
        ),
    );
    project.edit("compliance.toml", "with = \"local\"", "with = \"attest\"\ntimestamp = \"local\"");
    project.write("trust/ca.pem", vault.roots());
    project.ok(&["init", "--key"]);
    let mut build = project.command(&["build", "--as-of", AS_OF]);
    build.env("VAULT_TOKEN", vault.token());
    let run = Run::of(build);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let commands = exported(&project);
    for command in commands.iter().take(3) {
        let (taken, said) = shell(&program, &project, command);
        assert!(taken, "{command}\n{said}");
    }
    for (from, to) in [("acme/it", "acme/is"), ("--digest ", "--digest 0000")] {
        assert!(!shell(&program, &project, &commands[0].replace(from, to)).0, "{to}");
    }
    // Without either authority it is refused.
    let root = project.read("trusted_root.json");
    let mut json: serde_json::Value = serde_json::from_slice(&root).unwrap();
    for list in ["certificateAuthorities", "timestampAuthorities"] {
        assert_eq!(json[list].as_array().unwrap().len(), 1, "{list}");
        let taken = json[list].take();
        json[list] = serde_json::json!([]);
        project.write("trusted_root.json", json.to_string());
        assert!(!shell(&program, &project, &commands[0]).0, "without {list}");
        json[list] = taken;
    }
    // And we read it ourselves as what it is.
    project.write("trusted_root.json", root);
    project.write("trust.toml", "roots = [\"trusted_root.json\"]\nidentities = [\"https://ci.example/acme/*\"]\n");
    project.ok(&["verify", "--trust", "trust.toml", "--replay"]);
}
