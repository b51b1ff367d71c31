//! A Vault that fails in the middle of a run, answers slowly, or hands out odd tokens; and where its secrets must not be found.
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
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const BUILD: [&str; 4] = ["build", "--as-of", AS_OF, "-v"];

/// A project of so many services that signs with the Transit key, its public half in place.
fn project(vault: &Vault, services: usize, auth: &str) -> Project {
    let project = Project::bare("shop");
    let lockfile = r#"{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0","dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0"}}}"#;
    let mut config = format!(
        "version = 1\n[project]\nname = \"shop\"\n[advisories]\nsources = [\"advisories\"]\n[trust]\nkeys = [\"trust/vault.pub\"]\n\
         [vault]\naddress = \"{}\"\n{auth}\n[vault.rate]\nretries = 1\n[vault.roles.attest]\nengine = \"transit\"\nrole = \"attest\"\n\
         [sign]\nwith = \"attest\"\n[policy.any]\n",
        vault.address()
    );
    for index in 0..services {
        config += &format!("[services.s{index}]\npath = \"s{index}\"\npolicy = \"any\"\n");
        let lockfile = lockfile.replace("1.0.0\"}}}", &format!("1.0.{index}\"}}}}}}"));
        project.write(&format!("s{index}/package-lock.json"), lockfile);
    }
    project.write("compliance.toml", config);
    project.write("advisories/npm/X.json", r#"{"id":"X","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"zzz"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#);
    project.ok(&["db", "import", "advisories"]);
    let key = vault.admin("GET", "transit/keys/attest", &Value::Null);
    project.write("trust/vault.pub", text(&key["data"]["keys"]["1"]["public_key"]));
    project
}

fn run(project: &Project, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = project.command(arguments);
    command.envs(environment.iter().copied());
    Run::of(command)
}

#[track_caller]
fn ok(project: &Project, environment: &[(&str, &str)]) -> Run {
    let run = run(project, &BUILD, environment);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run
}

/// What lies between the program and a server: hands on requests until one of a path comes, and then does something else.
fn between(
    port: u16,
    path: &'static str,
    instead: impl Fn(&mut TcpStream, &dyn Fn(&mut TcpStream)) + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            // One request a connection, whatever the program would rather have.
            let Some((head, body)) = request(&mut stream) else { continue };
            let hand_on = |stream: &mut TcpStream| {
                let head = head.replace("HTTP/1.1\r\n", "HTTP/1.1\r\nconnection: close\r\n");
                let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)) else { return };
                let _ = server.write_all(head.as_bytes());
                let _ = server.write_all(&body);
                let mut answer = Vec::new();
                let _ = server.read_to_end(&mut answer);
                let _ = stream.write_all(&answer);
            };
            if head.lines().next().is_some_and(|line| line.contains(path)) {
                instead(&mut stream, &hand_on);
            } else {
                hand_on(&mut stream);
            }
        }
    });
    here
}

fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 65536]);
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end + 4]).into_owned();
        let length = head.to_ascii_lowercase();
        let length = length.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            return Some((head, bytes[end + 4..].to_vec()));
        }
    }
}

#[test]
fn a_vault_that_is_killed_in_the_middle_changes_nothing_and_the_next_run_goes_on() {
    let Some(mut vault) = Vault::durable("a_vault_that_is_killed_in_the_middle") else { return };
    let project = project(&vault, 20, "");
    let token = vault.token();
    let environment = [("VAULT_TOKEN", token.as_str())];
    ok(&project, &environment);
    let lock = project.read("compliance.lock");
    let kept = || common::files(&project.root().join(".compliance"));
    let before = kept();
    for index in 0..20 {
        let change = format!("1.0.{index}\"}}}}}}");
        project.edit(&format!("s{index}/package-lock.json"), &change, &change.replace("1.0.", "2.0."));
    }
    // It dies when it is asked to sign, after the login and the look at the key.
    let id = vault.id().to_string();
    let port = between(vault.port, "/v1/transit/sign/", move |_, _| {
        assert!(Command::new("kill").args(["-9", &id]).status().unwrap().success());
    });
    project.edit("compliance.toml", &vault.address(), &format!("http://127.0.0.1:{port}"));
    let failed = run(&project, &BUILD, &environment);
    assert_eq!(failed.code, 5, "{}{}", failed.stdout, failed.stderr);
    assert!(failed.stderr.contains("Vault cannot be reached"), "{}", failed.stderr);
    assert!(!failed.stderr.contains(&token));
    assert_eq!(project.read("compliance.lock"), lock);
    assert_eq!(kept(), before);
    // As long as it is down, too.
    assert_eq!(run(&project, &BUILD, &environment).code, 5);
    assert_eq!(project.read("compliance.lock"), lock);

    vault.again();
    project.edit("compliance.toml", &format!("http://127.0.0.1:{port}"), &vault.address());
    let picked_up = ok(&project, &environment);
    let said = "0 actions run, 60 cached; compliance.lock written, 60 statements signed";
    assert!(picked_up.stdout.contains(said), "{}", picked_up.stdout);
    assert_ne!(project.read("compliance.lock"), lock);
    project.ok(&["verify", "--replay", "--offline"]);
}

