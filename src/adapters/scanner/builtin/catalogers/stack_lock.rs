//! `stack.yaml.lock`: the packages of Haskell that a project takes beside those of its snapshot. Which of the snapshot's it takes does
//! not stand here, so that a lockfile with a snapshot is never whole.
//! Format: <https://docs.haskellstack.org/en/stable/topics/lock_files/>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::yaml::{self, Scalar};
use crate::model::Component;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Reads the lockfile of Stack.
pub(super) struct StackLock;

impl Cataloger for StackLock {
    fn name(&self) -> &'static str {
        "stack-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "stack.yaml.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let mut documents: Vec<Lock> = yaml::documents(&file.content.text()?)?;
        let Some(lock) = documents.pop().filter(|_| documents.is_empty()) else {
            return Err(ParseError("not a stack.yaml.lock: not one document".into()));
        };
        let mut all = Collector::default();
        for package in &lock.packages {
            all.add_or_gap(component(&package.completed));
        }
        if !lock.snapshots.is_empty() {
            all.gap("which packages of the snapshot are used does not stand in it: scan what is built, or freeze with cabal");
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
struct Lock {
    packages: Vec<Package>,
    snapshots: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Package {
    completed: Completed,
}

#[derive(Deserialize)]
struct Completed {
    hackage: Option<Scalar>,
    name: Option<Scalar>,
    version: Option<Scalar>,
    git: Option<Scalar>,
    commit: Option<Scalar>,
    url: Option<Scalar>,
}

fn component(package: &Completed) -> Result<Component, String> {
    let text = |scalar: &Option<Scalar>| scalar.as_ref().map(|scalar| scalar.as_str().to_owned()).unwrap_or_default();
    if let Some(hackage) = &package.hackage {
        let plain = hackage.as_str().split('@').next().unwrap_or_default();
        let (name, version) = plain.rsplit_once('-').ok_or_else(|| format!("`{}` has no version", hackage.as_str()))?;
        return identity::component("hackage", None, name, name, version, &Origin::Registry);
    }
    let (name, version) = (text(&package.name), text(&package.version));
    let origin = match (&package.git, &package.url) {
        (Some(git), _) => {
            let commit = Some(text(&package.commit)).filter(|commit| identity::is_commit(commit));
            Origin::Repository(identity::without_credentials(git.as_str()), commit)
        }
        (None, Some(url)) => Origin::download(url.as_str()),
        (None, None) => return Err(format!("{name}: neither of Hackage, nor of a repository or an archive")),
    };
    identity::component("hackage", None, &name, &name, &version, &origin)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = "packages:\n- completed:\n    hackage: hasql-pool-1.0.1@sha256:3cfb,2302\n    pantry-tree:\n      sha256: 58\n      size: 799\n  original:\n    hackage: hasql-pool-1.0.1\n\
        - completed:\n    name: own\n    version: 0.1\n    git: https://git.example/own.git\n    commit: 1763e0dcb72fb58d97bab97bb834fc71f1e012bc\n  original:\n    git: x\n    commit: y\n\
        snapshots:\n- completed:\n    sha256: 1e\n    size: 720263\n    url: https://stackage.example/lts/21.yaml\n  original: lts-21.0\n";

    #[test]
    fn packages_are_read_and_the_snapshot_is_told() {
        let parsed = parse(&StackLock, "stack.yaml.lock", SAMPLE).unwrap();
        let show = |c: &&Component| format!("{} {}", c.purl, c.ecosystem.is_some());
        let shown: Vec<String> = components(&parsed).iter().map(show).collect();
        let expected = [
            "pkg:hackage/hasql-pool@1.0.1 true",
            "pkg:hackage/own@0.1?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fown.git%401763e0dcb72fb58d97bab97bb834fc71f1e012bc false",
        ];
        assert_eq!(shown, expected);
        assert_eq!(parsed.gaps.len(), 1);
        let alone = "packages: []\nsnapshots: []\n";
        assert!(parse(&StackLock, "stack.yaml.lock", alone).unwrap().gaps.is_empty());
        for text in ["", "packages: []", &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&StackLock, "stack.yaml.lock", text).is_err(), "{text}");
        }
        damage(&StackLock, "stack.yaml.lock", SAMPLE);
    }
}
