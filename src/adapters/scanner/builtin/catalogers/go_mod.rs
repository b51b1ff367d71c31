//! `go.mod`, with `go.sum` beside it.
//!
//! Components are the required modules after `replace` and `exclude`; what is replaced by a directory is the project's own
//! code and is left out. Since Go 1.17 the file lists every module of the build; for older ones the rest comes from `go.sum`.
//! `go` and `toolchain` lines are lower bounds, not what a program is built with: the standard library is a component of
//! the program, whose build information says which one it is. Format: <https://go.dev/ref/mod#go-mod-file>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::{go_sum, identity};
use std::collections::{BTreeMap, BTreeSet};

/// Reads Go's module files.
pub(super) struct GoMod;

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
        let mut all = Collector::default();
        let module = Module::read(&text, &mut all)?;
        let mut required: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (path, version) in &module.require {
            if !module.exclude.contains(&(path.clone(), version.clone())) {
                required.insert((path, version));
            }
        }
        let sum = if module.lists_everything() { None } else { (file.companion)("go.sum") };
        let sum = sum.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        match &sum {
            Some(sum) => {
                let (modules, gaps) = go_sum::highest(sum);
                gaps.into_iter().for_each(|gap| all.gap(gap));
                for (path, _) in &required {
                    if !modules.contains_key(path) && !module.is_replaced(path) {
                        all.gap(format!("{path} is not in go.sum"));
                    }
                }
                let direct: Vec<&str> = required.iter().map(|(path, _)| *path).collect();
                let own = module.path.as_str();
                for (path, version) in modules {
                    if path != own && direct.binary_search(&path).is_err() {
                        required.insert((path, version));
                    }
                }
            }
            None if module.lists_everything() || required.is_empty() => {}
            None => {
                all.gap("a module of before Go 1.17 does not list what its dependencies need, and there is no go.sum")
            }
        }
        for (path, version) in required {
            match module.replacement(path, version) {
                None => all.add_or_gap(identity::golang(path, version)),
                Some(Target::Module(path, version)) => all.add_or_gap(identity::golang(path, version)),
                Some(Target::Directory) => {}
            }
        }
        Ok(all.finish())
    }
}

/// What a replaced module is replaced by.
enum Target<'a> {
    Directory,
    Module(&'a str, &'a str),
}

#[derive(Default)]
struct Module {
    path: String,
    go: Option<(u32, u32)>,
    require: Vec<(String, String)>,
    exclude: BTreeSet<(String, String)>,
    /// By path and version, which is empty where all versions are replaced.
    replace: BTreeMap<(String, String), (String, String)>,
}

impl Module {
    /// Every module of the build is listed since Go 1.17; a file without a `go` line counts as 1.16.
    fn lists_everything(&self) -> bool {
        self.go.is_some_and(|version| version >= (1, 17))
    }

    /// Whether any version of a module is replaced.
    fn is_replaced(&self, path: &str) -> bool {
        self.replace.range((path.to_owned(), String::new())..).next().is_some_and(|((from, _), _)| from == path)
    }

    fn replacement(&self, path: &str, version: &str) -> Option<Target<'_>> {
        let of = |version: &str| self.replace.get(&(path.to_owned(), version.to_owned()));
        let (path, version) = of(version).or_else(|| of(""))?;
        Some(if version.is_empty() { Target::Directory } else { Target::Module(path, version) })
    }

    fn read(text: &str, all: &mut Collector) -> Result<Self, ParseError> {
        let mut module = Self::default();
        let mut block: Option<String> = None;
        let mut known = false;
        for (index, line) in text.lines().enumerate() {
            let error = |what: &str| format!("line {}: {what}", index + 1);
            let words = match words(line) {
                Some(words) if words.is_empty() => continue,
                Some(words) => words,
                None => {
                    all.gap(error("a quote without its end"));
                    continue;
                }
            };
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (verb, rest) = match (&block, words.as_slice()) {
                (Some(_), [")"]) => {
                    block = None;
                    continue;
                }
                (None, [verb, "("]) => {
                    known |= is_verb(verb);
                    if !is_verb(verb) {
                        all.gap(error(&format!("`{verb}` is not known")));
                    }
                    block = Some((*verb).to_owned());
                    continue;
                }
                (None, [_, "(", ")"]) => continue,
                (Some(verb), words) => (verb.as_str(), words),
                (None, [verb, rest @ ..]) => (*verb, rest),
                (None, []) => continue,
            };
            known |= is_verb(verb);
            if let Err(reason) = module.directive(verb, rest) {
                all.gap(error(&reason));
            }
        }
        if !known {
            return Err(ParseError("not a go.mod file: no directive is known".into()));
        }
        if let Some(verb) = block {
            all.gap(format!("the file ends inside `{verb} (`"));
        }
        Ok(module)
    }

    fn directive(&mut self, verb: &str, words: &[&str]) -> Result<(), String> {
        let version = |text: &str| match text.strip_prefix('v').map(semver::Version::parse) {
            Some(Ok(_)) => Ok(text.to_owned()),
            _ => Err(format!("`{text}` is not a version")),
        };
        match (verb, words) {
            ("module", [path]) => (*path).clone_into(&mut self.path),
            ("go", [text]) => {
                let mut parts = text.split('.').map(|part| {
                    let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
                    part[..digits].parse::<u32>().ok()
                });
                let (Some(Some(major)), minor) = (parts.next(), parts.next().flatten().unwrap_or_default()) else {
                    return Err(format!("`{text}` is not a version of Go"));
                };
                self.go = Some((major, minor));
            }
            ("require", [path, text]) => self.require.push(((*path).to_owned(), version(text)?)),
            ("exclude", [path, text]) => {
                self.exclude.insert(((*path).to_owned(), version(text)?));
            }
            ("replace", words) => {
                let arrow = words.iter().position(|word| *word == "=>").unwrap_or(words.len());
                let (from, to) = (&words[..arrow], words.get(arrow + 1..).unwrap_or_default());
                let (path, of) = match from {
                    [path] => (*path, String::new()),
                    [path, text] => (*path, version(text)?),
                    _ => return Err("not a replacement".into()),
                };
                let target = match to {
                    [directory] if directory.starts_with(['.', '/']) || directory.contains(":\\") => {
                        ((*directory).to_owned(), String::new())
                    }
                    [path, text] => ((*path).to_owned(), version(text)?),
                    _ => return Err("not a replacement".into()),
                };
                self.replace.insert((path.to_owned(), of), target);
            }
            ("require" | "exclude" | "module" | "go", _) => return Err(format!("not a `{verb}`")),
            (verb, _) if is_verb(verb) => {}
            (verb, _) => return Err(format!("`{verb}` is not known")),
        }
        Ok(())
    }
}

