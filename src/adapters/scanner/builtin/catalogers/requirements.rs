//! `requirements.txt` and its like: `*requirements*.txt`, and `.txt` files in a directory `requirements`.
//!
//! What pip would install is known only of pinned requirements (`==`, `===`); any other is a gap, for nobody can say which
//! version to look up. So is an included file (`-r`) that is not catalogued by its own name; one that is, is not followed,
//! so that there are no loops. Constraints (`-c`) install nothing by themselves.
//! Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use crate::model::Component;

/// Reads pip's requirements files.
pub(super) struct Requirements;

impl Cataloger for Requirements {
    fn name(&self) -> &'static str {
        "python-requirements"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        is_wanted(file.path)
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        if text.contains('\0') {
            return Err(ParseError("not text".into()));
        }
        let mut all = Collector::default();
        let mut hashed = Vec::new();
        let mut unhashed = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((index, first)) = lines.next() {
            let mut line = without_comment(first).to_owned();
            while line.ends_with('\\') {
                line.pop();
                match lines.next() {
                    Some((_, next)) if !next.trim().is_empty() => line.push_str(without_comment(next)),
                    _ => all.gap(format!("line {}: it goes on, but with nothing", index + 1)),
                }
            }
            match read_line(line.trim(), file.path) {
                Line::Nothing => {}
                Line::Component(component, hashes) => {
                    match hashes {
                        Some(true) => hashed.push(index + 1),
                        Some(false) => unhashed.push(index + 1),
                        None => {}
                    }
                    all.add(*component);
                }
                Line::Gap(reason) => all.gap(format!("line {}: {reason}", index + 1)),
            }
        }
        // Where one requirement has a hash pip refuses those without: such a file was cut or changed by hand.
        if let (false, Some(line)) = (hashed.is_empty(), unhashed.first()) {
            all.gap(format!("line {line}: no hash, though others have one"));
        }
        Ok(all.finish())
    }
}

fn is_wanted(path: &str) -> bool {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.ends_with(".txt") && (name.contains("requirements") || directory.rsplit('/').next() == Some("requirements"))
}

/// A comment starts the line or follows white space.
fn without_comment(line: &str) -> &str {
    let hash = line
        .char_indices()
        .find(|(at, c)| *c == '#' && line[..*at].chars().next_back().is_none_or(char::is_whitespace));
    hash.map_or(line, |(at, _)| &line[..at]).trim_end()
}

enum Line {
    Nothing,
    /// And whether it carries a hash, where it can.
    Component(Box<Component>, Option<bool>),
    Gap(String),
}

fn read_line(line: &str, path: &str) -> Line {
    if line.is_empty() {
        return Line::Nothing;
    }
    if line.starts_with('-') {
        return option(line, path);
    }
    let (requirement, hashes) = match options_of(line) {
        Ok(split) => split,
        Err(reason) => return Line::Gap(reason),
    };
    let requirement = requirement.split(" ;").next().unwrap_or(requirement).trim();
    match requirement_of(requirement) {
        Ok(Some(component)) => Line::Component(Box::new(component), Some(hashes)),
        Ok(None) => Line::Nothing,
        Err(reason) => Line::Gap(reason),
    }
}

/// A line that starts with an option of pip.
fn option(line: &str, path: &str) -> Line {
    let end = line.find(['=', ' ', '\t']).unwrap_or(line.len());
    let (mut name, mut value) = (&line[..end], line[end..].trim_start_matches(['=', ' ', '\t']));
    if !name.starts_with("--") && name.len() > 2 && name.is_char_boundary(2) {
        (name, value) = (&line[..2], line[2..].trim());
    }
    match name {
        "-r" | "--requirement" => {
            let directory = path.rsplit_once('/').map_or(String::new(), |(directory, _)| format!("{directory}/"));
            // Only whether the name is one that is catalogued matters, so `..` need not be followed.
            if value.contains("://") || !is_wanted(&format!("{directory}{value}")) {
                Line::Gap(format!("the included `{value}` is not read"))
            } else {
                Line::Nothing
            }
        }
        "-e" | "--editable" if value.contains("://") || value.starts_with("git+") => {
            match requirement_of(options_of(value).map_or(value, |(requirement, _)| requirement)) {
                Ok(Some(component)) => Line::Component(Box::new(component), None),
                Ok(None) => Line::Nothing,
                Err(reason) => Line::Gap(reason),
            }
        }
        "-e" | "--editable" | "-c" | "--constraint" | "-i" | "--index-url" | "--pypi-url" | "--extra-index-url"
        | "--no-index" | "-f" | "--find-links" | "--no-binary" | "--only-binary" | "--prefer-binary"
        | "--require-hashes" | "--pre" | "--trusted-host" | "--use-feature" | "--always-unzip" | "-Z" => Line::Nothing,
        _ => Line::Gap(format!("`{line}` is not an option of a requirements file")),
    }
}

