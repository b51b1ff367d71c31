//! Lists that a package brings of what was built into it: those of wheels (`*.dist-info/sboms/`,
//! <https://peps.python.org/pep-0770/>) and of Bitnami's images (`opt/bitnami/*/.spdx-*.spdx`). CycloneDX and SPDX, as JSON.
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
        let mut parts = file.path.rsplit('/');
        let (name, folder, parent) = (parts.next(), parts.next(), parts.next());
        let of_wheel = folder == Some("sboms") && parent.is_some_and(|parent| parent.ends_with(".dist-info"));
        let is_spdx = |name: &str| name.starts_with(".spdx-") && name.ends_with(".spdx");
        of_wheel || file.path.starts_with("opt/bitnami/") && name.is_some_and(is_spdx)
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
        let gaps = document.sbom.gaps.into_iter().filter(|gap| gap.kind != GapKind::UnknownDistribution);
        gaps.for_each(|gap| parsed.gap(gap.reason));
        Ok(parsed)
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
        assert!(parse(&EmbeddedSbom, PATH, "SPDXVersion: SPDX-2.3\n").is_err());
        damage(&EmbeddedSbom, PATH, SAMPLE);
    }

    #[test]
    fn only_lists_of_packages_are_wanted() {
        let wants = |path| EmbeddedSbom.wants(&FileFacts { path, size: 1, executable: false });
        assert!(wants(PATH) && wants("opt/bitnami/redis/.spdx-redis.spdx"));
        for path in
            ["app/sboms/a.json", "a-1.0.dist-info/a.json", "srv/bom.cdx.json", "opt/bitnami/redis/a.spdx", "sboms"]
        {
            assert!(!wants(path), "{path}");
        }
    }
}
