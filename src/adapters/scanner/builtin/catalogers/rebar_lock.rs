//! `rebar.lock`: every package that Erlang's rebar3 resolved, as terms of Erlang.
//!
//! The first term is a list of `{<<"app">>,{pkg,<<"name">>,<<"version">>},level}`, alone or in a tuple behind the format's
//! version; what follows it are checksums. Each term ends with a full stop, so that a file that was cut has an end missing.
//! Format: what rebar3 writes (<https://rebar3.org/docs/configuration/dependencies/#lock-files>).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use crate::model::Component;

/// Reads rebar3's lockfile.
pub(super) struct RebarLock;

/// How deep terms may lie in each other.
const DEPTH: usize = 32;

impl Cataloger for RebarLock {
    fn name(&self) -> &'static str {
        "rebar-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "rebar.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let terms = terms(&text)?;
        let list = match terms.first() {
            Some(Term::List(list)) => list,
            Some(Term::Tuple(parts)) => match parts.as_slice() {
                [Term::Text(_), Term::List(list)] => list,
                _ => return Err(ParseError("not a rebar.lock: its first term is no list of packages".into())),
            },
            _ => return Err(ParseError("not a rebar.lock: its first term is no list of packages".into())),
        };
        let mut all = Collector::default();
        for entry in list {
            all.add_or_gap(component(entry));
        }
        // Those of Hex have their checksums in a second term.
        let from_hex = |entry: &Term| matches!(source(entry), Some((_, "pkg", _)));
        if matches!(terms.first(), Some(Term::Tuple(_))) && list.iter().any(from_hex) && terms.len() < 2 {
            all.gap("it has no checksums: cut off");
        }
        Ok(all.finish())
    }
}

/// The application of an entry, the kind of its source, and what that says.
fn source(entry: &Term) -> Option<(&str, &str, &[Term])> {
    let Term::Tuple(parts) = entry else { return None };
    let [Term::Text(app), Term::Tuple(source), ..] = parts.as_slice() else { return None };
    let [Term::Atom(kind), rest @ ..] = source.as_slice() else { return None };
    Some((app, kind, rest))
}

fn component(entry: &Term) -> Result<Component, String> {
    let odd = || "an entry that is no package".to_owned();
    match source(entry).ok_or_else(odd)? {
        (_, "pkg", [Term::Text(name), Term::Text(version), ..]) if !version.is_empty() => {
            identity::component("hex", None, name, name, version, &Origin::Registry)
        }
        (app, "git" | "git_subdir" | "hg", [Term::Text(address), rest @ ..]) => {
            let commit = match rest.first() {
                Some(Term::Tuple(parts)) => parts.last().and_then(Term::text).unwrap_or_default(),
                Some(Term::Text(text)) => text,
                _ => "",
            };
            identity::component("hex", None, app, app, "", &Origin::repository(&format!("{address}#{commit}")))
        }
        (app, kind, _) => Err(format!("{app}: `{kind}` is no source that is known")),
    }
}

/// A term of Erlang. Strings and binaries are both text.
#[derive(Debug, PartialEq, Eq)]
enum Term {
    Text(String),
    Atom(String),
    Tuple(Vec<Term>),
    List(Vec<Term>),
}