/// The requirement before its options, and whether hashes are among them.
fn options_of(line: &str) -> Result<(&str, bool), String> {
    let at = line.find(" --").or_else(|| line.find("\t--")).unwrap_or(line.len());
    let (requirement, options) = line.split_at(at);
    let mut hashes = false;
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let hash = match word.split_once('=').unwrap_or((word, "")) {
            ("--hash", "") => words.next().unwrap_or_default(),
            ("--hash", hash) => hash,
            ("--config-settings" | "--config-setting" | "--global-option" | "--install-option", _) => continue,
            _ if word.starts_with("--") => return Err(format!("`{}`: `{word}` is not an option", requirement.trim())),
            _ => continue,
        };
        hashes = true;
        let (algorithm, digits) = hash.split_once(':').unwrap_or((hash, ""));
        let length = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return Err(format!("`{}`: a hash by `{algorithm}`", requirement.trim())),
        };
        if digits.len() != length || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("`{}`: a hash that is not whole", requirement.trim()));
        }
    }
    Ok((requirement.trim(), hashes))
}

/// A requirement: `name [extras] ==version ; markers`, `name @ address`, an address or a path.
fn requirement_of(text: &str) -> Result<Option<Component>, String> {
    let name_end =
        text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(text.len());
    let (name, mut rest) = (&text[..name_end], text[name_end..].trim_start());
    if text.contains("://") && (rest.starts_with(':') || rest.starts_with('+')) {
        return address(None, text).map(Some);
    }
    if text.starts_with(['.', '/']) || rest.starts_with('/') {
        return local(text);
    }
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']').ok_or_else(|| format!("`{text}`: extras without their end"))?.1.trim_start();
    }
    let named =
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if !named {
        return Err(format!("`{text}` is not a requirement"));
    }
    if let Some(from) = rest.strip_prefix('@') {
        return address(Some(name), from.split(';').next().unwrap_or(from).trim()).map(Some);
    }
    let specifiers = rest.split(';').next().unwrap_or(rest).trim();
    let specifiers = specifiers.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(specifiers);
    if !specifiers.is_empty() && !specifiers.starts_with(['=', '<', '>', '!', '~']) {
        return Err(format!("`{text}` is not a requirement"));
    }
    let exact = |specifier: &str| {
        let version = specifier.trim().strip_prefix("==")?;
        let version = version.strip_prefix('=').unwrap_or(version).trim();
        let whole = !version.is_empty() && version.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+!".contains(&b));
        (whole && !version.ends_with(['.', '+', '!'])).then(|| version.to_owned())
    };
    match specifiers.split(',').find_map(exact) {
        Some(version) => identity::pypi(name, &version, &Origin::Registry).map(Some),
        None => Err(format!("`{text}` is not pinned to one version")),
    }
}

/// A package at an address: an archive whose name says what it is, or a repository.
fn address(name: Option<&str>, text: &str) -> Result<Component, String> {
    let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
    let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="));
    let egg = egg.map(|egg| egg.split(['[', ';', ' ']).next().unwrap_or(egg));
    let file = url.split('?').next().unwrap_or(url).rsplit('/').next().unwrap_or_default();
    let archive = archive(file);
    let name = name.or(egg).or(archive.map(|(name, _)| name));
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| format!("`{text}` does not say of which package"))?;
    if ["git+", "hg+", "svn+", "bzr+"].iter().any(|scheme| url.starts_with(scheme)) {
        let path = url.find("://").map_or(0, |at| at + 3);
        let slash = url[path..].find('/').map_or(url.len(), |at| path + at);
        let (repository, revision) = match url[slash..].rfind('@') {
            Some(at) => (&url[..slash + at], &url[slash + at + 1..]),
            None => (url, ""),
        };
        return identity::pypi(name, "", &Origin::repository(&format!("{repository}#{revision}")));
    }
    let version = archive.filter(|(of, _)| identity::pypi_name(of) == identity::pypi_name(name)).map(|(_, v)| v);
    identity::pypi(name, version.unwrap_or_default(), &Origin::download(url))
}

