//! What a pipeline has beside its sources: secrets of Vault for scanners and registries (a real OpenBao, a real Trivy server, a real
//! registry that wants a login), and a runner that reads what is printed.
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

use common::tools::{Server, free_port, skip, tool};
use common::vault::Vault;
use common::{AS_OF, Project, Run};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The secrets of these tests: none of them may stand anywhere afterwards.
const TOKEN: &str = "trivy-token-of-these-tests-5f2a";
const PASSWORD: &str = "open sesame";

/// Trivy as a server, with a database and a token.
struct Trivy {
    server: Server,
    program: PathBuf,
    _cache: tempfile::TempDir,
}

impl Trivy {
    /// One that wants the token, by itself.
    fn start(test: &str) -> Option<Self> {
        Self::with(test, &["--token", TOKEN])
    }

    fn with(test: &str, more: &[&str]) -> Option<Self> {
        let program = std::fs::canonicalize(tool(test, "trivy")?).unwrap();
        let cache = tempfile::tempdir().unwrap();
        let data = std::env::var_os("PROOFMARK_DATA").map_or_else(|| "../shared/data".into(), PathBuf::from);
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(data).join("trivy-db-small/db");
        if !from.join("trivy.db").is_file() {
            skip(test, "there is no database of Trivy");
            return None;
        }
        std::fs::create_dir(cache.path().join("db")).unwrap();
        for name in ["trivy.db", "metadata.json"] {
            std::fs::copy(from.join(name), cache.path().join("db").join(name)).unwrap();
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(cache.path().join("db").join(name), mode).unwrap();
        }
        let port = free_port();
        let mut command = Command::new(&program);
        command.args(["server", "--skip-db-update", "--listen", &format!("127.0.0.1:{port}")]).args(more);
        command.arg("--cache-dir").arg(cache.path());
        Some(Self { server: Server::start(&mut command, port), program, _cache: cache })
    }

    fn settings(&self) -> String {
        format!(
            "binary = {:?}\nserver = \"http://127.0.0.1:{}\"\ntoken = {{ vault = \"scan-token\" }}",
            self.program.display().to_string(),
            self.server.port
        )
    }
}

/// Version 2 of the KV engine with the secrets, and who may read them.
fn secrets(vault: &Vault) {
    // The server in memory has the engine at `secret` already.
    vault.ask("POST", "sys/mounts/secret", &json!({"type": "kv", "options": {"version": "2"}}));
    vault.admin("POST", "secret/data/trivy", &json!({"data": {"token": TOKEN, "wrong": "not-it", "number": 7}}));
    vault.admin("POST", "secret/data/registry", &json!({"data": {"password": PASSWORD}}));
    let policy =
        "path \"secret/*\" { capabilities = [\"read\"] }\npath \"identity/oidc/token/*\" { capabilities = [\"read\"] }";
    vault.admin("PUT", "sys/policies/acl/read", &json!({"policy": policy}));
}

fn token(vault: &Vault) -> String {
    let answer = vault.admin("POST", "auth/token/create", &json!({"policies": ["read"], "ttl": "15m"}));
    answer["auth"]["client_token"].as_str().unwrap().to_owned()
}

/// The example, scanned by Trivy with these settings, and a Vault role of engine kv.
fn boutique(vault: &Vault, settings: &str, role: &str) -> Project {
    let project = Project::boutique();
    project.edit("compliance.toml", "engine = \"builtin\"", "engine = \"trivy\"\ntimeout = \"5m\"");
    let tables = format!(
        "[scan.trivy]\n{settings}\n[vault]\naddress = \"{}\"\n[vault.auth]\nmethod = \"token\"\n[vault.roles.scan-token]\n{role}\n[advisories]",
        vault.address()
    );
    project.edit("compliance.toml", "[advisories]", &tables);
    project
}

const FIELD: &str = "engine = \"kv\"\npath = \"secret/data/trivy\"\nfield = \"token\"";

fn run(project: &Project, arguments: &[&str], token: &str) -> Run {
    let mut command = project.command(arguments);
    command.env("VAULT_TOKEN", token);
    Run::of(command)
}

/// How often Vault was asked to read something.
fn reads(vault: &Vault, path: &str) -> usize {
    let is_one = |line: &&serde_json::Value| {
        line["type"] == "request" && line["request"]["operation"] == "read" && line["request"]["path"] == path
    };
    vault.audit().iter().filter(is_one).count()
}

