//! Which names the file declares, and the check that a name refers to one of them.

use crate::config::errors::{ConfigError, Report};
use crate::config::raw::{RawConfig, Section, Text};
use std::collections::BTreeMap;

/// The declared names of each kind, with their tables.
pub(super) struct Names<'a> {
    pub(super) images: BTreeMap<&'a str, &'a Section>,
    pub(super) services: BTreeMap<&'a str, &'a Section>,
    pub(super) policies: BTreeMap<&'a str, &'a Section>,
    pub(super) roles: BTreeMap<&'a str, &'a Section>,
}

impl<'a> Names<'a> {
    pub(super) fn of(raw: &'a RawConfig) -> Self {
        Self {
            images: raw.tables("images").collect(),
            services: raw.tables("services").collect(),
            policies: raw.tables("policy").collect(),
            roles: raw.table("vault").into_iter().flat_map(|vault| vault.tables("roles")).collect(),
        }
    }
}

/// A kind of name: its word, its code where it is not declared, and how to declare one.
pub(super) struct Sort {
    word: &'static str,
    code: &'static str,
    declare: &'static str,
}

pub(super) const IMAGE: Sort = Sort { word: "image", code: "config::unknown-image", declare: "[images.NAME]" };
pub(super) const SERVICE: Sort = Sort { word: "service", code: "config::unknown-service", declare: "[services.NAME]" };
pub(super) const POLICY: Sort = Sort { word: "policy", code: "config::unknown-policy", declare: "[policy.NAME]" };
pub(super) const ROLE: Sort = Sort { word: "Vault role", code: "config::unknown-role", declare: "[vault.roles.NAME]" };

/// Whether the name is declared; reported where it is not.
pub(super) fn known(found: Text<'_>, among: &BTreeMap<&str, &Section>, sort: &Sort, report: &mut Report) -> bool {
    if among.contains_key(found.text) {
        return true;
    }
    let help = match report.suggest(found.text, among.keys().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it: `{}`", sort.declare),
    };
    let message = format!("there is no {} `{}`", sort.word, found.text);
    report.add(ConfigError::new(sort.code, found.span, message).label("not declared").help(help));
    false
}