/// A path: an archive whose name says what it is; a directory is source of its own.
fn local(text: &str) -> Result<Option<Component>, String> {
    let path = text.split([' ', ';', '[']).next().unwrap_or(text);
    match archive(path.rsplit('/').next().unwrap_or(path)) {
        Some((name, version)) => identity::pypi(name, version, &Origin::Registry).map(Some),
        None => Ok(None),
    }
}

/// Name and version that the file name of a wheel or source archive states.
fn archive(file: &str) -> Option<(&str, &str)> {
    let (name, version) = if let Some(wheel) = file.strip_suffix(".whl") {
        let mut parts = wheel.split('-');
        (parts.next()?, parts.next()?)
    } else {
        let stem = [".tar.gz", ".zip", ".tar.bz2", ".tgz"].iter().find_map(|end| file.strip_suffix(end))?;
        stem.rsplit_once('-')?
    };
    let said = !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit());
    said.then_some((name, version))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    fn shown(text: &str) -> (Vec<String>, Vec<String>) {
        let parsed = parse(&Requirements, "src/requirements.txt", text).unwrap();
        let show = |c: &&Component| format!("{}@{} {}", c.name, c.version, c.ecosystem.is_some());
        (components(&parsed).iter().map(show).collect(), parsed.gaps)
    }

    #[test]
    fn pins_are_components() {
        let (found, gaps) = shown(
            "A_b.C==1.0 ; python_version < '3'\nd[x, y] === 2.0rc1 # why\ne (==3.0)\nf==4.0,!=4.1;os_name=='nt'\n\
             --index-url https://example.com/simple\n-r requirements-base.txt\n-rother-requirements.txt\n-c constraints.txt\n-e .\n./here\n",
        );
        assert_eq!(found, ["a-b-c@1.0 true", "d@2.0rc1 true", "e@3.0 true", "f@4.0 true"]);
        assert_eq!(gaps, NOTHING);
    }

    #[test]
    fn what_is_not_pinned_is_a_gap() {
        let lines = [
            "a",
            "a>=1",
            "a~=1.4.2",
            "a==1.*",
            "a==",
            "==1.0",
            "a 1.0",
            "--foo==1.0",
            "-r base.txt",
            "a[b==1",
            "-r https://example.com/requirements.txt",
            "https://example.com/x",
            "a==1.",
            "a --hash=sha256:12",
        ];
        for line in lines {
            let (found, gaps) = shown(line);
            assert_eq!((found.len(), gaps.len()), (0, 1), "{line}: {found:?} {gaps:?}");
        }
    }

    #[test]
    fn addresses_are_told_apart() {
        let (found, gaps) = shown(
            "a @ git+https://github.com/o/a.git@af885e2e890b9ef0875edd2b117305119ee5bdc5\n\
             b @ https://example.com/b-1.2-py3-none-any.whl ; python_version > '3'\n\
             c @ https://example.com/archive/main.zip\n-e git+https://github.com/o/d#egg=d[x]\n\
             https://example.com/e-2.0.tar.gz\n./vendor/f-1.0-py3-none-any.whl\n",
        );
        assert_eq!(found, ["a@ false", "b@1.2 true", "c@ false", "d@ false", "e@2.0 true", "f@1.0 true"]);
        assert_eq!(gaps, NOTHING);
    }

    #[test]
    fn a_cut_file_does_not_pass_where_that_shows() {
        let hash = "a".repeat(64);
        let sample = format!(
            "a==1.0 \\\n    --hash=sha256:{hash} \\\n    --hash=sha256:{hash}\nb==2.0 \\\n    --hash=sha256:{hash}\n"
        );
        assert_eq!(shown(&sample).1, NOTHING);
        for at in [8, 12, 30, 100, sample.find("b==").unwrap() + 6, sample.len() - 4] {
            assert!(!shown(&sample[..at]).1.is_empty(), "{}", &sample[..at]);
        }
        damage(&Requirements, "requirements.txt", &sample);
        damage(&Requirements, "requirements.txt", "a @ git+https://u@h/x@1#egg=a\n-e ./x[y]\nä==1\n-ä\n../x-1.whl\n");
    }
}
