//! Updates from a server of the test's own on this machine.

use super::super::ImportError;
use super::*;
use crate::model::Ecosystem;
use crate::ports::Silent;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came in: its path, and its header lines in lower case.
#[derive(Debug, Clone)]
struct Asked {
    path: String,
    headers: Vec<String>,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// What the server does with a request.
struct Answer {
    head: String,
    body: Vec<u8>,
    /// How much of the body is sent before the connection is cut.
    cut: Option<usize>,
}

fn answer(status: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    Answer { head, body: body.to_vec(), cut: None }
}

struct Server {
    base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request with what this makes of it and of how many came before.
    fn start(mut respond: impl FnMut(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/db", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let lines: Vec<String> = BufReader::new(&stream)
                    .lines()
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .map(|line| line.trim_end().to_owned())
                    .collect();
                let Some(first) = lines.first() else { continue };
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let headers = lines[1..]
                    .iter()
                    .filter_map(|line| line.split_once(": "))
                    .map(|(name, value)| format!("{}: {value}", name.to_lowercase()))
                    .collect();
                let request = Asked { path, headers };
                let answer = respond(&request, log.lock().unwrap().len());
                log.lock().unwrap().push(request);
                let sent = answer.cut.unwrap_or(answer.body.len());
                drop(stream.write_all(format!("{}\r\n", answer.head).as_bytes()));
                drop(stream.write_all(&answer.body[..sent]));
            }
        });
        Self { base, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// An archive of one npm record, made large by text that does not shrink.
fn archive(id: &str, filler: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file(format!("{id}.json"), options).unwrap();
    write!(
        zip,
        r#"{{"id":"{id}","modified":"2026-01-01T00:00:00Z","details":"{}","affected":[{{"package":{{"ecosystem":"npm","name":"a"}}}}]}}"#,
        "x".repeat(filler)
    )
    .unwrap();
    zip.finish().unwrap().into_inner()
}

fn run(dir: &Path, source: &str, ecosystems: &[&str]) -> Result<Updated, UpdateError> {
    let sources = [source.to_owned()];
    let ecosystems: Vec<String> = ecosystems.iter().map(|one| (*one).to_owned()).collect();
    let request = UpdateRequest {
        dir,
        sources: &sources,
        root: dir,
        ecosystems: &ecosystems,
        osv_bucket: None,
        backoff: Backoff { base: Duration::from_millis(1), ..Backoff::default() },
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(update(&request, &Silent, &Cancel::new()))
}

fn ids(dir: &Path) -> Vec<String> {
    let index = store::open(dir).unwrap();
    let found = index.lookup(&Ecosystem::from("npm".to_owned()), "a").unwrap();
    found.into_iter().map(|advisory| advisory.id).collect()
}

#[test]
fn an_unchanged_file_is_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, before| match asked.header("if-none-match") {
        Some("\"v1\"") if before < 4 => answer("304 Not Modified", &[], b""),
        _ => answer("200 OK", &[&format!("etag: \"v{}\"", 1 + before / 4)], &archive(&format!("A-{}", before / 4), 10)),
    });
    let first = run(dir.path(), &server.base, &["npm"]).unwrap();
    assert!(first.imported.is_some() && first.transferred > 100);
    assert_eq!(ids(dir.path()), ["A-0"]);
    assert_eq!(server.asked()[0].path, "/db/npm/all.zip");
    let second = run(dir.path(), &server.base, &["npm"]).unwrap();
    assert_eq!((second.imported, second.transferred, second.snapshot), (None, 0, first.snapshot.clone()));

    let copy = std::fs::read_dir(dir.path().join("downloads")).unwrap().map(|one| one.unwrap().path());
    let copy = copy.into_iter().find(|path| path.is_dir()).unwrap().join("npm/all.zip");
    std::fs::write(&copy, b"spoiled").unwrap();
    let third = run(dir.path(), &server.base, &["npm"]).unwrap();
    assert!(third.transferred > 0 && third.snapshot == first.snapshot);
    assert_eq!(server.asked()[2].header("if-none-match"), None);

    run(dir.path(), &server.base, &["npm"]).unwrap();
    let changed = run(dir.path(), &server.base, &["npm"]).unwrap();
    assert_ne!(changed.snapshot, first.snapshot);
    assert_eq!(ids(dir.path()), ["A-1"]);
    assert_eq!(store::snapshots(dir.path()).unwrap().len(), 2);
}

#[test]
fn a_transfer_that_broke_off_is_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let whole = archive("A", 200_000);
    let body = whole.clone();
    let server = Server::start(move |asked, before| {
        let tag = "etag: \"v1\"";
        if before == 0 {
            return Answer { cut: Some(150_000), ..answer("200 OK", &[tag], &body) };
        }
        let start: usize = asked.header("range").unwrap()["bytes=".len()..].trim_end_matches('-').parse().unwrap();
        let range = format!("content-range: bytes {start}-{}/{}", body.len() - 1, body.len());
        answer("206 Partial Content", &[tag, &range], &body[start..])
    });
    let updated = run(dir.path(), &server.base, &["npm"]).unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].header("if-range"), Some("\"v1\""));
    assert!(updated.transferred < whole.len() as u64);
    assert_eq!(ids(dir.path()), ["A"]);
}

