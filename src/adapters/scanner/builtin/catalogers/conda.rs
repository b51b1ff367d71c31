//! What the catalogues of conda share: a package's identity, and what the address of its archive says of it.
//! Format: <https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html>.

use super::identity::{self, Origin};
use crate::model::Component;

/// What tells one build of a package from another. Each may be empty where a source does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Build<'a> {
    /// Build string (`py39_0`).
    pub(super) build: &'a str,
    /// The channel's name (`conda-forge`).
    pub(super) channel: &'a str,
    /// Platform (`linux-64`, `noarch`).
    pub(super) subdir: &'a str,
}

/// A package of conda's name space.
///
/// # Errors
/// A name or version that no package can have; the text says which.
pub(super) fn component(name: &str, version: &str, build: Build<'_>) -> Result<Component, String> {
    let further = [("build", build.build), ("channel", build.channel), ("subdir", build.subdir)];
    identity::qualified("conda", (None, name), name, version, &Origin::Registry, &further)
}

/// Name, version and build of the archive at an address (`https://host/CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda`); `None` where
/// it is no such address. Only the last part of a channel's path is kept: what stands before it may be a token.
pub(super) fn archive(address: &str) -> Option<(&str, &str, Build<'_>)> {
    let path = address.split(['#', '?']).next().unwrap_or(address).split_once("://").map(|(_, path)| path)?;
    let mut parts = path.rsplit('/');
    let (file, subdir, channel) = (parts.next()?, parts.next()?, parts.next()?);
    let stem = file.strip_suffix(".conda").or_else(|| file.strip_suffix(".tar.bz2"))?;
    let mut pieces = stem.rsplitn(3, '-');
    let (build, version, name) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let channel = if parts.next().is_some() { channel } else { "" };
    [build, version, name].iter().all(|piece| !piece.is_empty()).then_some((
        name,
        version,
        Build { build, channel, subdir },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_archives_name_packages() {
        let build = Build { build: "py310h8c_0", channel: "conda-forge", subdir: "linux-64" };
        for end in [".conda", ".tar.bz2", ".conda#0123456789abcdef"] {
            let address =
                format!("https://u:s3cret@x.example/t/tk-1/conda-forge/linux-64/bilby.cy-x-0.5.2-py310h8c_0{end}");
            assert_eq!(archive(&address), Some(("bilby.cy-x", "0.5.2", build)));
        }
        assert_eq!(archive("https://x.example/noarch/a-1-0.conda").map(|(.., build)| build.channel), Some(""));
        for bad in ["", "a-1-0.conda", "https://x.example/c/noarch/a-1.conda", "https://x.example/c/noarch/a-1-0.zip"] {
            assert_eq!(archive(bad), None, "{bad}");
        }
        let purl = component("a", "1", build).unwrap().purl.to_string();
        assert_eq!(purl, "pkg:conda/a@1?build=py310h8c_0&channel=conda-forge&subdir=linux-64");
    }
}
