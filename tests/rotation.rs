//! Keys and authorities change, and locks stay: who is trusted is told apart from what was found.
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

use common::vault::{Vault, text};
use common::{AS_OF, Project, Run};
use serde_json::{Value, json};

/// A project of two services, its key made, built.
fn project() -> Project {
    let project = Project::bare("shop");
    let lockfile = r#"{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0","dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0"}}}"#;
    project.write("s0/package-lock.json", lockfile);
    project.write("s1/package-lock.json", lockfile.replace("1.0.0\"}}}", "1.0.1\"}}}"));
    project.write(
        "compliance.toml",
        "version = 1\n[project]\nname = \"shop\"\n[advisories]\nsources = [\"advisories\"]\n[trust]\nkeys = [\"trust/old.pub\"]\n\
         [sign]\nkey = \".proofmark/old.key\"\n[policy.any]\n[services.s0]\npath = \"s0\"\npolicy = \"any\"\n[services.s1]\npath = \"s1\"\npolicy = \"any\"\n",
    );
    project.write("advisories/npm/X.json", r#"{"id":"X","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"zzz"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#);
    project.ok(&["db", "import", "advisories"]);
    project.ok(&["init", "--key"]);
    project.build();
    project
}

/// Another key, trusted beside the first, and the one that signs from now on.
fn rotate(project: &Project) {
    project.edit("compliance.toml", "keys = [\"trust/old.pub\"]", "keys = [\"trust/new.pub\", \"trust/old.pub\"]");
    project.edit("compliance.toml", ".proofmark/old.key", ".proofmark/new.key");
    project.ok(&["init", "--key"]);
    assert_ne!(project.read("trust/new.pub"), project.read("trust/old.pub"));
}

fn lock(project: &Project) -> String {
    String::from_utf8(project.read("compliance.lock")).unwrap()
}

#[test]
fn a_new_key_beside_the_old_one_breaks_nothing() {
    let project = project();
    let before = lock(&project);
    rotate(&project);
    project.ok(&["verify", "--replay"]);
    project.exits(0, &["build", "--locked", "--as-of", AS_OF]);
    project.build();
    assert_eq!(lock(&project), before);
    assert!(project.ok(&["resign"]).contains("nothing was signed anew"));
    // What is found new is signed by the new key, what is not stays as it was.
    project.edit("s0/package-lock.json", "1.0.0\"}}}", "3.0.0\"}}}");
    project.build();
    let mixed = lock(&project);
    let signers: std::collections::BTreeSet<&str> = mixed.lines().filter(|line| line.contains("signer = ")).collect();
    assert_eq!(signers.len(), 2, "{mixed}");
    project.ok(&["verify", "--replay"]);
}

#[test]
fn what_a_key_signed_that_is_not_trusted_any_more_is_signed_anew() {
    let project = project();
    let before = lock(&project);
    project.write("before.lock", &before);
    project.write("was.toml", "keys = [\"trust/old.pub\"]\n");
    rotate(&project);
    project.edit("compliance.toml", ", \"trust/old.pub\"", "");
    project.exits(4, &["verify"]);
    let stale = project.exits(3, &["build", "--locked", "--as-of", AS_OF]);
    assert!(stale.stderr.contains("6 statements have no signature that holds"), "{}", stale.stderr);
    // Only for what was signed by somebody who was trusted, where that is asked.
    project.write("nobody.toml", "keys = [\"trust/new.pub\"]\n");
    project.exits(4, &["resign", "--was-trusted", "nobody.toml"]);
    assert_eq!(lock(&project), before);
    let said = project.ok(&["resign", "--was-trusted", "was.toml"]);
    assert!(said.contains("6 of 6 statements signed anew"), "{said}");
    project.ok(&["verify", "--replay"]);
    assert!(project.ok(&["resign"]).contains("nothing was signed anew"));
    // Nothing but signatures has changed, and the diff says so.
    let diff = project.run(&["diff", "before.lock", "compliance.lock"]);
    assert!(diff.stdout.contains("signer of https://cyclonedx.org/bom"), "{}", diff.stdout);
    let unsigned = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.contains("bundle = ") && !line.contains("signer = "))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(unsigned(&before), unsigned(&lock(&project)));
    // The old lock is still good for whoever trusts the old key.
    project.write("compliance.lock", &before);
    project.ok(&["verify", "--trust", "was.toml", "--replay"]);
}