fn holds_no_secret(project: &Project, runs: &[&Run], secrets: &[&str]) {
    let mut text: Vec<u8> = runs.iter().flat_map(|run| format!("{}{}", run.stdout, run.stderr).into_bytes()).collect();
    for file in common::files(&project.root()).into_iter().chain(common::files(&project.cache())) {
        text.extend(std::fs::read(file).unwrap());
    }
    for secret in secrets {
        assert!(!text.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn a_server_of_trivy_is_asked_with_its_token_of_vault() {
    const TEST: &str = "a_server_of_trivy_is_asked_with_its_token_of_vault";
    let Some(vault) = Vault::start(TEST) else { return };
    let Some(trivy) = Trivy::start(TEST) else { return };
    secrets(&vault);
    let short = token(&vault);
    let project = boutique(&vault, &trivy.settings(), FIELD);
    // Planning reads no secret.
    assert_eq!(run(&project, &["plan"], &short).code, 0);
    assert_eq!(reads(&vault, "secret/data/trivy"), 0);
    let built = run(&project, &["build", "--as-of", AS_OF, "-v", "--jobs", "4"], &short);
    assert_eq!(built.code, 0, "{}\n{}", built.stdout, built.stderr);
    assert_eq!(reads(&vault, "secret/data/trivy"), 1, "once for all services");
    assert!(
        built.stderr.contains("read secret/data/trivy, version 1"),
        "which secret it was, not what: {}",
        built.stderr
    );
    let again = run(&project, &["build", "--as-of", AS_OF], &short);
    assert!(again.stdout.contains("nothing changed"), "{}", again.stdout);
    assert_eq!(reads(&vault, "secret/data/trivy"), 1, "what is cached needs no secret");
    project.ok(&["verify", "--replay", "--offline"]);
    holds_no_secret(&project, &[&built, &again], &[TOKEN, &short]);
    // The server is of no account to the result: without one the same is found.
    let alone = Project::boutique();
    alone.edit("compliance.toml", "engine = \"builtin\"", "engine = \"trivy\"\ntimeout = \"5m\"");
    let binary = format!("[scan.trivy]\nbinary = {:?}\n[advisories]", trivy.program.display().to_string());
    alone.edit("compliance.toml", "[advisories]", &binary);
    let components = |project: &Project| {
        let scan = run(project, &["scan", "oci:images/payment", "--engine", "trivy", "--format", "json"], &short);
        assert_eq!(scan.code, 0, "{}", scan.stderr);
        scan.json()["components"].clone()
    };
    assert_eq!(components(&project), components(&alone));

    // Wrong, missing, no text, of no version, not to be read.
    for (role, what) in [
        (FIELD.replace("\"token\"", "\"wrong\""), "invalid token"),
        (FIELD.replace("\"token\"", "\"absent\""), "has no field `absent`"),
        (FIELD.replace("\"token\"", "\"number\""), "no line of text"),
        (FIELD.replace("secret/data/trivy", "secret/trivy"), "goes on with `data/`"),
        (FIELD.replace("secret/data/trivy", "secret/data/nothing"), "is not there"),
        (FIELD.replace("secret/data/trivy", "other/data/trivy"), "403"),
    ] {
        let project = boutique(&vault, &trivy.settings(), &role);
        let refused = run(&project, &["build", "--as-of", AS_OF], &short);
        assert_eq!(refused.code, 5, "{what}\n{}\n{}", refused.stdout, refused.stderr);
        let text = refused.stderr.replace("\n  │ ", " ").replace("\n", " ");
        assert!(text.contains(what), "{what}: {text}");
        assert!(!project.root().join("compliance.lock").exists());
        holds_no_secret(&project, &[&refused], &[TOKEN, "not-it", &short]);
    }
    assert_eq!(reads(&vault, "secret/trivy"), 0, "what cannot be there is not asked for");
    assert_eq!(reads(&vault, "secret/data/nothing"), 1, "what is refused is asked for once");
    let project = boutique(&vault, &trivy.settings(), FIELD);
    assert_eq!(run(&project, &["build", "--as-of", AS_OF], "").code, 5, "no login");
}

#[test]
fn a_program_gets_its_token_by_the_environment_alone() {
    const TEST: &str = "a_program_gets_its_token_by_the_environment_alone";
    let Some(vault) = Vault::start(TEST) else { return };
    secrets(&vault);
    let settings = "binary = \"../shim\"\nserver = \"https://trivy.example:4954\"\ntoken = { vault = \"scan-token\" }";
    let seen = |role: &str, token: &str| {
        let project = boutique(&vault, settings, role);
        let shim = project.root().parent().unwrap().join("shim");
        let script = "#!/bin/sh\nPATH=/usr/bin:/bin\ncase \"$1\" in --version) echo 'Version: 0.59.1'; exit 0;; esac\n\
            env >> \"$0.seen\"; echo \"argv: $*\" >> \"$0.seen\"; echo \"it says $TRIVY_TOKEN\" >&2; exit 1\n";
        std::fs::write(&shim, script).unwrap();
        std::fs::set_permissions(&shim, std::fs::Permissions::from_mode(0o755)).unwrap();
        let run = run(&project, &["build", "payment", "--as-of", AS_OF, "-v"], token);
        assert_eq!(run.code, 5, "{}", run.stderr);
        let seen = std::fs::read_to_string(shim.with_extension("seen")).unwrap_or_else(|_| panic!("{}", run.stderr));
        (seen, run, project)
    };
    let short = token(&vault);
    let (text, run, project) = seen(FIELD, &short);
    assert!(text.contains(&format!("\nTRIVY_TOKEN={TOKEN}\n")), "{text}");
    assert!(text.contains("\nNO_PROXY=trivy.example:4954\n") && !text.contains(&short), "{text}");
    let argv: Vec<&str> = text.lines().filter(|line| line.starts_with("argv:")).collect();
    assert!(argv.iter().all(|line| line.contains("--server https://trivy.example:4954") && !line.contains(TOKEN)));
    holds_no_secret(&project, &[&run], &[TOKEN]);

    // A token of minutes, of an identity.
    vault.admin("POST", "identity/oidc/key/scanners", &json!({"allowed_client_ids": ["*"], "algorithm": "ES256"}));
    vault.admin("POST", "identity/oidc/role/trivy", &json!({"key": "scanners", "ttl": "15m"}));
    vault.admin("POST", "sys/auth/approle", &json!({"type": "approle"}));
    let role = json!({"token_policies": ["read"], "token_ttl": "10m", "bind_secret_id": false, "token_bound_cidrs": ["127.0.0.1/32"]});
    vault.admin("POST", "auth/approle/role/ci", &role);
    let id = vault.admin("GET", "auth/approle/role/ci/role-id", &serde_json::Value::Null);
    let login = vault.admin("POST", "auth/approle/login", &json!({"role_id": id["data"]["role_id"]}));
    let entity = login["auth"]["client_token"].as_str().unwrap();
    let (text, run, project) = seen("engine = \"identity\"\nrole = \"trivy\"", entity);
    assert!(text.contains("\nTRIVY_TOKEN_HEADER=Authorization\n"), "{text}");
    let bearer = text.lines().find_map(|line| line.strip_prefix("TRIVY_TOKEN=Bearer ")).unwrap();
    assert_eq!(bearer.split('.').count(), 3, "a JWT");
    holds_no_secret(&project, &[&run], &[bearer, entity]);
}

/// Stands before a server of Trivy and lets in whoever shows a token of Vault, as a verifying proxy does: signed by a key that Vault
/// shows to everybody, of this audience, and not over. Gives its port, and what became of each request.
fn verifying(server: u16, vault: &Vault, audience: &str) -> (u16, std::sync::mpsc::Receiver<bool>) {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use std::io::{BufRead as _, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    let (_, keys) = vault.ask("GET", "identity/oidc/.well-known/keys", &serde_json::Value::Null);
    let keys: Vec<(String, Vec<u8>)> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| {
            let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
            (key["kid"].as_str().unwrap().to_owned(), [vec![4], part("x"), part("y")].concat())
        })
        .collect();
    let audience = audience.to_owned();
    let holds = move |token: &str| -> Option<()> {
        let mut parts = token.split('.');
        let (head, body, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let head_said: serde_json::Value = serde_json::from_slice(&decode(head)?).ok()?;
        let (_, key) = keys.iter().find(|(kid, _)| head_said["kid"] == **kid && head_said["alg"] == "ES256")?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key);
        key.verify(format!("{head}.{body}").as_bytes(), &decode(signature)?).ok()?;
        let said: serde_json::Value = serde_json::from_slice(&decode(body)?).ok()?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let (from, until) = (said["iat"].as_u64()?, said["exp"].as_u64()?);
        (said["aud"] == *audience && now < until && until - from <= 900).then_some(())
    };
    let (tell, told) = std::sync::mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let holds = std::sync::Arc::new(holds);
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let (holds, tell) = (std::sync::Arc::clone(&holds), tell.clone());
            std::thread::spawn(move || {
                let mut reader = std::io::BufReader::new(client.try_clone().unwrap());
                let (mut head, mut length, mut bearer) = (String::new(), 0, String::new());
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    let (name, value) = line.split_once(':').unwrap_or((&line, ""));
                    match name.to_ascii_lowercase().as_str() {
                        "content-length" => length = value.trim().parse().unwrap(),
                        "authorization" => value.trim().trim_start_matches("Bearer ").clone_into(&mut bearer),
                        _ => {}
                    }
                    if line == "\r\n" {
                        break;
                    }
                    head += &line;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let is_good = holds(&bearer).is_some();
                tell.send(is_good).unwrap_or_default();
                if !is_good {
                    let text = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    client.write_all(text.as_bytes()).unwrap_or_default();
                    return;
                }
                let mut through = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                through.write_all(format!("{head}\r\n").as_bytes()).unwrap();
                through.write_all(&body).unwrap();
                let mut answer = Vec::new();
                through.read_to_end(&mut answer).unwrap_or_default();
                client.write_all(&answer).unwrap_or_default();
            });
        }
    });
    (port, told)
}

