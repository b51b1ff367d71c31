//! What `vault setup` makes and `vault status` finds, against a real OpenBao: every hole is made, named, mended and gone.
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
use common::vault::{Issuer, ROOT, Vault, text};
use common::{AS_OF, Project, Run};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;

const IDENTITY: &str = "https://ci.example/acme/shop/.ci/build.yml@refs/heads/main";
const ADMIN: [(&str, &str); 1] = [("VAULT_TOKEN", ROOT)];

/// A project of one service, with these tables of Vault.
fn project(vault: &Vault, tables: &str) -> Project {
    let project = Project::bare("shop");
    project.write(
        "compliance.toml",
        format!(
            "version = 1\n[project]\nname = \"shop\"\n[advisories]\nsources = [\"advisories\"]\n\
             [trust]\nroots = [\"trust/roots.pem\", \"trust/time.pem\"]\nidentities = [\"https://ci.example/acme/shop/**\"]\n\
             [vault]\naddress = \"{}\"\n{tables}\n[sign]\nwith = \"attest\"\ntimestamp = \"local\"\n[policy.any]\n\
             [services.s]\npath = \"s\"\npolicy = \"any\"\n",
            vault.address()
        ),
    );
    project.write("s/package-lock.json", r#"{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0","dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0"}}}"#);
    project.write("advisories/npm/X.json", r#"{"id":"X","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"zzz"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#);
    project.ok(&["db", "import", "advisories"]);
    project
}

const PKI: &str = "[vault.auth]\nmethod = \"approle\"\nrole = \"shop\"\nmount = \"machines\"\n\
    [vault.roles.attest]\nengine = \"pki\"\nmount = \"leaves\"\nrole = \"shop\"\n\
    [vault.roles.key]\nengine = \"transit\"\nmount = \"keys\"\nrole = \"shop\"\nkey-type = \"ed25519\"\nkey-version = 1\n\
    [vault.roles.secret]\nengine = \"kv\"\npath = \"team/kv/data/scan\"\nfield = \"token\"";

fn run(project: &Project, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = project.command(arguments);
    command.envs(environment.iter().copied());
    Run::of(command)
}

#[track_caller]
fn ok(project: &Project, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let run = run(project, arguments, environment);
    assert_eq!(run.code, 0, "{arguments:?}\n{}\n{}", run.stdout, run.stderr);
    run
}

/// What `vault status` says, as `PLACE NAME` of those that are not safe; and its exit code.
fn status(project: &Project, token: &str) -> (i32, BTreeSet<String>) {
    let run = run(project, &["vault", "status", "--format", "json"], &[("VAULT_TOKEN", token)]);
    let said: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr));
    assert_eq!(said["exit"].as_i64(), Some(run.code.into()));
    let unsafe_ones = said["probes"].as_array().unwrap().iter().filter(|probe| probe["safety"] != "safe");
    let name = |probe: &Value| {
        assert!(probe["safety"] == "not-known" || probe["mend"].is_string(), "{probe}");
        format!("{} {}: {}", text(&probe["place"]), text(&probe["name"]), text(&probe["safety"]))
    };
    (run.code, unsafe_ones.map(name).collect())
}

