//! Images in registries: a real one, filled by skopeo; and one that does what no good one does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::type_complexity,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "tests may fail loudly and touch files"
)]

mod common;

use common::tools::{Server, free_port, tool};
use common::{AS_OF, Project};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A name and password, and the line that `htpasswd -B` makes of them.
const USER: (&str, &str) = ("auditor", "open sesame");
const HTPASSWD: &str = "auditor:$2b$04$gPB7SA3E/4nuHKYzvVdoEeUykVYNWytcO/u53Mv4PxLcjxNJHCEwC\n";

struct Registry {
    server: Server,
    directory: tempfile::TempDir,
    skopeo: PathBuf,
}

/// Which program: one without a list of referrers, and two with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Distribution,
    Olareg,
    Zot,
}

const KINDS: [Kind; 3] = [Kind::Distribution, Kind::Olareg, Kind::Zot];

impl Registry {
    fn of(kind: Kind, test: &str) -> Option<Self> {
        if kind == Kind::Distribution {
            return Self::start(test, false);
        }
        let skopeo = tool(test, "skopeo")?;
        let directory = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = if kind == Kind::Olareg {
            let mut command = Command::new(tool(test, "olareg")?);
            command.args(["serve", "--addr", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(directory.path());
            command
        } else {
            let mut command = Command::new(tool(test, "zot")?);
            let settings = serde_json::json!({"storage": {"rootDirectory": directory.path().join("data")},
                "http": {"address": "127.0.0.1", "port": port.to_string()}, "log": {"level": "error"}});
            std::fs::write(directory.path().join("zot.json"), settings.to_string()).unwrap();
            command.arg("serve").arg(directory.path().join("zot.json"));
            command
        };
        Some(Self { server: Server::start(&mut command, port), directory, skopeo })
    }

    /// Another zot over the same files, which allows this.
    fn with_access(self, access: serde_json::Value) -> Self {
        let Self { server, directory, skopeo } = self;
        drop(server);
        let port = free_port();
        let mut settings: serde_json::Value =
            serde_json::from_slice(&std::fs::read(directory.path().join("zot.json")).unwrap()).unwrap();
        settings["http"]["port"] = port.to_string().into();
        settings["http"]["accessControl"] = access;
        let file = directory.path().join("zot-access.json");
        std::fs::write(&file, settings.to_string()).unwrap();
        let mut command = Command::new(tool("zot", "zot").unwrap());
        let server = Server::start(command.arg("serve").arg(file), port);
        Self { server, directory, skopeo }
    }

    /// What it lists for a manifest: by itself, or under the fallback tag.
    fn listed(&self, kind: Kind, repository: &str, hex: &str) -> usize {
        let index: serde_json::Value = match kind {
            Kind::Distribution => {
                let mut inspect = Command::new(&self.skopeo);
                let place = format!("docker://{}/{repository}:sha256-{hex}", self.host());
                let output = inspect.args(["inspect", "--raw", "--tls-verify=false", &place]).output().unwrap();
                serde_json::from_slice(&output.stdout).unwrap()
            }
            Kind::Olareg | Kind::Zot => {
                use std::io::Read as _;
                let mut stream = TcpStream::connect(("127.0.0.1", self.server.port)).unwrap();
                let path = format!("/v2/{repository}/referrers/sha256:{hex}");
                stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                assert!(answer.contains(" 200 "), "{answer}");
                serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
            }
        };
        index["manifests"].as_array().unwrap().len()
    }

    fn start(test: &str, with_login: bool) -> Option<Self> {
        let (program, skopeo) = (tool(test, "docker-registry")?, tool(test, "skopeo")?);
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let port = free_port();
        let login = format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", root.join("htpasswd").display());
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n{}",
            root.join("data").display(),
            if with_login { login.as_str() } else { "" }
        );
        std::fs::write(root.join("htpasswd"), HTPASSWD).unwrap();
        std::fs::write(root.join("config.yml"), config).unwrap();
        let server = Server::start(Command::new(program).arg("serve").arg(root.join("config.yml")), port);
        Some(Self { server, directory, skopeo })
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.server.port)
    }

    /// Copies a layout of the example into the registry.
    fn fill(&self, image: &str, name: &str) {
        let layout = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique/images").join(image);
        let target = format!("docker://{}/{name}", self.host());
        let mut copy = Command::new(&self.skopeo);
        copy.args(["copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", &format!("{}:{}", USER.0, USER.1)]);
        let status = copy.arg(format!("oci:{}", layout.display())).arg(target).status().unwrap();
        assert!(status.success());
    }

