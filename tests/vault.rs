//! Signing by a key of Vault, against a real OpenBao: every login, and what goes wrong with servers.
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
use common::vault::Issuer;
use common::{AS_OF, Project, Run};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

const ROOT: &str = "root-token-of-this-test";

/// A server that keeps everything in memory.
struct Vault {
    server: Server,
    _home: tempfile::TempDir,
}

impl Vault {
    fn start(test: &str) -> Option<Self> {
        let bao = tool(test, "bao")?;
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = Command::new(bao);
        command.args(["server", "-dev", "-dev-no-store-token", &format!("-dev-root-token-id={ROOT}")]);
        command.arg(format!("-dev-listen-address=127.0.0.1:{port}")).env("HOME", home.path());
        let vault = Self { server: Server::start(&mut command, port), _home: home };
        // It takes connections a little before it is unsealed.
        for _ in 0..200 {
            if vault.ask("GET", "sys/health", &Value::Null).0 == 200 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        vault.admin("POST", "sys/mounts/transit", &json!({"type": "transit"}));
        for (key, kind) in [("attest", "ecdsa-p256"), ("edwards", "ed25519"), ("cipher", "aes256-gcm96")] {
            vault.admin("POST", &format!("transit/keys/{key}"), &json!({"type": kind}));
        }
        vault.admin("POST", "transit/keys/loose", &json!({"type": "ecdsa-p256", "exportable": true}));
        let policy = "path \"transit/sign/*\" { capabilities = [\"update\"] }\npath \"transit/keys/*\" { capabilities = [\"read\"] }";
        vault.admin("PUT", "sys/policies/acl/sign", &json!({"policy": policy}));
        Some(vault)
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port)
    }

    /// A request over a plain connection: status and body.
    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.port)).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} /v1/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-vault-token: {ROOT}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.find('{').map(|at| &answer[at..=answer.rfind('}').unwrap()]).unwrap_or("null");
        (status, serde_json::from_str(body).unwrap())
    }

    fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    fn token(&self, ttl: &str) -> String {
        let answer = self.admin("POST", "auth/token/create", &json!({"policies": ["sign"], "ttl": ttl}));
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// How many leases of tokens there are.
    fn tokens(&self) -> usize {
        self.admin("LIST", "auth/token/accessors", &Value::Null)["data"]["keys"].as_array().unwrap().len()
    }
}

