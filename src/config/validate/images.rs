//! Images: bases that exist, and no circle among them.

use super::cycles::{self, Needs};
use super::names::{self, Names};
use crate::config::errors::Report;
use crate::config::raw::RawConfig;
use crate::config::types::Image;
use crate::model::Name;
use std::collections::BTreeMap;

/// The name that the lock gives a service's source tree.
const SOURCE: &str = "source";

pub(super) fn validate(raw: &RawConfig, names: &Names<'_>, report: &mut Report) -> BTreeMap<Name, Image> {
    let (mut images, mut needs) = (BTreeMap::new(), Needs::new());
    for (name, section) in raw.tables("images") {
        if name == SOURCE {
            super::reserved("an image", name, section.key, "that is what a service's source tree is called", report);
        }
        let base = section.text("base").filter(|base| names::known(*base, &names.images, &names::IMAGE, report));
        needs.insert(name, base.into_iter().map(|base| (base.text, base.span)).collect());
        let (Some(reference), Ok(name)) = (section.owned("ref"), Name::new(name)) else { continue };
        let base = base.and_then(|base| Name::new(base.text).ok());
        let sbom_attested = section.text("sbom").is_some_and(|found| found.text == "attested");
        images.insert(name, Image { reference, platform: section.owned("platform"), base, sbom_attested });
    }
    cycles::check(&needs, "config::base-cycle", "is built on", report);
    images
}
