//! Services: every name that they refer to exists, and none needs itself.

use super::cycles::{self, Needs};
use super::names::{self, Names, Sort};
use super::{engine_of, name_of, signer};
use crate::config::errors::{ConfigError, Report};
use crate::config::raw::{RawConfig, Section};
use crate::config::types::{Scan, Service, Sign};
use crate::model::Name;
use std::collections::BTreeMap;

pub(super) fn validate(
    raw: &RawConfig,
    names: &Names<'_>,
    scan: &Scan,
    sign: &Sign,
    report: &mut Report,
) -> BTreeMap<Name, Service> {
    let (mut services, mut needs) = (BTreeMap::new(), Needs::new());
    for (name, section) in raw.tables("services") {
        let images = known_names(section, "images", &names.images, &names::IMAGE, report);
        let depends_on = known_names(section, "depends-on", &names.services, &names::SERVICE, report);
        if let Some(policy) = section.text("policy") {
            names::known(policy, &names.policies, &names::POLICY, report);
        }
        if let (Some(exclude), None) = (section.item("exclude"), section.item("path")) {
            let error = ConfigError::new("config::useless-key", exclude.key, "`exclude` is of no use without `path`")
                .help("say where the service's sources are, or leave `exclude` out");
            report.add(error);
        }
        if let Some(empty) = section.item("images").filter(|_| images.is_empty() && section.item("path").is_none())
            && section.list("images").next().is_none()
        {
            let error =
                ConfigError::new("config::nothing-to-scan", empty.span, "a service without path needs an image")
                    .label("empty")
                    .help("say where its sources are, which images it has, or both");
            report.add(error);
        }
        needs.insert(name, section.list("depends-on").map(|found| (found.text, found.span)).collect());
        let signer = signer(section, "sign", names, report);
        let (Some(policy), Ok(name)) = (name_of(section, "policy"), Name::new(name)) else { continue };
        let service = Service {
            path: section.owned("path"),
            exclude: section.texts("exclude"),
            images,
            depends_on,
            policy,
            owner: section.owned("owner"),
            engine: engine_of(section).unwrap_or(scan.engine),
            sign: signer.unwrap_or_else(|| sign.with.clone()),
        };
        services.insert(name, service);
    }
    cycles::check(&needs, "config::dependency-cycle", "needs", report);
    services
}

/// The names of a list that are declared; the others are reported.
fn known_names(
    section: &Section,
    key: &str,
    among: &BTreeMap<&str, &Section>,
    sort: &Sort,
    report: &mut Report,
) -> Vec<Name> {
    let found = section.list(key).filter(|found| names::known(*found, among, sort, report));
    found.filter_map(|found| Name::new(found.text).ok()).collect()
}
