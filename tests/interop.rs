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

/// The older major version takes the same commands with one flag more, and wants the trusted root beside a key too.
fn older(line: &str) -> String {
    let root = if line.contains("--trusted-root") { "" } else { " --trusted-root trusted_root.json" };
    line.replacen("verify-blob-attestation", &format!("verify-blob-attestation --new-bundle-format{root}"), 1)
}

/// Runs a command as it was printed, with cosign in reach.
fn shell(program: &Path, project: &Project, line: &str) -> (bool, String) {
    let line = line.replacen("cosign", program.file_name().unwrap().to_str().unwrap(), 1);
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(project.root()).env("HOME", project.cache()).env("PATH", path);
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// What `trust export` says that cosign is to be asked, by predicate type.
fn exported(project: &Project) -> Vec<String> {
    let json = project.exits(0, &["trust", "export", "--format", "json"]).json();
    let commands = json["commands"].as_array().unwrap();
    commands.iter().map(|each| each["command"].as_str().unwrap().to_owned()).collect()
}

fn about_an_image(commands: &[String]) -> &str {
    commands.iter().find(|command| command.contains(" --digest ")).unwrap()
}

fn by_version_two(project: &Project, commands: &[String]) {
    let Some(program) = tool("cosign_takes_what_the_exported_trust_says (version 2)", "cosign-v2") else { return };
    for command in commands {
        let (taken, said) = shell(&program, project, &older(command));
        assert!(taken, "{command}\n{said}");
    }
    assert!(!shell(&program, project, &older(&about_an_image(commands).replace("--digest ", "--digest 0000"))).0);
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
        // Three of each subject, and the lock's.
        assert!(commands.len() >= 49 && commands.len() % 3 == 1, "{}", commands.len());
        for command in &commands {
            let (taken, said) = shell(&program, &project, command);
            assert!(taken, "{command}\n{said}");
        }
        let other = about_an_image(&commands).replace("--digest ", "--digest 0000");
        assert!(!shell(&program, &project, &other).0);
        project.write("other.lock", "version = 1\n");
        let other = commands.last().unwrap().replace(" compliance.lock", " other.lock");
        assert!(!shell(&program, &project, &other).0, "{other}");
        by_version_two(&project, &commands);
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
    for command in &commands {
        let (taken, said) = shell(&program, &project, command);
        assert!(taken, "{command}\n{said}");
    }
    by_version_two(&project, &commands);
    for (from, to) in [("acme/it", "acme/is"), ("--digest ", "--digest 0000")] {
        assert!(!shell(&program, &project, &about_an_image(&commands).replace(from, to)).0, "{to}");
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

/// What sigstore-js says of a bundle.
fn sigstore_js(program: &Path, project: &Project, bundle: &Path, who: &[&str], stamps: &str) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifiers/sigstore.cjs");
    let mut command = Command::new(program);
    command.current_dir(project.root()).arg(script).arg(bundle).arg("trusted_root.json").args(who);
    let output = command.args(["--stamps", stamps]).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// What sigstore-go says of a bundle, about a digest.
fn sigstore_go(program: &Path, project: &Project, bundle: &Path, who: &[&str], hex: &str) -> (bool, String) {
    let mut command = Command::new(program);
    command.current_dir(project.root()).env("HOME", project.cache());
    command.args(["-trustedrootJSONpath", "trusted_root.json", "-requireTlog=false", "-requireCTlog=false"]);
    command.args(["-artifact-digest", hex, "-artifact-digest-algorithm", "sha256"]).args(who).arg(bundle);
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// The bundles about one image, and its digest.
fn of_one_image(project: &Project) -> (Vec<std::path::PathBuf>, String) {
    let lock: toml::Table = String::from_utf8(project.read("compliance.lock")).unwrap().parse().unwrap();
    let services = lock["service"].as_array().unwrap();
    let mut subjects = services.iter().flat_map(|service| service["subject"].as_array().unwrap());
    let subject = subjects.find(|subject| subject["kind"].as_str() == Some("image")).unwrap();
    let bundles = subject["attestation"].as_array().unwrap().iter().map(|attestation| {
        let hex = attestation["bundle"].as_str().unwrap().trim_start_matches("sha256:");
        project.root().join(format!(".compliance/attestations/sha256/{hex}.sigstore.json"))
    });
    (bundles.collect(), subject["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned())
}

/// Each bundle taken, and none that is of something else.
fn others_take(project: &Project, who_js: &[&str], who_go: Option<&[&str]>, stamps: &str) {
    project.ok(&["trust", "export"]);
    let (bundles, hex) = of_one_image(project);
    assert_eq!(bundles.len(), 3);
    let altered = project.root().join("altered.json");
    let text = std::fs::read_to_string(&bundles[0]).unwrap();
    std::fs::write(&altered, text.replacen("\"payload\":\"ey", "\"payload\":\"eX", 1)).unwrap();
    if let Some(program) = tool("others_take_what_is_signed_here (sigstore-js)", "sigstore-js") {
        for bundle in &bundles {
            let (taken, said) = sigstore_js(&program, project, bundle, who_js, stamps);
            assert!(taken, "{said}");
        }
        assert!(!sigstore_js(&program, project, &altered, who_js, stamps).0, "another payload");
    }
    let Some(who_go) = who_go else { return };
    if let Some(program) = tool("others_take_what_is_signed_here (sigstore-go)", "sigstore-go") {
        for bundle in &bundles {
            let (taken, said) = sigstore_go(&program, project, bundle, who_go, &hex);
            assert!(taken, "{said}");
        }
        assert!(!sigstore_go(&program, project, &altered, who_go, &hex).0, "another payload");
        assert!(!sigstore_go(&program, project, &bundles[0], who_go, &"0".repeat(64)).0, "another subject");
    }
}

#[test]
fn others_take_what_is_signed_here() {
    for kind in ["p256", "ed25519"] {
        let project = Project::boutique();
        std::fs::remove_dir_all(project.root().join(".proofmark")).unwrap();
        std::fs::remove_file(project.root().join("trust/local.pub")).unwrap();
        project.edit("compliance.toml", "with = \"local\"", "with = \"local\"\ntimestamp = \"local\"");
        project.edit("compliance.toml", "[trust]", "[trust]\nroots = [\"trust/time.pem\"]");
        project.ok(&["init", "--key", "--key-type", kind]);
        project.build();
        // Its example takes every public key for one of ECDSA, and falls over others.
        let go = ["-publicKey", "trust/local.pub", "-requireTimestamp=true"];
        others_take(&project, &["--key", "trust/local.pub"], (kind == "p256").then_some(&go), "1");
    }
    let Some(vault) = Vault::start("others_take_what_is_signed_here (certificates)") else { return };
    const IDENTITY: &str = "https://ci.example/acme/shop";
    let project = Project::boutique();
    project.edit(
        "compliance.toml",
        "[trust]",
        &format!(
            "[vault]\naddress = \"{}\"\n[vault.roles.attest]\nengine = \"pki\"\nrole = \"attestation\"\nidentity = \"{IDENTITY}\"\n\
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
    let go = ["-requireTimestamp=true", "-expectedIssuerRegex", ".*", "-expectedSAN", IDENTITY];
    others_take(&project, &["--identity", IDENTITY], Some(&go), "1");
}
