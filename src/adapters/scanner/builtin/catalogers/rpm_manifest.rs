//! The list of rpm packages in images that have no rpm (Azure Linux without a distribution's tools): one line a package.
//!
//! The file is what `rpm -qa --qf` wrote when the image was made, by the `distroless` images of
//! <https://github.com/microsoft/azurelinux>: name, version and release, two times, vendor, epoch, size, architecture, epoch
//! as a number, source file; with tabs between them.

use super::rpm::source_package;
use crate::adapters::scanner::builtin::catalog::{
    Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads, SystemPackage,
};

/// Reads the list.
pub(super) struct RpmManifest;

impl Cataloger for RpmManifest {
    fn name(&self) -> &'static str {
        "rpm-manifest"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.path == "var/lib/rpmmanifest/container-manifest-2"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let text = file.content.text()?;
        let mut parsed = Parsed::default();
        if !text.is_empty() && !text.ends_with('\n') {
            parsed.gap("the last line is cut off".into());
        }
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            match package(line) {
                Some(package) => parsed.add(Found::System(package)),
                None => parsed.gap(format!("line {}: it is not that of a package", number + 1)),
            }
        }
        Ok(parsed)
    }
}

fn package(line: &str) -> Option<SystemPackage> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, version, _, _, _, epoch, _, architecture, number, source, ..] = fields.as_slice() else { return None };
    let epoch: Option<u32> = if *epoch == "(none)" { None } else { Some(number.parse().ok()?) };
    let is_version =
        version.split_once('-').is_some_and(|(version, release)| !version.is_empty() && !release.is_empty());
    if name.is_empty() || !is_version {
        return None;
    }
    let version = epoch.map_or_else(|| (*version).to_owned(), |epoch| format!("{epoch}:{version}"));
    let source = source_package(source, epoch).filter(|it| (it.name.as_str(), &it.version) != (name, &version));
    Some(SystemPackage {
        manager: "rpm".into(),
        name: (*name).to_owned(),
        version,
        architecture: if *architecture == "(none)" { String::new() } else { (*architecture).to_owned() },
        source,
        module: String::new(),
        licenses: Vec::new(),
        depends_on: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{damage, parse};
    use super::*;

    const PATH: &str = "var/lib/rpmmanifest/container-manifest-2";
    const GOOD: &str = "glibc\t2.35-7.cm2\t1700000000\t1690000000\tMicrosoft Corporation\t(none)\t10\tx86_64\t0\tglibc-2.35-7.cm2.src.rpm\n\
        openssl-libs\t1.1.1k-28.cm2\t1700000000\t1690000000\tMicrosoft Corporation\t1\t10\tx86_64\t1\topenssl-1.1.1k-28.cm2.src.rpm\n";

    #[test]
    fn lists_packages_with_epoch_and_source() {
        let parsed = parse(&RpmManifest, PATH, GOOD).unwrap();
        assert_eq!(parsed.gaps, Vec::<String>::new());
        let [Found::System(glibc), Found::System(openssl)] = parsed.found.as_slice() else { panic!("two packages") };
        assert_eq!((glibc.version.as_str(), &glibc.source), ("2.35-7.cm2", &None));
        assert_eq!(openssl.version, "1:1.1.1k-28.cm2");
        let source = openssl.source.as_ref().unwrap();
        assert_eq!((source.name.as_str(), source.version.as_str()), ("openssl", "1:1.1.1k-28.cm2"));
        assert_eq!(parse(&RpmManifest, PATH, "a\tb\n").unwrap().gaps.len(), 1);
        assert_eq!(parse(&RpmManifest, PATH, &GOOD[..40]).unwrap().gaps.len(), 2);
    }

    #[test]
    fn no_damage_panics() {
        damage(&RpmManifest, PATH, GOOD);
    }
}
