//! pip's requirements files: `*requirements*.txt`, and any `.txt` of a folder `requirements`.
//!
//! A line pinned with `==` or `===` is a component, with its environment marker or without; a URL is one without a
//! version and without advisories. A line that pins nothing and that no `constraints.txt` beside it pins is a gap: what it
//! installs is decided at installation. An included file whose name matches is read by itself.
//! Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.

use super::requirements_hash::Hashes;
use super::{pypi, requirements_via, toml_lock};
use crate::adapters::scanner::builtin::catalog::{
    Cataloger, Content, FOUND_LIMIT, File, FileFacts, Found, ParseError, Parsed, Reads,
};
use crate::model::Component;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Reads requirements files.
pub(super) struct Requirements;

/// Files that one may include in all, itself counted.
const INCLUDE_LIMIT: usize = 64;

/// Options that say how to install, not what.
const OPTIONS: &[&str] = &[
    "-i",
    "--index-url",
    "--pypi-url",
    "--extra-index-url",
    "--no-index",
    "-f",
    "--find-links",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--require-hashes",
    "--pre",
    "--trusted-host",
    "--use-feature",
    "--all-releases",
    "--only-final",
    "--always-unzip",
    "-Z",
];

impl Cataloger for Requirements {
    fn name(&self) -> &'static str {
        "python-requirements"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        wanted(file.path)
    }

    fn companions(&self) -> &'static [&'static str] {
        &["constraints.txt"]
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let mut reading = Reading {
            file,
            pins: BTreeMap::new(),
            unpinned: Vec::new(),
            seen: BTreeSet::from([file.path.rsplit('/').next().unwrap_or_default().to_owned()]),
            open: Vec::new(),
            parsed: Parsed::default(),
        };
        let text = decoded(&file.content.bytes()?)?;
        reading.read(&text, "", false);
        reading.look_for_cuts(&text);
        while let Some((name, constraint)) = reading.open.pop() {
            reading.included(&name, constraint);
        }
        Ok(reading.finish())
    }
}

fn wanted(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.to_ascii_lowercase();
    name.ends_with(".txt") && (name.contains("requirements") || folder.rsplit('/').next() == Some("requirements"))
}

/// The text of a file: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes what is piped into a file and pip reads it.
fn decoded(bytes: &[u8]) -> Result<String, ParseError> {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes[2..].as_chunks();
        let units: Vec<u16> = units.iter().copied().map(unit).collect();
        String::from_utf16(&units).ok().filter(|_| rest.is_empty()).ok_or_else(|| ParseError("not UTF-16".into()))
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => Content::Bytes(bytes).text(),
    }
}

/// A file and what it includes, while being read.
struct Reading<'a> {
    file: &'a File<'a>,
    /// Versions that constraints pin, by normal name.
    pins: BTreeMap<String, String>,
    /// Requirements without a version: where, and the name.
    unpinned: Vec<(String, String)>,
    /// Included files, in order not to read one twice.
    seen: BTreeSet<String>,
    /// Included files still to be read, and whether as constraints.
    open: Vec<(String, bool)>,
    parsed: Parsed,
}

