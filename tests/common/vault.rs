//! A real OpenBao for tests, with authorities, a role and a key for attestations, and an audit log.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "this runs a real program; and not every test asks it everything"
)]

use super::tools::{Server, free_port, tool};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

/// The administrator's token of a server in memory.
pub const ROOT: &str = "root-token-of-this-test";

/// A server with a root, an intermediate and a role for attestations, a key, and an audit log.
pub struct Vault {
    server: Option<Server>,
    bao: PathBuf,
    home: tempfile::TempDir,
    root: String,
    unseal: Option<String>,
    /// Its port, on 127.0.0.1; the same after it was started again.
    pub port: u16,
}

impl Vault {
    /// One that keeps everything in memory.
    pub fn start(test: &str) -> Option<Self> {
        let bao = tool(test, "bao")?;
        let home = tempfile::tempdir().unwrap();
        let mut vault = Self { server: None, bao, home, root: ROOT.to_owned(), unseal: None, port: free_port() };
        let config = vault.home.path().join("audit.hcl");
        std::fs::write(&config, vault.audit_device()).unwrap();
        let mut command = Command::new(&vault.bao);
        command.args(["server", "-dev", "-dev-no-store-token", &format!("-dev-root-token-id={ROOT}")]);
        command.arg(format!("-dev-listen-address=127.0.0.1:{}", vault.port)).env("HOME", vault.home.path());
        command.arg(format!("-config={}", config.display()));
        vault.server = Some(Server::start(&mut command, vault.port));
        vault.settle();
        Some(vault)
    }

    /// One that keeps everything in files, so that it can be ended and started again.
    pub fn durable(test: &str) -> Option<Self> {
        let bao = tool(test, "bao")?;
        let home = tempfile::tempdir().unwrap();
        let mut vault = Self { server: None, bao, home, root: String::new(), unseal: None, port: free_port() };
        let data = vault.home.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let (port, cluster) = (vault.port, free_port());
        let config = format!(
            "storage \"raft\" {{\n path = \"{}\"\n node_id = \"one\"\n}}\n\
             listener \"tcp\" {{\n address = \"127.0.0.1:{port}\"\n cluster_address = \"127.0.0.1:{cluster}\"\n tls_disable = true\n}}\n\
             api_addr = \"http://127.0.0.1:{port}\"\ncluster_addr = \"http://127.0.0.1:{cluster}\"\n{}",
            data.display(),
            vault.audit_device()
        );
        std::fs::write(vault.home.path().join("server.hcl"), config).unwrap();
        vault.again();
        let made = vault.ask("PUT", "sys/init", &json!({"secret_shares": 1, "secret_threshold": 1})).1;
        vault.root = text(&made["root_token"]).to_owned();
        vault.unseal = Some(text(&made["keys"][0]).to_owned());
        vault.open();
        vault.settle();
        Some(vault)
    }

    /// Ends a durable one, at once.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Its process, which whoever knows it can end.
    pub fn id(&self) -> u32 {
        self.server.as_ref().unwrap().id()
    }

    /// Starts a durable one again, as it was.
    pub fn again(&mut self) {
        self.server = None;
        let mut command = Command::new(&self.bao);
        command.arg("server").arg(format!("-config={}", self.home.path().join("server.hcl").display()));
        command.env("HOME", self.home.path());
        self.server = Some(Server::start(&mut command, self.port));
        if self.unseal.is_some() {
            self.open();
        }
    }

    fn open(&self) {
        self.admin("PUT", "sys/unseal", &json!({"key": self.unseal}));
        self.wait();
    }

