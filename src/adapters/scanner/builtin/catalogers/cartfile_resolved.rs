//! `Cartfile.resolved`: every dependency that Carthage resolved, a line each: its kind, its place, and the tag or commit.
//! Format: <https://github.com/Carthage/Carthage/blob/master/Documentation/Artifacts.md#cartfileresolved>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use crate::model::Component;

/// Reads Carthage's lockfile.
pub(super) struct CartfileResolved;

impl Cataloger for CartfileResolved {
    fn name(&self) -> &'static str {
        "cartfile-resolved"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "Cartfile.resolved"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut all = Collector::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            all.add_or_gap(component(line).map_err(|reason| format!("line {}: {reason}", index + 1)));
        }
        if !text.is_empty() && !text.ends_with('\n') {
            all.gap("its last line has no end: cut off");
        }
        Ok(all.finish())
    }
}

fn component(line: &str) -> Result<Component, String> {
    let parts: Vec<&str> = line.split('"').map(str::trim).collect();
    let [kind, place, "", version, end] = parts.as_slice() else {
        return Err(format!("`{line}` is no dependency"));
    };
    if version.is_empty() || !(end.is_empty() || end.starts_with('#')) {
        return Err(format!("`{line}` is no dependency"));
    }
    // GitHub's are named by owner and repository; one of a server of one's own by its whole address.
    let address = match *kind {
        "github" if !place.contains("://") => format!("https://github.com/{place}"),
        "github" | "git" => (*place).to_owned(),
        "binary" => {
            let stem = place.rsplit('/').next().unwrap_or(place);
            let name = stem.strip_suffix(".json").unwrap_or(stem);
            let origin = Origin::download(place);
            return identity::component("generic", None, name, name, version, &origin);
        }
        _ => return Err(format!("`{kind}` is no kind that is known")),
    };
    let plain = identity::without_credentials(&address);
    let path = plain.split_once("://").map_or_else(
        // `git@host:owner/name.git`
        || plain.split_once('@').map_or(plain.clone(), |(_, rest)| rest.replacen(':', "/", 1)),
        |(_, rest)| rest.trim_start_matches("git@").to_owned(),
    );
    let name = path.trim_end_matches('/').trim_end_matches(".git");
    let (namespace, last) = name.rsplit_once('/').ok_or_else(|| format!("`{name}` is no address of a package"))?;
    // Swift's packages go by the same addresses, their versions without the `v` of a tag.
    let tag = version.strip_prefix('v').unwrap_or(version);
    if tag.starts_with(|c: char| c.is_ascii_digit()) && tag.contains('.') {
        return identity::component("swift", Some(namespace), last, name, tag, &Origin::Registry);
    }
    identity::component("swift", Some(namespace), last, name, "", &Origin::repository(&format!("{address}#{version}")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse};
    use super::*;

    const SAMPLE: &str = "# a comment\nbinary \"https://dl.example/Kit.json\" \"1.2\"\n\
        git \"https://git.example/g/own.git\" \"af885e2e890b9ef0875edd2b117305119ee5bdc5\"\n\
        github \"Quick/Nimble\" \"v9.2.1\"\ngithub \"https://ghe.example/o/r\" \"5.0.0\"\n";

    #[test]
    fn reads_lines() {
        let parsed = parse(&CartfileResolved, "Cartfile.resolved", SAMPLE).unwrap();
        let shown: Vec<&str> = components(&parsed).iter().map(|c| c.purl.as_str()).collect();
        let expected = [
            "pkg:generic/Kit@1.2?download_url=https:%2F%2Fdl.example%2FKit.json",
            "pkg:swift/ghe.example/o/r@5.0.0",
            "pkg:swift/git.example/g/own?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fg%2Fown.git%40af885e2e890b9ef0875edd2b117305119ee5bdc5",
            "pkg:swift/github.com/Quick/Nimble@9.2.1",
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps, NOTHING);
        assert_eq!(components(&parse(&CartfileResolved, "Cartfile.resolved", "").unwrap()).len(), 0);
    }

    #[test]
    fn what_is_cut_or_odd_is_told() {
        for text in [
            "github \"a/b\" \"1.0",
            "github \"a/b\" \"1.0\"",
            "<<<<<<< HEAD\n",
            "svn \"a/b\" \"1\"\n",
            "github \"b\"\n",
        ] {
            assert!(!parse(&CartfileResolved, "Cartfile.resolved", text).unwrap().gaps.is_empty(), "{text}");
        }
        damage(&CartfileResolved, "Cartfile.resolved", SAMPLE);
    }
}