/// What a line says.
enum Line<'a> {
    Nothing,
    Include { path: &'a str, constraint: bool },
    Requirement(Box<Component>),
    Unpinned(&'a str),
}

impl Reading<'_> {
    fn read(&mut self, text: &str, origin: &str, constraints: bool) {
        let (lines, cut) = logical_lines(text);
        let mut hashes = Hashes::default();
        for (number, line) in lines {
            let place = format!("{origin}line {number}");
            let (line, options) = without_options(&line);
            if is_requirement(line)
                && let Err(reason) = hashes.take(number, options)
            {
                self.parsed.gap(format!("{place}: {reason}"));
            }
            match read_line(line) {
                Ok(Line::Nothing) => {}
                Ok(Line::Include { path, constraint }) => self.include(path, constraint || constraints, &place),
                Ok(Line::Requirement(component)) if constraints => {
                    self.pins.insert(pypi::normal(&component.name), component.version);
                }
                Ok(Line::Requirement(component)) => self.parsed.add(Found::Component(*component)),
                Ok(Line::Unpinned(_)) if constraints => {}
                Ok(Line::Unpinned(_)) if self.unpinned.len() >= FOUND_LIMIT => {
                    self.parsed.gap(format!("more than {FOUND_LIMIT} packages without a version"));
                }
                Ok(Line::Unpinned(name)) => self.unpinned.push((place, name.to_owned())),
                Err(reason) => self.parsed.gap(format!("{place}: {reason}")),
            }
        }
        if let Some(number) = hashes.missing() {
            self.parsed.gap(format!("{origin}line {number}: it has no hash, though others have one"));
        }
        if cut {
            self.parsed.gap(format!("{origin}its last line goes on where the file ends: cut off"));
        }
    }

    /// Whoever needs a package of a compiled file is in it too.
    fn look_for_cuts(&mut self, text: &str) {
        let found = self.parsed.found.iter().filter_map(|found| match found {
            Found::Component(component) => Some(pypi::normal(&component.name)),
            _ => None,
        });
        let names = found.chain(self.unpinned.iter().map(|(_, name)| pypi::normal(name))).collect();
        for name in requirements_via::missing(text, &names) {
            self.parsed.gap(format!("`{name}` needs what is in the file, but is not in it itself"));
        }
    }

    fn include(&mut self, path: &str, constraint: bool, place: &str) {
        let folder = self.file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(full) = joined(folder, path) else {
            self.parsed.gap(format!("{place}: `{}` is outside of what is read", path.escape_debug()));
            return;
        };
        let beside = full.rsplit_once('/').map_or("", |(folder, _)| folder) == folder;
        let name = full.rsplit('/').next().unwrap_or_default();
        if full == self.file.path || (beside && self.seen.contains(name)) || (!constraint && wanted(&full)) {
            return;
        }
        if !beside || self.seen.len() >= INCLUDE_LIMIT {
            self.parsed.gap(format!("{place}: `{}` is not read", path.escape_debug()));
            return;
        }
        self.seen.insert(name.to_owned());
        self.open.push((name.to_owned(), constraint));
    }

    fn included(&mut self, name: &str, constraint: bool) {
        match (self.file.companion)(name).as_deref().map(decoded) {
            Some(Ok(text)) => self.read(&text, &format!("{name}, "), constraint),
            Some(Err(error)) => self.parsed.gap(format!("`{}`: {}", name.escape_debug(), error.0)),
            None => self.parsed.gap(format!("`{}`, which it includes, is not read", name.escape_debug())),
        }
    }

    fn finish(mut self) -> Parsed {
        for (place, name) in self.unpinned {
            match self.pins.get(&pypi::normal(&name)).map(|version| pypi::component(&name, version)) {
                Some(Ok(component)) => self.parsed.add(Found::Component(component)),
                _ => self.parsed.gap(format!("{place}: `{name}` is not pinned to a version")),
            }
        }
        self.parsed
    }
}

/// A path as seen from a folder; `None` where it leaves the root or is absolute or a URL.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') || path.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Lines without comments, continuations joined, each with the number of its first; and whether the last one goes on.
fn logical_lines(text: &str) -> (Vec<(usize, Cow<'_, str>)>, bool) {
    let mut lines: Vec<(usize, Cow<'_, str>)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let is_comment = line.trim_start().starts_with('#');
        let line = match line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t'])) {
            Some((at, _)) => &line[..at],
            None => line,
        };
        let (part, more) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, start)) => start.to_mut().push_str(part),
            None if part.is_empty() && !more => {}
            None => lines.push((index + 1, Cow::Borrowed(part))),
        }
        goes_on = more && !is_comment;
    }
    (lines, goes_on)
}

/// A line, and the options of its one requirement (`--hash`), which come last.
fn without_options(line: &str) -> (&str, &str) {
    let line = line.trim();
    if line.starts_with('-') {
        return (line, "");
    }
    match line.find(" -").or_else(|| line.find("\t-")) {
        Some(at) => (line[..at].trim_end(), &line[at..]),
        None => (line, ""),
    }
}

/// Whether a line names a package of an index, which may have a hash.
fn is_requirement(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_alphanumeric()) && !line.contains("://")
}

fn read_line(line: &str) -> Result<Line<'_>, String> {
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    if line.starts_with('-') {
        return read_option(line);
    }
    let target = line.split(" ;").next().unwrap_or(line).trim_end();
    let is_archive = [".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz"].iter().any(|suffix| target.ends_with(suffix));
    let is_local = !target.contains(':') && !target.contains('@');
    if is_archive && is_local {
        return Err("it installs an archive of the tree, which is not read".into());
    }
    if target.starts_with(['.', '/']) {
        return Ok(Line::Nothing);
    }
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(line.len());
    let (name, rest) = (&line[..end], line[end..].trim_start());
    if rest.starts_with("://") || (rest.starts_with('+') && line.contains("://")) {
        return located(line, fragment(line, "egg").ok_or("a URL without `#egg=NAME`")?);
    }
    if !pypi::is_name(name) {
        return Err("it does not start with the name of a package".into());
    }
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').ok_or("its extras are not closed")?.1.trim_start(),
        None => rest,
    };
    if let Some(url) = rest.strip_prefix('@') {
        let url = url.trim();
        return located(url.split_once(" ;").map_or(url, |(url, _)| url.trim()), name);
    }
    let (specifiers, _marker) = rest.split_once(';').unwrap_or((rest, ""));
    let specifiers = specifiers.trim();
    let specifiers = specifiers.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(specifiers);
    pinned(name, specifiers)
}