    /// It takes connections a little before it is unsealed.
    fn wait(&self) {
        for _ in 0..400 {
            if self.ask("GET", "sys/health", &Value::Null).0 == 200 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the server stays sealed");
    }

    fn audit_device(&self) -> String {
        let log = self.home.path().join("audit.log");
        format!("audit \"file\" \"to-file\" {{ options {{ file_path = \"{}\" }} }}\n", log.display())
    }

    fn settle(&self) {
        let vault = self;
        vault.wait();
        vault.authorities();
        vault.role("attestation", json!({}));
        let policy = "path \"pki/sign/*\" { capabilities = [\"update\"] }\npath \"transit/sign/*\" { capabilities = [\"update\"] }\npath \"transit/keys/*\" { capabilities = [\"read\"] }";
        vault.admin("PUT", "sys/policies/acl/sign", &json!({"policy": policy}));
        vault.admin("POST", "sys/mounts/transit", &json!({"type": "transit"}));
        vault.admin("POST", "transit/keys/attest", &json!({"type": "ecdsa-p256"}));
    }

    /// Another root and another intermediate in the places of the first.
    pub fn other_authorities(&self) {
        for mount in ["pki", "pki-root"] {
            self.admin("DELETE", &format!("sys/mounts/{mount}"), &Value::Null);
        }
        self.authorities();
        self.role("attestation", json!({}));
    }

    fn authorities(&self) {
        self.admin("POST", "sys/mounts/pki-root", &json!({"type": "pki", "config": {"max_lease_ttl": "87600h"}}));
        self.admin("POST", "sys/mounts/pki", &json!({"type": "pki", "config": {"max_lease_ttl": "43800h"}}));
        let ec = json!({"common_name": "root", "key_type": "ec", "key_bits": 256, "ttl": "87600h"});
        self.admin("POST", "pki-root/root/generate/internal", &ec);
        let asked = json!({"common_name": "intermediate", "key_type": "ec", "key_bits": 256});
        let request = self.admin("POST", "pki/intermediate/generate/internal", &asked);
        let signed = self.admin(
            "POST",
            "pki-root/root/sign-intermediate",
            &json!({"csr": request["data"]["csr"], "ttl": "43800h", "max_path_length": 0, "common_name": "intermediate"}),
        );
        let chain = format!("{}\n{}", text(&signed["data"]["certificate"]), text(&signed["data"]["issuing_ca"]));
        self.admin("POST", "pki/intermediate/set-signed", &json!({"certificate": chain}));
    }

    /// A role as safe as it should be, but for what is changed.
    pub fn role(&self, name: &str, changed: Value) {
        let mut role = json!({
            "allow_any_name": false, "enforce_hostnames": false, "allowed_uri_sans": ["https://ci.example/acme/*"],
            "require_cn": false, "use_csr_common_name": false, "use_csr_sans": true, "cn_validations": ["disabled"],
            "key_type": "ec", "key_bits": 256, "key_usage": ["DigitalSignature"],
            "ext_key_usage_oids": ["1.3.6.1.5.5.7.3.3"], "server_flag": false, "client_flag": false,
            "ttl": "15m", "max_ttl": "15m", "not_before_duration": "30s", "no_store": true,
        });
        for (key, value) in changed.as_object().unwrap() {
            role[key] = value.clone();
        }
        self.admin("POST", &format!("pki/roles/{name}"), &role);
    }

    /// The chain above the leaves, PEM.
    pub fn roots(&self) -> String {
        let chain = self.admin("GET", "pki/cert/ca_chain", &Value::Null);
        format!("{}\n", text(&chain["data"]["ca_chain"]))
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A request of the administrator over a plain connection: status and body.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} /v1/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-vault-token: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.root,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.find('{').map(|at| &answer[at..=answer.rfind('}').unwrap()]).unwrap_or("null");
        (status, serde_json::from_str(body).unwrap())
    }

    /// The same, which must succeed.
    pub fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// What a request gives, wrapped: a token that gives it once.
    pub fn wrapped(&self, path: &str, body: &Value) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = body.to_string();
        let head = format!(
            "POST /v1/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-vault-token: {}\r\nx-vault-wrap-ttl: 60s\r\ncontent-length: {}\r\n\r\n{body}",
            self.root,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body: Value =
            serde_json::from_str(&answer[answer.find('{').unwrap()..=answer.rfind('}').unwrap()]).unwrap();
        text(&body["wrap_info"]["token"]).to_owned()
    }

    /// A token that may sign, for a quarter of an hour.
    pub fn token(&self) -> String {
        let answer = self.admin("POST", "auth/token/create", &json!({"policies": ["sign"], "ttl": "15m"}));
        text(&answer["auth"]["client_token"]).to_owned()
    }

    /// The audit log's lines.
    pub fn audit(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(self.home.path().join("audit.log")).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A text in an answer.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

/// A token as a CI's identity provider makes them, and the public key that it is verified with.
pub struct Issuer {
    pair: aws_lc_rs::signature::EcdsaKeyPair,
    /// Its public half, PEM.
    pub public: String,
}

impl Issuer {
    /// One of its own key.
    pub fn new() -> Self {
        use aws_lc_rs::encoding::AsDer as _;
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let body = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            pair.public_key().as_der().unwrap().as_ref(),
        );
        Self { pair, public: format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n") }
    }

    /// A token of a job, for `vault`.
    pub fn token(&self, repository: &str) -> String {
        let encode = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({"iss": "https://ci.example", "aud": "vault", "sub": repository, "repository": repository,
            "job_workflow_ref": format!("{repository}/ci.yml"), "iat": now, "nbf": now - 5, "exp": now + 300});
        let head = encode(json!({"alg": "ES256", "typ": "JWT"}).to_string().as_bytes());
        let text = format!("{head}.{}", encode(claims.to_string().as_bytes()));
        let signature = self.pair.sign(&aws_lc_rs::rand::SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", encode(signature.as_ref()))
    }
}
