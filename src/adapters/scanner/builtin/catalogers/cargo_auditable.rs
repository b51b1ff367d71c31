//! Programs that `cargo auditable` built: the crates that were linked into them, as compressed JSON in a section of its own.
//! Format: <https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>.

use super::collect::Collector;
use super::programs;
use crate::adapters::scanner::builtin::catalog::{Cataloger, Content, File, FileFacts, ParseError, Parsed, Reads};
use crate::model::{Component, Ecosystem, EcosystemKind, Purl, Scope};
use object::read::ReadRef;
use object::{Object as _, ObjectSection as _};
use serde::Deserialize;
use std::io::Read as _;

/// The largest section, and the largest list in it, in bytes.
const SECTION_LIMIT: u64 = 8 << 20;
const LIST_LIMIT: u64 = 32 << 20;
const SECTION: &str = ".dep-v0";

/// Reads programs.
pub(super) struct CargoAuditable;

impl Cataloger for CargoAuditable {
    fn name(&self) -> &'static str {
        "cargo-auditable"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        programs::may_be(file)
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let section = match &file.content {
            Content::Bytes(bytes) => section(*bytes)?,
            Content::Spooled(spooled) => section(&object::read::ReadCache::new(*spooled))?,
        };
        section.map_or_else(|| Ok(Parsed::default()), |section| packages(&section))
    }
}

/// The section of a program that has one.
fn section<'data>(data: impl ReadRef<'data>) -> Result<Option<Vec<u8>>, ParseError> {
    let Ok(file) = object::File::parse(data) else { return Ok(None) };
    let Some(section) = file.sections().find(|section| section.name().is_ok_and(|name| name == SECTION)) else {
        return Ok(None);
    };
    let damaged = || ParseError("its list of crates is not where it should be".into());
    // Of a Windows program the section has a size and, where that is smaller, so many bytes that count.
    let (_, stored) = section.file_range().ok_or_else(damaged)?;
    let size = stored.min(section.size());
    if size > SECTION_LIMIT {
        return Err(ParseError(format!("its list of crates takes more than {SECTION_LIMIT} bytes")));
    }
    let bytes = section.data_range(section.address(), size).ok().flatten().ok_or_else(damaged)?;
    Ok(Some(bytes.to_vec()))
}

#[derive(Deserialize)]
struct RawList {
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    version: String,
    source: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    dependencies: Vec<usize>,
}

fn packages(compressed: &[u8]) -> Result<Parsed, ParseError> {
    let mut json = Vec::new();
    flate2::read::ZlibDecoder::new(compressed)
        .take(LIST_LIMIT + 1)
        .read_to_end(&mut json)
        .map_err(|_| ParseError("its list of crates cannot be decompressed".into()))?;
    if json.len() as u64 > LIST_LIMIT {
        return Err(ParseError(format!("its list of crates takes more than {LIST_LIMIT} bytes")));
    }
    let list: RawList =
        serde_json::from_slice(&json).map_err(|error| ParseError(format!("its list of crates: {error}")))?;
    let mut all = Collector::default();
    let components: Vec<Result<Component, String>> = list.packages.iter().map(component).collect();
    for (package, result) in list.packages.iter().zip(&components) {
        let mut component = match result {
            Ok(component) => component.clone(),
            Err(reason) => {
                all.gap(reason.clone());
                continue;
            }
        };
        for place in &package.dependencies {
            match components.get(*place) {
                Some(Ok(needed)) => component.depends_on.push(needed.purl.clone()),
                // Told already.
                Some(Err(_)) => {}
                None => all.gap(format!("`{}` needs a crate that is not listed", package.name)),
            }
        }
        all.add(component);
    }
    Ok(all.finish())
}

/// Advisories speak of crates.io only; where else a crate is from is not recorded by address.
fn component(package: &RawPackage) -> Result<Component, String> {
    let purl = Purl::build("cargo", None, &package.name, Some(&package.version), &[])
        .map_err(|error| format!("`{}`: {error}", package.name))?;
    let published = package.source == "crates.io";
    let ecosystem = published.then(|| Ecosystem::plain(EcosystemKind::CratesIo));
    let mut component = Component::new(purl, &package.name, &package.version, ecosystem);
    if package.kind.as_deref() == Some("build") {
        component.scope = Scope::Development;
    }
    Ok(component)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage_bytes, mutate, parse_bytes};
    use super::*;
    use std::io::Write as _;

    const LIST: &str = r#"{"packages":[{"name":"app","version":"0.1.0","source":"local","dependencies":[1,2],"root":true},
        {"name":"serde","version":"1.0.200","source":"crates.io"},
        {"name":"cc","version":"1.0.90","source":"crates.io","kind":"build"}],"format":3}"#;

    fn zlib(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// A little-endian ELF file with one section beside the names.
    fn elf(section: &[u8]) -> Vec<u8> {
        let names = b"\0.dep-v0\0.shstrtab\0";
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(16, 0);
        let table = (64 + section.len() + names.len()).next_multiple_of(8) as u64;
        for half in [2_u16, 62] {
            file.extend(half.to_le_bytes());
        }
        file.extend(1_u32.to_le_bytes());
        for word in [0, 0, table] {
            file.extend(word.to_le_bytes());
        }
        file.extend(0_u32.to_le_bytes());
        for half in [64_u16, 0, 0, 64, 3, 2] {
            file.extend(half.to_le_bytes());
        }
        file.extend(section);
        file.extend(names);
        file.resize(usize::try_from(table).unwrap() + 64, 0);
        for (name, kind, offset, size) in
            [(1_u32, 1_u32, 64, section.len() as u64), (9, 3, 64 + section.len() as u64, names.len() as u64)]
        {
            file.extend(name.to_le_bytes());
            file.extend(kind.to_le_bytes());
            for word in [0, 0, offset, size, 0, 1, 0] {
                file.extend(u64::to_le_bytes(word));
            }
        }
        file
    }

    #[test]
    fn lists_the_crates_of_a_program() {
        let parsed = parse_bytes(&CargoAuditable, "app", &elf(&zlib(LIST))).unwrap();
        assert_eq!(parsed.gaps, Vec::<String>::new());
        let [app, cc, serde] = components(&parsed)[..] else { panic!("{parsed:?}") };
        assert_eq!((app.purl.as_str(), &app.ecosystem, app.depends_on.len()), ("pkg:cargo/app@0.1.0", &None, 2));
        assert_eq!((cc.scope, serde.scope), (Scope::Development, Scope::Runtime));
        assert_eq!(serde.ecosystem, Some(Ecosystem::plain(EcosystemKind::CratesIo)));
    }

    #[test]
    fn what_is_damaged_is_told_and_what_is_none_is_nothing() {
        let list = LIST.replace("[1,2]", "[1,7]").replace("\"cc\"", "\"\"");
        assert_eq!(parse_bytes(&CargoAuditable, "app", &elf(&zlib(&list))).unwrap().gaps.len(), 2);
        assert!(parse_bytes(&CargoAuditable, "app", &elf(b"nothing")).is_err());
        let bomb = "x".repeat(usize::try_from(LIST_LIMIT).unwrap() + 1);
        assert!(parse_bytes(&CargoAuditable, "app", &elf(&zlib(&bomb))).unwrap_err().0.contains("more than"));
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(parse_bytes(&CargoAuditable, "app", &own).unwrap(), Parsed::default());
    }

    #[test]
    fn no_damage_panics() {
        damage_bytes(&CargoAuditable, "app", &elf(&zlib(LIST)));
        mutate(&CargoAuditable, "app", &elf(&zlib(LIST)), 10_000);
    }
}