#[test]
fn setup_alone_makes_authorities_that_certify_a_build() {
    let Some(vault) = Vault::start("setup_alone_makes_authorities_that_certify_a_build") else { return };
    let project = project(&vault, PKI);
    let dry = ok(&project, &["vault", "setup", "--dry-run"], &[]).stdout;
    for part in [
        "POST leaves-root/root/generate/internal",
        "POST leaves/intermediate/set-signed",
        "\"max_path_length\":0",
        "only where leaves/config/issuers has no /data/default",
        "\"not_after_bound\":\"forbid\"",
        "denied_parameters = { \"not_after\" = []  \"not_before\" = [] }",
        "\"allowed_uri_sans\":[\"https://ci.example/acme/shop/*\"]",
        "user_claim=job_workflow_ref",
        "\"type\":\"ed25519\"",
    ] {
        assert!(dry.contains(part), "{part} is not in: {dry}");
    }
    assert_eq!(vault.ask("GET", "sys/mounts/leaves", &Value::Null).0, 400, "a dry run makes nothing");
    // One that broke off in the middle is taken up.
    vault.admin("POST", "sys/mounts/leaves", &json!({"type": "pki"}));
    let request = json!({"common_name": "x", "key_type": "ec", "key_bits": 256});
    vault.admin("POST", "leaves/intermediate/generate/internal", &request);
    ok(&project, &["vault", "setup"], &ADMIN);
    let settings = |path: &str| vault.admin("GET", path, &Value::Null)["data"].clone();
    let paths = [
        "leaves/config/issuers",
        "leaves-root/config/issuers",
        "leaves/roles/shop",
        "keys/keys/shop",
        "auth/machines/role/shop",
    ];
    let before = paths.map(settings);
    ok(&project, &["vault", "setup"], &ADMIN);
    assert_eq!(paths.map(settings), before, "twice changes nothing");
    let issuers = vault.admin("LIST", "leaves/issuers", &Value::Null);
    assert_eq!(issuers["data"]["keys"].as_array().unwrap().len(), 2);

    ok(&project, &["vault", "roots", "attest", "--write", "trust/roots.pem"], &ADMIN);
    let roots = String::from_utf8(project.read("trust/roots.pem")).unwrap();
    assert_eq!(roots.matches("BEGIN CERTIFICATE").count(), 2, "{roots}");
    ok(&project, &["vault", "public-key", "key", "--write", "trust/key.pem"], &login(&vault).each());
    assert!(project.read("trust/key.pem").starts_with(b"-----BEGIN PUBLIC KEY-----"));
    assert_eq!(run(&project, &["vault", "roots", "attest", "--write", "../out.pem"], &ADMIN).code, 2);
    assert_eq!(run(&project, &["vault", "roots", "key"], &ADMIN).code, 2, "not of engine pki");

    project.ok(&["init", "--key"]);
    let login = login(&vault);
    let mut environment = login.each();
    environment.push(("PROOFMARK_IDENTITY", IDENTITY));
    ok(&project, &["build", "--as-of", AS_OF], &environment);
    project.ok(&["verify", "--replay", "--offline"]);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()));
    // What a build may not do, with what setup gave it.
    let token = vault.admin("POST", "auth/token/create", &json!({"policies": ["proofmark-shop"], "ttl": "15m"}));
    let token = text(&token["auth"]["client_token"]);
    let (code, seen) = status(&project, token);
    assert_eq!(code, 6, "what may not be seen is not fine: {seen:?}");
    assert!(
        seen.contains("leaves/roles/shop there: not-known")
            && seen.contains("sys/policies/acl/proofmark-shop policy: not-known"),
        "{seen:?}"
    );
}