#[test]
fn a_token_of_minutes_passes_a_proxy_that_verifies_it() {
    const TEST: &str = "a_token_of_minutes_passes_a_proxy_that_verifies_it";
    let Some(vault) = Vault::start(TEST) else { return };
    let Some(trivy) = Trivy::with(TEST, &[]) else { return };
    secrets(&vault);
    // A login of an entity, as CI's are: of a token that nobody logged in with Vault knows none.
    vault.admin("POST", "sys/auth/approle", &json!({"type": "approle"}));
    let role = json!({"token_policies": ["read"], "token_ttl": "10m", "bind_secret_id": false, "token_bound_cidrs": ["127.0.0.1/32"]});
    vault.admin("POST", "auth/approle/role/ci", &role);
    let id = vault.admin("GET", "auth/approle/role/ci/role-id", &serde_json::Value::Null);
    let login = vault.admin("POST", "auth/approle/login", &json!({"role_id": id["data"]["role_id"]}));
    let entity = login["auth"]["client_token"].as_str().unwrap().to_owned();

    let settings = |port: u16| {
        let program = trivy.program.display().to_string();
        format!("binary = {program:?}\nserver = \"http://127.0.0.1:{port}\"\ntoken = {{ vault = \"scan-token\" }}")
    };
    let role = "engine = \"identity\"\nrole = \"trivy\"";
    // Key and role are made by `vault setup` alone, and again without a change.
    let first = boutique(&vault, &settings(1), role);
    for _ in 0..2 {
        let mut setup = first.command(&["vault", "setup"]);
        setup.env("VAULT_TOKEN", common::vault::ROOT);
        let run = Run::of(setup);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
    for (audience, code) in [("trivy", 0), ("somebody-else", 5)] {
        let (port, told) = verifying(trivy.server.port, &vault, audience);
        let project = boutique(&vault, &settings(port), role);
        let built = run(&project, &["build", "--as-of", AS_OF, "-v"], &entity);
        assert_eq!(built.code, code, "{}\n{}", built.stdout, built.stderr);
        let all: Vec<bool> = told.try_iter().collect();
        assert!(!all.is_empty() && all.iter().all(|good| *good == (code == 0)), "{all:?}");
        assert_eq!(project.root().join("compliance.lock").exists(), code == 0);
        let text = format!("{}{}", built.stdout, built.stderr);
        assert!(!text.contains("eyJ"), "no token is told: {text}");
    }
}

/// A registry that wants name and password, with an image of the example in it.
struct Registry {
    server: Server,
    _directory: tempfile::TempDir,
}

impl Registry {
    fn start(test: &str) -> Option<Self> {
        const HTPASSWD: &str = "auditor:$2b$04$gPB7SA3E/4nuHKYzvVdoEeUykVYNWytcO/u53Mv4PxLcjxNJHCEwC\n";
        let (program, skopeo) = (tool(test, "docker-registry")?, tool(test, "skopeo")?);
        let directory = tempfile::tempdir().unwrap();
        let (root, port) = (directory.path(), free_port());
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            root.join("data").display(),
            root.join("htpasswd").display()
        );
        std::fs::write(root.join("htpasswd"), HTPASSWD).unwrap();
        std::fs::write(root.join("config.yml"), config).unwrap();
        let server = Server::start(Command::new(program).arg("serve").arg(root.join("config.yml")), port);
        let layout = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique/images/payment");
        let mut copy = Command::new(skopeo);
        copy.args(["copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", &format!("auditor:{PASSWORD}")]);
        copy.arg(format!("oci:{}", layout.display())).arg(format!("docker://127.0.0.1:{port}/shop/payment:1"));
        assert!(copy.status().unwrap().success());
        Some(Self { server, _directory: directory })
    }
}