#[test]
fn a_slow_vault_is_waited_for_and_a_silent_one_is_not() {
    let Some(vault) = Vault::start("a_slow_vault_is_waited_for_and_a_silent_one_is_not") else { return };
    let project = project(&vault, 2, "");
    let token = vault.token();
    let environment = [("VAULT_TOKEN", token.as_str())];
    let server = vault.port;
    let slow = between(server, "/v1/", move |_, _| {});
    drop(TcpStream::connect(("127.0.0.1", slow)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let Some((head, body)) = request(&mut stream) else { continue };
            std::thread::sleep(Duration::from_millis(1500));
            let mut through = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let head = head.replace("HTTP/1.1\r\n", "HTTP/1.1\r\nconnection: close\r\n");
            through.write_all(head.as_bytes()).unwrap();
            through.write_all(&body).unwrap();
            let mut answer = Vec::new();
            let _ = through.read_to_end(&mut answer);
            // A little at a time.
            for part in answer.chunks(64) {
                let _ = stream.write_all(part);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    });
    let address = vault.address();
    project.edit("compliance.toml", &address, &format!("http://127.0.0.1:{slow}"));
    ok(&project, &environment);
    let lock = project.read("compliance.lock");

    project.edit("s0/package-lock.json", "1.0.0\"}}}", "2.0.0\"}}}");
    let silent = between(server, "/v1/transit/sign/", |stream, _| {
        let mut rest = [0; 1];
        let _ = stream.read(&mut rest);
    });
    project.edit("compliance.toml", &format!("http://127.0.0.1:{slow}"), &format!("http://127.0.0.1:{silent}"));
    project.edit("compliance.toml", "retries = 1", "retries = 0");
    let began = Instant::now();
    let failed = run(&project, &BUILD, &environment);
    assert_eq!(failed.code, 5, "{}", failed.stderr);
    assert!(failed.stderr.contains("no answer in time"), "{}", failed.stderr);
    assert!(began.elapsed() < Duration::from_secs(100), "it waited for {:?}", began.elapsed());
    assert_eq!(project.read("compliance.lock"), lock);
}

/// The leases of tokens that there are.
fn tokens(vault: &Vault) -> usize {
    vault.admin("LIST", "auth/token/accessors", &Value::Null)["data"]["keys"].as_array().unwrap().len()
}

fn approle(vault: &Vault, settings: Value) -> [(&'static str, String); 2] {
    let _ = vault.ask("POST", "sys/auth/approle", &json!({"type": "approle"}));
    let mut role = json!({"token_policies": ["sign"], "token_ttl": "10m", "token_max_ttl": "15m"});
    for (key, value) in settings.as_object().unwrap() {
        role[key] = value.clone();
    }
    vault.admin("POST", "auth/approle/role/ci", &role);
    let id = vault.admin("GET", "auth/approle/role/ci/role-id", &Value::Null);
    let secret = vault.admin("POST", "auth/approle/role/ci/secret-id", &json!({}));
    [
        ("VAULT_ROLE_ID", text(&id["data"]["role_id"]).to_owned()),
        ("VAULT_SECRET_ID", text(&secret["data"]["secret_id"]).to_owned()),
    ]
}

const APPROLE: &str = "[vault.auth]\nmethod = \"approle\"\nrole = \"ci\"";

fn borrowed<'a>(pairs: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    pairs.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn logins_are_given_up_also_when_the_run_fails() {
    let Some(vault) = Vault::start("logins_are_given_up_also_when_the_run_fails") else { return };
    let project = project(&vault, 2, APPROLE);
    let credentials = approle(&vault, json!({}));
    let before = tokens(&vault);
    // The key is not one that is trusted.
    let trusted = project.read("trust/vault.pub");
    vault.admin("POST", "transit/keys/other", &json!({"type": "ecdsa-p256"}));
    let other = vault.admin("GET", "transit/keys/other", &Value::Null);
    project.write("trust/vault.pub", text(&other["data"]["keys"]["1"]["public_key"]));
    assert_eq!(run(&project, &BUILD, &borrowed(&credentials)).code, 2);
    assert_eq!(tokens(&vault), before);
    // There is no right to sign.
    project.write("trust/vault.pub", trusted);
    let powerless = approle(&vault, json!({"token_policies": ["default"]}));
    let failed = run(&project, &BUILD, &borrowed(&powerless));
    assert_eq!(failed.code, 5, "{}", failed.stderr);
    assert!(failed.stderr.contains("Vault says 403 to transit/keys/attest"), "{}", failed.stderr);
    assert_eq!(tokens(&vault), before);
    // One that may be revoked by nobody ends by itself, and is no reason to fail.
    let batch = approle(&vault, json!({"token_type": "batch"}));
    ok(&project, &borrowed(&batch));
    project.ok(&["verify", "--offline"]);
}

/// Answers so many requests of a path with a refusal, before it hands them on.
fn throttled(port: u16, path: &'static str, times: usize, answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let here = between(port, path, move |stream, hand_on| {
        if counter.fetch_add(1, Ordering::SeqCst) < times {
            let _ = stream.write_all(answer.as_bytes());
        } else {
            hand_on(stream);
        }
    });
    (here, asked)
}