struct Login(Vec<(&'static str, String)>);

impl Login {
    fn each(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

/// By the role that setup made.
fn login(vault: &Vault) -> Login {
    let role = vault.admin("GET", "auth/machines/role/shop/role-id", &Value::Null);
    let secret = vault.admin("POST", "auth/machines/role/shop/secret-id", &json!({}));
    Login(vec![
        ("VAULT_ROLE_ID", text(&role["data"]["role_id"]).to_owned()),
        ("VAULT_SECRET_ID", text(&secret["data"]["secret_id"]).to_owned()),
    ])
}

#[test]
fn each_hole_is_named_and_gone_when_it_is_mended() {
    let Some(vault) = Vault::start("each_hole_is_named_and_gone_when_it_is_mended") else { return };
    let project = project(&vault, PKI);
    ok(&project, &["vault", "setup"], &ADMIN);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()));
    let policy =
        text(&vault.admin("GET", "sys/policies/acl/proofmark-shop", &Value::Null)["data"]["policy"]).to_owned();
    // A role of pki.
    let role = vault.admin("GET", "leaves/roles/shop", &Value::Null)["data"].clone();
    let bare = json!({"policy": policy.replace("denied_parameters", "allowed_parameters").replace("\"not_before\" = []", "\"*\" = []")});
    for (changed, name, safety) in [
        (json!({"server_flag": true}), "extended-key-usage", "unsafe"),
        (json!({"ext_key_usage_oids": []}), "extended-key-usage", "unsafe"),
        (json!({"ext_key_usage": ["ClientAuth"]}), "extended-key-usage", "unsafe"),
        (json!({"key_usage": ["DigitalSignature", "KeyAgreement"]}), "key-usage", "unsafe"),
        (json!({"max_ttl": "24h"}), "ttl", "unsafe"),
        (json!({"max_ttl": 0, "ttl": 0}), "ttl", "unsafe"),
        (json!({"not_before_duration": "1h"}), "dated-back", "unsafe"),
        (json!({"not_after": "2035-01-01T00:00:00Z", "ttl": 0, "max_ttl": "15m"}), "fixed-end", "unsafe"),
        (json!({"allow_any_name": true}), "any-name", "unsafe"),
        (json!({"allow_ip_sans": true}), "addresses", "unsafe"),
        (json!({"allowed_domains": ["example.com"]}), "domains", "unsafe"),
        (json!({"allowed_uri_sans": ["*"]}), "wildcard", "unsafe"),
        (json!({"allowed_uri_sans": ["https://*"]}), "wildcard", "unsafe"),
        (json!({"use_csr_sans": false}), "names-of-requests", "unsafe"),
        (json!({"key_type": "any", "key_bits": 0}), "key-type", "unsafe"),
        (json!({"no_store": false}), "no-store", "weak"),
    ] {
        let mut other = role.clone();
        for (key, value) in changed.as_object().unwrap() {
            other[key] = value.clone();
        }
        vault.admin("POST", "leaves/roles/shop", &other);
        let (code, seen) = status(&project, ROOT);
        assert_eq!(code, i32::from(safety == "unsafe"), "{changed}: {seen:?}");
        assert_eq!(seen, BTreeSet::from([format!("leaves/roles/shop {name}: {safety}")]), "{changed}");
    }
    // Times of requests: forbidden by the role or by the policy, one of both.
    let mut other = role.clone();
    (other["not_after_bound"], other["not_before_bound"]) = (json!("permit"), json!("permit"));
    vault.admin("POST", "leaves/roles/shop", &other);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()), "the policy denies it");
    vault.admin("PUT", "sys/policies/acl/proofmark-shop", &bare);
    let both = ["not-after", "not-before"].map(|name| format!("leaves/roles/shop {name}: unsafe"));
    assert_eq!(status(&project, ROOT), (1, BTreeSet::from(both)));
    ok(&project, &["vault", "setup"], &ADMIN);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()));

    // A policy.
    for (line, names) in [
        ("path \"leaves/issue/shop\" { capabilities = [\"update\"] }", vec!["issue"]),
        ("path \"leaves/sign-verbatim\" { capabilities = [\"update\"] }", vec!["sign-verbatim"]),
        ("path \"leaves/sign-v*\" { capabilities = [\"create\", \"update\"] }", vec!["sign-verbatim"]),
        ("path \"leaves/roles/+\" { capabilities = [\"update\"] }", vec!["authorities"]),
        ("path \"keys/export/*\" { capabilities = [\"read\"] }", vec!["keys"]),
        ("path \"keys/keys/shop/config\" { capabilities = [\"update\"] }", vec!["keys"]),
        ("path \"sys/policies/acl/*\" { capabilities = [\"sudo\"] }", vec!["administration"]),
        (
            "path \"*\" { capabilities = [\"update\"] }",
            vec!["administration", "authorities", "issue", "keys", "sign-verbatim"],
        ),
        ("path \"x\" { policy = \"write\" }", vec!["policy"]),
    ] {
        vault.admin("PUT", "sys/policies/acl/proofmark-shop", &json!({"policy": format!("{policy}{line}\n")}));
        let (code, seen) = status(&project, ROOT);
        let safety = if names == ["policy"] { "not-known" } else { "unsafe" };
        let expected: BTreeSet<String> =
            names.iter().map(|name| format!("sys/policies/acl/proofmark-shop {name}: {safety}")).collect();
        assert_eq!((code, seen), (if safety == "unsafe" { 1 } else { 6 }, expected), "{line}");
    }
    ok(&project, &["vault", "setup"], &ADMIN);

    // The login.
    for (changed, name) in [
        (json!({"token_max_ttl": "48h"}), "token-ttl"),
        (json!({"token_max_ttl": 0}), "token-ttl"),
        (json!({"token_period": "1h"}), "token-period"),
        (json!({"secret_id_num_uses": 0}), "secret-id-uses"),
        (json!({"secret_id_ttl": 0}), "secret-id-ttl"),
    ] {
        vault.admin("POST", "auth/machines/role/shop", &changed);
        let (code, seen) = status(&project, ROOT);
        assert_eq!((code, seen), (1, BTreeSet::from([format!("auth/machines/role/shop {name}: unsafe")])), "{changed}");
        ok(&project, &["vault", "setup"], &ADMIN);
        assert_eq!(status(&project, ROOT), (0, BTreeSet::new()), "{changed}");
    }

    // A key: what cannot be undone is not mended by setup, which says so.
    project.edit("compliance.toml", "key-version = 1\n", "");
    vault.admin("POST", "keys/keys/shop/config", &json!({"auto_rotate_period": "720h"}));
    assert_eq!(status(&project, ROOT), (0, BTreeSet::from(["keys/keys/shop rotation: weak".to_owned()])));
    vault.admin("POST", "keys/keys/shop/config", &json!({"auto_rotate_period": 0, "deletion_allowed": true}));
    assert_eq!(status(&project, ROOT), (0, BTreeSet::from(["keys/keys/shop deletion: weak".to_owned()])));
    vault.admin("POST", "keys/keys/shop/config", &json!({"deletion_allowed": false}));
    for (setting, name) in [("exportable", "exportable"), ("allow_plaintext_backup", "plaintext-backup")] {
        vault.admin("POST", "keys/keys/shop/config", &json!({setting: true}));
        let (code, seen) = status(&project, ROOT);
        assert_eq!(code, 1);
        assert!(seen.contains(&format!("keys/keys/shop {name}: unsafe")), "{seen:?}");
        let refused = run(&project, &["vault", "setup"], &ADMIN);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
    }
    project.edit("compliance.toml", "mount = \"keys\"\nrole = \"shop\"", "mount = \"keys\"\nrole = \"another\"");
    ok(&project, &["vault", "setup"], &ADMIN);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()), "with another key it is gone");

    // A key that was made elsewhere.
    let outside = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        &aws_lc_rs::rand::SystemRandom::new(),
    );
    let outside = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, outside.unwrap().as_ref());
    let mut import = Command::new(tool("each_hole_is_named_and_gone_when_it_is_mended", "bao").unwrap());
    import.args(["transit", "import", "keys/keys/foreign", &outside, "type=ecdsa-p256"]);
    import.env("BAO_ADDR", vault.address()).env("BAO_TOKEN", ROOT).env("HOME", project.root());
    let imported = Run::of(import);
    assert_eq!(imported.code, 0, "{}{}", imported.stdout, imported.stderr);
    let config = project.read("compliance.toml");
    project.edit("compliance.toml", "role = \"another\"", "role = \"foreign\"");
    project.edit("compliance.toml", "key-type = \"ed25519\"", "key-type = \"ecdsa-p256\"");
    let (code, seen) = status(&project, ROOT);
    assert_eq!(code, 1);
    assert!(seen.contains("keys/keys/foreign imported: unsafe"), "{seen:?}");
    assert_eq!(run(&project, &["vault", "setup"], &ADMIN).code, 2);
    project.write("compliance.toml", config);

    // An authority that can make others, there before: nothing of ours.
    let root = json!({"common_name": "x", "key_type": "ec", "key_bits": 256, "ttl": "24h"});
    vault.admin("POST", "sys/mounts/old", &json!({"type": "pki"}));
    vault.admin("POST", "old/root/generate/internal", &root);
    project.edit("compliance.toml", "mount = \"leaves\"", "mount = \"old\"");
    let refused = run(&project, &["vault", "setup"], &ADMIN);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("it can make other authorities"), "{}", refused.stderr);
    assert!(status(&project, ROOT).1.contains("old/cert/ca path-length: unsafe"));
    // Ours under another root that is there.
    project.edit("compliance.toml", "mount = \"old\"", "mount = \"under\"");
    ok(&project, &["vault", "setup", "--root-mount", "leaves-root"], &ADMIN);
    assert_eq!(vault.ask("GET", "sys/mounts/under-root", &Value::Null).0, 400);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()));
    assert_eq!(run(&project, &["vault", "setup", "--root-mount", "a/../b"], &ADMIN).code, 2);
    project.edit("compliance.toml", "mount = \"under\"", "mount = \"leaves\"");
    ok(&project, &["vault", "setup"], &ADMIN);

    // What cannot be reached is neither safe nor unsafe; `doctor` tells the same.
    let doctor = run(&project, &["doctor"], &ADMIN);
    assert!(doctor.stdout.contains("settings are safe"), "{}", doctor.stdout);
    vault.admin("POST", "leaves/roles/shop", &json!({"allowed_uri_sans": ["*"]}));
    let doctor = run(&project, &["doctor"], &ADMIN).stdout;
    assert!(doctor.contains("leaves/roles/shop wildcard") && doctor.contains("extended-key-usage"), "{doctor}");
    drop(vault);
    assert_eq!(run(&project, &["vault", "status"], &ADMIN).code, 5);
    assert_eq!(run(&project, &["vault", "status"], &[]).code, 2, "nothing to look with");
}

