//! Installed Python packages that lie as one archive: `*.egg` of setuptools, with `EGG-INFO/PKG-INFO` in it.
//!
//! Only the directory of the archive and that one file are read. Other programs have files of this ending: one that is no archive
//! and does not bear the name of an egg of Python (`NAME-VERSION-py3.11.egg`) is none.
//! Format: <https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::dist_info;
use super::java_archive::zip::Archive;
use super::parts::Source;
use std::io::Read as _;

/// Reads archived eggs.
pub(super) struct PythonEgg;

/// The most files of an egg that are looked at, and the largest metadata that is read, in bytes.
const ENTRIES: usize = 1_000_000;
const LARGEST: u64 = 1 << 20;

impl Cataloger for PythonEgg {
    fn name(&self) -> &'static str {
        "python-egg"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name().len() > ".egg".len() && file.file_name().ends_with(".egg")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let name = file.path.rsplit('/').next().unwrap_or(file.path);
        let of_python = name.contains("-py2") || name.contains("-py3") || file.path.contains("site-packages/");
        let archive = match Archive::open(Source::new(file.content)?) {
            Ok(archive) => archive,
            Err(error) if of_python => return Err(error),
            Err(_) => return Ok(Parsed::default()),
        };
        for entry in archive.entries().take(ENTRIES) {
            let entry = entry?;
            if entry.name != b"EGG-INFO/PKG-INFO" {
                continue;
            }
            if entry.size > LARGEST {
                return Err(ParseError(format!("its metadata is larger than {LARGEST} bytes")));
            }
            let mut bytes = Vec::new();
            archive.reader(&entry)?.read_to_end(&mut bytes).map_err(|error| ParseError(error.to_string()))?;
            return dist_info::read(&bytes);
        }
        if of_python { Err(ParseError("an egg without `EGG-INFO/PKG-INFO`".into())) } else { Ok(Parsed::default()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage_bytes, parse_bytes};
    use super::*;
    use std::io::Write as _;

    fn egg(name: &str) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, text) in [("own.py", "x = 1\n"), (name, "Name: Own\nVersion: 1.6\nLicense: MIT\n\n")] {
            writer.start_file(name, options).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn reads_the_metadata_in_an_egg() {
        let bytes = egg("EGG-INFO/PKG-INFO");
        let path = "usr/lib/python3/site-packages/own-1.6-py3.11.egg";
        let parsed = parse_bytes(&PythonEgg, path, &bytes).unwrap();
        let all = components(&parsed);
        assert_eq!((all[0].purl.as_str(), all[0].licenses.as_slice()), ("pkg:pypi/own@1.6", &["MIT".to_owned()][..]));
        for bad in [&bytes[..bytes.len() - 1], &egg("other")[..], b"no archive"] {
            assert!(parse_bytes(&PythonEgg, path, bad).is_err());
            assert_eq!(parse_bytes(&PythonEgg, "games/model.egg", bad), Ok(Parsed::default()));
        }
        damage_bytes(&PythonEgg, path, &bytes);
    }
}
