//! The programs that tests run beside ours, and what is said where they are not to be had.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "this runs real programs; and not every test runs every one"
)]

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program: one that `.ci/tools` has put in its place, else one of the PATH. Without it the test is skipped, and said to be.
pub fn tool(test: &str, name: &str) -> Option<PathBuf> {
    let place = std::env::var_os("PROOFMARK_TOOLS").map(PathBuf::from);
    let place = place.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/proofmark-tools")));
    let mut places: Vec<PathBuf> = place.into_iter().map(|place| place.join("bin")).collect();
    places.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let found = places.into_iter().map(|place| place.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skip(test, &format!("there is no {name}: `.ci/tools {name}` installs it"));
    }
    found
}

/// Says that a test is skipped, past the harness that hides what passing tests print, and notes it for the summary.
pub fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(path) = std::env::var_os("PROOFMARK_SKIPPED") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// A port of this machine that was free just now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server of a test, ended with it.
pub struct Server {
    child: Child,
    /// Its port, on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts it, and waits until it takes connections.
    pub fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self { child, port };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "the server ended: {command:?}");
            assert!(begin.elapsed() < Duration::from_secs(60), "the server does not answer: {command:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