const TOO_MANY: &str = "HTTP/1.1 429 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const BROKEN: &str = "HTTP/1.1 500 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[test]
fn a_login_that_was_not_looked_at_is_tried_again_and_any_other_is_not() {
    let Some(vault) = Vault::start("a_login_that_was_not_looked_at_is_tried_again_and_any_other_is_not") else {
        return;
    };
    for (answer, code, times) in [(TOO_MANY, 0, 2), (BROKEN, 5, 1)] {
        let project = project(&vault, 1, APPROLE);
        let credentials = approle(&vault, json!({"secret_id_num_uses": 1}));
        let (port, asked) = throttled(vault.port, "auth/approle/login", 1, answer);
        project.edit("compliance.toml", &vault.address(), &format!("http://127.0.0.1:{port}"));
        let built = run(&project, &BUILD, &borrowed(&credentials));
        assert_eq!(built.code, code, "{}", built.stderr);
        assert_eq!(asked.load(Ordering::SeqCst), times);
        // What was throttled is counted, and said.
        assert!(code != 0 || built.stderr.contains(", 1 of them again"), "{}", built.stderr);
    }
}

#[test]
fn the_identity_of_a_job_is_asked_for_again() {
    for (answer, times) in [(TOO_MANY, 2), (BROKEN, 2), ("HTTP/1.1 403 X\r\ncontent-length: 0\r\n\r\n", 1)] {
        let (port, asked) = throttled(1, "/token", usize::MAX, answer);
        let project = Project::bare("shop");
        project.write(
            "compliance.toml",
            "version = 1\n[project]\nname = \"shop\"\n[vault]\naddress = \"http://127.0.0.1:1\"\n[vault.auth]\nmethod = \"jwt\"\n\
             role = \"ci\"\n[vault.rate]\nretries = 1\n[vault.roles.attest]\nengine = \"transit\"\nrole = \"attest\"\n[policy.any]\n[services.s]\npath = \"s\"\npolicy = \"any\"\n",
        );
        let url = format!("http://127.0.0.1:{port}/token?x=y");
        let environment =
            [("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token")];
        let failed = run(&project, &["vault", "public-key", "attest"], &environment);
        assert_eq!(failed.code, 5, "{}", failed.stderr);
        assert!(
            failed.stderr.contains("GitHub's tokens") && !failed.stderr.contains("request-token"),
            "{}",
            failed.stderr
        );
        assert_eq!(asked.load(Ordering::SeqCst), times, "{answer}");
    }
}

