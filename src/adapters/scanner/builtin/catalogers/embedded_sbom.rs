//! Lists that a package brings of what was built into it: those of wheels (`*.dist-info/sboms/`,
//! <https://peps.python.org/pep-0770/>), of what Python packages carry along (`pip/_vendor/bom.cdx.json`) and of Bitnami's images
//! (`opt/bitnami/*/.spdx-*.spdx`). CycloneDX and SPDX, as JSON.
//!
//! Other documents of an image are left alone: they may describe anything.

use super::super::catalog::{Cataloger, File, FileFacts, Found, ParseError, Parsed, Reads};
use super::collect::shortened;
use crate::adapters::documents;
use crate::model::GapKind;

/// Reads lists of what is built in.
pub(super) struct EmbeddedSbom;

impl Cataloger for EmbeddedSbom {
    fn name(&self) -> &'static str {
        "embedded-sbom"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        let name = file.file_name();
        let of_bitnami = file.path.starts_with("opt/bitnami/") && name.starts_with(".spdx-") && name.ends_with(".spdx");
        of_bitnami || owner(file.path).is_some()
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let document = documents::read(&file.content.bytes()?).map_err(|error| ParseError(shortened(error.0)))?;
        let mut parsed = Parsed::default();
        for mut component in document.sbom.components {
            component.locations.clear();
            // Sources that were built in (`pkg:generic/openssl`): no advisories name them so.
            if component.purl.kind() == "generic" {
                component.ecosystem = None;
            }
            parsed.add(Found::Component(component));
        }
        // Of which distribution a library in a wheel is does not matter to the image: it has its own.
        let mut gaps = document.sbom.gaps;
        gaps.retain(|gap| gap.kind != GapKind::UnknownDistribution);
        // The package itself is known by its own metadata.
        let itself = owner(file.path).map(|owner| format!("`{owner}` has no package URL"));
        gaps.retain(|gap| Some(&gap.reason) != itself.as_ref());
        gaps.into_iter().for_each(|gap| parsed.gap(gap.reason));
        Ok(parsed)
    }
}

/// The Python package that a list belongs to.
fn owner(path: &str) -> Option<&str> {
    let (directory, name) = path.rsplit_once('/')?;
    let (parent, folder) = directory.rsplit_once('/')?;
    let package = parent.rsplit('/').next()?;
    match folder {
        "sboms" => package.strip_suffix(".dist-info")?.split('-').next(),
        "_vendor" if name.ends_with(".cdx.json") => Some(package),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const PATH: &str = "usr/lib/python3/site-packages/a-1.0.dist-info/sboms/a.cyclonedx.json";
    const SAMPLE: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[
        {"type":"library","name":"asn1","version":"0.20.0","purl":"pkg:cargo/asn1@0.20.0"},
        {"type":"library","name":"libgfortran","version":"8.5","purl":"pkg:rpm/almalinux/libgfortran@8.5"},
        {"type":"library","name":"openssl","version":"3.5.0","purl":"pkg:generic/openssl@3.5.0"}]}"#;

    #[test]
    fn what_a_wheel_has_built_in_is_listed() {
        let parsed = parse(&EmbeddedSbom, PATH, SAMPLE).unwrap();
        let shown: Vec<(&str, bool)> =
            components(&parsed).iter().map(|it| (it.purl.as_str(), it.ecosystem.is_some())).collect();
        let expected = [
            ("pkg:cargo/asn1@0.20.0", true),
            ("pkg:generic/openssl@3.5.0", false),
            ("pkg:rpm/almalinux/libgfortran@8.5", false),
        ];
        assert_eq!((shown, parsed.gaps.len()), (expected.to_vec(), 0));
        let nameless = SAMPLE.replace(r#","purl":"pkg:cargo/asn1@0.20.0""#, "");
        assert_eq!(parse(&EmbeddedSbom, PATH, &nameless).unwrap().gaps, ["`asn1` has no package URL"]);
        let own = nameless.replace("asn1", "pip");
        assert!(parse(&EmbeddedSbom, "lib/pip/_vendor/bom.cdx.json", &own).unwrap().gaps.is_empty());
        assert!(parse(&EmbeddedSbom, PATH, "SPDXVersion: SPDX-2.3\n").is_err());
        damage(&EmbeddedSbom, PATH, SAMPLE);
    }

    #[test]
    fn only_lists_of_packages_are_wanted() {
        let wants = |path| EmbeddedSbom.wants(&FileFacts { path, size: 1, executable: false });
        assert!(wants(PATH) && wants("opt/bitnami/redis/.spdx-redis.spdx") && wants("lib/pip/_vendor/bom.cdx.json"));
        for path in
            ["app/sboms/a.json", "a-1.0.dist-info/a.json", "srv/bom.cdx.json", "opt/bitnami/redis/a.spdx", "sboms"]
        {
            assert!(!wants(path), "{path}");
        }
    }
}