#[test]
fn registries_are_asked_with_passwords_of_vault() {
    const TEST: &str = "registries_are_asked_with_passwords_of_vault";
    let Some(vault) = Vault::start(TEST) else { return };
    let Some(registry) = Registry::start(TEST) else { return };
    secrets(&vault);
    let short = token(&vault);
    let host = format!("127.0.0.1:{}", registry.server.port);
    let boutique = |engine: &str, user: &str| {
        let project = Project::boutique();
        let tables = format!(
            "[vault]\naddress = \"{}\"\n[vault.auth]\nmethod = \"token\"\n[vault.roles.registry]\nengine = \"kv\"\npath = \"secret/data/registry\"\nfield = \"password\"\n\
             [[registry]]\nhost = \"{host}\"\nusername = \"{user}\"\npassword = {{ vault = \"registry\" }}\n[advisories]",
            vault.address()
        );
        project.edit("compliance.toml", "engine = \"builtin\"", &format!("engine = \"{engine}\"\ntimeout = \"5m\""));
        project.edit("compliance.toml", "[advisories]", &tables);
        project.edit("compliance.toml", "oci:images/payment", &format!("{host}/shop/payment:1"));
        project
    };
    let mut read = 0;
    for engine in ["builtin", "trivy", "syft"] {
        let found = if engine == "builtin" { None } else { tool(TEST, engine) };
        if engine != "builtin" && found.is_none() {
            continue;
        }
        let program = found.map(|path| std::fs::canonicalize(path).unwrap());
        let project = boutique(engine, "auditor");
        if let Some(program) = program {
            let settings = format!("[scan.{engine}]\nbinary = {:?}\n[advisories]", program.display().to_string());
            project.edit("compliance.toml", "[advisories]", &settings);
        }
        let mut runs = Vec::new();
        // All of a run's reads are one: of the manifest, of layers, and what is pushed.
        let mut arguments = vec!["build", "--as-of", AS_OF, "-v"];
        arguments.push(if engine == "builtin" { "--push" } else { "payment" });
        let built = run(&project, &arguments, &short);
        assert_eq!(built.code, 0, "{engine}\n{}\n{}", built.stdout, built.stderr);
        read += 1;
        assert_eq!(reads(&vault, "secret/data/registry"), read, "{engine}");
        runs.push(built);
        let reference = format!("{host}/shop/payment:1");
        let scan = run(&project, &["scan", &reference, "--engine", engine, "--format", "json"], &short);
        assert_eq!(scan.code, 0, "{}", scan.stderr);
        read += 1;
        assert_eq!(reads(&vault, "secret/data/registry"), read, "{engine}");
        runs.push(scan);
        if engine == "builtin" {
            std::fs::remove_dir_all(project.root().join(".compliance")).unwrap();
            runs.push(run(&project, &["pull"], &short));
            assert_eq!(runs.last().unwrap().code, 0, "{}", runs.last().unwrap().stderr);
            read += 1;
            project.ok(&["verify", "--offline", "--replay"]);
        }
        holds_no_secret(&project, &runs.iter().collect::<Vec<_>>(), &[PASSWORD, &short]);
    }
    // Another user, and nobody.
    let refused = run(&boutique("builtin", "mallory"), &["build", "--as-of", AS_OF], &short);
    assert_eq!(refused.code, 5, "{}", refused.stderr);
    let refused = run(&boutique("builtin", "auditor"), &["build", "--as-of", AS_OF], "no-token");
    assert_eq!(refused.code, 5, "{}", refused.stderr);
}

