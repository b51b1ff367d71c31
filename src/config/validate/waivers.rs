//! Waivers: sorted, and no two that speak of the same finding in the same service. Whether one has expired is not asked
//! here: that takes the time.

use super::names::{self, Names};
use crate::config::errors::{ConfigError, Report, Span};
use crate::config::raw::{RawConfig, Section};
use crate::model::{Name, Waiver};
use std::collections::BTreeMap;

/// The services that waivers of one id and package speak of, `None` for all; and where.
type Spoken<'a> = BTreeMap<Option<&'a str>, Span>;

/// The waivers in their order, each with the table that it was made of.
pub(super) fn validate<'a>(
    raw: &'a RawConfig,
    names: &Names<'_>,
    report: &mut Report,
) -> (Vec<Waiver>, Vec<&'a Section>) {
    let mut waivers = Vec::new();
    let mut spoken: BTreeMap<(&str, Option<&str>), Spoken<'_>> = BTreeMap::new();
    for section in raw.many("waiver") {
        let services: Vec<_> = section.list("services").collect();
        for service in &services {
            names::known(*service, &names.services, &names::SERVICE, report);
        }
        if let Some(empty) = section.item("services").filter(|_| services.is_empty()) {
            let error = ConfigError::new("config::empty", empty.span, "the list of services is empty")
                .help("name the services that the waiver holds for; leave the key out for all");
            report.add(error);
        }
        let Some(id) = section.text("id") else { continue };
        let key = (id.text, section.text("package").map(|package| package.text));
        let before = spoken.entry(key).or_default();
        let same = if services.is_empty() {
            before.values().next()
        } else {
            let all = before.get(&None);
            all.or_else(|| services.iter().find_map(|service| before.get(&Some(service.text))))
        };
        if let Some(same) = same {
            let error = ConfigError::new("config::duplicate-waiver", id.span, format!("`{}` is waived twice", id.text))
                .label("waived again")
                .also(*same, "waived here before, for the same package and service")
                .help("keep one of them");
            report.add(error);
        }
        if services.is_empty() {
            before.entry(None).or_insert(id.span);
        }
        for service in &services {
            before.entry(Some(service.text)).or_insert(id.span);
        }
        if let Some(waiver) = waiver(section) {
            waivers.push((waiver, section));
        }
    }
    waivers.sort_by(|(a, _), (b, _)| a.cmp(b));
    waivers.into_iter().unzip()
}

fn waiver(section: &Section) -> Option<Waiver> {
    Some(Waiver {
        id: section.owned("id")?,
        package: section.owned("package"),
        services: section.list("services").filter_map(|found| Name::new(found.text).ok()).collect(),
        reason: section.owned("reason")?,
        owner: section.owned("owner")?,
        expires: section.date("expires")?,
    })
}