    /// A directory for docker's config with these credentials.
    fn docker_config(&self, auth: serde_json::Value) -> PathBuf {
        let directory = self.directory.path().join("docker");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("config.json"), auth.to_string()).unwrap();
        directory
    }
}

fn config(images: &[(&str, &str)]) -> String {
    let mut text = "version = 1\n[project]\nname = \"shop\"\n[advisories]\nsources = [\"advisories\"]\n\
        [trust]\nkeys = [\"trust/local.pub\"]\n[policy.default]\nmax = { critical = 100, high = 100 }\n"
        .to_owned();
    for (name, reference) in images {
        text += &format!(
            "[images.{name}]\nref = \"{reference}\"\n[services.{name}]\nimages = [\"{name}\"]\npolicy = \"default\"\n"
        );
    }
    text
}

fn project(images: &[(&str, &str)]) -> Project {
    let project = Project::boutique();
    for name in ["compliance.failing.toml", "compliance.toml"] {
        std::fs::remove_file(project.root().join(name)).unwrap();
    }
    project.write("compliance.toml", config(images));
    project
}

#[test]
fn an_image_is_the_same_in_a_registry_and_in_a_layout() {
    let test = "an_image_is_the_same_in_a_registry_and_in_a_layout";
    let Some(registry) = Registry::start(test, false) else { return };
    registry.fill("checkout", "shop/checkout:1");
    registry.fill("payment", "shop/payment:1");
    let tag = |name: &str| format!("{}/shop/{name}:1", registry.host());
    let project = project(&[("checkout", &tag("checkout")), ("payment", &tag("payment"))]);
    let of = |reference: &str| {
        let text = project.ok(&["scan", reference, "--format", "json"]);
        let mut scan: serde_json::Value = serde_json::from_str(&text).unwrap();
        (scan["subject"]["digest"].take(), scan["components"].take())
    };
    let (digest, components) = of(&tag("checkout"));
    assert_eq!((&digest, &components), (&of("oci:images/checkout").0, &of("oci:images/checkout").1));
    assert!(components.as_array().unwrap().len() > 30);

    project.ok(&["build", "--as-of", AS_OF]);
    project.ok(&["verify", "--replay"]);
    let lock = project.read("compliance.lock");
    // A tag may move: each build asks. Nothing has changed, so nothing is written.
    project.ok(&["build", "--as-of", AS_OF, "--locked"]);
    registry.fill("payment", "shop/checkout:1");
    project.exits(3, &["verify"]);
    assert!(project.ok(&["verify", "--offline"]).contains("2 in registries left out"));
    project.exits(5, &["build", "--as-of", AS_OF, "--offline"]);
    assert_eq!(project.read("compliance.lock"), lock);
    let plan = project.ok(&["plan", "--as-of", AS_OF]);
    assert!(plan.contains("subject changed"), "{plan}");

    // By digest it cannot move: known here, it is not asked for again, also when the registry is gone.
    let digest = digest.as_str().unwrap();
    let pinned = format!("{}/shop/checkout@{digest}", registry.host());
    project.write("compliance.toml", config(&[("checkout", &pinned)]));
    project.ok(&["build", "--as-of", AS_OF]);
    drop(registry);
    project.ok(&["build", "--as-of", AS_OF]);
    project.ok(&["verify"]);
    project.write("compliance.toml", config(&[("checkout", &format!("127.0.0.1:{}/shop/checkout:1", free_port()))]));
    let lock = project.read("compliance.lock");
    project.exits(5, &["build", "--as-of", AS_OF]);
    assert_eq!(project.read("compliance.lock"), lock);
}