#[test]
fn the_runner_of_github_reads_what_is_ours_alone() {
    let project = Project::bare("work/shop");
    let lockfile = r###"{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0","dependencies":{"a":"1"}},
        "node_modules/a":{"version":"1.0.0","license":"MIT\\n::add-mask::pass\\r  ::error::x ##[error]y"},
        "node_modules/b":{"version":"1.0.0","license":"::stop-commands::x"}}}"###;
    project.write("s/package-lock.json", lockfile);
    let config = "version = 1\n[project]\nname = \"shop\"\n[advisories]\nsources = [\"advisories\"]\n[trust]\nkeys = [\"trust/local.pub\"]\n[policy.any]\nlicenses = { allow = [\"MIT\"] }\n[services.s]\npath = \"s\"\npolicy = \"any\"\n";
    project.write("compliance.toml", config);
    project.write("advisories/npm/X.json", r#"{"id":"X","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"zzz"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#);
    project.ok(&["init", "--key"]);
    project.ok(&["db", "import", "advisories"]);
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", project.root().parent().unwrap());
        Run::of(command)
    };
    let commands = |run: &Run| -> Vec<String> {
        let text = format!("{}\n{}", run.stdout, run.stderr);
        assert!(!text.contains("##["), "{text}");
        let lines = text.split(['\n', '\r']).map(str::trim_start);
        lines.filter(|line| line.starts_with("::")).map(str::to_owned).collect()
    };
    for form in ["human", "json"] {
        let failed = run(&["build", "--as-of", AS_OF, "--format", form, "-v"]);
        assert_eq!(failed.code, 1, "{}\n{}", failed.stdout, failed.stderr);
        let found = commands(&failed);
        let beside = "::error file=shop/compliance.toml,line=9,title=s%3A fail::source: pkg:npm/";
        assert_eq!(found.iter().filter(|line| line.starts_with(beside)).count(), 2, "{found:?}");
        assert_eq!(found.len(), 2, "{found:?}");
        if form == "json" {
            assert!(failed.json().to_string().contains("##[error]y"), "JSON says the same");
        }
    }
    let scan = run(&["scan", "s", "--format", "cyclonedx"]);
    assert!(commands(&scan).is_empty());
    assert!(scan.json().to_string().contains("##[error]y"));
    // A config that is wrong, at its lines.
    project.edit("compliance.toml", "policy = \"any\"", "policy = \"nay\"\njobs = 1");
    let wrong = run(&["check"]);
    assert_eq!(wrong.code, 2);
    let found = commands(&wrong);
    assert!(found.iter().any(|line| line.starts_with("::error file=shop/compliance.toml,line=12,")), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("::error file=shop/compliance.toml,line=13,")), "{found:?}");
    // Elsewhere there are none, unless they are asked for.
    assert!(commands(&project.run(&["check"])).is_empty());
    assert!(!commands(&project.run(&["check", "--annotations", "github"])).is_empty());
    let mut quiet = project.command(&["check", "--annotations", "none"]);
    quiet.env("GITHUB_ACTIONS", "true");
    assert!(commands(&Run::of(quiet)).is_empty());
}

