//! Modules: RHEL and what is built from it have some packages in several streams beside each other (`nodejs:18`, `nodejs:20`),
//! each with versions and advisories of its own. An advisory for one stream says nothing of the builds of another, nor of those
//! that are in no module, however their versions compare.
//! <https://docs.redhat.com/en/documentation/red_hat_enterprise_linux/8/html/installing_managing_and_removing_user-space_components/>
//!
//! Which stream an installed package is of, rpm has as its label (`nodejs:20:8100…`), which stands in the package URL; that a
//! build is of some module, its release says (`1.module+el8.10.0+21354+3ad137bb`). Records have no field for streams: they
//! name them in their first line (`nodejs:20 security update`). AlmaLinux built many packages without a label; their stream is
//! told by its name where that is how the versions of the stream begin, and is otherwise not known.

use super::version;
use crate::model::{Advisory, Affected, EcosystemKind, Event, Purl};
use std::collections::BTreeMap;

/// What marks the release of a build that is of a module.
const MARK: &str = ".module";

/// Entries of one advisory for one package, by whether they are for the builds of a component.
pub(super) struct Sorted<'a> {
    /// Those that are.
    pub(super) own: Vec<&'a Affected>,
    /// Those of which it is not known.
    pub(super) unsure: Vec<&'a Affected>,
}

/// The module that a package URL names, `name:stream`. For builds whose release has the mark.
pub(super) fn module(purl: &Purl, version: &str) -> Option<String> {
    if !version.contains(MARK) {
        return None;
    }
    let label = purl.qualifier("rpmmod")?;
    let (end, _) = label.match_indices(':').nth(1).unwrap_or((label.len(), ""));
    label[..end].contains(':').then(|| label[..end].to_owned())
}

/// Sorts out the entries for the builds that a component of this version and module is one of.
pub(super) fn sort<'a>(
    kind: &EcosystemKind,
    version: &str,
    module: Option<&str>,
    advisory: &Advisory,
    entries: Vec<&'a Affected>,
) -> Sorted<'a> {
    let has_modules = matches!(kind.as_str(), "Red Hat" | "AlmaLinux" | "Rocky Linux");
    if !has_modules || (!version.contains(MARK) && !entries.iter().any(|entry| ends(entry).any(is_of_module))) {
        return Sorted { own: entries, unsure: Vec::new() };
    }
    let mut sorted = Sorted { own: Vec::new(), unsure: Vec::new() };
    for entry in first_builds(kind, entries) {
        // One that no build ends speaks of them all.
        let is_for_modules = ends(entry).next().map(is_of_module);
        match (version.contains(MARK), is_for_modules) {
            (_, None) | (false, Some(false)) => sorted.own.push(entry),
            (false, Some(true)) | (true, Some(false)) => {}
            (true, Some(true)) => match is_of_stream(version, module, advisory, entry) {
                Some(true) => sorted.own.push(entry),
                Some(false) => {}
                None => sorted.unsure.push(entry),
            },
        }
    }
    sorted
}

fn is_of_stream(version: &str, module: Option<&str>, advisory: &Advisory, entry: &Affected) -> Option<bool> {
    let mut named = streams(&advisory.summary).peekable();
    named.peek()?;
    if let Some(module) = module {
        return Some(named.any(|stream| stream == module));
    }
    let begins = |version: &str, stream: &str| {
        let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
        upstream.strip_prefix(stream).is_some_and(|rest| rest.starts_with(['.', '-']))
    };
    let mut is_of_any = false;
    for stream in named.filter_map(|stream| stream.split_once(':').map(|(_, stream)| stream)) {
        if !stream.starts_with(|c: char| c.is_ascii_digit()) || !ends(entry).all(|end| begins(end, stream)) {
            return None;
        }
        is_of_any |= begins(version, stream);
    }
    Some(is_of_any)
}

/// The streams that a first line names: words of two parts with a colon between them.
fn streams(summary: &str) -> impl Iterator<Item = &str> {
    let words = summary.split_whitespace().map(|word| word.trim_matches([',', ';', '(', ')']));
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
    };
    words.filter(move |word| word.split_once(':').is_some_and(|(name, stream)| is_part(name) && is_part(stream)))
}

/// The versions that end what an entry speaks of.
fn ends(entry: &Affected) -> impl Iterator<Item = &str> {
    entry.ranges.iter().flat_map(|range| &range.events).filter_map(|event| match event {
        Event::Fixed(version) | Event::LastAffected(version) => Some(version.as_str()),
        Event::Introduced(_) | Event::Limit(_) => None,
    })
}

fn is_of_module(version: &str) -> bool {
    version.contains(MARK)
}