fn read_option(line: &str) -> Result<Line<'_>, String> {
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (option, value) = (&line[..end], line[end..].trim_start_matches(['=', ' ', '\t']).trim_end());
    // The short forms take their value without a blank as well; only what looks like a place is taken for one then.
    let (option, value) = match option.get(..2) {
        Some(short @ ("-r" | "-c")) => (short, line[2..].trim()),
        Some(short @ ("-e" | "-i" | "-f"))
            if option.len() > 2 && (line.contains('/') || line.get(2..3) == Some(".")) =>
        {
            (short, line[2..].trim())
        }
        _ => (option, value),
    };
    match option {
        "-r" | "--requirement" => Ok(Line::Include { path: value, constraint: false }),
        "-c" | "--constraint" => Ok(Line::Include { path: value, constraint: true }),
        "-e" | "--editable" if value.contains("://") => {
            let (url, name) = match value.split_once(" @ ") {
                Some((name, url)) => (url.trim(), name.trim()),
                None => (value, fragment(value, "egg").ok_or("a URL without `#egg=NAME`")?),
            };
            located(url, name)
        }
        "-e" | "--editable" if value.is_empty() => Err("it names nothing to install".into()),
        "-e" | "--editable" => Ok(Line::Nothing),
        option if OPTIONS.contains(&option) => Ok(Line::Nothing),
        _ => Err("it is no option of a requirements file".into()),
    }
}

/// A value of a URL's fragment.
fn fragment<'a>(url: &'a str, key: &str) -> Option<&'a str> {
    let (_, fragment) = url.split_once('#')?;
    let value = fragment.split('&').find_map(|part| part.strip_prefix(key)?.strip_prefix('='))?;
    Some(value.split('[').next().unwrap_or(value))
}

fn located<'a>(url: &str, name: &str) -> Result<Line<'a>, String> {
    let name = name.split('[').next().unwrap_or(name).trim();
    if url.is_empty() || url.contains(char::is_whitespace) {
        return Err("its URL cannot be read".into());
    }
    let plain = url.split_once('#').map_or(url, |(url, _)| url);
    let component = match plain.strip_prefix("git+") {
        Some(_) => pypi::with_source(name, "", Some(("vcs_url", &toml_lock::vcs_url(plain)))),
        None => pypi::with_source(name, "", Some(("download_url", plain))),
    };
    component.map(|component| Line::Requirement(Box::new(component)))
}