/// The small database of Trivy, where there is one.
fn database(test: &str) -> Option<PathBuf> {
    let data = std::env::var_os("PROOFMARK_DATA").map_or_else(|| "../shared/data".into(), PathBuf::from);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(data).join("trivy-db-small/db");
    if !directory.join("trivy.db").is_file() {
        skip(test, "there is no database of Trivy");
        return None;
    }
    Some(std::fs::canonicalize(directory).unwrap())
}

#[test]
fn our_match_is_held_against_that_of_trivy() {
    const TEST: &str = "our_match_is_held_against_that_of_trivy";
    let Some(database) = database(TEST) else { return };
    let database = database.display().to_string();
    for name in ["trivy", "trivy-0.67.2"] {
        let Some(program) = tool(TEST, name) else { continue };
        let program = std::fs::canonicalize(program).unwrap();
        let project = Project::bare("shop");
        let lockfile = r#"{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0","dependencies":{"lodash":"1"}},
            "node_modules/lodash":{"version":"4.17.4"},"node_modules/left":{"version":"1.0.0"}}}"#;
        project.write("s/package-lock.json", lockfile);
        project.write("compliance.toml", format!("version = 1\n[project]\nname = \"shop\"\n[scan.trivy]\nbinary = {:?}\n[advisories]\nsources = [\"advisories\"]\n[policy.any]\n[services.s]\npath = \"s\"\npolicy = \"any\"\n", program.display().to_string()));
        let advisory = |id: &str, alias: &str, package: &str| {
            let text = json!({"id": id, "aliases": [alias], "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": package},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.12"}]}]}]});
            project.write(&format!("advisories/npm/{id}.json"), text.to_string());
        };
        advisory("GHSA-jf85-cpcp-j695", "CVE-2019-10744", "lodash");
        project.ok(&["db", "import", "advisories"]);
        let compare = ["scan", "s", "--match", "--compare-trivy", &database, "--format", "json"];
        let same = project.exits(0, &compare).json();
        assert_eq!(same["compared"]["same"], 1, "{same}");
        assert_eq!((&same["compared"]["ours"], &same["compared"]["theirs"]), (&json!([]), &json!([])));
        assert_eq!(same["compared"]["program"]["name"], "trivy");
        // Sixteen at once, with one database.
        let all: Vec<_> = (0..16)
            .map(|_| {
                let mut command = project.command(&compare);
                command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        for one in all {
            let output = one.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), same);
        }
        // What only one of them knows.
        advisory("GHSA-aaaa-bbbb-cccc", "CVE-2020-0001", "left");
        std::fs::remove_file(project.root().join("advisories/npm/GHSA-jf85-cpcp-j695.json")).unwrap();
        project.ok(&["db", "import", "advisories"]);
        let text = project.exits(6, &compare[..5]).stdout;
        assert!(text.contains("only ours: CVE-2020-0001  pkg:npm/left@1.0.0"), "{text}");
        assert!(text.contains("only its: CVE-2019-10744  pkg:npm/lodash@4.17.4"), "{text}");
    }
    // No database is never an empty one.
    let Some(program) = tool(TEST, "trivy") else { return };
    let project = Project::boutique();
    let settings = format!("[scan.trivy]\nbinary = {:?}\n[advisories]", program.display().to_string());
    project.edit("compliance.toml", "[advisories]", &settings);
    let empty = project.root().join("empty");
    std::fs::create_dir(&empty).unwrap();
    project.exits(5, &["scan", "src/payment", "--match", "--compare-trivy", "empty"]);
    std::fs::write(empty.join("trivy.db"), "nothing").unwrap();
    std::fs::write(empty.join("metadata.json"), "{}").unwrap();
    project.exits(5, &["scan", "src/payment", "--match", "--compare-trivy", "empty"]);
}

