//! `renv.lock`: every package of R that renv resolved.
//! Format: <https://rstudio.github.io/renv/reference/lockfiles.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::identity::{self, Origin};
use super::json;
use crate::model::Component;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reads renv's lockfile.
pub(super) struct RenvLock;

impl Cataloger for RenvLock {
    fn name(&self) -> &'static str {
        "renv-lock"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "renv.lock"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let lock: Lock = json::read(file)?;
        let mut all = Collector::default();
        for (key, package) in &lock.packages {
            all.add_or_gap(component(key, package));
        }
        Ok(all.finish())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lock {
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    package: Option<String>,
    version: Option<String>,
    source: Option<String>,
    repository: Option<String>,
    remote_host: Option<String>,
    remote_username: Option<String>,
    remote_repo: Option<String>,
    remote_url: Option<String>,
    remote_sha: Option<String>,
}

fn component(key: &str, package: &Package) -> Result<Component, String> {
    let name = package.package.as_deref().unwrap_or(key);
    let version = package.version.as_deref().unwrap_or_default();
    let origin = origin(name, package)?;
    identity::component("cran", None, name, name, version, &origin)
}

/// Where a package comes from. CRAN has mirrors of many names; Bioconductor is another collection, whose flaws are not told with CRAN's.
fn origin(name: &str, package: &Package) -> Result<Origin, String> {
    match (package.source.as_deref(), package.repository.as_deref()) {
        (Some("Bioconductor"), _) => Err(format!("{name}: a package of Bioconductor, which is not matched")),
        (None | Some("Repository" | "CRAN"), Some(repository)) if !repository.starts_with("BioC") => {
            Ok(Origin::Registry)
        }
        (Some("GitHub" | "GitLab" | "Bitbucket" | "Gitlab"), _) => {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            let host = package.remote_host.as_deref().unwrap_or("api.github.com").trim_start_matches("api.");
            let host = host.split('/').next().unwrap_or(host);
            let address = format!("https://{host}/{}/{}", part(&package.remote_username), part(&package.remote_repo));
            let commit = package.remote_sha.clone().filter(|sha| identity::is_commit(sha));
            Ok(Origin::Repository(identity::without_credentials(&address), commit))
        }
        (Some("Git" | "git" | "git2r" | "xgit"), _) => {
            let address = package.remote_url.as_deref().unwrap_or_default();
            let commit = package.remote_sha.clone().filter(|sha| identity::is_commit(sha));
            Ok(Origin::Repository(identity::without_credentials(address), commit))
        }
        (Some("Local"), _) => Ok(Origin::Local),
        (source, _) => {
            Err(format!("{name}: nothing says which package it is (source {})", source.unwrap_or("unknown")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const SAMPLE: &str = r#"{"R":{"Version":"4.3.1","Repositories":[{"Name":"CRAN","URL":"https://cran.example"}]},"Packages":{
        "jsonlite":{"Package":"jsonlite","Version":"1.8-7","Source":"Repository","Repository":"RSPM","Hash":"0"},
        "old":{"Package":"old","Version":"0.1","Repository":"CRAN"},
        "limma":{"Package":"limma","Version":"3.56.2","Source":"Bioconductor"},
        "mime":{"Package":"mime","Version":"0.12.1","Source":"GitHub","RemoteHost":"api.github.com","RemoteUsername":"u","RemoteRepo":"mime",
                "RemoteSha":"1763e0dcb72fb58d97bab97bb834fc71f1e012bc"},
        "own":{"Package":"own","Version":"1","Source":"Local"},
        "odd":{"Package":"odd","Version":"1"}}}"#;

    #[test]
    fn packages_and_where_they_come_from_are_read() {
        let parsed = parse(&RenvLock, "renv.lock", SAMPLE).unwrap();
        let show = |c: &&Component| (c.purl.to_string(), c.ecosystem.as_ref().map(ToString::to_string));
        let shown: Vec<_> = components(&parsed).iter().map(show).collect();
        let known = Some("CRAN".to_owned());
        let expected = [
            ("pkg:cran/jsonlite@1.8-7", known.clone()),
            (
                "pkg:cran/mime@0.12.1?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fu%2Fmime%401763e0dcb72fb58d97bab97bb834fc71f1e012bc",
                None,
            ),
            ("pkg:cran/old@0.1", known),
            ("pkg:cran/own@1", None),
        ];
        assert_eq!(shown, expected.map(|(purl, ecosystem)| (purl.to_owned(), ecosystem)));
        assert_eq!(parsed.gaps.len(), 2, "{:?}", parsed.gaps);
        for text in ["", "null", "{}", "{\"Packages\":[]}", &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&RenvLock, "renv.lock", text).is_err(), "{text}");
        }
        damage(&RenvLock, "renv.lock", SAMPLE);
    }
}