#[test]
fn logins_of_jobs_and_pods_are_bound() {
    let Some(vault) = Vault::start("logins_of_jobs_and_pods_are_bound") else { return };
    let jwt = "[vault.auth]\nmethod = \"jwt\"\nrole = \"ci\"\naudience = \"vault\"\n[vault.roles.attest]\nengine = \"transit\"\nrole = \"attest\"";
    let project = project(&vault, jwt);
    project.write("issuer.pem", Issuer::new().public);
    let setup = [
        "vault",
        "setup",
        "--issuer",
        "https://ci.example",
        "--issuer-key",
        "issuer.pem",
        "--claim",
        "repository=acme/shop",
    ];
    assert_eq!(run(&project, &[&setup[..], &["--user-claim", "sub"]].concat(), &ADMIN).code, 2);
    ok(&project, &setup, &ADMIN);
    ok(&project, &setup, &ADMIN);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()));
    for (changed, name) in [
        (json!({"bound_claims": {}}), "bound-claims"),
        (json!({"bound_claims": {"repository": "*"}, "bound_claims_type": "glob"}), "bound-claims"),
        (json!({"user_claim": "sub"}), "user-claim"),
        (json!({"bound_audiences": [], "bound_subject": "x"}), "audience"),
    ] {
        let mut role = json!({"role_type": "jwt", "bound_audiences": ["vault"], "bound_claims": {"repository": "acme/shop"},
            "user_claim": "job_workflow_ref", "token_policies": ["proofmark-shop"], "token_max_ttl": "15m"});
        for (key, value) in changed.as_object().unwrap() {
            role[key] = value.clone();
        }
        vault.admin("POST", "auth/jwt/role/ci", &role);
        let (code, seen) = status(&project, ROOT);
        assert_eq!((code, seen), (1, BTreeSet::from([format!("auth/jwt/role/ci {name}: unsafe")])), "{changed}");
        ok(&project, &setup, &ADMIN);
        assert_eq!(status(&project, ROOT), (0, BTreeSet::new()), "{changed}");
    }

    // Another role that gives the same policy, to anybody.
    let open = json!({"role_type": "jwt", "bound_audiences": ["vault"], "user_claim": "job_workflow_ref",
        "token_policies": ["proofmark-shop"], "token_max_ttl": "15m"});
    vault.admin("POST", "auth/jwt/role/open", &open);
    assert_eq!(status(&project, ROOT), (1, BTreeSet::from(["auth/jwt/role/open bound-claims: unsafe".to_owned()])));
    let mut harmless = open;
    harmless["token_policies"] = json!(["default"]);
    vault.admin("POST", "auth/jwt/role/open", &harmless);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()));

    project.edit("compliance.toml", "method = \"jwt\"", "method = \"kubernetes\"");
    project.write("cluster.pem", vault.roots());
    let host = [
        "vault",
        "setup",
        "--kubernetes-host",
        "https://127.0.0.1:6443",
        "--kubernetes-ca",
        "cluster.pem",
        "--kubernetes-namespace",
        "ci",
    ];
    assert_eq!(run(&project, &host, &ADMIN).code, 2, "any pod");
    assert_eq!(run(&project, &[&host[..], &["--service-account", "*"]].concat(), &ADMIN).code, 2, "any pod");
    let setup = [&host[..], &["--service-account", "builder"]].concat();
    ok(&project, &setup, &ADMIN);
    ok(&project, &setup, &ADMIN);
    assert_eq!(status(&project, ROOT), (0, BTreeSet::new()));
    for (changed, name) in [
        (json!({"bound_service_account_names": ["*"]}), "service-accounts"),
        (json!({"bound_service_account_namespaces": ["*"]}), "namespaces"),
        (json!({"audience": ""}), "audience"),
    ] {
        vault.admin("POST", "auth/kubernetes/role/ci", &changed);
        let (code, seen) = status(&project, ROOT);
        assert_eq!((code, seen), (1, BTreeSet::from([format!("auth/kubernetes/role/ci {name}: unsafe")])), "{changed}");
        ok(&project, &setup, &ADMIN);
    }

    // A token that is given tells of itself.
    project.edit(
        "compliance.toml",
        "method = \"kubernetes\"\nrole = \"ci\"\naudience = \"vault\"",
        "method = \"token\"",
    );
    let (code, seen) = status(&project, ROOT);
    assert_eq!(code, 1);
    assert!(seen.contains("auth/token/lookup-self token-policies: unsafe"), "{seen:?}");
    assert!(seen.contains("auth/token/lookup-self token-ttl: unsafe"), "{seen:?}");
}

