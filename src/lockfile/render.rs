//! Words for a difference of two locks. Pure text, for people; the published form is [`LockDiff`] itself.

use super::diff::{Change, ComponentDiff, FindingText, InputsDiff, LockDiff, Names, ServiceDiff, SubjectDiff};
use super::words;
use crate::model::{Digest, Severity, SubjectDigest};
use std::fmt::Display;

/// What changed, in lines: `+` came, `-` went, `~` changed. Ends with a line break; `nothing changed` where nothing did.
pub fn render(diff: &LockDiff) -> String {
    if diff.is_empty() {
        return "nothing changed\n".to_owned();
    }
    let mut page = Page::default();
    inputs(&mut page, &diff.inputs);
    for service in &diff.services_added {
        page.line(0, format_args!("+ service {} ({})", service.name, service.verdict));
    }
    for service in &diff.services_removed {
        page.line(0, format_args!("- service {} ({})", service.name, service.verdict));
    }
    for each in &diff.services_changed {
        service(&mut page, each);
    }
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, depth: usize, text: impl Display) {
        // Names of packages and places come from lockfiles and images: nothing in them may move the cursor.
        let text = text.to_string();
        self.0.extend(std::iter::repeat_n("  ", depth));
        self.0.extend(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
        self.0.push('\n');
    }

    fn change<T>(&mut self, depth: usize, label: &str, change: Option<&Change<T>>, show: impl Fn(&T) -> String) {
        if let Some(Change { from, to }) = change {
            self.line(depth, format_args!("{label}: {} -> {}", show(from), show(to)));
        }
    }

    fn names(&mut self, depth: usize, label: &str, names: &Names) {
        let signs = names.added.iter().map(|name| ('+', name)).chain(names.removed.iter().map(|name| ('-', name)));
        for (sign, name) in signs {
            self.line(depth, format_args!("{sign} {label} {name}"));
        }
    }
}

/// Enough of a digest to tell it from others.
fn short(digest: &Digest) -> String {
    digest.to_string().chars().take("sha256:".len() + 12).collect()
}

fn short_subject(digest: &SubjectDigest) -> String {
    match digest {
        SubjectDigest::Sha256(digest) => short(digest),
        SubjectDigest::DirHash(_) => digest.to_string().chars().take("h1:".len() + 12).collect(),
    }
}

fn inputs(page: &mut Page, inputs: &InputsDiff) {
    page.change(0, "config", inputs.config.as_ref(), short);
    page.change(0, "as-of", inputs.as_of.as_ref(), ToString::to_string);
    page.change(0, "advisories", inputs.advisories.as_ref(), short);
    page.change(0, "advisories modified", inputs.advisories_modified.as_ref(), ToString::to_string);
    for (name, change) in &inputs.scanners {
        let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        page.change(0, &format!("scanner {name}"), Some(change), version);
    }
}

fn service(page: &mut Page, service: &ServiceDiff) {
    match &service.verdict {
        Some(Change { from, to }) => page.line(0, format_args!("~ service {}: {from} -> {to}", service.name)),
        None => page.line(0, format_args!("~ service {}", service.name)),
    }
    page.change(1, "policy", service.policy.as_ref(), short);
    page.names(1, "depends on", &service.depends_on);
    page.names(1, "waiver", &service.waivers);
    page.names(1, "subject", &service.subjects);
    for each in &service.subjects_changed {
        subject(page, each);
    }
}

fn subject(page: &mut Page, subject: &SubjectDiff) {
    match &subject.digest {
        Some(Change { from, to }) => {
            let (from, to) = (short_subject(from), short_subject(to));
            page.line(1, format_args!("~ subject {}: {from} -> {to}", subject.name));
        }
        None => page.line(1, format_args!("~ subject {}", subject.name)),
    }
    page.change(2, "taken from", subject.uri.as_ref(), Clone::clone);
    page.change(2, "components", subject.component_count.as_ref(), ToString::to_string);
    if let Some(Change { from, to }) = &subject.counts {
        let differ = Severity::ALL.into_iter().filter(|severity| from.get(*severity) != to.get(*severity));
        let texts: Vec<String> =
            differ.map(|severity| format!("{severity} {} -> {}", from.get(severity), to.get(severity))).collect();
        page.line(2, format_args!("findings: {}", texts.join(", ")));
    }
    let finding = |finding: &FindingText| {
        let status = words::text(&words::STATUSES, finding.status);
        format!("{} {} {} ({status})", finding.id, finding.severity, finding.package)
    };
    for each in &subject.findings_added {
        page.line(2, format_args!("+ {}", finding(each)));
    }
    for each in &subject.findings_fixed {
        page.line(2, format_args!("- {}", finding(each)));
    }
    for each in &subject.findings_changed {
        page.line(2, format_args!("~ {} {}", each.id, each.package));
        page.change(3, "severity", each.severity.as_ref(), ToString::to_string);
        page.change(3, "first seen", each.first_seen.as_ref(), ToString::to_string);
        page.change(3, "status", each.status.as_ref(), |status| words::text(&words::STATUSES, *status).to_owned());
    }
    for each in &subject.attestations {
        let signer = |signer: &Option<_>| signer.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
        page.change(2, &format!("signer of {}", each.predicate_type), each.signer.as_ref(), signer);
    }
    if let Some(components) = &subject.components {
        packages(page, components);
    }
}

fn packages(page: &mut Page, components: &ComponentDiff) {
    for each in &components.added {
        page.line(2, format_args!("+ {} {}", each.package, each.version));
    }
    for each in &components.removed {
        page.line(2, format_args!("- {} {}", each.package, each.version));
    }
    for each in &components.changed {
        page.line(2, format_args!("~ {} {} -> {}", each.package, each.from.join(", "), each.to.join(", ")));
    }
}