#[test]
fn a_build_signs_anew_too_and_a_key_that_changes_under_its_name_is_seen() {
    let project = project();
    std::fs::remove_file(project.root().join(".proofmark/old.key")).unwrap();
    std::fs::remove_file(project.root().join("trust/old.pub")).unwrap();
    project.ok(&["init", "--key"]);
    project.exits(4, &["verify"]);
    let said = project.build();
    assert!(said.contains("compliance.lock written, 6 statements signed"), "{said}");
    project.ok(&["verify", "--replay"]);
}

#[test]
fn a_revoked_key_signs_no_more_and_what_it_signed_is_signed_anew() {
    let project = project();
    let revoked = "[[trust.revoked]]\nkey = \"trust/old.pub\"\nsince = 2026-10-01\nreason = \"lost\"\n[sign]\n";
    project.edit("compliance.toml", "[sign]\n", revoked);
    let refused = project.exits(4, &["verify"]);
    assert!(refused.stderr.contains("attest::revoked-key"), "{}", refused.stderr);
    assert!(project.exits(2, &["build", "--as-of", AS_OF]).stderr.contains("sign::revoked"));
    rotate(&project);
    assert!(project.ok(&["resign"]).contains("signed anew"));
    project.ok(&["verify", "--replay"]);
    // An auditor's own word counts as much, and a pack carries ours.
    project.write(
        "trust.toml",
        format!("keys = [\"trust/new.pub\"]\n{}", revoked.replace("[[trust.", "[[").replace("[sign]\n", "")),
    );
    project.ok(&["pack", "-o", "p.pack"]);
    project.ok(&["verify", "--pack", "p.pack", "--trust", "trust.toml"]);
    let file = String::from_utf8(project.read("trust.toml")).unwrap().replace("old.pub", "new.pub");
    project.write("trust.toml", file);
    project.exits(4, &["verify", "--pack", "p.pack", "--trust", "trust.toml"]);
}

#[test]
fn nothing_is_signed_anew_that_is_not_what_the_lock_says() {
    let project = project();
    rotate(&project);
    project.edit("compliance.toml", ", \"trust/old.pub\"", "");
    let good = lock(&project);
    // Another verdict, another component count, a subject that has changed, and evidence that has.
    for (from, to) in [("verdict = \"pass\"", "verdict = \"waived\""), ("components = 1", "components = 2")] {
        assert!(good.contains(from));
        project.write("compliance.lock", good.replacen(from, to, 1));
        let refused = project.exits(4, &["resign"]);
        assert!(refused.stderr.contains("replay::differs"), "{}", refused.stderr);
    }
    project.write("compliance.lock", &good);
    let sbom = common::files(&project.root().join(".compliance/sboms")).remove(0);
    let bytes = std::fs::read(&sbom).unwrap();
    std::fs::write(&sbom, String::from_utf8(bytes.clone()).unwrap().replace("1.0.", "2.0.")).unwrap();
    project.exits(4, &["resign"]);
    std::fs::write(&sbom, bytes).unwrap();
    project.edit("s0/package-lock.json", "1.0.0\"}}}", "3.0.0\"}}}");
    project.exits(3, &["resign"]);
    assert_eq!(lock(&project), good);
}

fn with(project: &Project, arguments: &[&str], vault: &Vault) -> Run {
    let mut command = project.command(arguments);
    command.env("VAULT_TOKEN", vault.token());
    Run::of(command)
}

