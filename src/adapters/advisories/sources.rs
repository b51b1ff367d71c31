//! Files and directories of OSV records, read one record at a time with bounded memory.
//!
//! Accepted are an archive (`all.zip`), a directory of `.json` records, and the osv.dev layout: directories named by ecosystem,
//! each with an `all.zip` or records. Other files are passed over.

use super::errors::ImportError;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest record, inflated, in bytes.
pub const MAX_RECORD_BYTES: u64 = 32 * 1024 * 1024;
/// The largest archive, in bytes.
pub const MAX_ARCHIVE_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// The most bytes that one archive may inflate to.
pub const MAX_INFLATED_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// The most files in one archive or directory.
pub const MAX_FILES: usize = 3_000_000;

/// Files that belong together: those of one directory, or one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name of the directory they lie in: an ecosystem's, in the osv.dev layout.
    pub directory: Option<String>,
    /// Sorted.
    pub files: Vec<SourceFile>,
}

/// A file with records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceFile {
    /// An archive of them.
    Archive(PathBuf),
    /// One of them.
    Record(PathBuf),
}

fn unreadable(place: impl std::fmt::Display, reason: impl std::fmt::Display) -> ImportError {
    ImportError::Source { place: place.to_string(), reason: reason.to_string() }
}

/// What there is to import at a path.
///
/// # Errors
/// It cannot be read, or there is nothing.
pub fn find(path: &Path) -> Result<Vec<Group>, ImportError> {
    let stat = std::fs::metadata(path).map_err(|error| unreadable(path.display(), error))?;
    let mut groups = Vec::new();
    if stat.is_dir() {
        let mut directories = vec![path.to_owned()];
        let mut own = Vec::new();
        list(path, |entry, is_dir| if is_dir { directories.push(entry) } else { own.extend(source_file(entry)) })?;
        directories.sort();
        for directory in directories {
            let mut files = Vec::new();
            if directory == path {
                files = std::mem::take(&mut own);
            } else {
                list(&directory, |entry, is_dir| {
                    if !is_dir {
                        files.extend(source_file(entry));
                    }
                })?;
            }
            files.sort();
            if !files.is_empty() {
                groups.push(Group { directory: name_of(&directory), files });
            }
        }
    } else {
        let file = match path.extension().and_then(|text| text.to_str()) {
            Some("json") => SourceFile::Record(path.to_owned()),
            _ => SourceFile::Archive(path.to_owned()),
        };
        let directory = path.canonicalize().ok().as_deref().and_then(Path::parent).and_then(name_of);
        groups.push(Group { directory, files: vec![file] });
    }
    if groups.is_empty() { Err(ImportError::NothingThere { place: path.display().to_string() }) } else { Ok(groups) }
}

fn name_of(directory: &Path) -> Option<String> {
    let whole = directory.canonicalize().ok()?;
    whole.file_name()?.to_str().map(str::to_owned)
}

fn source_file(path: PathBuf) -> Option<SourceFile> {
    match path.extension()?.to_str()? {
        "json" => Some(SourceFile::Record(path)),
        "zip" if path.file_name()? == "all.zip" => Some(SourceFile::Archive(path)),
        _ => None,
    }
}

fn list(directory: &Path, mut each: impl FnMut(PathBuf, bool)) -> Result<(), ImportError> {
    let failed = |error| unreadable(directory.display(), error);
    for (count, entry) in std::fs::read_dir(directory).map_err(failed)?.enumerate() {
        if count >= MAX_FILES {
            return Err(unreadable(directory.display(), "too many files"));
        }
        let path = entry.map_err(failed)?.path();
        let is_dir = std::fs::metadata(&path).map_err(|error| unreadable(path.display(), error))?.is_dir();
        each(path, is_dir);
    }
    Ok(())
}

/// Reads every record of a file, in the order they lie, as its place and its bytes.
///
/// # Errors
/// The file cannot be read, is no archive, is over a limit; or what `each` returns.
pub fn read(
    file: &SourceFile,
    each: &mut dyn FnMut(String, Vec<u8>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    match file {
        SourceFile::Record(path) => {
            let place = path.display().to_string();
            let opened = File::open(path).map_err(|error| unreadable(&place, error))?;
            let bytes = bounded(opened, &place)?;
            each(place, bytes)
        }
        SourceFile::Archive(path) => {
            let archive = path.display().to_string();
            let opened = File::open(path).map_err(|error| unreadable(&archive, error))?;
            let length = opened.metadata().map_err(|error| unreadable(&archive, error))?.len();
            if length > MAX_ARCHIVE_BYTES {
                return Err(unreadable(&archive, "larger than 4 GiB"));
            }
            let mut zip = zip::ZipArchive::new(std::io::BufReader::with_capacity(256 * 1024, opened))
                .map_err(|error| unreadable(&archive, format!("not a readable zip archive: {error}")))?;
            if zip.len() > MAX_FILES {
                return Err(unreadable(&archive, "too many files"));
            }
            let mut inflated: u64 = 0;
            for index in 0..zip.len() {
                let entry =
                    zip.by_index(index).map_err(|error| unreadable(&archive, format!("file {index}: {error}")))?;
                let name = entry.name().map_err(|error| unreadable(&archive, format!("file {index}: {error}")))?;
                if !entry.is_file() || !name.ends_with(".json") {
                    continue;
                }
                let place = format!("{archive}: {}", name.escape_debug());
                let bytes = bounded(entry, &place)?;
                inflated = inflated.saturating_add(bytes.len() as u64);
                if inflated > MAX_INFLATED_BYTES {
                    return Err(unreadable(&archive, "inflates to more than 64 GiB"));
                }
                each(place, bytes)?;
            }
            Ok(())
        }
    }
}

fn bounded(reader: impl Read, place: &str) -> Result<Vec<u8>, ImportError> {
    let mut bytes = Vec::new();
    reader.take(MAX_RECORD_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(place, error))?;
    if bytes.len() as u64 > MAX_RECORD_BYTES { Err(unreadable(place, "larger than 32 MiB")) } else { Ok(bytes) }
}
