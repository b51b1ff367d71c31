//! `cabal.project.freeze`: every package of Haskell that cabal chose.
//! Format: <https://cabal.readthedocs.io/en/stable/cabal-commands.html#cabal-freeze>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};

/// Reads the lockfile of cabal.
pub(super) struct CabalFreeze;

impl Cataloger for CabalFreeze {
    fn name(&self) -> &'static str {
        "cabal-freeze"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "cabal.project.freeze"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut all = Collector::default();
        let constraints = constraints(&text)?;
        if constraints.trim_end().ends_with(',') {
            all.gap("its list ends with a comma: cut off");
        }
        for constraint in constraints.split(',').map(str::trim).filter(|constraint| !constraint.is_empty()) {
            match pinned(constraint) {
                Some(Pin::Version(name, version)) => {
                    all.add_or_gap(identity::component("hackage", None, name, name, version, &Origin::Registry));
                }
                Some(Pin::Nothing) => {}
                None => all.gap(format!("`{constraint}` pins no version")),
            }
        }
        Ok(all.finish())
    }
}

/// What follows `constraints:`, up to the next field.
fn constraints(text: &str) -> Result<String, ParseError> {
    let (mut found, mut inside) = (None::<String>, false);
    for line in text.lines().filter(|line| !line.trim_start().starts_with("--")) {
        let field = line.split_once(':').filter(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        let rest = match field {
            Some((name, rest)) => {
                inside = name.eq_ignore_ascii_case("constraints");
                rest
            }
            None => line,
        };
        if inside {
            let all = found.get_or_insert_default();
            all.push(' ');
            all.push_str(rest);
        }
    }
    found.ok_or_else(|| ParseError("not a cabal.project.freeze: no `constraints`".into()))
}

enum Pin<'a> {
    Version(&'a str, &'a str),
    /// Flags, or a package of the compiler's own database whose version another constraint names.
    Nothing,
}

/// `any.NAME ==VERSION`, `NAME +flag -flag`, `NAME installed`.
fn pinned(constraint: &str) -> Option<Pin<'_>> {
    let (package, rest) = constraint.split_once(char::is_whitespace)?;
    let name = package.rsplit_once(['.', ':']).map_or(package, |(_, name)| name);
    let rest = rest.trim();
    if let Some(version) = rest.strip_prefix("==").map(str::trim) {
        let is_plain =
            version.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        return is_plain.then_some(Pin::Version(name, version));
    }
    let is_flag = |word: &str| word.len() > 1 && word.starts_with(['+', '-']);
    (rest == "installed" || rest.split_whitespace().all(is_flag)).then_some(Pin::Nothing)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = "active-repositories: hackage.haskell.org:merge\n-- a comment\nconstraints: any.aeson ==2.1.2.1,\n             aeson -cffi +ordered-keymap,\n\
        any.base ==4.17.2.1,\n             setup.Cabal ==3.8.1.0,\n             any.text >=2.0,\n             rts installed\nindex-state: hackage.haskell.org 2024-01-01T00:00:00Z\n";

    #[test]
    fn pins_are_read_and_what_is_none_is_told() {
        let parsed = parse(&CabalFreeze, "cabal.project.freeze", SAMPLE).unwrap();
        let shown: Vec<String> = components(&parsed).iter().map(|c| c.purl.to_string()).collect();
        assert_eq!(shown, ["pkg:hackage/Cabal@3.8.1.0", "pkg:hackage/aeson@2.1.2.1", "pkg:hackage/base@4.17.2.1"]);
        assert_eq!(parsed.gaps, ["`any.text >=2.0` pins no version"]);
        let cut = parse(&CabalFreeze, "cabal.project.freeze", "constraints: any.a ==1,\n").unwrap();
        assert_eq!((components(&cut).len(), cut.gaps.len()), (1, 1));
        for text in ["", "index-state: x\n"] {
            assert!(parse(&CabalFreeze, "cabal.project.freeze", text).is_err(), "{text}");
        }
        damage(&CabalFreeze, "cabal.project.freeze", SAMPLE);
    }
}
