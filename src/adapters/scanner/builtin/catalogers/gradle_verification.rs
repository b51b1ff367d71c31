//! `gradle/verification-metadata.xml`: the checksums that Gradle holds downloads to, by module and version.
//!
//! It names every module of every build of the project, those of plugins and tests included and none of them marked, and keeps
//! what no build needs any more. So it is read only where no `gradle.lockfile` at the root of the project says what is used.
//! Format: <https://docs.gradle.org/current/userguide/dependency_verification.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::gradle_lockfile;
use super::xml::Document;

/// Reads Gradle's checksums.
pub(super) struct GradleVerification;

impl Cataloger for GradleVerification {
    fn name(&self) -> &'static str {
        "gradle-verification"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Source
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.path == "gradle/verification-metadata.xml" || file.path.ends_with("/gradle/verification-metadata.xml")
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        let document = Document::of(&file.content.bytes()?)?;
        if document.root().name() != "verification-metadata" {
            return Err(ParseError("not a verification-metadata.xml: no `verification-metadata`".into()));
        }
        if (file.companion)("../gradle.lockfile").is_some() {
            return Ok(Parsed::default());
        }
        let mut all = Collector::default();
        for component in document.root().child("components").into_iter().flat_map(|list| list.all("component")) {
            let of = |name| component.attribute(name).unwrap_or_default().trim();
            if of("version").is_empty() {
                all.gap(format!("{}:{}: no version", of("group"), of("name")));
            }
            all.add_or_gap(gradle_lockfile::maven(of("group"), of("name"), of("version")));
        }
        Ok(all.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOTHING, components, damage, parse, parse_with};
    use super::*;

    const PATH: &str = "app/gradle/verification-metadata.xml";
    const SAMPLE: &str = "<?xml version='1.0' encoding='UTF-8'?>\n\
        <verification-metadata xmlns='https://schema.gradle.example'><configuration><trusted-artifacts>\
        <trust group='no.module'/></trusted-artifacts></configuration><components>\n\
        <component version=\"2.0.17\" group=\"org.a\" name=\"pdf\"><artifact name='pdf-2.0.17.jar'>\
        <sha512 value='7e'/></artifact></component>\n\
        <component group='org.a' name='pdf' version='9+181-r4173-1'/></components></verification-metadata>";

    #[test]
    fn every_module_is_listed_where_no_lock_says_what_is_used() {
        let parsed = parse(&GradleVerification, PATH, SAMPLE).unwrap();
        let shown: Vec<&str> = components(&parsed).iter().map(|c| c.purl.as_str()).collect();
        assert_eq!(shown, ["pkg:maven/org.a/pdf@2.0.17", "pkg:maven/org.a/pdf@9%2B181-r4173-1"]);
        assert_eq!(parsed.gaps, NOTHING);
        let lock = |name: &str| (name == "../gradle.lockfile").then(|| b"empty=\n".to_vec());
        assert_eq!(parse_with(&GradleVerification, PATH, SAMPLE, &lock), Ok(Parsed::default()));
        let wants = |path| GradleVerification.wants(&FileFacts { path, size: 1, executable: false });
        assert!(wants(PATH) && wants("gradle/verification-metadata.xml") && !wants("x/verification-metadata.xml"));
    }

    #[test]
    fn what_is_not_whole_is_told() {
        for (gone, listed) in [("group='org.a' ", 1), ("name='pdf' version='9", 1), ("version='9+181-r4173-1'", 2)] {
            let text = SAMPLE.replacen(gone, if gone.ends_with('9') { "version='9" } else { "" }, 1);
            let parsed = parse(&GradleVerification, PATH, &text).unwrap();
            assert_eq!((components(&parsed).len(), parsed.gaps.len()), (listed, 1), "{text}");
        }
        for text in ["", "not XML", "<other/>", &SAMPLE[..SAMPLE.len() / 2]] {
            assert!(parse(&GradleVerification, PATH, text).is_err(), "{text}");
        }
        damage(&GradleVerification, PATH, SAMPLE);
    }
}