#[test]
fn keys_and_authorities_of_vault_change_too() {
    let Some(vault) = Vault::start("keys_and_authorities_of_vault_change_too") else { return };
    let public = |version: &str| {
        let key = vault.admin("GET", "transit/keys/attest", &Value::Null);
        text(&key["data"]["keys"][version]["public_key"]).to_owned()
    };
    let project = project();
    let local = lock(&project);
    // Another signer: what the old one signed is trusted still, and is not what the config wants any more.
    project.write("trust/vault-1.pub", public("1"));
    project.edit("compliance.toml", "keys = [\"trust/old.pub\"]", "keys = [\"trust/vault-1.pub\", \"trust/old.pub\"]");
    let vault_tables = format!(
        "[vault]\naddress = \"{}\"\n[vault.roles.attest]\nengine = \"transit\"\nrole = \"attest\"\n[sign]\nwith = \"attest\"",
        vault.address()
    );
    project.edit("compliance.toml", "[sign]", &vault_tables);
    project.ok(&["verify", "--replay"]);
    let said = with(&project, &["resign"], &vault);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(lock(&project).contains("transit:transit/attest@v1:"), "{}", lock(&project));
    assert_ne!(lock(&project), local);
    // Another version of the key: what the first one signed still verifies.
    vault.admin("POST", "transit/keys/attest/rotate", &json!({}));
    project.edit("compliance.toml", "keys = [", "keys = [\"trust/vault-2.pub\", ");
    project.write("trust/vault-2.pub", public("2"));
    project.edit("s0/package-lock.json", "1.0.0\"}}}", "3.0.0\"}}}");
    let built = with(&project, &["build", "--as-of", AS_OF], &vault);
    assert_eq!(built.code, 0, "{}", built.stderr);
    let both = lock(&project);
    assert!(both.contains("attest@v1:") && both.contains("attest@v2:"), "{both}");
    project.ok(&["verify", "--replay"]);
    // Also when Vault does not show the first version any more.
    vault.admin("POST", "transit/keys/attest/config", &json!({"min_decryption_version": 2}));
    project.ok(&["verify", "--replay"]);

    // By PKI, and then by another intermediate of another root.
    let pki = "engine = \"pki\"\nrole = \"attestation\"\nidentity = \"https://ci.example/acme/shop\"";
    project.edit("compliance.toml", "engine = \"transit\"\nrole = \"attest\"", pki);
    project.edit("compliance.toml", "with = \"attest\"", "with = \"attest\"\ntimestamp = \"local\"");
    project.edit(
        "compliance.toml",
        "[trust]",
        "[trust]\nroots = [\"trust/ca-1.pem\", \"trust/time.pem\"]\nidentities = [\"https://ci.example/acme/*\"]",
    );
    project.write("trust/ca-1.pem", vault.roots());
    project.ok(&["init", "--key"]);
    let said = with(&project, &["resign"], &vault);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let first = lock(&project);
    assert_eq!(first.matches("signer = \"pki:pki/attestation#").count(), 6, "{first}");
    vault.other_authorities();
    project.edit("compliance.toml", "\"trust/ca-1.pem\"", "\"trust/ca-1.pem\", \"trust/ca-2.pem\"");
    project.write("trust/ca-2.pem", vault.roots());
    assert_ne!(project.read("trust/ca-1.pem"), project.read("trust/ca-2.pem"));
    project.ok(&["verify", "--replay"]);
    project.edit("s0/package-lock.json", "3.0.0\"}}}", "4.0.0\"}}}");
    let built = with(&project, &["build", "--as-of", AS_OF], &vault);
    assert_eq!(built.code, 0, "{}", built.stderr);
    project.ok(&["verify", "--replay"]);
    // Without the first authority its part is signed anew.
    project.edit("compliance.toml", "\"trust/ca-1.pem\", ", "");
    project.exits(4, &["verify"]);
    let said = with(&project, &["resign"], &vault);
    assert!(said.stdout.contains("3 of 6 statements signed anew"), "{}{}", said.stdout, said.stderr);
    project.ok(&["verify", "--replay"]);
}
