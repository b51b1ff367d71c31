//! Which files may be programs, told from outside: what compilers record in them lies anywhere in an image.

use super::super::catalog::FileFacts;

/// A smaller file holds no program that says what it is made of.
const SMALLEST: u64 = 64 << 10;

/// Where distributions put their libraries, of which there are thousands: those say nothing of the kind.
const DISTRIBUTIONS: [&str; 6] = ["lib/", "lib32/", "lib64/", "usr/lib/", "usr/lib32/", "usr/lib64/"];

/// Whether a file may be a program or a library that says what it is made of. Libraries need not be executable: Go writes its
/// own so.
pub(super) fn may_be(file: &FileFacts<'_>) -> bool {
    let name = file.file_name();
    let is_library = name.ends_with(".so") || name.contains(".so.");
    let is_distributions = DISTRIBUTIONS.iter().any(|start| file.path.starts_with(start));
    file.size >= SMALLEST && (file.executable || name.ends_with(".exe") || is_library && !is_distributions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_own_libraries_are_looked_into() {
        let may = |path, executable| may_be(&FileFacts { path, size: 1 << 20, executable });
        assert!(may("app/server", true) && may("app/server.exe", false) && may("usr/lib/x/libfast.so", true));
        assert!(may("usr/local/lib/libhello.so", false) && may("opt/a/libhello.so.1.2", false));
        assert!(!may("usr/lib/x86_64-linux-gnu/libc.so.6", false) && !may("app/data.bin", false));
        assert!(!may_be(&FileFacts { path: "bin/small", size: 100, executable: true }));
    }
}