#[test]
fn a_file_that_changed_meanwhile_is_sent_whole() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(move |_, before| match before {
        0 => Answer { cut: Some(50_000), ..answer("200 OK", &["etag: \"v1\""], &archive("A", 200_000)) },
        1 => answer("416 Range Not Satisfiable", &[], b""),
        2 => Answer { cut: Some(50_000), ..answer("200 OK", &["etag: \"v2\""], &archive("B", 200_000)) },
        _ => answer("200 OK", &["etag: \"v3\""], &archive("C", 200_000)),
    });
    run(dir.path(), &server.base, &["npm"]).unwrap();
    assert_eq!(ids(dir.path()), ["C"]);
    let asked = server.asked();
    let ranged: Vec<bool> = asked.iter().map(|one| one.header("range").is_some()).collect();
    assert_eq!(ranged, [false, true, false, true]);
}

#[test]
fn failures_that_pass_are_tried_again_and_others_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, before| match (asked.path.as_str(), before) {
        ("/db/npm/all.zip", 0) => answer("429 Too Many Requests", &["retry-after: 1"], b""),
        ("/db/npm/all.zip", 1) => answer("503 Service Unavailable", &[], b""),
        ("/db/npm/all.zip", _) => answer("200 OK", &[], &archive("A", 10)),
        _ => answer("404 Not Found", &[], b""),
    });
    let start = std::time::Instant::now();
    run(dir.path(), &server.base, &["npm"]).unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.asked().len(), 3);
    let snapshot = store::current(dir.path()).unwrap();

    let missing = run(dir.path(), &server.base, &["npm", "Rocky Linux"]).unwrap_err();
    assert!(matches!(&missing, UpdateError::Refused { status: 404, url } if url.ends_with("/Rocky%20Linux/all.zip")));
    assert_eq!(server.asked().len(), 5);
    // A mirror that has only some of what is taken by default is fine.
    let updated = run(dir.path(), &server.base, &[]).unwrap();
    assert_eq!(updated.snapshot.ecosystems.len(), 1);

    let down = Server::start(|_, _| answer("500 Internal Server Error", &[], b""));
    let error = run(dir.path(), &down.base, &["npm"]).unwrap_err();
    assert!(matches!(error, UpdateError::Unreachable { .. }), "{error}");
    assert_eq!(down.asked().len(), 6);
    let busy = Server::start(|_, _| answer("503 Service Unavailable", &["retry-after: 9999"], b""));
    assert!(matches!(run(dir.path(), &busy.base, &["npm"]), Err(UpdateError::Unreachable { .. })));
    assert_eq!(busy.asked().len(), 1);
    assert_eq!(store::current(dir.path()).unwrap(), snapshot);
}

#[test]
fn what_is_no_archive_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|_, before| match before {
        0 => answer("200 OK", &["etag: \"v1\""], &archive("A", 10)),
        1 => answer("200 OK", &["etag: \"v2\""], b"<html>please log in</html>"),
        _ => {
            let mut spoiled = archive("A", 10);
            let text = spoiled.windows(5).position(|bytes| bytes == b"{\"id\"").unwrap();
            spoiled[text] = b'[';
            answer("200 OK", &["etag: \"v3\""], &spoiled)
        }
    });
    run(dir.path(), &server.base, &["npm"]).unwrap();
    let snapshot = store::current(dir.path()).unwrap();
    assert!(matches!(run(dir.path(), &server.base, &["npm"]), Err(UpdateError::BadDownload { .. })));
    assert!(matches!(run(dir.path(), &server.base, &["npm"]), Err(UpdateError::Import(ImportError::Source { .. }))));
    assert!(run(dir.path(), &server.base, &["npm"]).is_err());
    assert_eq!(server.asked()[3].header("if-none-match"), None, "a spoiled copy is not kept");
    assert_eq!(store::current(dir.path()).unwrap(), snapshot);
    assert_eq!(ids(dir.path()), ["A"]);
}

#[test]
fn sources_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    for source in [
        "http://example.com/db",
        "ftp://example.com/db",
        "https://user:secret@example.com/db",
        "https://example.com/db?token=1",
        "http://127.0.0.1.example.com/",
    ] {
        assert!(matches!(run(dir.path(), source, &["npm"]), Err(UpdateError::BadSource { .. })), "{source}");
    }
    for ecosystem in ["", "..", "a/b", "a\\b", ".hidden"] {
        let error = run(dir.path(), "http://127.0.0.1:9/", &[ecosystem]).unwrap_err();
        assert!(matches!(error, UpdateError::BadSource { .. }), "{ecosystem}");
    }
    std::fs::create_dir_all(dir.path().join("own/npm")).unwrap();
    std::fs::write(dir.path().join("own/npm/all.zip"), archive("OWN", 1)).unwrap();
    let updated = run(dir.path(), "own", &[]).unwrap();
    assert_eq!((updated.transferred, updated.imported.map(|one| one.records)), (0, Some(1)));
    assert_eq!(ids(dir.path()), ["OWN"]);
}
