//! Programs that Go built: the modules that the linker recorded in them.
//! Format: <https://pkg.go.dev/debug/buildinfo>, whose source says how it lies in a program.

mod buildinfo;
mod linker_flags;

use super::programs;
use crate::adapters::scanner::builtin::catalog::{
    Cataloger, Content, File, FileFacts, Found, ParseError, Parsed, Reads,
};
use crate::model::{Component, Ecosystem, EcosystemKind, Purl};
use buildinfo::BuildInfo;

/// Reads programs.
pub(super) struct GoBinary;

impl Cataloger for GoBinary {
    fn name(&self) -> &'static str {
        "go-binary"
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
        let info = match &file.content {
            Content::Bytes(bytes) => buildinfo::read(*bytes)?,
            Content::Spooled(spooled) => buildinfo::read(&object::read::ReadCache::new(*spooled))?,
        };
        info.map_or_else(|| Ok(Parsed::default()), |info| modules(&info))
    }
}

/// The modules of a program; the main one among them.
fn modules(info: &BuildInfo) -> Result<Parsed, ParseError> {
    let mut parsed = Parsed::default();
    let version = info.go_version.split(' ').next().unwrap_or_default();
    if let Some(number) = version.strip_prefix("go").filter(|number| number.starts_with(|c: char| c.is_ascii_digit())) {
        parsed.add(Found::Component(component("stdlib", number)?));
    } else {
        parsed.gap(format!("the version of Go is not a released one: `{version}`"));
    }
    // A `=>` line replaces the module of the line before it.
    let mut entries: Vec<(&str, &str)> = Vec::new();
    let mut main = None;
    for line in info.modules.lines() {
        let mut words = line.split('\t');
        match (words.next(), words.next(), words.next()) {
            (Some("mod"), Some(path), version) => {
                main = Some(path);
                entries.push((path, version.unwrap_or_default()));
            }
            (Some("dep"), Some(path), version) => entries.push((path, version.unwrap_or_default())),
            (Some("=>"), Some(path), version) => match entries.last_mut() {
                // By a directory: what was built is no published version of anything.
                Some(last) if path.starts_with(['.', '/']) => last.1 = "",
                Some(last) => *last = (path, version.unwrap_or_default()),
                None => return Err(ParseError("its build information replaces nothing".into())),
            },
            _ => {}
        }
    }
    let is_unknown = |version: &str| matches!(version, "" | "(devel)");
    let flags = || info.modules.lines().find_map(|line| line.strip_prefix("build\t-ldflags="));
    for (path, version) in entries {
        let main = main.filter(|main| *main == path && is_unknown(version));
        let given = main.and_then(|main| linker_flags::version(main, flags()?));
        let version = given.as_deref().unwrap_or(if is_unknown(version) { "" } else { version });
        match component(path, version) {
            Ok(component) => parsed.add(Found::Component(component)),
            Err(error) => parsed.gap(format!("{path}: {error}")),
        }
    }
    Ok(parsed)
}

fn component(path: &str, version: &str) -> Result<Component, ParseError> {
    let (namespace, last) = path.rsplit_once('/').map_or((None, path), |(namespace, last)| (Some(namespace), last));
    let purl =
        Purl::build("golang", namespace, last, Some(version), &[]).map_err(|error| ParseError(error.to_string()))?;
    let is_published = !version.is_empty();
    Ok(Component::new(purl, path, version, is_published.then(|| Ecosystem::plain(EcosystemKind::Go))))
}

#[cfg(test)]
mod tests;
