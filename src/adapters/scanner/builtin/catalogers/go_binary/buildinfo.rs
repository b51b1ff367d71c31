//! Finding and decoding Go's build information in an object file. Reads headers and the one section that holds it, never the
//! whole program.

use crate::adapters::scanner::builtin::catalog::ParseError;
use object::read::ReadRef;
use object::{Object as _, ObjectSection as _, ObjectSegment as _};

/// What the information begins with, at a multiple of 16 bytes.
const MAGIC: &[u8; 14] = b"\xff Go buildinf:";

/// Bytes of its head, before inline texts.
const HEAD: usize = 32;

/// The most of a section that is looked through, and the longest text, in bytes.
const LIMIT: u64 = 16 << 20;

/// What surrounds the list of modules: 16 bytes on each side.
const SENTINEL: usize = 16;

/// What a program says of its building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuildInfo {
    /// `go1.22.3`, perhaps with experiments behind a blank.
    pub(super) go_version: String,
    /// Lines of tab-separated words: `path`, `mod`, `dep`, `=>`, `build`.
    pub(super) modules: String,
}

/// Reads the information; `None` for what is no program, or none of Go's.
///
/// # Errors
/// It is there, but damaged.
pub(super) fn read<'data>(data: impl ReadRef<'data>) -> Result<Option<BuildInfo>, ParseError> {
    let Ok(file) = object::File::parse(data) else { return Ok(None) };
    let by_name = file
        .sections()
        .find(|section| section.name().is_ok_and(|name| name == ".go.buildinfo" || name == "__go_buildinfo"));
    // Windows programs have no section of that name: there it stands at the beginning of the data.
    let section = by_name.or_else(|| file.sections().find(|section| section.name().is_ok_and(|name| name == ".data")));
    let Some(section) = section else { return Ok(None) };
    // The data of a Windows program takes more room in memory than in the file: only what is stored can be read.
    let stored = section.file_range().map_or(0, |(_, stored)| stored);
    let range = section.data_range(section.address(), section.size().min(stored).min(LIMIT)).ok().flatten();
    let Some(bytes) = range else { return Ok(None) };
    let Some(at) = (0..bytes.len()).step_by(16).find(|at| bytes[*at..].starts_with(MAGIC)) else { return Ok(None) };
    let info = &bytes[at..];
    let damaged = |what: &str| ParseError(format!("its build information is damaged: {what}"));
    let (Some(pointer_size), Some(flags)) = (info.get(14), info.get(15)) else { return Err(damaged("no head")) };
    let texts = if flags & 2 == 0 {
        by_pointer(&file, info, usize::from(*pointer_size), flags & 1 != 0)
    } else {
        inline(info.get(HEAD..).unwrap_or_default())
    };
    let (version, modules) = texts.ok_or_else(|| damaged("a text is not where it should be"))?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| damaged("not UTF-8"));
    let modules = match modules.len() {
        // Built without modules.
        0 => Vec::new(),
        length if length > 2 * SENTINEL => modules[SENTINEL..length - SENTINEL].to_vec(),
        _ => return Err(damaged("the list of modules is too short")),
    };
    Ok(Some(BuildInfo { go_version: text(version)?, modules: text(modules)? }))
}

type Texts = Option<(Vec<u8>, Vec<u8>)>;

/// Since Go 1.18: two texts behind the head, each after its length.
fn inline(bytes: &[u8]) -> Texts {
    let (version, rest) = counted(bytes)?;
    let (modules, _) = counted(rest)?;
    Some((version.to_vec(), modules.to_vec()))
}

/// A text after its length as a base-128 varint.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length: usize = 0;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return bytes.get(at + 1..)?.split_at_checked(length);
        }
    }
    None
}

/// Before Go 1.18: two addresses of string headers, each an address and a length.
fn by_pointer<'data, R: ReadRef<'data>>(file: &object::File<'data, R>, info: &[u8], size: usize, big: bool) -> Texts {
    if !matches!(size, 4 | 8) {
        return None;
    }
    let number = |bytes: &[u8]| {
        let digits = bytes.get(..size)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if big { digits.iter().fold(0, add) } else { digits.iter().rev().fold(0, add) })
    };
    let at = |address: u64, length: u64| {
        let holds = |start: u64, size: u64| address >= start && address - start < size;
        let segment = file.segments().find(|segment| holds(segment.address(), segment.size()))?;
        segment.data_range(address, length.min(LIMIT)).ok().flatten().map(<[u8]>::to_vec)
    };
    let text = |pointer: u64| {
        let header = at(pointer, 2 * size as u64)?;
        let (address, length) = (number(&header)?, number(header.get(size..)?)?);
        match length {
            0 => Some(Vec::new()),
            length if length > LIMIT => None,
            length => at(address, length),
        }
    };
    Some((text(number(info.get(16..)?)?)?, text(number(info.get(16 + size..)?)?)?))
}
