//! `paket.lock`: every package that Paket resolved for projects of .NET, in groups and by source.
//!
//! Below a source's name and its `remote:`, packages stand indented by four, what they need by six. Nothing closes the file, so
//! that what a package needs must be there by name within its group.
//! Format: <https://fsprojects.github.io/Paket/lock-file.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::nuget_lock;
use crate::model::{Component, Purl};
use std::collections::BTreeMap;

/// Reads Paket's lockfile.
pub(super) struct PaketLock;

/// Settings of a group, and of a source.
const SETTINGS: [&str; 10] = [
    "REDIRECTS:",
    "RESTRICTION:",
    "CONTENT:",
    "STORAGE:",
    "FRAMEWORK:",
    "STRATEGY:",
    "LOWEST_MATCHING:",
    "COPY-LOCAL:",
    "IMPORT-TARGETS:",
    "LICENSEDOWNLOAD:",
];

impl Cataloger for PaketLock {
    fn name(&self) -> &'static str {
        "paket-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "paket.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut all = Collector::default();
        let (mut source, mut remote, mut group) = (Source::None, "", "");
        let mut known: Vec<(&str, Component, Vec<&str>)> = Vec::new();
        let mut any = false;
        for (index, line) in text.lines().enumerate() {
            let content = line.trim();
            if content.is_empty() {
                continue;
            }
            any = true;
            let odd = || format!("line {}: `{content}` is not understood", index + 1);
            match line.len() - line.trim_start().len() {
                0 => match content.split_once(' ').unwrap_or((content, "")) {
                    ("GROUP", name) => (group, source, remote) = (name, Source::None, ""),
                    ("NUGET", "") => source = Source::Nuget,
                    ("GITHUB", "") => source = Source::Github,
                    ("GIST" | "HTTP" | "GIT", "") => source = Source::Other,
                    _ if SETTINGS.iter().any(|setting| content.starts_with(setting)) => {}
                    _ => all.gap(odd()),
                },
                2 if content.starts_with("remote:") => remote = content["remote:".len()..].trim(),
                2 if SETTINGS.iter().any(|setting| content.starts_with(setting)) || content.starts_with("specs:") => {}
                4 => match entry(content).ok_or_else(odd).and_then(|it| source.component(it, remote)) {
                    Ok(component) => known.push((group, component, Vec::new())),
                    Err(reason) => all.gap(reason),
                },
                6 if source == Source::Nuget => {
                    let name = content.split([' ', '(']).next().unwrap_or_default();
                    known.last_mut().into_iter().for_each(|(.., needs)| needs.push(name));
                }
                6 => {}
                _ => all.gap(odd()),
            }
        }
        if !any {
            return Err(ParseError("not a paket.lock: it is empty".into()));
        }
        let purls: BTreeMap<(&str, String), Purl> = known
            .iter()
            .map(|(group, component, _)| ((*group, component.name.to_lowercase()), component.purl.clone()))
            .collect();
        for (group, mut component, needs) in known {
            for need in needs {
                match purls.get(&(group, need.to_lowercase())) {
                    Some(purl) => component.depends_on.extend(all.link(purl)),
                    None => all.gap(format!("{} needs `{need}`, which is not in the file", component.name)),
                }
            }
            all.add(component);
        }
        Ok(all.finish())
    }
}

/// Where packages come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    None,
    Nuget,
    Github,
    Other,
}

impl Source {
    fn component(self, (name, version): (&str, &str), remote: &str) -> Result<Component, String> {
        match self {
            Self::Nuget => nuget_lock::component(name, version),
            // A file of a repository, or all of it, at a commit.
            Self::Github => {
                let (owner, repository) = remote.split_once('/').ok_or("a repository without a name")?;
                let origin = Origin::repository(&format!("https://github.com/{remote}#{version}"));
                identity::component("github", Some(owner), repository, remote, version, &origin)
            }
            Self::Other => Err(format!("{name}: it comes from an address, which is not read")),
            Self::None => Err(format!("{name}: an entry before its source")),
        }
    }
}

/// Name and version of `Name (1.2.3) - restriction: …`.
fn entry(content: &str) -> Option<(&str, &str)> {
    let (name, rest) = content.split_once(" (")?;
    let (version, rest) = rest.split_once(')')?;
    let whole = rest.is_empty() || rest.starts_with(" -") || rest.starts_with(' ');
    (whole && !version.is_empty()).then_some((name, version.trim_start_matches("= ")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = "STORAGE: NONE\nRESTRICTION: == net8.0\nNUGET\n  remote: https://api.example/v3/index.json\n    \
        NUnit (2.6.4)\n      nunit.console (>= 3.0) - restriction: >= net45\n    NUnit.Console (3.0.1) - restriction: >= net45\n\n\
        GITHUB\n  remote: o/r\n    src/File.fs (af885e2e890b9ef0875edd2b117305119ee5bdc5)\n      FSharp.Core (>= 1)\n\
        GROUP Build\nNUGET\n  remote: https://api.example/v3/index.json\n    FAKE (5.20.4)\n";

    #[test]
    fn reads_groups() {
        let parsed = parse(&PaketLock, "paket.lock", SAMPLE).unwrap();
        assert_eq!(parsed.gaps, NOTHING);
        let one = |c: &&Component| format!("{}@{} {} {}", c.name, c.version, c.depends_on.len(), c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(one).collect();
        let expected = [
            "o/r@af885e2e890b9ef0875edd2b117305119ee5bdc5 0 false",
            "FAKE@5.20.4 0 true",
            "NUnit.Console@3.0.1 0 true",
            "NUnit@2.6.4 1 true",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_cut_or_odd_is_told() {
        for cut in ["    NUnit.Console (3", "4)\n      nunit", "0.1) - r"] {
            let cut = parse(&PaketLock, "paket.lock", &SAMPLE[..SAMPLE.find(cut).unwrap()]).unwrap();
            assert!(!cut.gaps.is_empty());
        }
        for odd in
            ["<<<<<<< HEAD\n", "HTTP\n  remote: https://x.example\n    a.fs (1)\n", "    A (1)\n", "NUGET\n    A\n"]
        {
            assert!(!parse(&PaketLock, "paket.lock", odd).unwrap().gaps.is_empty(), "{odd}");
        }
        assert!(parse(&PaketLock, "paket.lock", "\n").is_err());
        damage(&PaketLock, "paket.lock", SAMPLE);
    }
}