#[test]
fn a_version_of_a_key_and_the_life_of_tokens_are_the_configs() {
    let Some(vault) = Vault::start("a_version_of_a_key_and_the_life_of_tokens_are_the_configs") else { return };
    let tables = "[vault.auth]\nmethod = \"token\"\nmax-token-ttl = \"10m\"\n[vault.roles.attest]\nengine = \"transit\"\nrole = \"attest\"\nkey-version = 1";
    let project = project(&vault, tables);
    let token = |ttl: &str| {
        let answer = vault.admin("POST", "auth/token/create", &json!({"policies": ["sign"], "ttl": ttl}));
        text(&answer["auth"]["client_token"]).to_owned()
    };
    let (short, long) = (token("9m"), token("30m"));
    let key = ["vault", "public-key", "attest"];
    let refused = run(&project, &key, &[("VAULT_TOKEN", &long)]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("let it live 600 seconds at most"), "{}", refused.stderr);
    let first = ok(&project, &key, &[("VAULT_TOKEN", &short)]).stdout;
    vault.admin("POST", "transit/keys/attest/rotate", &json!({}));
    assert_eq!(ok(&project, &key, &[("VAULT_TOKEN", &short)]).stdout, first, "it is pinned");
    // It signs with the one that is pinned, though there is a newer one.
    project.write("trust/vault.pub", &first);
    project.edit(
        "compliance.toml",
        "roots = [\"trust/roots.pem\", \"trust/time.pem\"]",
        "keys = [\"trust/vault.pub\"]",
    );
    project.edit("compliance.toml", "timestamp = \"local\"\n", "");
    ok(&project, &["build", "--as-of", AS_OF], &[("VAULT_TOKEN", &short)]);
    let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
    assert!(lock.contains("signer = \"transit:transit/attest@v1:"), "{lock}");
    project.edit("compliance.toml", "key-version = 1", "key-version = 2");
    let second = ok(&project, &key, &[("VAULT_TOKEN", &short)]).stdout;
    assert!(second != first);
    project.edit("compliance.toml", "key-version = 2", "key-version = 7");
    let refused = run(&project, &key, &[("VAULT_TOKEN", &short)]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("shows no version 7"), "{}", refused.stderr);
}