impl Term {
    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// The terms of a file, each with its full stop.
fn terms(text: &str) -> Result<Vec<Term>, ParseError> {
    let mut reader = Reader { text, at: 0 };
    let mut terms = Vec::new();
    while !reader.rest().is_empty() {
        let term = reader.term(0).ok_or_else(|| reader.error())?;
        if !reader.takes(".") {
            return Err(reader.error());
        }
        terms.push(term);
    }
    Ok(terms)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// What is left, blanks and comments skipped.
    fn rest(&mut self) -> &'a str {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.at = self.text.len() - rest.trim_start().len();
            let rest = &self.text[self.at..];
            if !rest.starts_with('%') {
                return rest;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn takes(&mut self, mark: &str) -> bool {
        let found = self.rest().starts_with(mark);
        self.at += if found { mark.len() } else { 0 };
        found
    }

    fn error(&self) -> ParseError {
        let line = self.text.get(..self.at).map_or(1, |before| before.matches('\n').count() + 1);
        ParseError(format!("line {line}: no term of Erlang, or one without its end"))
    }

    fn term(&mut self, depth: usize) -> Option<Term> {
        if depth > DEPTH {
            return None;
        }
        if self.takes("<<") {
            if self.takes(">>") {
                return Some(Term::Text(String::new()));
            }
            let text = self.quoted('"')?;
            self.takes("/utf8");
            return self.takes(">>").then_some(Term::Text(text));
        }
        match self.rest().chars().next()? {
            '"' => self.quoted('"').map(Term::Text),
            '\'' => self.quoted('\'').map(Term::Atom),
            '{' => self.several(depth, "{", "}").map(Term::Tuple),
            '[' => self.several(depth, "[", "]").map(Term::List),
            c if c.is_ascii_alphanumeric() => {
                let rest = self.rest();
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '@').unwrap_or(rest.len());
                self.at += end;
                Some(Term::Atom(rest[..end].to_owned()))
            }
            _ => None,
        }
    }

    fn several(&mut self, depth: usize, open: &str, close: &str) -> Option<Vec<Term>> {
        self.takes(open);
        let mut terms = Vec::new();
        if self.takes(close) {
            return Some(terms);
        }
        loop {
            terms.push(self.term(depth + 1)?);
            if self.takes(close) {
                return Some(terms);
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        let rest = self.rest().strip_prefix(quote)?;
        let mut text = String::new();
        let mut chars = rest.char_indices();
        loop {
            match chars.next()? {
                (at, c) if c == quote => {
                    self.at += at + 2 * quote.len_utf8();
                    return Some(text);
                }
                (_, '\\') => text.push(chars.next()?.1),
                (_, c) => text.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = "{\"1.2.0\",\n[{<<\"certifi\">>,{pkg,<<\"certifi_pkg\">>,<<\"2.9.0\">>},1},\n \
        {<<\"bcrypt\">>,\n  {git,\"git://example.com/e/bcrypt.git\",\n       {ref,\"af885e2e890b9ef0875edd2b117305119ee5bdc5\"}},\n  0},\n \
        {<<\"sub\">>,{git_subdir,\"https://example.com/s.git\",{ref,\"af885e2e890b9ef0875edd2b117305119ee5bdc5\"},\"a/b\"},0}]}.\n\
        [\n{pkg_hash,[\n {<<\"certifi\">>, <<\"6F2A\">>}]}\n].\n";

    #[test]
    fn reads_entries() {
        let shown = |text: &str| {
            let parsed = parse(&RebarLock, "rebar.lock", text).unwrap();
            assert_eq!(parsed.gaps, NOTHING);
            let one = |c: &&Component| format!("{}@{} {}", c.name, c.version, c.ecosystem.is_some());
            components(&parsed).iter().map(one).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(shown(SAMPLE), "bcrypt@ false, certifi_pkg@2.9.0 true, sub@ false");
        assert_eq!(shown("% old\n[{<<\"a\">>,{pkg,<<\"a\">>,<<\"1\">>},0}].\n"), "a@1 true");
        assert_eq!((shown("[]."), shown("{\"1.2.0\",[]}.\n")), (String::new(), String::new()));
        let parsed = parse(&RebarLock, "rebar.lock", SAMPLE).unwrap();
        assert!(components(&parsed)[0].purl.as_str().contains("vcs_url=git:"), "{}", components(&parsed)[0].purl);
    }

    #[test]
    fn what_is_cut_or_odd_does_not_pass() {
        for at in 0..SAMPLE.len() - 1 {
            let cut = parse(&RebarLock, "rebar.lock", &SAMPLE[..at]);
            assert!(cut.map_or(true, |parsed| !parsed.gaps.is_empty()), "{at}");
        }
        let odd = "[{<<\"a\">>,{svn,<<\"b\">>},0}, {<<\"c\">>,{pkg,<<\"c\">>},0}, d].";
        assert_eq!(parse(&RebarLock, "rebar.lock", odd).unwrap().gaps.len(), 3);
        for text in ["", "{}.", "a.", &"[".repeat(100_000), "<<<<<<< HEAD\n[]."] {
            assert!(parse(&RebarLock, "rebar.lock", text).is_err());
        }
        damage(&RebarLock, "rebar.lock", SAMPLE);
    }
}