fn pinned<'a>(name: &'a str, specifiers: &str) -> Result<Line<'a>, String> {
    let mut pin = None;
    for specifier in specifiers.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let end = specifier.find(|c: char| !"=<>!~".contains(c)).unwrap_or(specifier.len());
        let (operator, version) = (&specifier[..end], specifier[end..].trim());
        let is_version = !version.is_empty()
            && version.chars().all(|c| c.is_ascii_alphanumeric() || "._-+!*".contains(c))
            && version.starts_with(|c: char| c.is_ascii_alphanumeric());
        match operator {
            _ if !is_version => return Err(format!("`{}` is no version", version.escape_debug())),
            "==" | "===" if !version.contains('*') => pin = Some(version),
            "==" | "===" | "<" | "<=" | ">" | ">=" | "!=" | "~=" => {}
            _ => return Err(format!("`{}` compares nothing", specifier.escape_debug())),
        }
    }
    match pin {
        Some(version) => pypi::component(name, version).map(|component| Line::Requirement(Box::new(component))),
        None => Ok(Line::Unpinned(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::scanner::builtin::catalog::GAP_LIMIT;

    fn parse(text: &str, beside: &[(&str, &str)]) -> Parsed {
        let companion = |name: &str| beside.iter().find(|(n, _)| *n == name).map(|(_, text)| text.as_bytes().to_vec());
        let content = Content::Bytes(text.as_bytes());
        Requirements.parse(&File { path: "a/requirements.txt", content, companion: &companion }).unwrap()
    }

    fn purls(parsed: &Parsed) -> Vec<String> {
        let read = |found: &Found| match found {
            Found::Component(component) => component.purl.to_string(),
            other => panic!("{other:?}"),
        };
        parsed.found.iter().map(read).collect()
    }

    #[test]
    fn lines_without_sense_take_no_room() {
        let parsed = parse(&"?x\n".repeat(5000), &[]);
        assert_eq!((parsed.found.len(), parsed.gaps.len()), (0, GAP_LIMIT + 1));
        assert_eq!(parsed.gaps.last().unwrap(), "and more of the kind");
        let parsed = parse(&"x\n".repeat(FOUND_LIMIT + 1), &[]);
        assert_eq!(parsed.gaps[0], format!("more than {FOUND_LIMIT} packages without a version"));
    }

    #[test]
    fn pins_are_components_whatever_surrounds_them() {
        let parsed = parse(
            "-i https://example.com/simple\n--extra-index-url=https://example.com\n-e .\n./local\n\
             A.b [x, y] == 1.0 ; python_version < '3.8'  # why\nc===2.0 \\\n  --config-settings x=y \\\n  --global-option=z\n\
             d (==3.0)\ne==1!4.0,>=3\nf @ git+https://example.com/f@main\n-e git+https://example.com/g#egg=g[x]\n",
            &[],
        );
        assert_eq!(parsed.gaps, Vec::<String>::new());
        let expected = [
            "pkg:pypi/a-b@1.0",
            "pkg:pypi/c@2.0",
            "pkg:pypi/d@3.0",
            "pkg:pypi/e@1!4.0",
            "pkg:pypi/f?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Ff%40main",
            "pkg:pypi/g?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fg",
        ];
        assert_eq!(purls(&parsed), expected);
    }

    #[test]
    fn what_powershell_writes_is_read() {
        let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
        };
        let companion = |name: &str| (name == "pins.txt").then(|| wide("b==2\r\n", u16::to_be_bytes));
        let read = |bytes: &[u8]| {
            let content = Content::Bytes(bytes);
            Requirements.parse(&File { path: "requirements.txt", content, companion: &companion })
        };
        let whole = wide("a==1.0\r\nb\r\n-c pins.txt\r\n", u16::to_le_bytes);
        let parsed = read(&whole).unwrap();
        assert_eq!((purls(&parsed).join(" "), parsed.gaps), ("pkg:pypi/a@1.0 pkg:pypi/b@2".into(), vec![]));
        assert!(read(&whole[..whole.len() - 1]).is_err());
        assert!(read(&whole[2..]).is_err() || !read(&whole[2..]).unwrap().gaps.is_empty());
    }

    #[test]
    fn what_is_not_pinned_or_not_read_is_a_gap() {
        let parsed =
            parse("a\nb>=1\nc==1.*\nd==\nasdf 1.0\n-foo==1.0\n-extra==1\n./v/x.whl\n==1.0\ne[x\ng==1.0 \\", &[]);
        assert_eq!(purls(&parsed), ["pkg:pypi/g@1.0"]);
        assert_eq!(parsed.gaps.len(), 11, "{:?}", parsed.gaps);
    }

    #[test]
    fn constraints_pin_and_includes_end() {
        let beside = [("constraints.txt", "A==1.0\nunused==2\n-c loop.txt\n"), ("loop.txt", "-c constraints.txt\n")];
        let parsed = parse("a\n-c constraints.txt\n", &beside);
        assert_eq!(purls(&parsed), ["pkg:pypi/a@1.0"]);
        assert!(parsed.gaps.is_empty(), "{:?}", parsed.gaps);
        let parsed =
            parse("-r base.txt\n-r dev-requirements.txt\n-r ../../x.txt\n-r other/base.txt\n-r requirements.txt", &[]);
        assert_eq!(parsed.gaps.len(), 3, "{:?}", parsed.gaps);
        assert_eq!(purls(&parse("-rbase.txt", &[("base.txt", "x==1\n-r base.txt")])), ["pkg:pypi/x@1"]);
    }

    #[test]
    fn wants_what_pip_users_name_so() {
        for path in ["requirements.txt", "requirements-dev.txt", "dev-requirements.txt", "requirements/base.txt"] {
            assert!(wanted(path), "{path}");
        }
        assert!(!wanted("requirements.in") && !wanted("notes.txt") && !wanted("constraints.txt"));
    }
}