#[test]
fn no_core_is_written() {
    // A server that takes what it is asked and says nothing.
    let port = between(1, "/", |_, _| std::thread::sleep(Duration::from_secs(20)));
    let project = Project::bare("shop");
    project.write(
        "compliance.toml",
        format!(
            "version = 1\n[project]\nname = \"shop\"\n[vault]\naddress = \"http://127.0.0.1:{port}\"\n\
             [vault.roles.attest]\nengine = \"transit\"\nrole = \"attest\"\n[policy.any]\n[services.s]\npath = \"s\"\npolicy = \"any\"\n"
        ),
    );
    let program = project.command(&["vault", "public-key", "attest"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh"]).arg(program.get_program()).args(program.get_args());
    command.current_dir(project.root()).env("VAULT_TOKEN", "a-secret-of-this-test");
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let limits = || std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap_or_default();
    let is_forbidden = |limits: &str| {
        let line = limits.lines().find(|line| line.starts_with("Max core file size"));
        line.is_some_and(|line| line.split_whitespace().skip(4).take(2).all(|limit| limit == "0"))
    };
    let begin = Instant::now();
    while !is_forbidden(&limits()) {
        assert!(begin.elapsed() < Duration::from_secs(10), "{}", limits());
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let killed = Command::new("kill").args(["-ABRT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = child.wait().unwrap();
    assert!(!std::os::unix::process::ExitStatusExt::core_dumped(&status), "{status}");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(6), "{status}");
}

#[test]
fn a_token_that_ends_soon_is_renewed() {
    let Some(vault) = Vault::start("a_token_that_ends_soon_is_renewed") else { return };
    let project = project(&vault, 2, APPROLE);
    let credentials = approle(&vault, json!({"token_ttl": "20s"}));
    ok(&project, &borrowed(&credentials));
    let renewed = |line: &Value| line["type"] == "response" && line["request"]["path"] == "auth/token/renew-self";
    assert!(vault.audit().iter().any(renewed), "it was not renewed");
}

#[test]
fn an_agent_and_a_pod_log_in() {
    let Some(vault) = Vault::start("an_agent_and_a_pod_log_in") else { return };
    // The agent's file: plain, and wrapped.
    let agent = "[vault.auth]\nmethod = \"agent\"";
    let plain = project(&vault, 1, agent);
    let file = plain.root().join("../sink").display().to_string();
    plain.write("../sink", vault.token());
    ok(&plain, &[("VAULT_TOKEN_FILE", &file)]);
    plain.write("../sink", "{\"token\":\"x\",\"creation_path\":\"sys/wrapping/other\"}");
    plain.edit("s0/package-lock.json", "1.0.0\"}}}", "2.0.0\"}}}");
    assert_eq!(run(&plain, &BUILD, &[("VAULT_TOKEN_FILE", &file)]).code, 2);
    assert_eq!(run(&plain, &BUILD, &[]).code, 2, "no file");
    let wrapped = vault.wrapped("sys/wrapping/wrap", &json!({"token": vault.token()}));
    plain.write("../sink", json!({"token": wrapped, "ttl": 60, "creation_path": "sys/wrapping/wrap"}).to_string());
    ok(&plain, &[("VAULT_TOKEN_FILE", &file)]);
    // It was good for once.
    plain.edit("s0/package-lock.json", "2.0.0\"}}}", "3.0.0\"}}}");
    assert_eq!(run(&plain, &BUILD, &[("VAULT_TOKEN_FILE", &file)]).code, 5);

    // A pod's token, which Vault has Kubernetes review.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let kubernetes = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let Some((_, body)) = request(&mut stream) else { continue };
            let asked: Value = serde_json::from_slice(&body).unwrap();
            let is_ours = text(&asked["spec"]["token"]).split('.').count() == 3;
            let review = json!({"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "spec": {},
                "status": {"authenticated": is_ours, "user": {"username": "system:serviceaccount:shop:builder", "uid": "u-1",
                    "groups": ["system:serviceaccounts"]}}});
            let body = review.to_string();
            let head = format!(
                "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body.as_bytes());
        }
    });
    vault.admin("POST", "sys/auth/kubernetes", &json!({"type": "kubernetes"}));
    let config = json!({"kubernetes_host": format!("http://127.0.0.1:{kubernetes}"), "token_reviewer_jwt": "a.b.c",
        "disable_local_ca_jwt": true, "kubernetes_ca_cert": authority()});
    vault.admin("POST", "auth/kubernetes/config", &config);
    let role = |account: &str| {
        let role = json!({"bound_service_account_names": [account], "bound_service_account_namespaces": ["shop"],
            "token_policies": ["sign"], "token_ttl": "10m"});
        vault.admin("POST", "auth/kubernetes/role/ci", &role);
    };
    let encode =
        |value: Value| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value.to_string());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:shop:builder", "iat": now, "exp": now + 600,
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "builder", "uid": "u-1"}}});
    let jwt = format!("{}.{}.{}", encode(json!({"alg": "RS256"})), encode(claims), encode(json!("signature")));
    let pod = project(&vault, 1, "[vault.auth]\nmethod = \"kubernetes\"\nrole = \"ci\"");
    pod.write("../token", &jwt);
    let file = pod.root().join("../token").display().to_string();
    let before = tokens(&vault);
    role("somebody-else");
    let refused = run(&pod, &BUILD, &[("VAULT_JWT_FILE", &file)]);
    assert_eq!(refused.code, 5, "{}", refused.stderr);
    assert!(!refused.stderr.contains(&jwt));
    role("builder");
    ok(&pod, &[("VAULT_JWT_FILE", &file)]);
    assert_eq!(tokens(&vault), before);
}

