//! `mix.lock`: every package that Elixir's Mix resolved, as a map of tuples in Elixir's own notation.
//! Format: what Mix and Hex write (<https://hexdocs.pm/mix/Mix.Tasks.Deps.html>).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};

/// Reads Mix's lockfile.
pub(super) struct MixLock;

impl Cataloger for MixLock {
    fn name(&self) -> &'static str {
        "mix-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "mix.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let text = text.trim();
        let body = text.strip_prefix("%{").ok_or_else(|| ParseError("not a mix.lock: it is no map".into()))?;
        let body = body.strip_suffix('}').ok_or_else(|| ParseError("the map has no end: cut off".into()))?;
        let mut all = Collector::default();
        // Mix writes an entry a line.
        for line in body.lines().map(|line| line.trim().trim_end_matches(',')).filter(|line| !line.is_empty()) {
            match entry(line) {
                Some((_, Tuple::Hex { name, version })) => {
                    all.add_or_gap(identity::component("hex", None, name, name, version, &Origin::Registry));
                }
                Some((name, Tuple::Git { address, commit })) => {
                    let origin = Origin::repository(&format!("{address}#{commit}"));
                    all.add_or_gap(identity::component("hex", None, name, name, "", &origin));
                }
                None => all.gap(format!("`{line}` is no entry of a lockfile")),
            }
        }
        Ok(all.finish())
    }
}

enum Tuple<'a> {
    Hex { name: &'a str, version: &'a str },
    Git { address: &'a str, commit: &'a str },
}

/// `"plug": {:hex, :plug, "1.11.1", …}` or `"b": {:git, "https://…", "commit", […]}`.
fn entry(line: &str) -> Option<(&str, Tuple<'_>)> {
    let (key, rest) = line.strip_prefix('"')?.split_once("\":")?;
    let rest = rest.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut parts = rest.splitn(4, ',').map(str::trim);
    let (kind, first, second) = (parts.next()?, parts.next()?, parts.next()?);
    let second = unquoted(second)?;
    match kind {
        ":hex" => {
            let name = first.strip_prefix(':')?;
            let name = name.trim_matches('"');
            Some((key, Tuple::Hex { name, version: second }))
        }
        ":git" => Some((key, Tuple::Git { address: unquoted(first)?, commit: second })),
        _ => None,
    }
}

fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = "%{\n  \"plug\": {:hex, :plug, \"1.11.1\", \"f2992b\", [:mix], [{:mime, \"~> 1.0\", [hex: :mime]}], \"hexpm\", \"2352\"},\n\
        \x20 \"other\": {:git, \"https://x.example/o.git\", \"af885e2e890b9ef0875edd2b117305119ee5bdc5\", [branch: \"main\"]},\n  \"odd\": 1,\n}\n";

    #[test]
    fn tuples_are_read() {
        let parsed = parse(&MixLock, "mix.lock", SAMPLE).unwrap();
        let show = |c: &&crate::model::Component| format!("{} {}", c.purl, c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let git = "git%2Bhttps:%2F%2Fx.example%2Fo.git%40af885e2e890b9ef0875edd2b117305119ee5bdc5";
        assert_eq!(shown, [format!("pkg:hex/other?vcs_url={git} false"), "pkg:hex/plug@1.11.1 true".to_owned()]);
        assert_eq!(parsed.gaps.len(), 1);
        // Parts that are empty, or a quotation mark alone.
        for entry in ["{:hex, :plug, }", "{:hex, :plug, \"}", "{:git, , \"1\"}"] {
            let parsed = parse(&MixLock, "mix.lock", &format!("%{{\n  \"plug\": {entry},\n}}\n")).unwrap();
            assert!(components(&parsed).is_empty() && parsed.gaps.len() == 1, "{entry}");
        }
        for text in ["", "{}", &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&MixLock, "mix.lock", text).is_err(), "{text}");
        }
        damage(&MixLock, "mix.lock", SAMPLE);
    }
}
