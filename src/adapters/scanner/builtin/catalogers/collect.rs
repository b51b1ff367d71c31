//! Gathers what a cataloger finds in one file: equal components become one, and gaps stay few enough to read.

pub(super) use super::super::catalog::shortened;
use super::super::catalog::{FOUND_LIMIT, Found, Parsed};
use crate::model::{Component, Purl};
use std::collections::{BTreeMap, BTreeSet};

/// How many gaps of one file are told each by itself; the rest are counted.
const GAPS_TOLD: usize = 20;

/// How many bytes of dependencies are kept of one file: far more than any real one has.
const LINKED: usize = 128 << 20;

/// What one file has given so far.
#[derive(Default)]
pub(super) struct Collector {
    linked: usize,
    components: BTreeMap<(Purl, String), Component>,
    gaps: BTreeSet<String>,
    untold: u64,
}

impl Collector {
    /// Takes a component. One that is there already gains what this one knows: needed at run time beats all else.
    pub(super) fn add(&mut self, component: Component) {
        let full = self.components.len() >= FOUND_LIMIT;
        match self.components.entry((component.purl.clone(), component.name.clone())) {
            std::collections::btree_map::Entry::Vacant(_) if full => {
                self.gap(format!("more than {FOUND_LIMIT} packages"))
            }
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(component);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.scope = known.scope.min(component.scope);
                known.ecosystem = known.ecosystem.take().or(component.ecosystem);
                known.licenses.extend(component.licenses);
                known.depends_on.extend(component.depends_on);
            }
        }
    }

    /// A dependency to keep; none once there are more of them than memory should be spent on, which is a gap.
    pub(super) fn link(&mut self, purl: &Purl) -> Option<Purl> {
        self.linked = self.linked.saturating_add(purl.as_str().len() + 16);
        if self.linked > LINKED {
            self.gap("more dependencies than are kept");
            return None;
        }
        Some(purl.clone())
    }

    /// Takes a component, or the reason why there is none as a gap.
    pub(super) fn add_or_gap(&mut self, component: Result<Component, String>) {
        match component {
            Ok(component) => self.add(component),
            Err(reason) => self.gap(reason),
        }
    }

    /// Notes what could not be read.
    pub(super) fn gap(&mut self, reason: impl Into<String>) {
        let reason = shortened(reason.into());
        if self.gaps.len() < GAPS_TOLD || self.gaps.contains(&reason) {
            self.gaps.insert(reason);
        } else {
            self.untold += 1;
        }
    }

    /// Everything, sorted.
    pub(super) fn finish(self) -> Parsed {
        let mut gaps: Vec<String> = self.gaps.into_iter().collect();
        if self.untold > 0 {
            gaps.push(format!("{} more of the kind", self.untold));
        }
        let found = self.components.into_values().map(|mut component| {
            component.licenses.sort();
            component.licenses.dedup();
            component.depends_on.sort();
            component.depends_on.dedup();
            Found::Component(component)
        });
        Parsed { found: found.collect(), gaps }
    }
}

/// A text in which a backslash stands before what it would else mean, without those.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scope;

    #[test]
    fn no_file_has_more_packages_than_are_kept() {
        let mut all = Collector::default();
        for at in 0..=FOUND_LIMIT {
            let purl = Purl::parse(&format!("pkg:npm/a@1.0.{at}")).unwrap();
            all.add(Component::new(purl, "a", &format!("1.0.{at}"), None));
        }
        // One that is there already is no further one.
        all.add(Component::new(Purl::parse("pkg:npm/a@1.0.0").unwrap(), "a", "1.0.0", None));
        let parsed = all.finish();
        assert_eq!((parsed.found.len(), parsed.gaps), (FOUND_LIMIT, vec![format!("more than {FOUND_LIMIT} packages")]));
    }

    #[test]
    fn equal_components_are_one_and_gaps_are_counted() {
        let purl = Purl::parse("pkg:npm/a@1.0.0").unwrap();
        let mut first = Component::new(purl.clone(), "a", "1.0.0", None);
        first.scope = Scope::Development;
        first.licenses = vec!["MIT".into()];
        let mut second = Component::new(purl, "a", "1.0.0", None);
        second.licenses = vec!["MIT".into(), "ISC".into()];
        let mut all = Collector::default();
        all.add(first);
        all.add(second);
        (0..30).for_each(|line| all.gap(format!("line {line}:\u{1b}[31m odd")));
        let parsed = all.finish();
        let [Found::Component(one)] = parsed.found.as_slice() else { panic!("{:?}", parsed.found) };
        assert_eq!((one.scope, one.licenses.len()), (Scope::Runtime, 2));
        assert_eq!(parsed.gaps.len(), 21);
        assert_eq!(parsed.gaps[20], "10 more of the kind");
        assert!(!parsed.gaps[0].contains('\u{1b}'));
    }
}
