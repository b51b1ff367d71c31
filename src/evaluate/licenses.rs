//! Licence rules, by SPDX expression (<https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>).
//!
//! - A component with several licence texts must satisfy each of them: sources list what applies, not what one may choose from.
//! - `OR` is a choice, `AND` is both. An allowed licence also allows itself `WITH` an exception of the SPDX list, since such an
//!   exception only ever permits more; an allowed `X WITH E` allows that alone.
//! - `X-or-later` may be taken as `X`, so allowing `X` allows it; allowing `X-or-later` does not allow `X-only`.
//! - A text that is no SPDX expression is unknown, unless it is itself, letter by letter, in the allow list. Forms that package
//!   registries are full of are read as meant: `MIT/Apache-2.0`, deprecated ids, `GPL-2.0+`.
//! - Development-only components are looked at only where the policy includes them.

use crate::model::{Component, LicenseRules, Policy, Reason, Scope, UnknownLicense};
use spdx::{AdditionItem, Expression, LicenseItem, LicenseReq, ParseMode};
use std::collections::BTreeMap;

/// A longer text is no expression.
const MAX_BYTES: usize = 8_192;

/// A reason for each licence that is not allowed.
pub fn denied(policy: &Policy, components: &[Component]) -> Vec<Reason> {
    let Some(rules) = &policy.licenses else { return Vec::new() };
    let mut judge = Judge::new(rules);
    let mut reasons = Vec::new();
    for component in components {
        let left_out = component.scope == Scope::Development && !policy.include_development;
        if left_out || rules.exceptions.contains(component.purl.without_version()) {
            continue;
        }
        reasons.extend(judge.component(component));
    }
    reasons
}

struct Judge<'a> {
    rules: &'a LicenseRules,
    allowed: Vec<LicenseReq>,
    known: BTreeMap<&'a str, bool>,
}

impl<'a> Judge<'a> {
    fn new(rules: &'a LicenseRules) -> Self {
        let allowed = rules
            .allow
            .iter()
            .filter_map(|text| Expression::parse_mode(text, ParseMode::LAX).ok())
            .filter_map(|expression| {
                let mut parts = expression.requirements();
                parts.next().filter(|_| parts.next().is_none()).map(|part| part.req.clone())
            })
            .collect();
        Self { rules, allowed, known: BTreeMap::new() }
    }

    fn component(&mut self, component: &'a Component) -> Vec<Reason> {
        let deny = |expression: &str| Reason::License {
            package: component.purl.to_string(),
            expression: expression.to_owned(),
        };
        if component.licenses.is_empty() {
            return match self.rules.unknown {
                UnknownLicense::Deny => vec![deny("")],
                UnknownLicense::Allow => Vec::new(),
            };
        }
        component.licenses.iter().filter(|text| !self.is_allowed(text)).map(|text| deny(text)).collect()
    }

    fn is_allowed(&mut self, text: &'a str) -> bool {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        let parse = || {
            let parsed = (text.len() <= MAX_BYTES).then(|| Expression::parse_mode(text.trim(), ParseMode::LAX));
            parsed.and_then(Result::ok)
        };
        let is_allowed = self.rules.allow.contains(text)
            || match parse() {
                Some(expression) => expression.evaluate(|wanted| self.allowed.iter().any(|one| accepts(one, wanted))),
                None => self.rules.unknown == UnknownLicense::Allow,
            };
        self.known.insert(text, is_allowed);
        is_allowed
    }
}

/// Whether an allowed licence is what an expression asks for.
fn accepts(allowed: &LicenseReq, wanted: &LicenseReq) -> bool {
    let licence = match (&allowed.license, &wanted.license) {
        (LicenseItem::Spdx { .. }, LicenseItem::Spdx { .. }) => {
            let (allowed, allowed_later) = name_and_later(&allowed.license);
            let (wanted, wanted_later) = name_and_later(&wanted.license);
            allowed == wanted && (wanted_later || !allowed_later)
        }
        (LicenseItem::Other(allowed), LicenseItem::Other(wanted)) => allowed == wanted,
        _ => false,
    };
    let addition = match (&allowed.addition, &wanted.addition) {
        (None, None | Some(AdditionItem::Spdx(_))) => true,
        (Some(allowed), Some(wanted)) => allowed.to_string() == wanted.to_string(),
        _ => false,
    };
    licence && addition
}

/// The licence without `-only`, `-or-later` or `+`, and whether it had one of the latter two.
fn name_and_later(item: &LicenseItem) -> (String, bool) {
    let text = item.to_string();
    for (suffix, later) in [("-or-later", true), ("+", true), ("-only", false)] {
        if let Some(name) = text.strip_suffix(suffix) {
            return (name.to_owned(), later);
        }
    }
    (text, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn is_allowed(allow: &[&str], text: &str) -> bool {
        let rules = LicenseRules {
            allow: allow.iter().map(|text| (*text).to_owned()).collect(),
            exceptions: BTreeSet::new(),
            unknown: UnknownLicense::Deny,
        };
        Judge::new(&rules).is_allowed(text)
    }

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        let allow = ["MIT", "Apache-2.0", "LicenseRef-Ours", "GPL-2.0-only WITH Classpath-exception-2.0", "Weird text"];
        for (text, expected) in [
            ("MIT", true),
            ("mit", true),
            ("MIT OR GPL-3.0-only", true),
            ("MIT AND GPL-3.0-only", false),
            ("(MIT OR GPL-3.0-only) AND Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0+", true),
            ("GPL-2.0-only", false),
            ("GPL-2.0-only WITH Classpath-exception-2.0", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", true),
            ("GPL-2.0-or-later WITH Classpath-exception-2.0", true),
            ("GPL-2.0-only WITH GCC-exception-2.0", false),
            ("MIT WITH AdditionRef-strange", false),
            ("LicenseRef-Ours", true),
            ("LicenseRef-Theirs", false),
            ("Weird text", true),
            ("Other weird text", false),
            ("", false),
            ("NOASSERTION", false),
            ("((((", false),
        ] {
            assert_eq!(is_allowed(&allow, text), expected, "{text}");
        }
        assert!(is_allowed(&["GPL-2.0-or-later"], "GPL-2.0+"));
        assert!(is_allowed(&["GPL-2.0-only"], "GPL-2.0-or-later"));
        assert!(!is_allowed(&["GPL-2.0-or-later"], "GPL-2.0-only"));
        assert!(!is_allowed(&["MIT OR Apache-2.0"], "Apache-2.0"));
        assert!(!is_allowed(&["MIT"], &"(".repeat(100_000)));
    }
}