/// A module's advisory lists every build that has the fix, also when several were made of one source: it is fixed in the first
/// of them. Others than such entries are left as they are.
fn first_builds<'a>(kind: &EcosystemKind, entries: Vec<&'a Affected>) -> Vec<&'a Affected> {
    let mut first: BTreeMap<(&str, &str), (&str, &Affected)> = BTreeMap::new();
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut fixes = ends(entry);
        let (Some(fix), None) = (fixes.next(), fixes.next()) else {
            kept.push(entry);
            continue;
        };
        let Some((source, _)) = fix.split_once(MARK) else {
            kept.push(entry);
            continue;
        };
        match first.entry((&entry.package.name, source)) {
            std::collections::btree_map::Entry::Vacant(place) => drop(place.insert((fix, entry))),
            std::collections::btree_map::Entry::Occupied(mut place) => {
                if version::compare(kind, fix, place.get().0).is_ok_and(std::cmp::Ordering::is_lt) {
                    place.insert((fix, entry));
                }
            }
        }
    }
    kept.extend(first.into_values().map(|(_, entry)| entry));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory(summary: &str, fixes: &[&str]) -> Advisory {
        let entry = |fix: &&str| {
            serde_json::json!({"package": {"ecosystem": "AlmaLinux:8", "name": "p"}, "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fix}]}]})
        };
        let affected: Vec<_> = fixes.iter().map(entry).collect();
        let record = serde_json::json!({
            "id": "ALSA-1", "modified": "2026-01-01T00:00:00Z", "summary": summary, "affected": affected});
        serde_json::from_value(record).unwrap()
    }

    /// Fixes of the entries that are for a build, and of those of which it is not known.
    fn said(version: &str, module: Option<&str>, summary: &str, fixes: &[&str]) -> (Vec<String>, Vec<String>) {
        let advisory = advisory(summary, fixes);
        let kind = EcosystemKind::parse("AlmaLinux");
        let sorted = sort(&kind, version, module, &advisory, advisory.affected.iter().collect());
        let fixes = |entries: &[&Affected]| entries.iter().flat_map(|it| ends(it)).map(str::to_owned).collect();
        (fixes(&sorted.own), fixes(&sorted.unsure))
    }

    #[test]
    fn a_stream_has_its_own_advisories() {
        const OLD: &str = "1:18.20.6-1.module_el8.10.0+3960+fcfbf683";
        const NEW: &str = "1:20.19.2-1.module_el8.10.0+4007+01f7d99b";
        let (own, other, unsure) = ((vec![NEW.to_owned()], vec![]), (vec![], vec![]), (vec![], vec![NEW.to_owned()]));
        let summary = "Important: nodejs:20 security update";
        assert_eq!(said(OLD, Some("nodejs:18"), summary, &[NEW]), other);
        assert_eq!(said("1:20.9.0-1.module_el8.9.0+1+a", Some("nodejs:20"), summary, &[NEW]), own);
        assert_eq!(said("1:16.20.2-8.el8", None, summary, &[NEW]), other);
        assert_eq!(said(OLD, Some("nodejs:18"), "Important: nodejs security update", &["1:20.1-1.el8"]), other);
        assert_eq!(said("1:16.1-1.el8", None, "nodejs security update", &["1:16.2-1.el8"]).0.len(), 1);
        // Without a label the version tells, where the stream is called by it.
        assert_eq!(said(OLD, None, summary, &[NEW]), other);
        assert_eq!(said("1:20.9.0-1.module_el8.9.0+1+a", None, summary, &[NEW]), own);
        assert_eq!(said("1:2.0-1.module_el8.9.0+1+a", None, summary, &[NEW]), other);
        assert_eq!(said(OLD, None, "container-tools:rhel8 update", &[NEW]), unsure);
        assert_eq!(said(OLD, Some("nodejs:18"), "an update", &[NEW]), unsure);
        // Two modules in one advisory; one that ends nowhere.
        let both = "Moderate: virt:rhel and virt-devel:rhel security update";
        assert_eq!(said("6-1.module_el8+1+a", Some("virt-devel:rhel"), both, &[NEW]), own);
        let advisory: Advisory = serde_json::from_str(
            r#"{"id":"A","modified":"","affected":[{"package":{"ecosystem":"Red Hat","name":"p"},"ranges":[
                {"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#,
        )
        .unwrap();
        let kind = EcosystemKind::parse("Red Hat");
        assert_eq!(sort(&kind, OLD, None, &advisory, advisory.affected.iter().collect()).own.len(), 1);
    }

    #[test]
    fn it_is_fixed_in_the_first_build_of_a_source() {
        let builds = ["3.18-5.module_el8.10.0+3909+6e1c1eb7", "3.18-5.module_el8.10.0+3845+87b84552"];
        let summary = "container-tools:rhel8 security update";
        let (own, _) = said("3.18-4.module_el8.9.0+1+a", Some("container-tools:rhel8"), summary, &builds);
        assert_eq!(own, [builds[1]]);
        let others = ["3.18-5.module_el8.10.0+3909+6e1c1eb7", "3.19-1.module_el8.10.0+3845+87b84552"];
        assert_eq!(said("1-1.module_el8+1+a", Some("container-tools:rhel8"), summary, &others).0.len(), 2);
    }

    #[test]
    fn labels_are_read() {
        let of = |qualifiers: &str, version| {
            module(&Purl::parse(&format!("pkg:rpm/redhat/npm@1?{qualifiers}")).unwrap(), version)
        };
        const BUILD: &str = "1:10-1.module+el8+1+a";
        assert_eq!(of("rpmmod=nodejs:20:8100:abc", BUILD).as_deref(), Some("nodejs:20"));
        assert_eq!(of("arch=x86_64&rpmmod=nodejs:20", BUILD).as_deref(), Some("nodejs:20"));
        assert_eq!((of("rpmmod=nodejs", BUILD), of("arch=x86_64", BUILD)), (None, None));
        assert_eq!(of("rpmmod=nodejs:20", "1:10-1.el8"), None);
    }
}