#[test]
fn a_match_by_trivy_is_judged_and_replayed() {
    const TEST: &str = "a_match_by_trivy_is_judged_and_replayed";
    let Some(small) = database(TEST) else { return };
    for name in ["trivy", "trivy-0.67.2"] {
        let Some(program) = tool(TEST, name) else { continue };
        let program = std::fs::canonicalize(program).unwrap();
        let project = Project::bare("shop");
        // A library, and a system whose advisories are written for the source package.
        let lockfile = r#"{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0","dependencies":{"lodash":"1"}},
            "node_modules/lodash":{"version":"4.17.4"}}}"#;
        project.write("s/package-lock.json", lockfile);
        project.write("r/etc/os-release", "ID=debian\nVERSION_ID=\"9\"\n");
        project.write("r/var/lib/dpkg/status", "Package: libcomerr2\nStatus: install ok installed\nSource: e2fsprogs\nArchitecture: amd64\nVersion: 1.43.4-2\n");
        let copy = |to: &str| {
            for file in ["trivy.db", "metadata.json"] {
                project.write(&format!("{to}/{file}"), std::fs::read(small.join(file)).unwrap());
            }
        };
        copy("db");
        project.write("compliance.toml", format!(
            "version = 1\n[project]\nname = \"shop\"\n[scan.trivy]\nbinary = {:?}\ndatabase = \"db\"\n[advisories]\nmatch = \"trivy\"\nmax-age = \"180d\"\n\
             [trust]\nkeys = [\"trust/local.pub\"]\n[policy.any]\nmax = {{ critical = 0 }}\nend-of-life = \"allow\"\n\
             [services.s]\npath = \"s\"\npolicy = \"any\"\n[images.r]\nref = \"dir:r\"\n[services.r]\nimages = [\"r\"]\npolicy = \"any\"\n",
            program.display().to_string()
        ));
        project.ok(&["init", "--key"]);
        let run = project.exits(1, &["build", "--as-of", AS_OF, "--format", "json"]);
        assert!(run.stdout.contains("CVE-2019-10744") && run.stdout.contains("CVE-2019-5094"), "{}", run.stdout);
        let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
        assert!(
            lock.contains("trivy = ") && lock.contains("2026-08-21T00:00:00Z"),
            "the program and its database: {lock}"
        );
        // By the advisories that there are, and none other: nothing was imported here.
        project.exits(1, &["verify", "--replay", "--offline"]);
        let again = project.exits(1, &["build", "--as-of", AS_OF]);
        assert!(again.stdout.contains("0 actions run") || again.stdout.contains("unchanged"), "{}", again.stdout);
        assert_eq!(lock.as_bytes(), project.read("compliance.lock"));
        let doctor = project.run(&["doctor"]).stdout;
        assert!(doctor.contains("2026-08-21"), "{doctor}");

        // A policy that lets it pass, and a database of another day: matched anew, and not scanned anew.
        project.edit("compliance.toml", "critical = 0", "critical = 9");
        project.exits(0, &["build", "--as-of", AS_OF]);
        let metadata = String::from_utf8(project.read("db/metadata.json")).unwrap();
        project.write("db/metadata.json", metadata.replace("2026-08-21T", "2026-08-22T"));
        let plan = project.exits(0, &["plan", "--as-of", AS_OF]).stdout;
        assert!(
            plan.contains("match") && !plan.contains("sbom s/source: ") && plan.contains("the advisories changed"),
            "{plan}"
        );
        project.exits(0, &["build", "--as-of", AS_OF]);
        // One that is too old, and one that is none.
        let old = project.exits(6, &["build", "--as-of", "2027-03-01"]);
        assert!(old.stdout.contains("stale-advisories") || old.stdout.contains("older than"), "{}", old.stdout);
        project.exits(0, &["build", "--as-of", AS_OF]);
        let good = project.read("compliance.lock");
        project.write("db/trivy.db", "nothing");
        assert_ne!(project.run(&["build", "--as-of", AS_OF]).code, 0);
        assert_eq!(project.read("compliance.lock"), good);
        // What was matched by the other is not taken for ours, nor the other way round.
        project.ok(&["verify", "--replay"]);
        project.edit("compliance.toml", "match = \"trivy\"\n", "");
        project.exits(3, &["verify"]);
    }
}

