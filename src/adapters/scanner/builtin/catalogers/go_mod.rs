//! `go.mod`: the modules that a Go module requires, after its replacements, direct and indirect.
//!
//! Before Go 1.17 it names direct requirements only; the others are then read from `go.sum` beside it, whose absence is a
//! gap. A module replaced by a directory is part of the tree and left out. The standard library is left out too: the `go`
//! and `toolchain` lines are lower bounds, and which toolchain built a program, the program says.
//! Format: <https://go.dev/ref/mod#go-mod-file>, <https://go.dev/ref/mod#go-sum-files>.

use crate::adapters::scanner::builtin::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};
use crate::model::{Component, Ecosystem, EcosystemKind, Purl};
use std::collections::{BTreeMap, BTreeSet};

/// Reads `go.mod`.
pub(super) struct GoMod;

/// A module at a version.
type Module = (String, String);

/// The statements that matter.
#[derive(Default)]
struct Statements {
    go: Option<(u64, u64)>,
    require: BTreeSet<Module>,
    exclude: BTreeSet<Module>,
    /// By module and version (empty: any); `None` is a directory.
    replace: BTreeMap<Module, Option<Module>>,
}

impl Cataloger for GoMod {
    fn name(&self) -> &'static str {
        "go-mod"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "go.mod"
    }

    fn companions(&self) -> &'static [&'static str] {
        &["go.sum"]
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let statements = Statements::read(&text)?;
        let mut parsed = Parsed::default();
        if !text.ends_with('\n') {
            parsed.gap("its last line has no end: cut off".into());
        }
        let mut modules = statements.require.clone();
        // A file without a `go` line means Go 1.16.
        if statements.go.unwrap_or((1, 16)) < (1, 17) && !modules.is_empty() {
            match (file.companion)("go.sum") {
                Some(sum) => modules.extend(summed(&sum, &mut parsed)),
                None => parsed.gap("before Go 1.17 `go.sum` names the indirect modules; it is missing".into()),
            }
        }
        let mut chosen = BTreeSet::new();
        for module in modules {
            if statements.exclude.contains(&module) {
                if statements.require.contains(&module) {
                    parsed.gap(format!("{} {} is both required and excluded", module.0, module.1));
                }
                continue;
            }
            let any = (module.0.clone(), String::new());
            match statements.replace.get(&module).or_else(|| statements.replace.get(&any)) {
                Some(Some(other)) => drop(chosen.insert(other.clone())),
                Some(None) => {}
                None => drop(chosen.insert(module)),
            }
        }
        for (path, version) in chosen {
            match component(&path, &version) {
                Ok(component) => parsed.add(Found::Component(component)),
                Err(reason) => parsed.gap(reason),
            }
        }
        Ok(parsed)
    }
}

impl Statements {
    fn read(text: &str) -> Result<Self, ParseError> {
        let mut statements = Self::default();
        let mut block: Option<String> = None;
        let mut any = false;
        for (index, line) in text.lines().enumerate() {
            let fail = |reason: &str| ParseError(format!("line {}: {reason}", index + 1));
            let words = words(line).ok_or_else(|| fail("a quotation is not closed"))?;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match (&block, words.as_slice()) {
                (_, []) => {}
                (Some(_), [")"]) => block = None,
                (Some(verb), words) => statements.take(verb, words).map_err(|reason| fail(&reason))?,
                (None, [verb, "("]) => {
                    known(verb).map_err(|reason| fail(&reason))?;
                    (block, any) = (Some((*verb).to_owned()), true);
                }
                // An empty block on one line.
                (None, [verb, "(", ")"]) => known(verb).map_err(|reason| fail(&reason))?,
                (None, [verb, words @ ..]) => {
                    known(verb).map_err(|reason| fail(&reason))?;
                    statements.take(verb, words).map_err(|reason| fail(&reason))?;
                    any = true;
                }
            }
        }
        match block {
            Some(verb) => Err(ParseError(format!("the block `{verb} (` is not closed: cut off"))),
            None if !any => Err(ParseError("it has no statement".into())),
            None => Ok(statements),
        }
    }

    fn take(&mut self, verb: &str, words: &[&str]) -> Result<(), String> {
        match (verb, words) {
            ("require", [path, version]) => drop(self.require.insert(module(path, version)?)),
            ("exclude", [path, version]) => drop(self.exclude.insert(module(path, version)?)),
            ("replace", [old @ .., "=>", other]) if is_directory(other) => {
                drop(self.replace.insert(replaced(old)?, None))
            }
            ("replace", [old @ .., "=>", path, version]) => {
                self.replace.insert(replaced(old)?, Some(module(path, version)?));
            }
            ("go", [version]) => {
                let mut parts = version.split('.').map(|part| {
                    let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
                    part[..end].parse::<u64>().ok()
                });
                let (major, minor) = (parts.next().flatten(), parts.next().flatten());
                self.go =
                    Some(major.zip(minor).ok_or_else(|| format!("`{}` is no Go version", version.escape_debug()))?);
            }
            ("require" | "exclude" | "replace" | "go", _) => return Err(format!("`{verb}` is incomplete")),
            _ => {}
        }
        Ok(())
    }
}

