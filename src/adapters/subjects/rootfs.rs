//! Root filesystems that lie unpacked in a directory: `dir:PATH`. What an image has in its layers lies here as files.
//!
//! Symbolic links are never followed by the operating system, for which an absolute one leads to this machine's own files: they
//! are followed by name, as a process would whose root is the directory.

use std::path::{Path, PathBuf};

/// How many links a path may take.
const LINK_LIMIT: usize = 40;

/// Directories that a kernel fills, not a package manager.
pub(super) const FILLED: [&str; 3] = ["dev", "proc", "sys"];

/// What a located root filesystem tells the scanner beside its files: links that lead to files which are not read. Each a
/// path and what it leads to.
pub(crate) type UnreadLinks = Vec<(String, String)>;

/// The path, from the root, that a link ends at, if a file lies there.
pub(super) fn follow(root: &Path, link: &str) -> Option<String> {
    let mut pending: Vec<String> = parts(link);
    let mut at: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(part) = pending.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let path = root.join(at.iter().collect::<PathBuf>());
        let kind = path.symlink_metadata().ok()?.file_type();
        if kind.is_symlink() {
            links += 1;
            let target = path.read_link().ok()?;
            let target = target.to_str().filter(|_| links <= LINK_LIMIT)?;
            at.pop();
            if target.starts_with('/') {
                at.clear();
            }
            pending.extend(parts(target));
        } else if pending.is_empty() {
            return kind.is_file().then(|| at.join("/"));
        }
    }
    None
}

/// The parts of a path, the first one last.
fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").rev().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_stay_below_the_root() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("usr/lib")).unwrap();
        std::fs::write(root.join("usr/lib/os-release"), "ID=a").unwrap();
        std::fs::create_dir(root.join("etc")).unwrap();
        symlink("/usr/lib", root.join("lib")).unwrap();
        symlink("../../../lib/os-release", root.join("etc/os-release")).unwrap();
        symlink("/etc/passwd", root.join("etc/passwd-link")).unwrap();
        symlink("b", root.join("a")).unwrap();
        symlink("a", root.join("b")).unwrap();
        assert_eq!(follow(root, "etc/os-release").as_deref(), Some("usr/lib/os-release"));
        assert_eq!((follow(root, "etc/passwd-link"), follow(root, "a"), follow(root, "lib")), (None, None, None));
    }
}