/// A project of so many services, signed by a role, with the public half of its key in `trust/`.
fn project(address: &str, services: usize, auth: &str, key: &str) -> Project {
    let project = Project::bare("shop");
    let lockfile = r#"{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0","dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0"}}}"#;
    let mut config = format!(
        "version = 1\n[project]\nname = \"shop\"\n[advisories]\nsources = [\"advisories\"]\n[trust]\nkeys = [\"trust/vault.pub\"]\n\
         [vault]\naddress = \"{address}\"\n{auth}\n[vault.rate]\nrequests-per-second = 100\n[vault.roles.attest]\nengine = \"transit\"\nrole = \"{key}\"\n\
         [sign]\nwith = \"attest\"\n[policy.any]\n"
    );
    for index in 0..services {
        config += &format!("[services.s{index}]\npath = \"s{index}\"\npolicy = \"any\"\n");
        project.write(
            &format!("s{index}/package-lock.json"),
            lockfile.replace("1.0.0\"}}}", &format!("1.0.{index}\"}}}}}}")),
        );
    }
    project.write("compliance.toml", config);
    project.write("advisories/npm/X.json", r#"{"id":"X","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"zzz"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#);
    project.ok(&["db", "import", "advisories"]);
    project
}

fn run(project: &Project, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = project.command(arguments);
    command.envs(environment.iter().copied());
    Run::of(command)
}

fn ok(project: &Project, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let run = run(project, arguments, environment);
    assert_eq!(run.code, 0, "{arguments:?}\n{}\n{}", run.stdout, run.stderr);
    run
}

fn trust(project: &Project, environment: &[(&str, &str)]) {
    let pem = ok(project, &["vault", "public-key", "attest"], environment).stdout;
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----"), "{pem}");
    project.write("trust/vault.pub", pem);
}

const BUILD: [&str; 4] = ["build", "--as-of", AS_OF, "-v"];

fn requests(run: &Run) -> u64 {
    let line = run.stderr.lines().find(|line| line.starts_with("Vault: ")).unwrap_or_else(|| panic!("{}", run.stderr));
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn every_login_signs_and_leaves_nothing_behind() {
    let Some(vault) = Vault::start("every_login_signs_and_leaves_nothing_behind") else { return };
    vault.admin("POST", "sys/auth/approle", &json!({"type": "approle"}));
    let role = json!({"token_policies": ["sign"], "token_ttl": "10m", "token_max_ttl": "15m", "secret_id_num_uses": 1});
    vault.admin("POST", "auth/approle/role/ci", &role);
    let role_id = vault.admin("GET", "auth/approle/role/ci/role-id", &Value::Null);
    let role_id = role_id["data"]["role_id"].as_str().unwrap().to_owned();
    let secret_id = || {
        let answer = vault.admin("POST", "auth/approle/role/ci/secret-id", &json!({}));
        answer["data"]["secret_id"].as_str().unwrap().to_owned()
    };
    let approle = "[vault.auth]\nmethod = \"approle\"\nrole = \"ci\"";
    for (key, kind) in [("attest", "p256"), ("edwards", "ed25519")] {
        let project = project(&vault.address(), 3, approle, key);
        let with = |secret: &str| {
            [("VAULT_ROLE_ID".to_owned(), role_id.clone()), ("VAULT_SECRET_ID".to_owned(), secret.to_owned())]
        };
        let before = vault.tokens();
        let first = secret_id();
        let environment = with(&first);
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        trust(&project, &environment);
        // It was good for one login.
        assert_eq!(run(&project, &BUILD, &environment).code, 5, "{kind}");
        assert!(!project.root().join("compliance.lock").exists());
        let second = secret_id();
        let environment = with(&second);
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let built = ok(&project, &BUILD, &environment);
        assert_eq!(vault.tokens(), before, "logins are given up");
        project.ok(&["verify", "--replay", "--offline"]);
        let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
        assert!(lock.contains(&format!("signer = \"transit:transit/{key}@v1:sha256:")), "{lock}");
        // No secret is left: in the project, in the cache, or in what was said.
        let mut text = format!("{}{}", built.stdout, built.stderr).into_bytes();
        for file in common::files(&project.root()).into_iter().chain(common::files(&project.cache())) {
            text.extend(std::fs::read(file).unwrap());
        }
        for secret in [&first, &second, &role_id] {
            assert!(!text.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
    // Wrapped, by the right hand and by another.
    let wrapped = |path: &str, body: &Value| {
        let mut stream = TcpStream::connect(("127.0.0.1", vault.server.port)).unwrap();
        let body = body.to_string();
        let head = format!(
            "POST /v1/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-vault-token: {ROOT}\r\nx-vault-wrap-ttl: 60s\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body: Value =
            serde_json::from_str(&answer[answer.find('{').unwrap()..=answer.rfind('}').unwrap()]).unwrap();
        body["wrap_info"]["token"].as_str().unwrap().to_owned()
    };
    let project = project(&vault.address(), 1, approle, "attest");
    let good = wrapped("auth/approle/role/ci/secret-id", &json!({}));
    trust(&project, &[("VAULT_ROLE_ID", &role_id), ("VAULT_WRAPPED_SECRET_ID", &good)]);
    let foreign = wrapped("sys/wrapping/wrap", &json!({"secret_id": secret_id()}));
    let refused = run(&project, &BUILD, &[("VAULT_ROLE_ID", &role_id), ("VAULT_WRAPPED_SECRET_ID", &foreign)]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}

#[test]
fn the_identity_of_a_ci_job_signs() {
    let Some(vault) = Vault::start("the_identity_of_a_ci_job_signs") else { return };
    let issuer = Issuer::new();
    vault.admin("POST", "sys/auth/jwt", &json!({"type": "jwt"}));
    let keys = json!({"jwt_validation_pubkeys": [issuer.public], "bound_issuer": "https://ci.example"});
    vault.admin("POST", "auth/jwt/config", &keys);
    let role = json!({"role_type": "jwt", "user_claim": "job_workflow_ref", "bound_audiences": ["vault"],
        "bound_claims": {"repository": "acme/shop"}, "token_policies": ["sign"], "token_ttl": "10m"});
    vault.admin("POST", "auth/jwt/role/ci", &role);
    let auth = "[vault.auth]\nmethod = \"jwt\"\nrole = \"ci\"\naudience = \"vault\"";
    let project = project(&vault.address(), 2, auth, "attest");
    let before = vault.tokens();
    trust(&project, &[("VAULT_JWT", &issuer.token("acme/shop"))]);
    // Another repository's job gets nothing.
    let refused = run(&project, &BUILD, &[("VAULT_JWT", &issuer.token("evil/shop"))]);
    assert_eq!(refused.code, 5, "{}", refused.stderr);
    // From a file, as GitLab and others give it.
    project.write("../token", issuer.token("acme/shop"));
    let file = project.root().join("../token").display().to_string();
    ok(&project, &BUILD, &[("VAULT_JWT_FILE", &file)]);
    assert_eq!(vault.tokens(), before);
    project.ok(&["verify", "--replay", "--offline"]);

    // Asked of GitHub, which wants its own bearer token and the audience.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/token?api-version=2.0", listener.local_addr().unwrap().port());
    let token = issuer.token("acme/shop");
    let github = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 8192];
        let count = stream.read(&mut request).unwrap();
        let body = json!({"value": token}).to_string();
        stream
            .write_all(
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
                    .as_bytes(),
            )
            .unwrap();
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    project.edit("s0/package-lock.json", "1.0.0\"}}}", "2.0.0\"}}}");
    let environment =
        [("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token")];
    ok(&project, &BUILD, &environment);
    let request = github.join().unwrap();
    assert!(request.starts_with("GET /token?api-version=2.0&audience=vault "), "{request}");
    assert!(request.to_ascii_lowercase().contains("authorization: bearer request-token"), "{request}");
}

#[test]
fn tokens_that_are_too_mighty_or_live_too_long_are_refused() {
    let Some(vault) = Vault::start("tokens_that_are_too_mighty_or_live_too_long_are_refused") else { return };
    let auth = "[vault.auth]\nmethod = \"token\"";
    let shop = project(&vault.address(), 1, auth, "attest");
    let short = vault.token("10m");
    trust(&shop, &[("VAULT_TOKEN", &short)]);
    assert_eq!(run(&shop, &BUILD, &[]).code, 2, "no token");
    for (token, what) in [(ROOT.to_owned(), "root"), (vault.token("5h"), "lives for")] {
        let refused = run(&shop, &BUILD, &[("VAULT_TOKEN", &token)]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(what) && !refused.stderr.contains(&token), "{}", refused.stderr);
    }
    ok(&shop, &BUILD, &[("BAO_TOKEN", &short)]);
    // One that was given is not given up: it may have other work to do.
    ok(&shop, &["vault", "public-key", "attest"], &[("VAULT_TOKEN", &short)]);
    let why = "[vault.auth]\nmethod = \"token\"\nallow-long-lived = \"a job of five hours\"";
    let patient = project(&vault.address(), 1, why, "attest");
    let long = vault.token("5h");
    trust(&patient, &[("VAULT_TOKEN", &long)]);
    ok(&patient, &BUILD, &[("VAULT_TOKEN", &long)]);
    // Keys that cannot sign, or that can leave.
    for key in ["cipher", "loose", "gone"] {
        let project = project(&vault.address(), 1, auth, key);
        let refused = run(&project, &["vault", "public-key", "attest"], &[("VAULT_TOKEN", &short)]);
        assert_eq!(refused.code, if key == "gone" { 5 } else { 2 }, "{}", refused.stderr);
    }
    // A key that is not trusted signs nothing.
    let other = project(&vault.address(), 1, auth, "attest");
    other.write("trust/vault.pub", shop.read("trust/vault.pub"));
    other.edit("compliance.toml", "role = \"attest\"", "role = \"edwards\"");
    assert_eq!(run(&other, &BUILD, &[("VAULT_TOKEN", &short)]).code, 2);
}

#[test]
fn requests_do_not_grow_with_services_and_quotas_are_waited_for() {
    let Some(vault) = Vault::start("requests_do_not_grow_with_services_and_quotas_are_waited_for") else { return };
    let quota = json!({"path": "", "rate": 5, "interval": "1s"});
    let token = vault.token("30m");
    let environment = [("VAULT_TOKEN", token.as_str())];
    let mut counts = Vec::new();
    vault.admin("POST", "sys/quotas/rate-limit/slow", &quota);
    for services in [10, 142] {
        let project = project(&vault.address(), services, "[vault.auth]\nmethod = \"token\"", "attest");
        trust(&project, &environment);
        let built = ok(&project, &BUILD, &environment);
        let again: u64 = built.stderr.split("requests, ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        counts.push(requests(&built) - again);
        project.ok(&["verify", "--offline"]);
    }
    // Looked up, the key, the statements (426 of them in two requests), the lock.
    assert_eq!(counts, [4, 5]);
}

#[test]
fn a_vault_that_fails_changes_nothing() {
    let Some(vault) = Vault::start("a_vault_that_fails_changes_nothing") else { return };
    let token = vault.token("30m");
    let environment = [("VAULT_TOKEN", token.as_str())];
    let auth = "[vault.auth]\nmethod = \"token\"";
    let project = project(&vault.address(), 2, auth, "attest");
    trust(&project, &environment);
    ok(&project, &BUILD, &environment);
    let lock = project.read("compliance.lock");
    project.edit("s0/package-lock.json", "1.0.0\"}}}", "2.0.0\"}}}");
    let config = String::from_utf8(project.read("compliance.toml")).unwrap();
    let fails = |address: &str, retries: u32| {
        let other = config
            .replace(&vault.address(), address)
            .replace("requests-per-second = 100", &format!("retries = {retries}"));
        project.write("compliance.toml", other);
        let failed = run(&project, &BUILD, &environment);
        assert_eq!(failed.code, 5, "{address}: {}", failed.stderr);
        assert!(!failed.stderr.contains(&token));
        assert_eq!(project.read("compliance.lock"), lock);
    };
    fails(&format!("http://127.0.0.1:{}", free_port()), 0);
    for answer in [
        "HTTP/1.1 500 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 503 X\r\ncontent-length: 33\r\nconnection: close\r\n\r\n{\"errors\":[\"Vault is sealed now\"]}",
        "HTTP/1.1 200 X\r\ncontent-length: 9\r\nconnection: close\r\n\r\n<garbage>",
        "HTTP/1.1 200 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
        "HTTP/1.1 200 X\r\ncontent-length: 200\r\nconnection: close\r\n\r\n{\"data\":",
        "nonsense\r\n\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        fails(&address, 1);
    }
    // Sealed for real.
    vault.admin("PUT", "sys/seal", &json!({}));
    fails(&vault.address(), 1);
    drop(vault);
}

#[test]
fn another_address_needs_tls() {
    let project = project("http://127.0.0.1:1", 1, "[vault.auth]\nmethod = \"token\"", "attest");
    project.write("trust/vault.pub", "");
    let config = String::from_utf8(project.read("compliance.toml")).unwrap();
    project.write("compliance.toml", config.replace("address = \"http://127.0.0.1:1\"\n", ""));
    let refused = run(
        &project,
        &["vault", "public-key", "attest"],
        &[("VAULT_TOKEN", "x"), ("VAULT_ADDR", "http://vault.example:8200")],
    );
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("without TLS"), "{}", refused.stderr);
}

#[test]
fn setup_alone_makes_what_a_build_needs() {
    let Some(vault) = Vault::start("setup_alone_makes_what_a_build_needs") else { return };
    let admin = [("VAULT_TOKEN", ROOT)];
    // AppRole, with an engine and a login of their own mounts.
    let auth = "[vault.auth]\nmethod = \"approle\"\nrole = \"shop\"\nmount = \"machines\"";
    let shop = project(&vault.address(), 2, auth, "made-here");
    shop.edit("compliance.toml", "engine = \"transit\"", "engine = \"transit\"\nmount = \"keys\"");
    let dry = ok(&shop, &["vault", "setup", "--dry-run"], &[]).stdout;
    assert!(dry.contains("POST keys/keys/made-here") && dry.contains("\"exportable\":false"), "{dry}");
    assert!(dry.contains("path \"keys/sign/made-here\" { capabilities = [\"update\"] }"), "{dry}");
    assert_eq!(vault.ask("GET", "keys/keys/made-here", &Value::Null).0, 404, "a dry run makes nothing");
    assert_eq!(run(&shop, &["vault", "setup"], &[]).code, 2, "nobody's token");
    ok(&shop, &["vault", "setup"], &admin);
    let again = ok(&shop, &["vault", "setup"], &admin).stdout;
    assert_eq!(again.matches("there already").count(), 2, "{again}");
    let role_id = vault.admin("GET", "auth/machines/role/shop/role-id", &Value::Null)["data"]["role_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let secret_id = || {
        vault.admin("POST", "auth/machines/role/shop/secret-id", &json!({}))["data"]["secret_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    trust(&shop, &[("VAULT_ROLE_ID", &role_id), ("VAULT_SECRET_ID", &secret_id())]);
    ok(&shop, &BUILD, &[("VAULT_ROLE_ID", &role_id), ("VAULT_SECRET_ID", &secret_id())]);
    shop.ok(&["verify", "--replay", "--offline"]);

    // A CI's identity.
    let issuer = Issuer::new();
    let auth = "[vault.auth]\nmethod = \"jwt\"\nrole = \"ci\"\naudience = \"vault\"";
    let ci = project(&vault.address(), 2, auth, "attest");
    ci.write("issuer.pem", &issuer.public);
    let unbound = ["vault", "setup", "--issuer", "https://ci.example", "--issuer-key", "issuer.pem"];
    assert_eq!(run(&ci, &unbound, &admin).code, 2, "any job could log in");
    ok(&ci, &[unbound.as_slice(), &["--claim", "repository=acme/shop"]].concat(), &admin);
    trust(&ci, &[("VAULT_JWT", &issuer.token("acme/shop"))]);
    ok(&ci, &BUILD, &[("VAULT_JWT", &issuer.token("acme/shop"))]);
    assert_eq!(run(&ci, &BUILD, &[("VAULT_JWT", &issuer.token("evil/shop"))]).code, 0, "nothing is left to sign");
    ci.edit("s0/package-lock.json", "1.0.0\"}}}", "2.0.0\"}}}");
    assert_eq!(run(&ci, &BUILD, &[("VAULT_JWT", &issuer.token("evil/shop"))]).code, 5);
    // What somebody else has made there before is not taken for ours.
    let loose = project(&vault.address(), 1, "[vault.auth]\nmethod = \"token\"", "loose");
    assert_eq!(run(&loose, &["vault", "setup"], &admin).code, 2, "an exportable key");
    vault.admin("POST", "sys/mounts/other", &json!({"type": "kv"}));
    loose.edit("compliance.toml", "engine = \"transit\"", "engine = \"transit\"\nmount = \"other\"");
    assert_eq!(run(&loose, &["vault", "setup"], &admin).code, 2, "another engine");
    let open = json!({"bind_secret_id": false, "token_period": "24h", "token_policies": ["default"], "secret_id_bound_cidrs": ["127.0.0.1/32"]});
    vault.admin("POST", "auth/machines/role/open", &json!({"token_policies": ["default"]}));
    let _ = vault.ask("POST", "auth/machines/role/open", &open);
    shop.edit("compliance.toml", "role = \"shop\"", "role = \"open\"");
    let _ = ok(&shop, &["vault", "setup"], &admin);
    let closed = vault.admin("GET", "auth/machines/role/open", &Value::Null);
    assert_eq!((&closed["data"]["bind_secret_id"], &closed["data"]["token_period"]), (&json!(true), &json!(0)));
    // Names that would mean more in a policy than themselves are no names.
    for (from, to) in [("role = \"open\"", "role = \"*\""), ("mount = \"keys\"", "mount = \"a\\\" { }\"")] {
        let text = String::from_utf8(shop.read("compliance.toml")).unwrap();
        shop.edit("compliance.toml", from, to);
        let refused = run(&shop, &["vault", "setup", "--dry-run"], &[]);
        assert_eq!(refused.code, 2, "{to}: {}", refused.stdout);
        assert!(refused.stderr.contains("config::vault-path"), "{}", refused.stderr);
        shop.write("compliance.toml", text);
    }
    // What a build may do is no more than it needs.
    let policy = ok(&ci, &["vault", "policy"], &[]).stdout;
    assert_eq!(policy.lines().count(), 2, "{policy}");
}
