//! Policies: `extends` resolved, limits filled in.

use super::cycles::{self, Needs};
use super::names::{self, Names};
use crate::config::errors::{ConfigError, Report};
use crate::config::keys::MAX_WAIVER_DAYS;
use crate::config::raw::{Checked, RawConfig, Section};
use crate::model::{Duration, EndOfLife, LicenseRules, Name, Policy, Requirement, Severity, UnknownLicense};
use std::collections::BTreeMap;

/// The policies, and the tables that they were made of: a key stands where the file says it, be it in a parent.
pub(super) fn validate(
    raw: &RawConfig,
    names: &Names<'_>,
    report: &mut Report,
) -> (BTreeMap<Name, Policy>, BTreeMap<Name, Section>) {
    let mut needs = Needs::new();
    for (name, section) in raw.tables("policy") {
        let parent =
            section.text("extends").filter(|parent| names::known(*parent, &names.policies, &names::POLICY, report));
        needs.insert(name, parent.into_iter().map(|parent| (parent.text, parent.span)).collect());
    }
    let order = cycles::check(&needs, "config::extends-cycle", "extends", report);

    let (mut policies, mut resolved) = (BTreeMap::new(), BTreeMap::<Name, Section>::new());
    for name in order {
        let (Some(section), Ok(name)) = (names.policies.get(name), Name::new(name)) else { continue };
        let mut section = (*section).clone();
        if let Some(parent) = section.text("extends").and_then(|parent| resolved.get(parent.text)) {
            section.inherit(parent);
        }
        policies.insert(name.clone(), policy(name.clone(), &section, report));
        resolved.insert(name, section);
    }
    (policies, resolved)
}

fn policy(name: Name, section: &Section, report: &mut Report) -> Policy {
    Policy {
        max: by_severity(section.table("max"), |value| match value {
            Checked::Int(count) => u32::try_from(*count).ok(),
            _ => None,
        }),
        ignore_unfixed: section.flag("ignore-unfixed").unwrap_or(false),
        grace: by_severity(section.table("grace"), |value| match value {
            Checked::Length(length) => Some(*length),
            _ => None,
        }),
        licenses: section.table("licenses").map(|licenses| license_rules(&name, licenses, report)),
        end_of_life: match section.text("end-of-life").map(|found| found.text) {
            Some("allow") => EndOfLife::Allow,
            _ => EndOfLife::Deny,
        },
        max_waiver_days: max_waiver_days(section.length("max-waiver")),
        require: section.texts("require").iter().filter_map(|text| Requirement::parse(text).ok()).collect(),
        include_development: section.flag("include-development").unwrap_or(true),
        name,
    }
}

fn max_waiver_days(length: Option<Duration>) -> u32 {
    let days = length.map_or(MAX_WAIVER_DAYS, Duration::days).min(MAX_WAIVER_DAYS);
    u32::try_from(days).unwrap_or(0)
}

fn by_severity<T>(section: Option<&Section>, read: impl Fn(&Checked) -> Option<T>) -> BTreeMap<Severity, T> {
    let Some(section) = section else { return BTreeMap::new() };
    let values = Severity::ALL.into_iter().filter_map(|severity| {
        let item = section.item(severity.as_str())?;
        Some((severity, read(&item.value)?))
    });
    values.collect()
}

fn license_rules(policy: &Name, section: &Section, report: &mut Report) -> LicenseRules {
    if section.item("allow").is_none() {
        let message =
            format!("the licence rules of policy `{policy}` need `allow`, here or in a policy that it extends");
        let error = ConfigError::new("config::missing-key", section.key, message)
            .label("not in here")
            .help("`allow = [\"MIT\", \"Apache-2.0\"]`; an empty array allows none");
        report.add(error);
    }
    LicenseRules {
        allow: section.texts("allow").into_iter().collect(),
        exceptions: section.texts("exceptions").into_iter().collect(),
        unknown: match section.text("unknown").map(|found| found.text) {
            Some("allow") => UnknownLicense::Allow,
            _ => UnknownLicense::Deny,
        },
    }
}
