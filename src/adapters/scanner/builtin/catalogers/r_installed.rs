//! `DESCRIPTION`: an installed package of R. Format: <https://cran.r-project.org/doc/manuals/r-release/R-exts.html>.

use super::super::catalog::{Cataloger, File, FileFacts, ParseError, Parsed, Reads};
use super::collect::Collector;
use super::dpkg;
use super::identity::{self, Origin};

/// Reads R's installed packages.
pub(super) struct RInstalled;

impl Cataloger for RInstalled {
    fn name(&self) -> &'static str {
        "r-installed"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn reads(&self) -> Reads {
        Reads::Installed
    }

    fn wants(&self, file: &FileFacts<'_>) -> bool {
        file.file_name() == "DESCRIPTION"
    }

    fn parse(&self, file: &File<'_>) -> Result<Parsed, ParseError> {
        // Authors' names may be in any encoding; what we read is ASCII.
        let bytes = file.content.bytes()?;
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let stanza = dpkg::stanzas(&text).next().unwrap_or_default();
        let field = |name: &str| stanza.get(name).copied().filter(|value| !value.is_empty());
        let mut all = Collector::default();
        // R notes with what it built a package when it installs it: others are sources, or no package of R's.
        if let (Some(name), Some(version), Some(_)) = (field("Package"), field("Version"), field("Built")) {
            let component = identity::component("cran", None, name, name, version, &Origin::Registry);
            all.add_or_gap(component.map(|mut component| {
                // Those that come with R itself have its version and were never published by themselves.
                if field("Priority") == Some("base") {
                    component.ecosystem = None;
                }
                component.licenses = field("License").map(str::to_owned).into_iter().collect();
                component
            }));
        }
        Ok(all.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{components, damage, parse};
    use super::*;

    const PATH: &str = "usr/lib/R/site-library/Rcpp/DESCRIPTION";
    const SAMPLE: &str =
        "Package: Rcpp\nTitle: Seamless\n  Integration\nVersion: 1.0.10\nLicense: GPL (>= 2)\nBuilt: R 4.2.2; unix\n";

    #[test]
    fn an_installed_package_is_read() {
        let parsed = parse(&RInstalled, PATH, SAMPLE).unwrap();
        let [rcpp] = components(&parsed)[..] else { panic!("{parsed:?}") };
        assert_eq!((rcpp.purl.as_str(), rcpp.licenses.join("")), ("pkg:cran/Rcpp@1.0.10", "GPL (>= 2)".to_owned()));
        assert!(rcpp.ecosystem.is_some());
        let base = parse(&RInstalled, PATH, &format!("Priority: base\n{SAMPLE}")).unwrap();
        assert!(components(&base)[0].ecosystem.is_none());
        for none in ["", "a text\n", "Package: a\nVersion: 1\n", "\u{fffd}"] {
            assert_eq!(parse(&RInstalled, PATH, none).unwrap(), Parsed::default(), "{none}");
        }
        damage(&RInstalled, PATH, SAMPLE);
    }
}