fn known(verb: &str) -> Result<(), String> {
    const VERBS: [&str; 10] =
        ["module", "go", "toolchain", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"];
    if VERBS.contains(&verb) { Ok(()) } else { Err(format!("`{}` is no statement of go.mod", verb.escape_debug())) }
}

fn replaced(old: &[&str]) -> Result<Module, String> {
    match old {
        [path] => Ok(((*path).to_owned(), String::new())),
        [path, version] => module(path, version),
        _ => Err("`replace` is incomplete".into()),
    }
}

fn is_directory(path: &str) -> bool {
    path.starts_with(['/', '\\']) || path == "." || path == ".." || {
        let start = path.split(['/', '\\']).next().unwrap_or_default();
        path.len() > start.len() && (matches!(start, "." | "..") || start.ends_with(':'))
    }
}

/// A version is `v` and three numbers at least; a cut one has fewer.
fn module(path: &str, version: &str) -> Result<Module, String> {
    let plain = version.strip_prefix('v').map(|text| text.split(['-', '+']).next().unwrap_or_default());
    let is_version = plain.is_some_and(|text| {
        let parts = text.split('.');
        parts.clone().count() == 3 && parts.into_iter().all(|part| part.parse::<u64>().is_ok())
    });
    if is_version {
        Ok((path.to_owned(), version.to_owned()))
    } else {
        Err(format!("`{}` is no version of a module", version.escape_debug()))
    }
}

/// The words of a line without its comment; `None` where a quotation is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            break;
        }
        let end = match first {
            '"' | '`' => {
                let end = rest[1..].find(first)? + 1;
                words.push(rest[1..end].to_owned());
                end + 1
            }
            '(' | ')' => {
                words.push(first.to_string());
                1
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')').unwrap_or(rest.len());
                let end = rest
                    .find("//")
                    .filter(|start| *start > 0 && !rest[..*start].ends_with(':'))
                    .map_or(end, |c| end.min(c));
                words.push(rest[..end].to_owned());
                end
            }
        };
        rest = rest[end..].trim_start();
    }
    Some(words)
}

/// The modules whose content `go.sum` has a hash of: those that were built with, several versions at times.
fn summed(sum: &[u8], parsed: &mut Parsed) -> BTreeSet<Module> {
    let text = String::from_utf8_lossy(sum);
    let mut modules = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] => {}
            [_, version, hash] if version.ends_with("/go.mod") && hash.len() >= 47 => {}
            [path, version, hash] if hash.len() >= 47 && module(path, version).is_ok() => {
                modules.insert(((*path).to_owned(), (*version).to_owned()));
            }
            _ => parsed.gap(format!("go.sum, line {}: it is no module, version and hash", index + 1)),
        }
    }
    modules
}

fn component(path: &str, version: &str) -> Result<Component, String> {
    let (namespace, name) = path.rsplit_once('/').map_or((None, path), |(namespace, name)| (Some(namespace), name));
    let purl = Purl::build("golang", namespace, name, Some(version), &[])
        .map_err(|error| format!("`{}`: {error}", path.escape_debug()))?;
    Ok(Component::new(purl, path, version, Some(Ecosystem::plain(EcosystemKind::Go))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::scanner::builtin::catalog::Content;

    fn parse(text: &str, sum: Option<&str>) -> Result<Parsed, ParseError> {
        let companion = |name: &str| sum.filter(|_| name == "go.sum").map(|text| text.as_bytes().to_vec());
        GoMod.parse(&File { path: "go.mod", content: Content::Bytes(text.as_bytes()), companion: &companion })
    }

    fn purls(parsed: &Parsed) -> Vec<String> {
        let read = |found: &Found| match found {
            Found::Component(component) => component.purl.to_string(),
            other => panic!("{other:?}"),
        };
        parsed.found.iter().map(read).collect()
    }

    #[test]
    fn requirements_are_replaced_before_they_are_listed() {
        let parsed = parse(
            "module x // the module\ngo 1.21\nrequire (\n\tgithub.com/BurntSushi/toml v1.0.0 // indirect\n\t\"a.b/c\" v2.0.0+incompatible\n\
             \td.e/f v0.1.0\n\td.e/g v0.1.0\n)\nreplace d.e/f => ../f\nreplace d.e/g v0.1.0 => d.e/h v0.2.0\nretract [v1.0.0, v1.1.0]\n",
            None,
        )
        .unwrap();
        assert!(parsed.gaps.is_empty(), "{:?}", parsed.gaps);
        let expected = [
            "pkg:golang/a.b/c@v2.0.0%2Bincompatible",
            "pkg:golang/d.e/h@v0.2.0",
            "pkg:golang/github.com/burntsushi/toml@v1.0.0",
        ];
        assert_eq!(purls(&parsed), expected);
    }

    #[test]
    fn old_files_need_the_sums() {
        let hash = format!("h1:{}=", "A".repeat(43));
        let sum = format!(
            "a.b/c v1.0.0 {hash}\na.b/c v1.0.0/go.mod {hash}\nd.e/f v1.2.0 {hash}\nd.e/g v1.0.0/go.mod {hash}\n"
        );
        let text = "module x\ngo 1.16\nrequire a.b/c v1.0.0\n";
        let parsed = parse(text, Some(&sum)).unwrap();
        assert_eq!(purls(&parsed), ["pkg:golang/a.b/c@v1.0.0", "pkg:golang/d.e/f@v1.2.0"]);
        assert!(parsed.gaps.is_empty());
        assert_eq!(parse(text, None).unwrap().gaps.len(), 1);
        assert_eq!(parse(text, Some(&sum[..sum.len() - 9])).unwrap().gaps.len(), 1);
    }

    #[test]
    fn what_is_cut_off_is_missed() {
        assert!(parse("module x\nrequire (\n\ta.b/c v1.0.0\n", None).is_err());
        assert!(parse("module x\nrequire a.b/c v1.0\n", None).is_err());
        assert!(parse("module x\nrequ", None).is_err());
        assert!(parse("", None).is_err());
        assert_eq!(parse("module x\ngo 1.21\nrequire a.b/c v1.0.0", None).unwrap().gaps.len(), 1);
    }
}
