//! `Gemfile.lock` and `gems.locked`: every gem that Bundler resolved for a Ruby project.
//!
//! The sections of gems come first and that of the project's own wishes behind them, so that a file without it was cut off;
//! a gem that another needs must be there. Format: what Bundler writes
//! (<https://github.com/rubygems/rubygems/blob/master/bundler/lib/bundler/lockfile_generator.rb>).

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use crate::model::{Component, Purl};
use std::collections::BTreeMap;

/// Reads Bundler's lockfile.
pub(super) struct GemfileLock;

/// Sections that hold no gems.
const OTHER_SECTIONS: [&str; 5] = ["PLATFORMS", "DEPENDENCIES", "CHECKSUMS", "RUBY VERSION", "BUNDLED WITH"];

impl Cataloger for GemfileLock {
    fn name(&self) -> &'static str {
        "gemfile-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        matches!(file.file_name(), "Gemfile.lock" | "gems.locked")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut all = Collector::default();
        let gems = read(&text, &mut all)?;
        let mut known: Vec<(&Gem<'_>, Component)> = Vec::new();
        for gem in &gems {
            match component(gem.name, gem.version, &gem.origin) {
                Ok(component) => known.push((gem, component)),
                Err(reason) => all.gap(reason),
            }
        }
        // A gem that is built for several platforms has several entries, all with the same needs.
        let mut purls: BTreeMap<&str, Vec<Purl>> = BTreeMap::new();
        for (gem, component) in &known {
            purls.entry(gem.name).or_default().push(component.purl.clone());
        }
        for (gem, mut component) in known {
            for need in &gem.needs {
                match purls.get(need) {
                    Some(found) => component.depends_on.extend(found.first().and_then(|purl| all.link(purl))),
                    // Bundler itself is what installs the others.
                    None if *need == "bundler" => {}
                    None => all.gap(format!("{} needs `{need}`, which is not in the file", gem.name)),
                }
            }
            all.add(component);
        }
        Ok(all.finish())
    }
}

/// An entry of a `specs:` list.
struct Gem<'a> {
    name: &'a str,
    version: &'a str,
    origin: Origin,
    needs: Vec<&'a str>,
}

/// The section of gems that is being read.
#[derive(Default)]
struct Section<'a> {
    kind: &'a str,
    remote: &'a str,
    revision: &'a str,
}

impl Section<'_> {
    fn origin(&self) -> Origin {
        match self.kind {
            "GEM" => Origin::Registry,
            "GIT" => Origin::repository(&format!("{}#{}", self.remote, self.revision)),
            _ => Origin::Local,
        }
    }
}

fn read<'a>(text: &'a str, all: &mut Collector) -> Result<Vec<Gem<'a>>, ParseError> {
    let mut gems: Vec<Gem<'a>> = Vec::new();
    let mut section = Section::default();
    let (mut any, mut wishes) = (false, false);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let inner = line.trim();
        match depth {
            0 if matches!(inner, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {
                section = Section { kind: inner, ..Section::default() };
                any = true;
            }
            0 if OTHER_SECTIONS.contains(&inner) => {
                section = Section::default();
                (any, wishes) = (true, wishes || inner == "DEPENDENCIES");
            }
            0 => all.gap(format!("line {}: `{inner}` is no section of a lockfile", index + 1)),
            _ if section.kind.is_empty() => {}
            2 => match inner.split_once(':') {
                Some(("remote", remote)) => section.remote = remote.trim(),
                Some(("revision", revision)) => section.revision = revision.trim(),
                _ => {}
            },
            4 => match inner.split_once(" (").and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?))) {
                Some((name, version)) => {
                    gems.push(Gem { name, version, origin: section.origin(), needs: Vec::new() });
                }
                None => all.gap(format!("line {}: `{inner}` has no version", index + 1)),
            },
            6 => {
                let name = inner.split_once(" (").map_or(inner, |(name, _)| name).trim_end_matches('!');
                gems.last_mut().into_iter().for_each(|gem| gem.needs.push(name));
            }
            _ => all.gap(format!("line {}: `{inner}` is indented as nothing is", index + 1)),
        }
    }
    match (any, wishes) {
        (false, _) => return Err(ParseError("not a lockfile of Bundler: it has no sections".into())),
        (true, false) => all.gap("it has no `DEPENDENCIES`: cut off"),
        (true, true) => {}
    }
    Ok(gems)
}

/// A gem; what follows a hyphen in its version is the platform it is built for.
///
/// # Errors
/// A name or version that no gem can have.
pub(super) fn component(name: &str, version: &str, origin: &Origin) -> Result<Component, String> {
    let (number, platform) = version.split_once('-').unwrap_or((version, ""));
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("{name}: `{version}` is not a version"));
    }
    identity::qualified("gem", (None, name), name, number, origin, &[("platform", platform)])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = "PATH
  remote: engines/own
  specs:
    own (0.1.0)
      rake

GIT
  remote: https://user:s3cret@example.com/a/b.git
  revision: af885e2e890b9ef0875edd2b117305119ee5bdc5
  specs:
    b (2.0)

GEM
  remote: https://rubygems.org/
  specs:
    nokogiri (1.13.3-x86_64-linux)
      racc (~> 1.4)
    racc (1.6.0)
      bundler (>= 1)
    rake (13.0.6)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  own!
  nokogiri

BUNDLED WITH
   2.2.28
";

    #[test]
    fn sections_tell_where_gems_come_from() {
        let parsed = parse(&GemfileLock, "Gemfile.lock", SAMPLE).unwrap();
        let show = |c: &&Component| format!("{} {} {}", c.purl, c.ecosystem.is_some(), c.depends_on.len());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let git = "git%2Bhttps:%2F%2Fexample.com%2Fa%2Fb.git%40af885e2e890b9ef0875edd2b117305119ee5bdc5";
        let expected = [
            format!("pkg:gem/b@2.0?vcs_url={git} false 0"),
            "pkg:gem/nokogiri@1.13.3?platform=x86_64-linux true 1".into(),
            "pkg:gem/own@0.1.0 false 1".into(),
            "pkg:gem/racc@1.6.0 true 0".into(),
            "pkg:gem/rake@13.0.6 true 0".into(),
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps, NOTHING);
    }

    #[test]
    fn what_is_cut_off_is_missed() {
        let cut = parse(&GemfileLock, "Gemfile.lock", &SAMPLE[..SAMPLE.find("    racc").unwrap()]).unwrap();
        assert_eq!(cut.gaps.len(), 2, "{:?}", cut.gaps);
        assert!(parse(&GemfileLock, "Gemfile.lock", "").is_err());
        let conflict = format!("{SAMPLE}<<<<<<< HEAD\n");
        assert_eq!(parse(&GemfileLock, "gems.locked", &conflict).unwrap().gaps.len(), 1);
        damage(&GemfileLock, "Gemfile.lock", SAMPLE);
    }
}