#[test]
fn tls_is_checked_against_the_authorities_of_the_config() {
    let Some(bao) = tool("tls_is_checked_against_the_authorities_of_the_config", "bao") else { return };
    let (home, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut command = Command::new(bao);
    command.args(["server", "-dev", "-dev-no-store-token", "-dev-tls", &format!("-dev-root-token-id={ROOT}")]);
    command.arg(format!("-dev-listen-address=127.0.0.1:{port}"));
    command.arg(format!("-dev-tls-cert-dir={}", home.path().display())).env("HOME", home.path());
    let server = Server::start(&mut command, port);
    let authority = std::fs::read_to_string(home.path().join("vault-ca.pem")).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap().cert.pem();
    let project = Project::bare("shop");
    let config = |ca: &str| {
        format!(
            "version = 1\n[project]\nname = \"shop\"\n[vault]\naddress = \"https://127.0.0.1:{port}\"\n{ca}\n\
             [vault.roles.attest]\nengine = \"transit\"\nrole = \"attest\"\n[policy.any]\n[services.s]\npath = \"s\"\npolicy = \"any\"\n"
        )
    };
    project.write("trust/ca.pem", &authority);
    project.write("trust/other.pem", &other);
    project.write("trust/none.pem", "no certificate");
    project.write("compliance.toml", config("ca = \"trust/ca.pem\""));
    // The server takes connections before it is unsealed.
    let begin = std::time::Instant::now();
    while run(&project, &["vault", "setup"], &ADMIN).code != 0 {
        assert!(begin.elapsed().as_secs() < 30, "{}", run(&project, &["vault", "setup"], &ADMIN).stderr);
    }
    // From below the root too: paths of a config begin at it.
    project.write("below/x", "");
    let below = project.root().join("below").display().to_string();
    ok(&project, &["-C", &below, "vault", "setup"], &ADMIN);
    for (ca, code, word) in [
        ("", 5, "cannot connect"),
        ("ca = \"trust/other.pem\"", 5, "cannot connect"),
        ("ca = \"trust/none.pem\"", 2, "no certificate"),
        ("ca = \"trust/gone.pem\"", 2, "[vault] ca: trust/gone.pem"),
    ] {
        project.write("compliance.toml", config(ca));
        let refused = run(&project, &["vault", "status"], &ADMIN);
        assert_eq!(refused.code, code, "{ca}: {}", refused.stderr);
        assert!(refused.stderr.contains(word), "{ca}: {}", refused.stderr);
    }
    // The environment's counts where the config names none.
    project.write("compliance.toml", config(""));
    let file = home.path().join("vault-ca.pem").display().to_string();
    ok(&project, &["vault", "setup"], &[ADMIN[0], ("VAULT_CACERT", &file)]);
    // A server of TLS is not asked without it, and none elsewhere.
    project.write("compliance.toml", config("").replace("https://", "http://"));
    assert_eq!(run(&project, &["vault", "setup"], &ADMIN).code, 5);
    project.write("compliance.toml", config("").replace("https://127.0.0.1", "http://vault.example"));
    assert_eq!(run(&project, &["vault", "setup"], &ADMIN).code, 2);
    drop(server);
}

#[test]
fn the_boutique_is_signed_by_every_login_and_engine_with_what_setup_made() {
    let Some(vault) = Vault::start("the_boutique_is_signed_by_every_login_and_engine_with_what_setup_made") else {
        return;
    };
    let issuer = Issuer::new();
    let transit = "engine = \"transit\"\nmount = \"keys\"\nrole = \"boutique\"";
    let pki = format!("engine = \"pki\"\nmount = \"leaves\"\nrole = \"boutique\"\nidentity = \"{IDENTITY}\"");
    for method in ["approle", "jwt", "token"] {
        for engine in [transit, &pki] {
            let project = Project::boutique();
            let auth = match method {
                "approle" => "method = \"approle\"\nmount = \"machines\"\nrole = \"shop\"",
                "jwt" => "method = \"jwt\"\nrole = \"ci\"\naudience = \"vault\"",
                _ => "method = \"token\"",
            };
            let is_pki = engine == pki;
            let (trust, stamp) = if is_pki {
                (
                    format!("roots = [\"trust/roots.pem\", \"trust/time.pem\"]\nidentities = [\"{IDENTITY}\"]"),
                    "timestamp = \"local\"\n",
                )
            } else {
                ("keys = [\"trust/vault.pub\"]".to_owned(), "")
            };
            let config = String::from_utf8(project.read("compliance.toml")).unwrap();
            let config = config.replace("with = \"local\"\n", &format!("with = \"attest\"\n{stamp}"));
            let config = config.replace("keys = [\"trust/local.pub\"]", &trust);
            let tables = format!(
                "[vault]\naddress = \"{}\"\n[vault.auth]\n{auth}\n[vault.roles.attest]\n{engine}\n[policy.baseline]\n",
                vault.address()
            );
            project.write("compliance.toml", config.replacen("[policy.baseline]\n", &tables, 1));
            project.write("issuer.pem", &issuer.public);
            let job =
                ["--issuer", "https://ci.example", "--issuer-key", "issuer.pem", "--claim", "repository=acme/shop"];
            let setup = [&["vault", "setup"][..], if method == "jwt" { &job } else { &[] }].concat();
            ok(&project, &setup, &ADMIN);
            // Each login is good for one run.
            let environment = || match method {
                "approle" => login(&vault).0,
                "jwt" => vec![("VAULT_JWT", issuer.token("acme/shop"))],
                _ => {
                    let body = json!({"policies": ["proofmark-boutique"], "ttl": "15m"});
                    let token = vault.admin("POST", "auth/token/create", &body);
                    vec![("VAULT_TOKEN", text(&token["auth"]["client_token"]).to_owned())]
                }
            };
            if is_pki {
                ok(&project, &["vault", "roots", "attest", "--write", "trust/roots.pem"], &ADMIN);
                project.ok(&["init", "--key"]);
            } else {
                let key = ["vault", "public-key", "attest", "--write", "trust/vault.pub"];
                ok(&project, &key, &Login(environment()).each());
            }
            project.ok(&["db", "import", "advisories"]);
            ok(&project, &["build", "--as-of", AS_OF], &Login(environment()).each());
            project.ok(&["verify", "--replay", "--offline"]);
            // Two years on waivers have ended and distributions too; what was signed holds.
            let later = project.exits(6, &["verify", "--as-of", "2028-11-23T00:00:00Z"]).stdout;
            assert!(later.contains("signatures       ok") && later.contains("lock-signature   ok"), "{later}");
            let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
            let signer =
                if is_pki { "signer = \"pki:leaves/boutique#" } else { "signer = \"transit:keys/boutique@v1:" };
            assert!(lock.contains(signer) && !lock.contains("signer = \"local"), "{method}: {lock}");
        }
    }
}
