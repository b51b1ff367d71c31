//! What policies require others to have attested: by the real cosign, in layouts and in registries of both kinds.
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

use common::tools::{Server, free_port, tool};
use common::{AS_OF, Project};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// A registry with an image of the example in it, and cosign with a key of its own.
struct World {
    server: Server,
    directory: tempfile::TempDir,
    cosign: PathBuf,
}

impl World {
    fn start(test: &str, registry: &str) -> Option<Self> {
        let (program, skopeo, cosign) = (tool(test, registry)?, tool(test, "skopeo")?, tool(test, "cosign")?);
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let port = free_port();
        let mut command = Command::new(program);
        if registry == "olareg" {
            command.args(["serve", "--addr", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(root);
        } else {
            let config = format!(
                "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
                root.join("data").display()
            );
            std::fs::write(root.join("config.yml"), config).unwrap();
            command.arg("serve").arg(root.join("config.yml"));
        }
        let world = Self { server: Server::start(&mut command, port), directory, cosign };
        let layout = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique/images/payment");
        let mut copy = Command::new(skopeo);
        copy.args(["copy", "--quiet", "--dest-tls-verify=false"]).arg(format!("oci:{}", layout.display()));
        assert!(copy.arg(format!("docker://{}", world.image())).status().unwrap().success());
        world.cosign(&["generate-key-pair"]);
        Some(world)
    }

    fn image(&self) -> String {
        format!("127.0.0.1:{}/shop/payment:1", self.server.port)
    }

    fn cosign(&self, arguments: &[&str]) {
        let mut command = Command::new(&self.cosign);
        command.current_dir(self.directory.path()).args(arguments).env("COSIGN_PASSWORD", "");
        command.env("HOME", self.directory.path()).env("COSIGN_EXPERIMENTAL", "0");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Has cosign attest something of the image.
    fn attest(&self, key: &str, kind: &str, predicate: &serde_json::Value, more: &[&str]) {
        std::fs::write(self.directory.path().join("predicate.json"), predicate.to_string()).unwrap();
        // Without transparency log and time authority, which are not to be reached.
        std::fs::write(
            self.directory.path().join("signing.json"),
            json!({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "rekorTlogConfig": {}, "tsaConfig": {}}).to_string(),
        )
        .unwrap();
        let mut arguments = vec!["attest", "--yes", "--key", key, "--type", kind, "--predicate", "predicate.json"];
        arguments.extend(["--allow-http-registry"]);
        arguments.extend(more);
        let image = self.image();
        arguments.push(&image);
        self.cosign(&arguments);
    }

    /// Puts a bundle beside the image by plain requests, without annotations; whether it was taken.
    fn reattach(&self, registry: &str, bundle: &[u8]) -> bool {
        use std::io::{Read as _, Write as _};
        if registry != "olareg" {
            return false;
        }
        let send = |method: &str, path: &str, kind: &str, body: &[u8]| -> String {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.server.port)).unwrap();
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept: */*\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            // What it has already it does not read to the end.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        };
        let put = |bytes: &[u8]| {
            let digest = proofmark::model::Digest::of(bytes).to_string();
            let path = format!("/v2/shop/payment/blobs/uploads/?digest={digest}");
            send("POST", &path, "application/octet-stream", bytes);
            json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "digest": digest, "size": bytes.len()})
        };
        let image = send("GET", "/v2/shop/payment/manifests/1", "text/plain", b"");
        let body = image.split_once("\r\n\r\n").unwrap().1;
        let subject = json!({"mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": proofmark::model::Digest::of(body.as_bytes()).to_string(), "size": body.len()});
        let mut config = put(b"{}");
        config["mediaType"] = "application/vnd.oci.empty.v1+json".into();
        let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json", "config": config, "layers": [put(bundle)], "subject": subject});
        let manifest = manifest.to_string();
        let path = format!("/v2/shop/payment/manifests/{}", proofmark::model::Digest::of(manifest.as_bytes()));
        let answer = send("PUT", &path, "application/vnd.oci.image.manifest.v1+json", manifest.as_bytes());
        answer.starts_with("HTTP/1.1 201")
    }

    fn project(&self, require: &str) -> Project {
        let project = Project::boutique();
        for name in ["compliance.failing.toml", "compliance.toml"] {
            std::fs::remove_file(project.root().join(name)).unwrap();
        }
        let text = format!(
            "version = 1\n[project]\nname = \"shop\"\n[advisories]\nsources = [\"advisories\"]\n[trust]\nkeys = [\"trust/local.pub\", \"trust/builder.pub\"]\n\
             [policy.default]\nrequire = [{require}]\n[images.payment]\nref = \"{}\"\n[services.payment]\nimages = [\"payment\"]\npolicy = \"default\"\n",
            self.image()
        );
        project.write("compliance.toml", text);
        project.write("trust/builder.pub", std::fs::read(self.directory.path().join("cosign.pub")).unwrap());
        project
    }
}

const NEW: [&str; 2] = ["--signing-config", "signing.json"];
const OLD: [&str; 4] =
    ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false", "--rekor-url="];

const BUILD: [&str; 3] = ["build", "--as-of", AS_OF];

fn predicate() -> serde_json::Value {
    json!({"buildDefinition": {"buildType": "https://ci.example/build", "externalParameters": {}},
        "runDetails": {"builder": {"id": "https://ci.example/builder"}}})
}

#[test]
fn what_cosign_attested_can_be_required() {
    for registry in ["docker-registry", "olareg"] {
        for more in [&NEW[..], &OLD[..]] {
            let Some(world) = World::start("what_cosign_attested_can_be_required", registry) else { continue };
            let project = world.project("\"slsa-provenance\"");
            // Nobody has attested anything yet.
            let failed = project.exits(1, &BUILD);
            assert!(failed.stdout.contains("nobody who is trusted has attested slsa-provenance"), "{}", failed.stdout);
            let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
            assert!(lock.contains("verdict = \"fail\"") && !lock.contains("service.subject.required"), "{lock}");
            project.exits(1, &["verify", "--replay"]);

            world.attest("cosign.key", "slsaprovenance1", &predicate(), more);
            project.exits(0, &BUILD);
            let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
            let expected = format!("  [[service.subject.required]]\n  type = \"{PROVENANCE}\"\n");
            assert!(lock.contains(&expected) && lock.contains("signer = \"key:sha256:"), "{lock}");
            project.ok(&["verify", "--replay", "--offline"]);
            // Something else, and the same again: the lock stays.
            world.attest("cosign.key", "https://example.com/other", &json!({"a": 1}), more);
            world.attest("cosign.key", "slsaprovenance1", &predicate(), more);
            project.exits(0, &[&BUILD[..], &["--locked", "--format", "json"]].concat());
            assert_eq!(project.read("compliance.lock"), lock.as_bytes());

            // It travels with the rest.
            project.ok(&["pack"]);
            project.write("trust.toml", "keys = [\"trust/local.pub\", \"trust/builder.pub\"]\n");
            project.ok(&["verify", "--pack", "evidence.pack", "--trust", "trust.toml", "--replay"]);
            project.ok(&["push"]);
            std::fs::remove_dir_all(project.root().join(".compliance")).unwrap();
            project.ok(&["verify", "--from-registry", "--replay"]);
            project.ok(&["pull"]);
            // Our own attestations of the image, which lie there now too, are none of others.
            project.edit("compliance.toml", "\"slsa-provenance\"", "\"slsa-provenance\", \"sbom\"");
            let failed = project.exits(1, &BUILD);
            assert!(failed.stdout.contains("has attested sbom"), "{}", failed.stdout);
            world.attest("cosign.key", "spdxjson", &json!({"spdxVersion": "SPDX-2.3"}), more);
            project.exits(0, &BUILD);
            project.ok(&["verify", "--replay", "--offline"]);

            // Nor where somebody attaches them again, as if they were his own.
            let ours = common::files(&project.root().join(".compliance/attestations/sha256"));
            let bundles = ours.iter().map(|path| std::fs::read(path).unwrap());
            assert!(bundles.filter(|bytes| world.reattach(registry, bytes)).count() >= 3 || registry != "olareg");
            project.edit("compliance.toml", "\"sbom\"", "\"cyclonedx\"");
            let failed = project.exits(1, &BUILD);
            assert!(failed.stdout.contains("has attested cyclonedx"), "{}", failed.stdout);
            project.edit("compliance.toml", "\"cyclonedx\"", "\"sbom\"");
            project.exits(0, &BUILD);

            // What is kept is looked at again, each time.
            for file in common::files(&project.root().join(".compliance/attestations/others")) {
                let good = std::fs::read(&file).unwrap();
                for at in (0..good.len()).step_by(97) {
                    let mut bad = good.clone();
                    bad[at] ^= 1;
                    std::fs::write(&file, bad).unwrap();
                    project.exits(4, &["verify", "--offline"]);
                }
                std::fs::remove_file(&file).unwrap();
                project.exits(4, &["verify", "--offline"]);
                std::fs::write(&file, good).unwrap();
            }
            project.ok(&["verify", "--replay", "--offline"]);
            // Whoever does not trust the builder does not take its word.
            project.write("trust.toml", "keys = [\"trust/local.pub\"]\n");
            let refused = project.exits(4, &["verify", "--offline", "--trust", "trust.toml"]);
            assert!(refused.stderr.contains("attest::untrusted-key"), "{}", refused.stderr);
        }
    }
}

#[test]
fn what_somebody_else_attested_does_not_count() {
    let Some(world) = World::start("what_somebody_else_attested_does_not_count", "olareg") else { return };
    let project = world.project("\"slsa-provenance\"");
    std::fs::rename(world.directory.path().join("cosign.key"), world.directory.path().join("good.key")).unwrap();
    std::fs::remove_file(world.directory.path().join("cosign.pub")).unwrap();
    world.cosign(&["generate-key-pair"]);
    world.attest("cosign.key", "slsaprovenance1", &predicate(), &NEW);
    let failed = project.exits(1, &["build", "--as-of", AS_OF, "-v", "--progress", "plain"]);
    assert!(failed.stderr.contains("does not count: signed by a key that is not trusted"), "{}", failed.stderr);
    world.attest("good.key", "slsaprovenance1", &predicate(), &NEW);
    project.exits(0, &BUILD);
    // A lock cannot claim what nobody has said.
    let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
    let without: Vec<&str> = lock.split("  [[service.subject.required]]").collect();
    project.write("compliance.lock", format!("{}\n", without[0].trim_end()));
    assert_ne!(project.run(&["verify", "--replay"]).code, 0);
}

#[test]
fn what_lies_in_a_layout_beside_the_image_counts() {
    let Some(world) = World::start("what_lies_in_a_layout_beside_the_image_counts", "docker-registry") else { return };
    let Some(skopeo) = tool("what_lies_in_a_layout_beside_the_image_counts", "skopeo") else { return };
    for (more, suffix) in [(&NEW[..], ""), (&OLD[..], ".att")] {
        world.attest("cosign.key", "slsaprovenance1", &predicate(), more);
        let project = world.project("\"slsa-provenance\"");
        let scan = project.run(&["scan", &world.image(), "--format", "json"]).json();
        let digest = scan["subject"]["digest"].as_str().unwrap().replace(':', "-");
        let image = world.image();
        let repository = image.strip_suffix(":1").unwrap();
        let copy = |from: &str, to: &str, all: bool| {
            let mut copy = Command::new(&skopeo);
            copy.args(["copy", "--quiet", "--src-tls-verify=false"]).args(all.then_some("--all"));
            copy.arg(format!("docker://{from}")).arg(format!("oci:{}:{to}", project.root().join("layout").display()));
            assert!(copy.status().unwrap().success(), "{from}");
        };
        copy(&image, "1", false);
        let of_layout = |project: &Project| project.edit("compliance.toml", &image, "oci:layout:1");
        of_layout(&project);
        project.exits(1, &BUILD);
        copy(&format!("{repository}:{digest}{suffix}"), &format!("{digest}{suffix}"), suffix.is_empty());
        project.exits(0, &BUILD);
        project.ok(&["verify", "--replay", "--offline"]);
    }
}

#[test]
fn an_sbom_that_somebody_trusted_attested_is_taken_instead_of_a_scan() {
    let Some(world) = World::start("an_sbom_that_somebody_trusted_attested", "olareg") else { return };
    let project = world.project("");
    project.edit("compliance.toml", "[images.payment]", "[images.payment]\nsbom = \"attested\"");
    let refused = project.exits(6, &BUILD);
    assert!(refused.stderr.contains("nobody who is trusted has attested an SBOM of it"), "{}", refused.stderr);
    assert!(!project.root().join("compliance.lock").exists());
    // It says something that no scan of the image would find.
    let bom = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [
        {"type": "library", "name": "lodash", "version": "4.17.20", "purl": "pkg:npm/lodash@4.17.20"}]});
    world.attest("cosign.key", "cyclonedx", &bom, &NEW);
    project.exits(0, &BUILD);
    let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
    assert!(lock.contains("components = 1\n") && lock.contains("  [[service.subject.required]]"), "{lock}");
    assert!(lock.contains("type = \"https://cyclonedx.org/bom\"") && lock.contains("signer = \"key:sha256:"), "{lock}");
    project.ok(&["verify", "--replay", "--offline"]);
    project.exits(0, &[&BUILD[..], &["--locked"]].concat());
    // The next one is not taken as long as this one is good; and a scan is one again where the config says so.
    world.attest(
        "cosign.key",
        "cyclonedx",
        &json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 2, "components": [
            {"type": "library", "name": "express", "version": "5.1.0", "purl": "pkg:npm/express@5.1.0"}]}),
        &NEW,
    );
    std::fs::remove_dir_all(project.cache()).unwrap();
    project.ok(&["db", "import", "advisories"]);
    project.exits(0, &[&BUILD[..], &["--locked"]].concat());
    project.edit("compliance.toml", "sbom = \"attested\"", "sbom = \"scanned\"");
    project.exits(0, &BUILD);
    assert!(!String::from_utf8(project.read("compliance.lock")).unwrap().contains("components = 1\n"));
    // By somebody who is not trusted any more it is nothing.
    project.edit("compliance.toml", "sbom = \"scanned\"", "sbom = \"attested\"");
    project.exits(0, &BUILD);
    project.edit("compliance.toml", ", \"trust/builder.pub\"", "");
    project.exits(4, &["verify", "--offline"]);
    project.exits(6, &BUILD);
}
