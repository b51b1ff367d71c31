//! What the end-to-end tests share: a copy of the example project, and the program run in it.

pub mod tools;
pub mod vault;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The instant that the example is judged at.
pub const AS_OF: &str = "2026-11-23T00:00:00Z";

/// A project in a directory of its own, with a cache of its own.
pub struct Project {
    directory: tempfile::TempDir,
    name: String,
}

impl Project {
    /// A copy of the example with a signing key and its advisories, not built yet.
    pub fn boutique() -> Self {
        let project = Self::bare("boutique");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/boutique"), &project.root());
        project.ok(&["init", "--key", "--key-type", "ed25519"]);
        project.ok(&["db", "import", "advisories"]);
        project
    }

    /// An empty project directory with this name.
    pub fn bare(name: &str) -> Self {
        let project = Self { directory: tempfile::tempdir().unwrap(), name: name.to_owned() };
        std::fs::create_dir_all(project.root()).unwrap();
        project
    }

    /// The project's root.
    pub fn root(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    /// The cache directory.
    pub fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    /// A file's bytes.
    pub fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Replaces text in a file, which must be there.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(path)).unwrap();
        assert!(text.contains(from), "{path} does not hold {from:?}");
        self.write(path, text.replacen(from, to, 1));
    }

    /// The program, ready to run in the project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
        command
            .current_dir(self.root())
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PROOFMARK_CACHE_DIR", self.cache());
        command
    }

    /// Runs it.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments))
    }

    /// Runs it and expects success; gives standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        self.exits(0, arguments).stdout
    }

    /// Runs it and expects an exit code.
    #[track_caller]
    pub fn exits(&self, code: i32, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}\n{}\n{}", run.stdout, run.stderr);
        run
    }

    /// Builds at the pinned instant, and expects success.
    #[track_caller]
    pub fn build(&self) -> String {
        self.exits(0, &["build", "--as-of", AS_OF]).stdout
    }
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Self {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// Copies a directory, but for what a build makes in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let made = [".compliance", ".proofmark", "compliance.lock", "compliance.failing.lock", "local.pub"];
        if made.iter().any(|made| name == *made) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a directory, sorted.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// A lock without what depends on the signing key.
pub fn without_signatures(lock: &[u8]) -> String {
    let text = String::from_utf8(lock.to_vec()).unwrap();
    let kept = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("bundle =") && !line.trim_start().starts_with("signer ="));
    kept.collect::<Vec<_>>().join("\n")
}