#[test]
fn credentials_come_from_where_docker_keeps_them() {
    let test = "credentials_come_from_where_docker_keeps_them";
    let Some(registry) = Registry::start(test, true) else { return };
    registry.fill("payment", "shop/payment:1");
    let reference = format!("{}/shop/payment:1", registry.host());
    let project = Project::bare("shop");
    let scan = |docker: &Path, path: &Path| {
        let mut command = project.command(&["scan", &reference, "-v"]);
        let path = std::env::join_paths([path, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let output = command.env("DOCKER_CONFIG", docker).env("PATH", path).output().unwrap();
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        assert!(!String::from_utf8_lossy(&said).contains(USER.1));
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let bin = registry.directory.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let none = registry.docker_config(serde_json::json!({}));
    let (code, said) = scan(&none, &bin);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("none are configured"), "{said}");

    let auth = |password: &str| base64(&format!("{}:{password}", USER.0));
    let config = |password: &str| serde_json::json!({"auths": {(registry.host()): {"auth": auth(password)}}});
    assert_eq!(scan(&registry.docker_config(config(USER.1)), &bin).0, Some(0));
    let (code, said) = scan(&registry.docker_config(config("wrong")), &bin);
    assert_eq!(code, Some(5), "{said}");

    let helper = |text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = bin.join("docker-credential-test");
        std::fs::write(&path, format!("#!/bin/sh\ncat >/dev/null\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        registry.docker_config(serde_json::json!({"credHelpers": {(registry.host()): "test"}}))
    };
    let answer = format!(r#"echo '{{"ServerURL":"x","Username":"{}","Secret":"{}"}}'"#, USER.0, USER.1);
    assert_eq!(scan(&helper(&answer), &bin).0, Some(0));
    // A helper that fails is not passed over: nothing is asked without what was configured.
    let (code, said) = scan(&helper(&format!("echo {:?} >&2; exit 1", USER.1)), &bin);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("docker-credential-test"), "{said}");
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// What a bad registry answers to a request: status, more header lines, and body.
type Answer = (u16, String, Vec<u8>);

/// A server for one test. It serves a layout's blobs and manifests, as altered by `change`, which is given the path, the `Range`
/// and how many requests there were before this one.
struct Bad {
    host: String,
    requests: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Bad {
    fn start(change: impl Fn(&str, Option<u64>, usize, Answer) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        let (requests, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let bad = Self { host, requests: Arc::clone(&requests), seen: Arc::clone(&seen) };
        let change = Arc::new(change);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (change, requests, seen) = (Arc::clone(&change), Arc::clone(&requests), Arc::clone(&seen));
                std::thread::spawn(move || answer(stream.unwrap(), change.as_ref(), &requests, &seen));
            }
        });
        bad
    }
}

fn answer(
    mut stream: TcpStream,
    change: &dyn Fn(&str, Option<u64>, usize, Answer) -> Answer,
    requests: &AtomicUsize,
    seen: &Mutex<Vec<String>>,
) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap().push(format!("{first}\n{}", headers.join("\n")));
    let header =
        |name: &str| headers.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(str::to_owned));
    let range = header("range: bytes=").and_then(|range| range.trim_end_matches('-').parse().ok());
    let layout = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique/images/payment");
    let blob = |digest: &str| std::fs::read(layout.join("blobs/sha256").join(digest.trim_start_matches("sha256:")));
    let last = path.rsplit('/').next().unwrap_or_default();
    let good = if path.contains("/manifests/") && !last.starts_with("sha256:") {
        let index: serde_json::Value =
            serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
        blob(index["manifests"][0]["digest"].as_str().unwrap())
    } else {
        blob(last)
    };
    let answer = match good {
        Ok(bytes) => match range {
            Some(from) => (206, String::new(), bytes[usize::try_from(from).unwrap()..].to_vec()),
            None => (200, String::new(), bytes),
        },
        Err(_) => (404, String::new(), Vec::new()),
    };
    let length = answer.2.len();
    let (status, more, body) = change(&path, range, requests.fetch_add(1, Ordering::SeqCst), answer);
    let length = if more.contains("keep-length") { length } else { body.len() };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn scan(project: &Project, bad: &Bad) -> (i32, String) {
    let reference = format!("{}/shop/payment:1", bad.host);
    let output = project.command(&["scan", &reference]).env("DOCKER_CONFIG", "/nonexistent").output().unwrap();
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn what_breaks_off_is_resumed_and_what_is_busy_is_waited_for() {
    let bad = Bad::start(|path, range, count, (status, more, body)| match (path, count) {
        (_, 0) => (503, "retry-after: 0\r\n".into(), Vec::new()),
        (_, 1) => (429, String::new(), Vec::new()),
        (path, _) if path.contains("/blobs/") && range.is_none() && body.len() > 2000 => {
            (status, format!("{more}x-keep-length: 1\r\n"), body[..1000].to_vec())
        }
        _ => (status, more, body),
    });
    let project = Project::bare("shop");
    let (code, said) = scan(&project, &bad);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("pkg:npm/"), "{said}");
    assert!(bad.seen.lock().unwrap().iter().any(|request| request.contains("bytes=1000-")));
    // What was asked is told at the end.
    let asked = bad.requests.load(Ordering::SeqCst);
    let told = said.lines().rev().find_map(|line| line.split_once(": ")?.1.split_once(" requests, ")).unwrap();
    assert_eq!(told.0, asked.to_string(), "{said}");
    assert!(told.1.strip_suffix(" of them again").unwrap().parse::<usize>().unwrap() >= 2, "{said}");
    // What was catalogued is not fetched again: the manifest alone.
    let before = bad.requests.load(Ordering::SeqCst);
    assert_eq!(scan(&project, &bad).0, 0);
    assert_eq!(bad.requests.load(Ordering::SeqCst) - before, 1);
}

#[test]
fn bad_registries_never_pass() {
    type Change = Box<dyn Fn(&str, Option<u64>, usize, Answer) -> Answer + Send + Sync>;
    let cases: Vec<(&str, i32, Change)> = vec![
        (
            "flips a byte of blobs",
            4,
            Box::new(|path, _, _, (status, more, mut body)| {
                if path.contains("/blobs/") {
                    body[0] ^= 1;
                }
                (status, more, body)
            }),
        ),
        (
            "lies about the digest",
            4,
            Box::new(|_, _, _, (status, _, body)| {
                (status, format!("docker-content-digest: sha256:{}\r\n", "0".repeat(64)), body)
            }),
        ),
        (
            "adds a byte to blobs",
            4,
            Box::new(|path, _, _, (status, more, mut body)| {
                body.extend(path.contains("/blobs/").then_some(0));
                (status, more, body)
            }),
        ),
        (
            "answers with a page",
            6,
            Box::new(|_, _, _, _| (200, "content-type: text/html\r\n".into(), b"<html>".to_vec())),
        ),
        ("answers without end", 6, Box::new(|_, _, _, _| (200, String::new(), vec![b' '; 20 << 20]))),
        ("knows nothing", 2, Box::new(|_, _, _, _| (404, String::new(), Vec::new()))),
        ("is closed", 5, Box::new(|_, _, _, _| (403, String::new(), br#"{"errors":[{"code":"DENIED"}]}"#.to_vec()))),
        (
            "asks for a login at a place without TLS",
            5,
            Box::new(|_, _, _, _| {
                (401, "www-authenticate: Bearer realm=\"http://auth.example/token\"\r\n".into(), Vec::new())
            }),
        ),
        (
            "asks for a login of its own making",
            5,
            Box::new(|_, _, _, _| (401, "www-authenticate: Puzzle a=\"b\"\r\n".into(), Vec::new())),
        ),
        (
            "has lost a layer",
            6,
            Box::new(|path, _, _, (status, more, body)| {
                if path.contains("/blobs/") && body.len() > 2000 {
                    (404, String::new(), Vec::new())
                } else {
                    (status, more, body)
                }
            }),
        ),
    ];
    for (what, expected, change) in cases {
        let bad = Bad::start(change);
        let (code, said) = scan(&Project::bare("shop"), &bad);
        assert_eq!(code, expected, "{what}: {said}");
    }
}

/// A project with two images and a source tree, built.
fn built(registry: &Registry) -> Project {
    registry.fill("checkout", "shop/checkout:1");
    registry.fill("payment", "shop/payment:1");
    let tag = |name: &str| format!("{}/shop/{name}:1", registry.host());
    let project = project(&[("checkout", &tag("checkout")), ("payment", &tag("payment"))]);
    project.edit("compliance.toml", "[services.payment]\n", "[services.payment]\npath = \"src/payment\"\n");
    project.ok(&["build", "--as-of", AS_OF]);
    project
}

#[test]
fn evidence_travels_by_registry() {
    let Some(registry) = Registry::start("evidence_travels_by_registry", false) else { return };
    let project = built(&registry);
    let said = project.ok(&["push"]);
    assert!(said.contains("shop/checkout:1: 3 attestations attached, 0 there already"), "{said}");
    let said = project.ok(&["push"]);
    assert!(said.contains("0 attestations attached, 3 there already") && said.contains("0 files sent"), "{said}");

    // cosign's shape: an index under the fallback tag, of manifests with one bundle each.
    let digest = project.ok(&["scan", &format!("{}/shop/checkout:1", registry.host()), "--format", "json"]);
    let digest: serde_json::Value = serde_json::from_str(&digest).unwrap();
    let hex = digest["subject"]["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    let raw = |name: &str| {
        let mut inspect = Command::new(&registry.skopeo);
        inspect.args(["inspect", "--raw", "--tls-verify=false", &format!("docker://{}/{name}", registry.host())]);
        let output = inspect.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let index = raw(&format!("shop/checkout:sha256-{hex}"));
    let manifests = index["manifests"].as_array().unwrap();
    assert_eq!(manifests.len(), 3);
    let manifest = raw(&format!("shop/checkout@{}", manifests[0]["digest"].as_str().unwrap()));
    assert_eq!(manifest["subject"]["digest"], format!("sha256:{hex}"));
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["config"]["digest"], "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");

    // Lost here, found there.
    let store = project.root().join(".compliance");
    std::fs::remove_dir_all(&store).unwrap();
    project.exits(4, &["verify"]);
    project.ok(&["verify", "--from-registry", "--replay"]);
    assert!(!store.exists());
    project.ok(&["pull"]);
    project.ok(&["verify", "--replay", "--offline"]);
    // What was altered here is not taken for lost.
    let bundle = std::fs::read_dir(store.join("attestations/sha256")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&bundle, "{}").unwrap();
    project.exits(4, &["verify", "--from-registry"]);
    // What was altered there is not taken.
    std::fs::remove_dir_all(&store).unwrap();
    let blobs = registry.directory.path().join("data/docker/registry/v2/blobs/sha256");
    for file in common::files(&blobs) {
        let mut bytes = std::fs::read(&file).unwrap();
        if bytes.windows(14).any(|window| window == b"\"dsseEnvelope\"") {
            let place = bytes.len() / 2;
            bytes[place] ^= 1;
            std::fs::write(&file, bytes).unwrap();
        }
    }
    assert_ne!(project.run(&["verify", "--from-registry"]).code, 0);
    project.exits(4, &["pull"]);
}

/// The manifest's digest of a reference, hex.
fn hex(project: &Project, reference: &str) -> String {
    let scan: serde_json::Value = serde_json::from_str(&project.ok(&["scan", reference, "--format", "json"])).unwrap();
    scan["subject"]["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned()
}

#[test]
fn all_of_many_that_push_at_once_are_listed() {
    for kind in KINDS {
        let Some(registry) = Registry::of(kind, "all_of_many_that_push_at_once_are_listed") else { continue };
        registry.fill("payment", "shop/payment:1");
        let reference = format!("{}/shop/payment:1", registry.host());
        let projects: Vec<Project> = (0..20)
            .map(|_| {
                let project = project(&[("payment", &reference)]);
                project.ok(&["build", "--as-of", AS_OF]);
                project
            })
            .collect();
        std::thread::scope(|scope| {
            for project in &projects {
                scope.spawn(|| project.ok(&["push"]));
            }
        });
        // Three statements each, signed by twenty keys.
        assert_eq!(registry.listed(kind, "shop/payment", &hex(&projects[0], &reference)), 60, "{kind:?}");
        for project in &projects {
            std::fs::remove_dir_all(project.root().join(".compliance")).unwrap();
            project.ok(&["pull"]);
            project.ok(&["verify", "--offline"]);
        }
    }
}

#[test]
fn a_push_that_breaks_off_loses_nothing_and_is_completed_by_the_next() {
    for kind in KINDS {
        let Some(registry) = Registry::of(kind, "a_push_that_breaks_off_loses_nothing") else { continue };
        registry.fill("payment", "shop/payment:1");
        let reference = format!("{}/shop/payment:1", registry.host());
        let (first, second) = (project(&[("payment", &reference)]), project(&[("payment", &reference)]));
        for project in [&first, &second] {
            project.ok(&["build", "--as-of", AS_OF]);
        }
        first.ok(&["push"]);
        let hex = hex(&first, &reference);
        assert_eq!(registry.listed(kind, "shop/payment", &hex), 3);
        // The second is killed at each of its requests that write, one later every time.
        let mut broken = 0;
        for writes in 0..40 {
            let (port, killed) = breaks_off(registry.server.port, writes);
            let lock = second.read("compliance.lock");
            let to = format!("127.0.0.1:{port}/shop/payment");
            let mut push = second.command(&["push", "--repository", &to]);
            push.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            let mut child = push.spawn().unwrap();
            let code = loop {
                if killed.load(Ordering::SeqCst) > 0 {
                    child.kill().unwrap();
                }
                if let Some(status) = child.try_wait().unwrap() {
                    break status.code();
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            };
            assert_eq!(second.read("compliance.lock"), lock);
            // Whatever was there before is there still.
            assert!(registry.listed(kind, "shop/payment", &hex) >= 3, "{kind:?} after {writes} writes");
            if code == Some(0) {
                break;
            }
            broken += 1;
        }
        assert!(broken > 3, "it was never broken off");
        second.ok(&["push"]);
        assert_eq!(registry.listed(kind, "shop/payment", &hex), 6, "{kind:?}");
        for project in [&first, &second] {
            std::fs::remove_dir_all(project.root().join(".compliance")).unwrap();
            project.ok(&["verify", "--from-registry", "--replay"]);
        }
    }
}

/// Hands on to a registry until so many requests have written; then answers no more, and counts.
fn breaks_off(server: u16, writes: usize) -> (u16, Arc<AtomicUsize>) {
    let (seen, killed) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&killed);
    let port = before(server, move |head| {
        let writes_now = ["PUT", "POST", "PATCH"].iter().any(|method| head.starts_with(method));
        (writes_now && seen.fetch_add(1, Ordering::SeqCst) >= writes).then(|| {
            killed.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_secs(5));
            Vec::new()
        })
    });
    (port, count)
}

/// Hands on to a registry, and says for it that a tag that is there cannot be written, whatever is sent.
fn keeps_tags(server: u16) -> u16 {
    before(server, move |head| {
        let path = head.strip_prefix("PUT ")?.split(' ').next()?;
        let tag = path.rsplit_once("/manifests/")?.1;
        if tag.starts_with("sha256:") {
            return None;
        }
        let accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
        let ask = format!("HEAD {path} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\nconnection: close\r\n\r\n");
        handed_on(server, ask.as_bytes()).starts_with(b"HTTP/1.1 200").then(|| {
            let body = r#"{"errors":[{"code":"TAG_INVALID","message":"the tag cannot be overwritten"}]}"#;
            let length = body.len();
            format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
                .into_bytes()
        })
    })
}

fn handed_on(server: u16, request: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut through = TcpStream::connect(("127.0.0.1", server)).unwrap();
    through.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = through.read_to_end(&mut answer);
    answer
}

/// Stands before a registry: what it has no answer of its own to is handed on.
fn before(server: u16, own: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> u16 {
    use std::io::Read as _;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let own = Arc::new(own);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let own = Arc::clone(&own);
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line == "\r\n" {
                        break;
                    }
                    head += &line;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let answer = own(&head).unwrap_or_else(|| {
                    let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                    handed_on(server, &[format!("{head}\r\n").as_bytes(), &body].concat())
                });
                let _ = stream.write_all(&answer);
            });
        }
    });
    port
}

#[test]
fn tags_that_nobody_can_change_lose_nothing() {
    for kind in [Kind::Distribution, Kind::Zot] {
        let Some(mut registry) = Registry::of(kind, "tags_that_nobody_can_change_lose_nothing") else { continue };
        registry.fill("payment", "shop/payment:1");
        let port = match kind {
            Kind::Distribution => keeps_tags(registry.server.port),
            _ => {
                // From here on tags can be made, and not changed.
                let setting = serde_json::json!({"**": {"anonymousPolicy": ["read", "create"]}});
                registry = registry.with_access(setting);
                registry.server.port
            }
        };
        let reference = format!("127.0.0.1:{port}/shop/payment:1");
        let made = || {
            let project = project(&[("payment", &reference)]);
            project.ok(&["build", "--as-of", AS_OF]);
            project
        };
        let (first, second) = (made(), made());
        for (project, lacks) in [(&first, 0), (&second, 3), (&first, 3), (&second, 3)] {
            let pushed = project.exits(0, &["push", "--format", "json"]).json();
            let image = &pushed["images"].as_object().unwrap().values().next().unwrap();
            let said = image.get("unlisted").map_or(0, |count| count.as_u64().unwrap());
            assert_eq!(said, if kind == Kind::Zot { 0 } else { lacks }, "{kind:?}: {pushed}");
        }
        for project in [&first, &second] {
            std::fs::remove_dir_all(project.root().join(".compliance")).unwrap();
            project.ok(&["verify", "--from-registry", "--replay"]);
        }
    }
}
