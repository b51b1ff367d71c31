//! The project's files on disk.

use super::stamp::stamp;
use crate::ports::{FileKind, FileStat, Workspace, WorkspaceError};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How many files are waited for at once: the disk takes them together, so that it is asked seldom.
const WAITERS: usize = 16;

/// From so many files on the file system is asked once to make everything safe, not file by file.
#[cfg(target_os = "linux")]
const MANY: usize = 256;

/// A directory and what is below it.
#[derive(Debug)]
pub struct LocalWorkspace {
    root: PathBuf,
    unsettled: Mutex<Unsettled>,
}

/// What was written and not waited for.
#[derive(Debug, Default)]
struct Unsettled {
    paths: Vec<String>,
    /// The directories that they are in, made and seen to lie in the project; opened before anything was written there, so
    /// that what fails to be written is told there.
    directories: BTreeMap<PathBuf, std::fs::File>,
}

impl LocalWorkspace {
    /// For the project with this root.
    pub fn new(root: PathBuf) -> Self {
        Self { root, unsettled: Mutex::default() }
    }

    /// The path on disk of a path from the root that stays below it by its spelling.
    fn resolve(&self, path: &str) -> Result<PathBuf, WorkspaceError> {
        let spelled = Path::new(path);
        let stays = spelled.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if stays && !path.is_empty() {
            Ok(self.root.join(spelled))
        } else {
            Err(WorkspaceError::Outside { path: path.to_owned() })
        }
    }

    fn unsettled(&self) -> std::sync::MutexGuard<'_, Unsettled> {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the directory of a file that is to be written.
    fn prepare(&self, directory: &Path, path: &str) -> Result<(), WorkspaceError> {
        std::fs::create_dir_all(directory).map_err(error(path))?;
        self.require_inside(directory, path)
    }

    /// Replaces a file in a directory that is there; waits for the disk where asked to.
    fn replace(&self, target: &Path, path: &str, bytes: &[u8], wait: bool) -> Result<(), WorkspaceError> {
        let directory = target.parent().unwrap_or(&self.root);
        let mut file = tempfile::Builder::new()
            .prefix(".proofmark-")
            .permissions(std::fs::Permissions::from_mode(0o644))
            .tempfile_in(directory)
            .map_err(error(path))?;
        file.write_all(bytes).map_err(error(path))?;
        if wait {
            file.as_file().sync_all().map_err(error(path))?;
        }
        file.persist(target).map_err(|failed| error(path)(failed.error))?;
        Ok(())
    }

    /// Refuses a directory that a symbolic link takes out of the project.
    fn require_inside(&self, directory: &Path, path: &str) -> Result<(), WorkspaceError> {
        let failed = |source| WorkspaceError::Io { path: path.to_owned(), source };
        let real = std::fs::canonicalize(directory).map_err(failed)?;
        let root = std::fs::canonicalize(&self.root).map_err(failed)?;
        if real.starts_with(root) { Ok(()) } else { Err(WorkspaceError::Outside { path: path.to_owned() }) }
    }
}

/// Waits for the file systems that these directories are on, once each.
#[cfg(target_os = "linux")]
fn file_systems(directories: impl Iterator<Item = std::fs::File>) -> Result<(), WorkspaceError> {
    use std::os::unix::fs::MetadataExt as _;
    let mut settled = std::collections::BTreeSet::new();
    for directory in directories {
        let device = directory.metadata().map_err(error("."))?.dev();
        if settled.insert(device) {
            rustix::fs::syncfs(directory).map_err(|source| error(".")(source.into()))?;
        }
    }
    Ok(())
}

fn error(path: &str) -> impl Fn(std::io::Error) -> WorkspaceError + '_ {
    move |source| match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            WorkspaceError::Missing { path: path.to_owned() }
        }
        _ => WorkspaceError::Io { path: path.to_owned(), source },
    }
}