fn is_verb(word: &str) -> bool {
    matches!(
        word,
        "module" | "go" | "toolchain" | "require" | "replace" | "exclude" | "retract" | "tool" | "godebug" | "ignore"
    )
}

/// A line's words, comments left out. `None` for a quote that is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() && !rest.starts_with("//") {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '`'));
        let (word, next) = if let Some(quote) = quote {
            let (word, next) = rest[1..].split_once(quote)?;
            (word, next)
        } else if rest.starts_with(['(', ')', '[', ']', ',']) {
            rest.split_at(1)
        } else {
            rest.split_at(rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',')).unwrap_or(rest.len()))
        };
        words.push(word.to_owned());
        rest = next.trim_start();
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse, parse_with};
    use super::*;

    const SAMPLE: &str = "module example.com/app // it
go 1.21.3
toolchain go1.22.0
require github.com/A/b v1.0.0
require (
\tc.example/c/v2 v2.1.0+incompatible // indirect
\t\"d.example/d\" v0.0.0-20210630005230-0f9fa26af87c
\te.example/e v1.0.0
\tf.example/f v1.0.0
)
replace e.example/e => ../e
replace f.example/f v1.0.0 => g.example/g v1.2.3
exclude d.example/d v0.0.0-20210630005230-0f9fa26af87c
retract [v1.0.0, v1.1.0]
tool example.com/tool
";

    fn shown(parsed: &Parsed) -> Vec<String> {
        components(parsed).iter().map(|c| format!("{} {}", c.name, c.version)).collect()
    }

    #[test]
    fn reads_what_is_required_after_replace_and_exclude() {
        let parsed = parse(&GoMod, "go.mod", SAMPLE).unwrap();
        assert_eq!(
            shown(&parsed),
            ["c.example/c/v2 v2.1.0+incompatible", "g.example/g v1.2.3", "github.com/A/b v1.0.0"]
        );
        assert_eq!(parsed.gaps, NOTHING);
    }

    #[test]
    fn older_modules_are_completed_from_go_sum() {
        let hash = format!("h1:{}=", "a".repeat(43));
        let text = "module m\ngo 1.16\nrequire a.example/a v1.0.0\n";
        let sum = format!("a.example/a v1.0.0 {hash}\nb.example/b v1.0.0 {hash}\nb.example/b v1.2.0 {hash}\n");
        let companion = |sum: String| move |name: &str| (name == "go.sum").then(|| sum.clone().into_bytes());
        let parsed = parse_with(&GoMod, "go.mod", text, &companion(sum.clone())).unwrap();
        assert_eq!(shown(&parsed), ["a.example/a v1.0.0", "b.example/b v1.2.0"]);
        assert!(parsed.gaps.is_empty());
        for (sum, gap) in [(sum[..sum.len() - 9].to_owned(), "hash"), (String::new(), "not in go.sum")] {
            let parsed = parse_with(&GoMod, "go.mod", text, &companion(sum)).unwrap();
            assert!(parsed.gaps[0].contains(gap), "{:?}", parsed.gaps);
        }
        assert_eq!(parse(&GoMod, "go.mod", text).unwrap().gaps.len(), 1);
    }

    #[test]
    fn a_cut_or_foreign_file_does_not_pass() {
        damage(&GoMod, "go.mod", SAMPLE);
        damage(&GoMod, "go.mod", "module m\ngo 1.1\nrequire (\na v1.0.0\n)\nreplace a => b v1.0.0\n");
        for end in ["\te.example", ")\nreplace", "v2.1.0+", "5230-0f9fa26af87c\n\te"] {
            let parsed = parse(&GoMod, "go.mod", &SAMPLE[..SAMPLE.find(end).unwrap()]).unwrap();
            assert!(!parsed.gaps.is_empty(), "{end}");
        }
        assert!(parse(&GoMod, "go.mod", "this is not a go.mod file!").is_err());
        assert!(parse(&GoMod, "go.mod", "").is_err());
        assert_eq!(parse(&GoMod, "go.mod", "module m\nrequires a v1.0.0\n").unwrap().gaps.len(), 1);
    }
}