/// Some certificate: Vault wants one, and asks our reviewer without TLS.
fn authority() -> String {
    rcgen::generate_simple_self_signed(vec!["kubernetes.example".to_owned()]).unwrap().cert.pem()
}

#[test]
fn secrets_are_found_nowhere() {
    let Some(vault) = Vault::start("secrets_are_found_nowhere") else { return };
    let project = project(&vault, 2, APPROLE);
    // A scanner that writes down whatever it can see of any process, its own environment first.
    let seen = project.root().parent().unwrap().join("seen");
    let shim = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\ncase \"$1\" in --version) echo 'Version: 0.59.1'; exit 0;; esac\n\
         {{ cat /proc/self/environ; cat /proc/*/cmdline; tr '\\0' '\\n' < /proc/$PPID/cmdline; }} >> {0} 2>/dev/null\necho >> {0}\nexit 1\n",
        seen.display()
    );
    project.write("../shim", shim);
    std::fs::set_permissions(project.root().join("../shim"), std::fs::Permissions::from_mode(0o755)).unwrap();
    project.edit("compliance.toml", "[advisories]", "[scan.trivy]\nbinary = \"../shim\"\n[advisories]");
    project.edit("compliance.toml", "[services.s1]", "[services.s1]\nengine = \"trivy\"");
    let credentials = approle(&vault, json!({}));
    let failed = run(&project, &[&BUILD[..], &["--keep-going"]].concat(), &borrowed(&credentials));
    assert_eq!(failed.code, 6, "{}{}", failed.stdout, failed.stderr);
    let seen = std::fs::read(seen).unwrap();
    assert!(!seen.is_empty());
    let mut everything = [seen, failed.stdout.into_bytes(), failed.stderr.into_bytes()].concat();
    for file in common::files(project.root().parent().unwrap()) {
        everything.extend(std::fs::read(file).unwrap());
    }
    let tokens: Vec<String> =
        vault.audit().iter().filter_map(|line| line["auth"]["client_token"].as_str().map(str::to_owned)).collect();
    assert!(!tokens.is_empty());
    let (role_id, secret_id) = (credentials[0].1.as_bytes(), credentials[1].1.as_bytes());
    for secret in [role_id, secret_id, b"PRIVATE KEY"] {
        let found = everything.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{} is found", String::from_utf8_lossy(secret));
    }
    // What the server gave for them: `s.` and 24 letters and digits.
    let is_token = |window: &[u8]| window.starts_with(b"s.") && window[2..].iter().all(u8::is_ascii_alphanumeric);
    assert!(is_token(vault.token().as_bytes()), "tokens have another form now");
    let found = everything.windows(26).find(|window| is_token(window));
    assert!(found.is_none(), "{} is found", String::from_utf8_lossy(found.unwrap()));
}