impl Workspace for LocalWorkspace {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, WorkspaceError> {
        let file = std::fs::File::open(self.resolve(path)?).map_err(error(path))?;
        let metadata = file.metadata().map_err(error(path))?;
        if !metadata.is_file() {
            let source = std::io::Error::other("not a file");
            return Err(WorkspaceError::Io { path: path.to_owned(), source });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(limit)).unwrap_or_default());
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(error(path))?;
        if bytes.len() as u64 > limit {
            return Err(WorkspaceError::TooLarge { path: path.to_owned(), limit });
        }
        Ok(bytes)
    }

    fn stat(&self, path: &str) -> Result<Option<FileStat>, WorkspaceError> {
        let metadata = match std::fs::metadata(self.resolve(path)?).map_err(error(path)) {
            Ok(metadata) => metadata,
            Err(WorkspaceError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let kind = match metadata.file_type() {
            kind if kind.is_file() => FileKind::File,
            kind if kind.is_dir() => FileKind::Directory,
            _ => FileKind::Other,
        };
        Ok(Some(FileStat { kind, stamp: stamp(&metadata) }))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, WorkspaceError> {
        let entries = match std::fs::read_dir(self.resolve(path)?).map_err(error(path)) {
            Ok(entries) => entries,
            Err(WorkspaceError::Missing { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.map_err(error(path))?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), WorkspaceError> {
        let target = self.resolve(path)?;
        self.prepare(target.parent().unwrap_or(&self.root), path)?;
        self.replace(&target, path, bytes, true)
    }

    fn write_soon(&self, path: &str, bytes: &[u8]) -> Result<(), WorkspaceError> {
        let target = self.resolve(path)?;
        let directory = target.parent().unwrap_or(&self.root);
        let mut unsettled = self.unsettled();
        if !unsettled.directories.contains_key(directory) {
            self.prepare(directory, path)?;
            let opened = std::fs::File::open(directory).map_err(error(path))?;
            unsettled.directories.insert(directory.to_owned(), opened);
        }
        unsettled.paths.push(path.to_owned());
        drop(unsettled);
        self.replace(&target, path, bytes, false)
    }

    fn settle(&self) -> Result<(), WorkspaceError> {
        let Unsettled { paths, directories } = std::mem::take(&mut *self.unsettled());
        #[cfg(target_os = "linux")]
        if paths.len() >= MANY {
            return file_systems(directories.into_values());
        }
        drop(directories);
        let settle = |paths: &[String]| -> Result<(), WorkspaceError> {
            for path in paths {
                let file = std::fs::File::open(self.resolve(path)?).map_err(error(path))?;
                file.sync_all().map_err(error(path))?;
            }
            Ok(())
        };
        let settle = &settle;
        std::thread::scope(|scope| {
            let parts = paths.chunks(paths.len().div_ceil(WAITERS).max(1));
            let waiting: Vec<_> = parts.map(|part| scope.spawn(move || settle(part))).collect();
            waiting.into_iter().try_for_each(|thread| {
                let broken =
                    |_| WorkspaceError::Io { path: ".".into(), source: std::io::Error::other("a thread broke off") };
                thread.join().map_err(broken)?
            })
        })
    }

    fn remove(&self, path: &str) -> Result<(), WorkspaceError> {
        match std::fs::remove_file(self.resolve(path)?).map_err(error(path)) {
            Err(WorkspaceError::Missing { .. }) => Ok(()),
            done => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> (tempfile::TempDir, LocalWorkspace) {
        let directory = tempfile::tempdir().unwrap();
        let workspace = LocalWorkspace::new(directory.path().to_owned());
        (directory, workspace)
    }

    #[test]
    fn a_write_replaces_in_one_step_and_leaves_nothing_else() {
        let (directory, workspace) = workspace();
        workspace.write("a/b", b"one").unwrap();
        workspace.write("a/b", b"two").unwrap();
        assert_eq!(workspace.read("a/b", 3).unwrap(), b"two");
        assert_eq!(workspace.list("a").unwrap(), ["b"]);
        let mode = std::fs::metadata(directory.path().join("a/b")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert!(matches!(workspace.read("a/b", 2), Err(WorkspaceError::TooLarge { limit: 2, .. })));
        workspace.remove("a/b").unwrap();
        workspace.remove("a/b").unwrap();
        assert!(matches!(workspace.read("a/b", 2), Err(WorkspaceError::Missing { .. })));
        assert_eq!(workspace.stat("a/b/c").unwrap(), None);
    }

    #[test]
    fn many_files_are_kept_as_few_are() {
        let (directory, workspace) = workspace();
        for count in [3, 300] {
            for at in 0..count {
                workspace.write_soon(&format!("{count}/{at}"), at.to_string().as_bytes()).unwrap();
            }
            workspace.settle().unwrap();
            assert_eq!(workspace.list(&count.to_string()).unwrap().len(), count);
            assert_eq!(workspace.read(&format!("{count}/2"), 9).unwrap(), b"2");
        }
        // What went away in between runs is made again.
        std::fs::remove_dir_all(directory.path().join("3")).unwrap();
        workspace.write_soon("3/0", b"").unwrap();
        workspace.settle().unwrap();
    }

    #[test]
    fn nothing_leads_out_of_the_project() {
        let (directory, workspace) = workspace();
        let outside = tempfile::tempdir().unwrap();
        for path in ["", "/etc/passwd", "../x", "a/../../x"] {
            assert!(matches!(workspace.read(path, 1), Err(WorkspaceError::Outside { .. })), "{path}");
            assert!(matches!(workspace.write(path, b""), Err(WorkspaceError::Outside { .. })), "{path}");
            assert!(matches!(workspace.write_soon(path, b""), Err(WorkspaceError::Outside { .. })), "{path}");
        }
        std::os::unix::fs::symlink(outside.path(), directory.path().join("link")).unwrap();
        assert!(matches!(workspace.write("link/x", b""), Err(WorkspaceError::Outside { .. })));
        assert!(matches!(workspace.write_soon("link/x", b""), Err(WorkspaceError::Outside { .. })));
        assert!(!outside.path().join("x").exists());
    }
}