/// Hands everything on to a server, and counts the requests for this.
fn counted(to: u16, what: &'static str) -> (u16, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&count);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            let (mut from, mut into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let counter = std::sync::Arc::clone(&counter);
            std::thread::spawn(move || {
                let mut buffer = [0; 16 << 10];
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    counter.fetch_add(text.matches(what).count(), std::sync::atomic::Ordering::SeqCst);
                    if into.write_all(&buffer[..read]).is_err() {
                        break;
                    }
                }
                into.shutdown(std::net::Shutdown::Write).unwrap_or_default();
            });
            let (mut from, mut into) = (server, client);
            std::thread::spawn(move || {
                std::io::copy(&mut from, &mut into).unwrap_or_default();
                into.shutdown(std::net::Shutdown::Both).unwrap_or_default();
            });
        }
    });
    (port, count)
}

#[test]
fn a_database_in_a_registry_is_fetched_once_by_sixteen() {
    use proofmark::model::Digest;
    const TEST: &str = "a_database_in_a_registry_is_fetched_once_by_sixteen";
    let Some(database) = database(TEST) else { return };
    let (Some(trivy), Some(skopeo)) = (tool(TEST, "trivy"), tool(TEST, "skopeo")) else { return };
    let Some(registry) = Registry::start(TEST) else { return };
    let work = tempfile::tempdir().unwrap();
    let push = |tag: &str, files: &[&str]| {
        let layout = work.path().join(tag);
        let blobs = layout.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).unwrap();
        let layer = work.path().join(format!("{tag}.tgz"));
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(&database).arg("-czf").arg(&layer).args(files);
        assert!(tar.status().unwrap().success());
        let put = |bytes: &[u8]| {
            let digest = Digest::of(bytes);
            std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
            (digest, bytes.len())
        };
        let (layer, size) = put(&std::fs::read(layer).unwrap());
        let (config, _) = put(b"{}");
        let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.aquasec.trivy.config.v1+json", "digest": config, "size": 2},
            "layers": [{"mediaType": "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip", "digest": layer, "size": size}]});
        let (manifest, size) = put(manifest.to_string().as_bytes());
        let index = json!({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": manifest, "size": size}]});
        std::fs::write(layout.join("index.json"), index.to_string()).unwrap();
        std::fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        let mut copy = Command::new(&skopeo);
        copy.args(["copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", &format!("auditor:{PASSWORD}")]);
        copy.arg(format!("oci:{}", layout.display()));
        copy.arg(format!("docker://127.0.0.1:{}/trivy/db:{tag}", registry.server.port));
        assert!(copy.status().unwrap().success());
    };
    push("2", &["./trivy.db", "./metadata.json"]);
    push("half", &["./metadata.json"]);
    let (port, blobs) = counted(registry.server.port, "GET /v2/trivy/db/blobs/");
    let project = Project::boutique();
    let settings = format!("[scan.trivy]\nbinary = {:?}\n[advisories]", trivy.display().to_string());
    project.edit("compliance.toml", "[advisories]", &settings);
    let docker = work.path().join("docker");
    std::fs::create_dir(&docker).unwrap();
    let auth = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("auditor:{PASSWORD}"));
    let config = json!({"auths": {(format!("127.0.0.1:{port}")): {"auth": auth}}});
    std::fs::write(docker.join("config.json"), config.to_string()).unwrap();
    let command = |reference: &str| {
        let mut command =
            project.command(&["scan", "src/mailer", "--match", "--format", "json", "--compare-trivy", reference]);
        command.env("DOCKER_CONFIG", &docker);
        command
    };
    let reference = format!("127.0.0.1:{port}/trivy/db:2");
    let all: Vec<_> = (0..16)
        .map(|_| {
            let mut command = command(&reference);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut answers = std::collections::BTreeSet::new();
    for one in all {
        let output = one.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("\"compared\": {"), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        answers.insert(text);
    }
    assert_eq!(answers.len(), 1);
    // A request without a login may come before the one that is answered.
    let asked = blobs.load(std::sync::atomic::Ordering::SeqCst);
    assert!((1..=2).contains(&asked), "{asked}");
    let again = Run::of(command(&reference));
    assert!(again.stdout.contains("\"compared\": {"), "{}", again.stderr);
    assert_eq!(blobs.load(std::sync::atomic::Ordering::SeqCst), asked, "it is kept");
    // From the directory it is the same.
    let here = Run::of(command(&database.display().to_string()));
    assert_eq!(here.stdout, again.stdout);
    for other in ["half", "nothing"] {
        let refused = Run::of(command(&format!("127.0.0.1:{port}/trivy/db:{other}")));
        assert_eq!(refused.code, 5, "{other}: {}{}", refused.stdout, refused.stderr);
    }
    assert_eq!(Run::of(command("no-such-directory")).code, 5);
}
