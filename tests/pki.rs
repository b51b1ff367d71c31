//! Signing by Vault's PKI engine with a time stamp, against a real OpenBao and real time authorities: what verifies years later, what
//! is refused before anything is signed, and how an auditor finds the lines of Vault's audit log.
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

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::tools::{free_port, tool};
use common::vault::{Vault, text};
use common::{AS_OF, Project, Run};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const IDENTITY: &str = "https://ci.example/acme/shop/.ci/build.yml@refs/heads/main";
const BUILD: [&str; 4] = ["build", "--as-of", AS_OF, "-v"];

/// A project of so many services that signs by a role.
fn project(vault: &Vault, services: usize, role: &str, sign: &str) -> Project {
    let project = Project::bare("shop");
    let lockfile = r#"{"name":"x","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"x","version":"1.0.0","dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0"}}}"#;
    let mut config = format!(
        "version = 1\n[project]\nname = \"shop\"\n[advisories]\nsources = [\"advisories\"]\n\
         [trust]\nroots = [\"trust/roots.pem\", \"trust/time.pem\"]\nidentities = [\"https://ci.example/acme/shop/**\"]\n\
         [vault]\naddress = \"{}\"\n[vault.roles.attest]\n{role}\n[sign]\nwith = \"attest\"\n{sign}\n[policy.any]\n",
        vault.address()
    );
    for index in 0..services {
        config += &format!("[services.s{index}]\npath = \"s{index}\"\npolicy = \"any\"\n");
        let lockfile = lockfile.replace("1.0.0\"}}}", &format!("1.0.{index}\"}}}}}}"));
        project.write(&format!("s{index}/package-lock.json"), lockfile);
    }
    project.write("compliance.toml", config);
    project.write("trust/roots.pem", vault.roots());
    project.write("advisories/npm/X.json", r#"{"id":"X","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"zzz"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#);
    project.ok(&["db", "import", "advisories"]);
    project
}

fn pki(identity: &str) -> String {
    format!("engine = \"pki\"\nrole = \"attestation\"\nidentity = \"{identity}\"")
}

/// One that signs by PKI with the embedded authority's times.
fn with_local_time(vault: &Vault, services: usize) -> Project {
    let project = project(vault, services, &pki(IDENTITY), "timestamp = \"local\"");
    project.write("trust/time.pem", "");
    std::fs::remove_file(project.root().join("trust/time.pem")).unwrap();
    project.ok(&["init", "--key"]);
    project
}

fn build(project: &Project, vault: &Vault) -> Run {
    let mut command = project.command(&BUILD);
    command.env("VAULT_TOKEN", vault.token());
    Run::of(command)
}

#[track_caller]
fn refused(run: &Run, code: i32, word: &str, project: &Project) {
    assert_eq!(run.code, code, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains(word), "{word} is not in: {}", run.stderr);
    assert!(!project.root().join("compliance.lock").exists(), "a lock was written");
    assert!(!project.root().join(".compliance/attestations").exists(), "something was kept");
}

fn requests(run: &Run) -> u64 {
    let line = run.stderr.lines().find(|line| line.starts_with("Vault: ")).unwrap_or_else(|| panic!("{}", run.stderr));
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

fn files(project: &Project, directory: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project.root().join(directory)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn value(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_certificate_of_minutes_verifies_years_later_by_its_time_stamp() {
    let Some(vault) = Vault::start("a_certificate_of_minutes_verifies_years_later") else { return };
    let project = with_local_time(&vault, 2);
    let run = build(&project, &vault);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let lock = String::from_utf8(project.read("compliance.lock")).unwrap();
    assert!(lock.contains("signer = \"pki:pki/attestation#") && lock.contains(&format!(":{IDENTITY}\"")), "{lock}");
    project.ok(&["verify", "--replay"]);
    project.ok(&["verify", "--as-of", "2028-11-23T00:00:00Z"]);
    // Nothing to sign: Vault is not asked, and the lock stays.
    let again = build(&project, &vault);
    assert_eq!(again.code, 0);
    assert!(!again.stderr.contains("Vault: "), "{}", again.stderr);
    assert_eq!(project.read("compliance.lock"), lock.as_bytes());

    if let Some(faketime) = tool("a_certificate_of_minutes_verifies_years_later (clock)", "faketime") {
        let program = project.command(&["verify", "--replay"]);
        let mut command = Command::new(faketime);
        command.arg("2028-11-23 00:00:00").arg(program.get_program()).args(program.get_args());
        command.current_dir(project.root()).env("PROOFMARK_CACHE_DIR", project.cache());
        let run = Run::of(command);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }

    // Without its time stamp it proves nothing.
    let bundle = &files(&project, ".compliance/attestations/sha256")[0];
    let mut without = value(bundle);
    assert!(without["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0].is_object());
    without["verificationMaterial"].as_object_mut().unwrap().remove("timestampVerificationData");
    project.write("without.json", serde_json_canonicalizer::to_vec(&without).unwrap());
    let payload = STANDARD.decode(text(&without["dsseEnvelope"]["payload"])).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let digest = payload["subject"][0]["digest"].as_object().unwrap();
    let subject = digest.get("sha256").or(digest.get("dirHash")).map(text).unwrap();
    let subject = if subject.starts_with("h1:") { "s0".to_owned() } else { format!("sha256:{subject}") };
    let run = project.exits(4, &["verify", "--bundle", "without.json", "--subject", &subject]);
    assert!(run.stderr.contains("attest::no-timestamp"), "{}", run.stderr);
    // Under its own name it is not even looked at.
    std::fs::write(bundle, project.read("without.json")).unwrap();
    let run = project.exits(4, &["verify"]);
    assert!(run.stderr.contains("store::altered"), "{}", run.stderr);
}

#[test]
fn requests_do_not_grow_with_services() {
    let Some(vault) = Vault::start("requests_do_not_grow_with_services (pki)") else { return };
    let counts = [3, 60].map(|services| {
        let project = with_local_time(&vault, services);
        let run = build(&project, &vault);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        requests(&run)
    });
    // Looking at the token, and one certificate.
    assert_eq!(counts, [2, 2]);
}

#[test]
fn what_would_not_verify_is_not_signed() {
    let Some(vault) = Vault::start("what_would_not_verify_is_not_signed") else { return };
    let timeless = project(&vault, 1, &pki(IDENTITY), "");
    timeless.edit("compliance.toml", ", \"trust/time.pem\"", "");
    refused(&build(&timeless, &vault), 2, "sign::no-timestamp", &timeless);

    let nobody = with_local_time(&vault, 1);
    nobody.edit("compliance.toml", &format!("identity = \"{IDENTITY}\"\n"), "");
    refused(&build(&nobody, &vault), 2, "PROOFMARK_IDENTITY", &nobody);

    let other = with_local_time(&vault, 1);
    other.edit(
        "compliance.toml",
        &format!("identity = \"{IDENTITY}\""),
        "identity = \"https://ci.example/acme/other\"",
    );
    refused(&build(&other, &vault), 2, "attest::identity-mismatch", &other);

    let foreign = with_local_time(&vault, 1);
    foreign.edit("compliance.toml", &format!("identity = \"{IDENTITY}\""), "identity = \"https://elsewhere.example/\"");
    refused(&build(&foreign, &vault), 5, "Vault says 400 to pki/sign/attestation", &foreign);

    for (changed, code, word) in [
        (
            json!({"ext_key_usage_oids": [], "code_signing_flag": false, "server_flag": true}),
            4,
            "attest::certificate-usage",
        ),
        (json!({"key_usage": ["DigitalSignature", "KeyEncipherment"]}), 4, "attest::certificate-usage"),
        (json!({"use_csr_sans": false}), 4, "attest::no-identity"),
        (json!({"not_before_duration": "1h"}), 4, "attest::certificate-lifetime"),
        (json!({"not_before_duration": "90s"}), 4, "longer than asked for"),
    ] {
        vault.role("attestation", changed.clone());
        let project = with_local_time(&vault, 1);
        let run = build(&project, &vault);
        assert!(run.stderr.contains(word), "{changed}: {}", run.stderr);
        refused(&run, code, word, &project);
    }
}

#[test]
fn an_auditor_finds_the_lines_of_the_log() {
    let Some(vault) = Vault::start("an_auditor_finds_the_lines_of_the_log") else { return };
    // By PKI: the request of the certificate.
    let project = with_local_time(&vault, 2);
    assert_eq!(build(&project, &vault).code, 0);
    let records = files(&project, ".compliance/attestations/records");
    let bundles = files(&project, ".compliance/attestations/sha256");
    let names = |files: &[PathBuf]| -> Vec<String> {
        files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()[..64].to_owned()).collect()
    };
    // One for each bundle, and one for the lock's.
    assert!(names(&bundles).iter().all(|bundle| names(&records).contains(bundle)));
    assert_eq!(records.len(), bundles.len() + 1);
    let log = vault.audit();
    let answered = |id: &str| {
        let mut lines = log.iter().filter(|line| line["type"] == "response" && line["request"]["id"] == id);
        lines.next().unwrap_or_else(|| panic!("{id} is not in the log")).clone()
    };
    for record in &records {
        let record = value(record);
        assert_eq!(record["requests"].as_array().unwrap().len(), 1);
        let line = answered(text(&record["requests"][0]["id"]));
        assert_eq!(line["request"]["path"], "pki/sign/attestation");
        assert_eq!(record["requests"][0]["path"], "pki/sign/attestation");
    }

    // By Transit: the request of the signature, and in it the digest that was signed, as the log keeps it.
    let signing = project_by_transit(&vault);
    let run = build(&signing, &vault);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let log = vault.audit();
    let records = files(&signing, ".compliance/attestations/records");
    assert_eq!(records.len(), files(&signing, ".compliance/attestations/sha256").len() + 1);
    for record in records {
        let record = value(&record);
        let id = text(&record["requests"][0]["id"]);
        let line = log.iter().find(|line| line["type"] == "request" && line["request"]["id"] == id).unwrap();
        assert_eq!(line["request"]["path"], "transit/sign/attest");
        let hex = text(&record["signed"]).strip_prefix("sha256:").unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let hashed = vault.admin("POST", "sys/audit-hash/to-file", &json!({"input": STANDARD.encode(bytes)}));
        let hashed = text(&hashed["data"]["hash"]);
        assert!(line["request"]["data"].to_string().contains(hashed), "{hashed} is not in {line}");
    }
}

fn project_by_transit(vault: &Vault) -> Project {
    let project = project(vault, 3, "engine = \"transit\"\nrole = \"attest\"", "");
    project.edit(
        "compliance.toml",
        "roots = [\"trust/roots.pem\", \"trust/time.pem\"]\n",
        "keys = [\"trust/vault.pub\"]\n",
    );
    let mut command = project.command(&["vault", "public-key", "attest"]);
    command.env("VAULT_TOKEN", vault.token());
    let run = Run::of(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    project.write("trust/vault.pub", run.stdout);
    project
}

/// A time authority of OpenSSL behind HTTP, and what it does instead for the first requests.
struct Clock {
    port: u16,
    asked: Arc<AtomicUsize>,
    home: tempfile::TempDir,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    Throttled,
    Broken,
    Garbage,
    Html,
    OtherNonce,
    OtherSignature,
    Refuses,
}

impl Clock {
    fn start(test: &str, fault: Fault, times: usize) -> Option<Self> {
        let openssl = tool(test, "openssl")?;
        let home = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let output = Command::new(&openssl).current_dir(home.path()).args(arguments).output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let curve = ["-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        run(&[
            &[
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-days",
                "3650",
                "-subj",
                "/CN=time root",
                "-keyout",
                "root.key",
                "-out",
                "root.pem",
            ][..],
            &curve,
        ]
        .concat());
        run(&[&["req", "-newkey", "ec", "-subj", "/CN=time", "-keyout", "time.key", "-out", "time.csr"][..], &curve]
            .concat());
        std::fs::write(home.path().join("ext"), "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n").unwrap();
        run(&[
            "x509",
            "-req",
            "-in",
            "time.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            "3650",
            "-extfile",
            "ext",
            "-out",
            "time.pem",
        ]);
        std::fs::write(home.path().join("serial"), "01\n").unwrap();
        std::fs::write(
            home.path().join("tsa.cnf"),
            "[tsa]\ndefault_tsa=x\n[x]\nserial=serial\nsigner_cert=time.pem\nsigner_key=time.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\ness_cert_id_alg=sha256\naccuracy=secs:1\n",
        )
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let (count, directory) = (Arc::clone(&asked), home.path().to_owned());
        std::thread::spawn(move || {
            let mut first: Option<Vec<u8>> = None;
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let Some(query) = read_body(&mut stream) else { continue };
                let now = if count.fetch_add(1, Ordering::SeqCst) < times { fault } else { Fault::None };
                let plain = |status: &str, more: &str, body: &str| {
                    format!(
                        "HTTP/1.1 {status}\r\n{more}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                    .into_bytes()
                };
                let reply = |body: &[u8]| {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                        body.len()
                    );
                    [head.as_bytes(), body].concat()
                };
                let stamp = |query: &[u8]| {
                    std::fs::write(directory.join("query"), query).unwrap();
                    let arguments = ["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply"];
                    assert!(
                        Command::new(&openssl)
                            .current_dir(&directory)
                            .args(arguments)
                            .output()
                            .unwrap()
                            .status
                            .success()
                    );
                    std::fs::read(directory.join("reply")).unwrap()
                };
                let answer = match now {
                    Fault::None => reply(&stamp(&query)),
                    Fault::Throttled => plain("429 Too Many Requests", "retry-after: 0\r\n", ""),
                    Fault::Broken => plain("503 Service Unavailable", "", ""),
                    Fault::Garbage => reply(b"no time stamp at all"),
                    Fault::Html => plain("200 OK", "content-type: text/html\r\n", "<html>sign in</html>"),
                    // The number is the last integer before the flag for certificates: its last byte is changed.
                    Fault::OtherNonce => {
                        let mut other = query.clone();
                        let at = other.len() - 4;
                        other[at] ^= 1;
                        reply(&stamp(&other))
                    }
                    Fault::OtherSignature => reply(&stamp(first.get_or_insert_with(|| query.clone()))),
                    Fault::Refuses => reply(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]),
                };
                let _ = stream.write_all(&answer);
            }
        });
        Some(Self { port, asked, home })
    }

    fn project(&self, vault: &Vault) -> Project {
        let project = project(vault, 2, &pki(IDENTITY), &format!("timestamp = \"http://127.0.0.1:{}/tsr\"", self.port));
        let pem = ["time.pem", "root.pem"].map(|name| std::fs::read_to_string(self.home.path().join(name)).unwrap());
        project.write("trust/time.pem", pem.concat());
        project
    }
}

fn read_body(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        assert!(head.contains("content-type: application/timestamp-query"), "{head}");
        let length: usize = head.split("content-length: ").nth(1)?.lines().next()?.trim().parse().ok()?;
        if bytes.len() >= end + 4 + length {
            return Some(bytes[end + 4..].to_vec());
        }
    }
}

#[test]
fn times_come_from_an_authority_over_http() {
    let Some(vault) = Vault::start("times_come_from_an_authority_over_http") else { return };
    for (fault, times) in [(Fault::None, 0), (Fault::Throttled, 2), (Fault::Broken, 1)] {
        let Some(clock) = Clock::start("times_come_from_an_authority_over_http", fault, times) else { return };
        let project = clock.project(&vault);
        let run = build(&project, &vault);
        assert_eq!(run.code, 0, "{fault:?}: {}{}", run.stdout, run.stderr);
        project.ok(&["verify", "--replay"]);
        // One request a signature, the lock's among them, and those that were made again.
        let signatures = files(&project, ".compliance/attestations/sha256").len() + 1;
        assert_eq!(clock.asked.load(Ordering::SeqCst), signatures + times, "{fault:?}");
    }
}

#[test]
fn an_answer_that_is_not_one_to_what_was_asked_is_refused() {
    let Some(vault) = Vault::start("an_answer_that_is_not_one_to_what_was_asked_is_refused") else { return };
    for (fault, code, word) in [
        (Fault::Garbage, 4, "attest::malformed-timestamp"),
        (Fault::Html, 5, "is not a time stamp"),
        (Fault::OtherNonce, 4, "its nonce differs"),
        (Fault::OtherSignature, 4, "attest::"),
        (Fault::Refuses, 4, "attest::timestamp-refused"),
    ] {
        let Some(clock) = Clock::start("an_answer_that_is_not_one", fault, usize::MAX) else { return };
        let project = clock.project(&vault);
        refused(&build(&project, &vault), code, word, &project);
    }
    // One that nobody trusts, and one that is not there.
    let Some(clock) = Clock::start("an_answer_that_is_not_one", Fault::None, 0) else { return };
    let project = clock.project(&vault);
    project.edit("compliance.toml", ", \"trust/time.pem\"", "");
    refused(&build(&project, &vault), 2, "attest::timestamp-untrusted", &project);
    let project = clock.project(&vault);
    project.edit("compliance.toml", &format!(":{}/tsr", clock.port), &format!(":{}/tsr", free_port()));
    refused(&build(&project, &vault), 5, "timestamp::unavailable", &project);
}
