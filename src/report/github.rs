//! Annotations for GitHub Actions, and text that cannot be taken for one.
//!
//! Its runner reads every line that a step prints, on either stream, for commands: `::error file=…::…` at a line's start, and the
//! older `##[error]…` anywhere in it. Names of packages and files are not ours, so that what is printed there is made plain first.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use super::human::Limits;
use super::words;
use crate::model::{Reason, ServiceVerdict, Verdict};
use std::borrow::Cow;

/// The most annotations of one kind that GitHub shows of a step.
const MOST: usize = 10;
/// The longest message, in characters.
const LONGEST: usize = 2_000;

/// An error that GitHub shows beside a line of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotation {
    /// The file, from the repository's root.
    pub file: Option<String>,
    /// Its line, counted from 1.
    pub line: Option<usize>,
    /// What it is about.
    pub title: String,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Annotation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("::error ")?;
        if let Some(file) = &self.file {
            write!(f, "file={},", property(file))?;
            if let Some(line) = self.line {
                write!(f, "line={line},")?;
            }
        }
        write!(f, "title={}::{}", property(&self.title), data(&self.message))
    }
}

/// What a command says, escaped as the runner reads it. The older form is looked for in every line, this one's included.
fn data(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    let escaped = cut.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A").replace("##[", "## [");
    format!("{escaped}{more}")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Why services do not pass: each reason at the line of the config that sets its limit. The first few: GitHub shows no more.
pub fn annotations(services: &[ServiceVerdict], limits: &Limits<'_>) -> Vec<Annotation> {
    let mut all = Vec::new();
    let faulty = |service: &&ServiceVerdict| matches!(service.verdict, Verdict::Fail | Verdict::Incomplete);
    for service in services.iter().filter(faulty) {
        let of = |subject: Option<&str>, reason: &Reason| {
            let place = limits(&service.name, reason);
            let place = place.as_ref().and_then(|place| place.rsplit_once(':'));
            let subject = subject.map(|subject| format!("{subject}: ")).unwrap_or_default();
            Annotation {
                file: place.map(|(file, _)| file.to_owned()),
                line: place.and_then(|(_, line)| line.parse().ok()),
                title: format!("{}: {}", service.name, service.verdict),
                message: format!("{subject}{}", words::reason(reason)),
            }
        };
        all.extend(service.reasons.iter().map(|reason| of(None, reason)));
        for subject in &service.subjects {
            let reasons = subject.reasons.iter().filter(|reason| !matches!(reason, Reason::Waivers { .. }));
            all.extend(reasons.map(|reason| of(Some(subject.name.as_str()), reason)));
        }
    }
    bounded(all)
}

/// As many as GitHub shows; the last says how many more there are.
pub fn bounded(mut all: Vec<Annotation>) -> Vec<Annotation> {
    if let Some(more) = all.len().checked_sub(MOST).filter(|more| *more > 0) {
        all.truncate(MOST - 1);
        let message = format!("and {} more: the log of this step has them all", more + 1);
        all.push(Annotation { title: "proofmark".to_owned(), message, ..Annotation::default() });
    }
    all
}

/// Text in which the runner finds no command.
pub fn plain(text: &str) -> Cow<'_, str> {
    let is_command = |line: &str| line.trim_start().starts_with("::");
    // The runner ends lines at either.
    if !text.contains("##[") && !text.split(['\n', '\r']).any(is_command) {
        return Cow::Borrowed(text);
    }
    let plain: String = text
        .split_inclusive(['\n', '\r'])
        .map(|line| if is_command(line) { line.replacen("::", ": :", 1) } else { line.to_owned() })
        .collect();
    Cow::Owned(plain.replace("##[", "## ["))
}

/// The same for a JSON document, which says the same afterwards. No line of it begins with a command.
pub fn plain_json(document: &str) -> Cow<'_, str> {
    if document.contains("##[") { Cow::Owned(document.replace("##[", "#\\u0023[")) } else { Cow::Borrowed(document) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_not_ours_ends_a_command_or_begins_one() {
        let annotation = Annotation {
            file: Some("a,line=9::b.toml".to_owned()),
            line: Some(41),
            title: "x,title=y::z".to_owned(),
            message: "pkg:npm/a%0A::add-mask::x\n::stop-commands::t\r##[error]##[set-env name=PATH;]x".to_owned(),
        };
        insta::assert_snapshot!(
            annotation.to_string(),
            @"::error file=a%2Cline=9%3A%3Ab.toml,line=41,title=x%2Ctitle=y%3A%3Az::pkg:npm/a%250A::add-mask::x%0A::stop-commands::t%0D## [error]## [set-env name=PATH;]x"
        );
        let nowhere = Annotation { title: "t".to_owned(), message: "m".repeat(5_000), ..Annotation::default() };
        assert!(nowhere.to_string().starts_with("::error title=t::mmm") && nowhere.to_string().len() < 2_100);
    }

    #[test]
    fn text_stays_text() {
        let own = "SERVICE  VERDICT\n  pkg:npm/a::b 1::2\n";
        assert!(matches!(plain(own), Cow::Borrowed(text) if text == own));
        let evil = "a\n::error::x\n \t::add-mask::y\rb\r::debug::z\n\u{a0}::w\n##[error]##[[x\n###[y";
        insta::assert_debug_snapshot!(plain(evil), @r#""a\n: :error::x\n \t: :add-mask::y\rb\r: :debug::z\n\u{a0}: :w\n## [error]## [[x\n### [y""#);
        let json = serde_json::json!({"name": "##[error]x"}).to_string();
        let made = plain_json(&json);
        assert!(!made.contains("##["));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&made).unwrap()["name"], "##[error]x");
    }

    #[test]
    fn no_more_than_are_shown() {
        let many = vec![Annotation::default(); 12];
        let shown = bounded(many);
        assert_eq!(shown.len(), MOST);
        assert_eq!(shown[9].message, "and 3 more: the log of this step has them all");
        assert_eq!(bounded(vec![Annotation::default(); 10]).len(), 10);
    }
}
