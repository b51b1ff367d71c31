//! Verdicts for a terminal: a table, then for each service that is not clean why, with the fix and the line of the config.

use super::words;
use crate::model::{FindingStatus, JudgedFinding, Name, Reason, ServiceVerdict, Severity, SubjectVerdict, Verdict};
use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};

/// The most findings that are listed for one reason; the rest are counted.
const LISTED: usize = 20;

/// Where the config sets what a reason speaks of (`compliance.toml:41`), for a service.
pub type Limits<'a> = dyn Fn(&Name, &Reason) -> Option<String> + 'a;

/// The table of services and what there is to say about those that are not clean.
pub fn verdicts(
    services: &[ServiceVerdict],
    components: &dyn Fn(&Name) -> u64,
    limits: &Limits<'_>,
    color: bool,
) -> String {
    let mut text = table(services, components, color);
    for judged in services.iter().filter(|judged| judged.verdict != Verdict::Pass) {
        text.push_str(&service(judged, limits, color));
    }
    text
}

/// What there is to say about one service.
pub fn service(service: &ServiceVerdict, limits: &Limits<'_>, color: bool) -> String {
    let mut text = String::new();
    match service.verdict {
        Verdict::Pass => text.push_str(&format!("\n{}: {}\n", service.name, painted("pass", service.verdict, color))),
        Verdict::Waived => waived(service, &mut text, color),
        Verdict::Fail | Verdict::Incomplete => faults(service, limits, &mut text, color),
    }
    text
}

fn table(services: &[ServiceVerdict], components: &dyn Fn(&Name) -> u64, color: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut head = vec!["SERVICE".to_owned(), "VERDICT".to_owned(), "COMPONENTS".to_owned()];
    head.extend(Severity::ALL.iter().map(|severity| severity.as_str().to_uppercase()));
    table.set_header(head);
    for service in services {
        let mut row =
            vec![service.name.to_string(), service.verdict.to_string(), components(&service.name).to_string()];
        row.extend(Severity::ALL.iter().map(|severity| {
            let count: u64 = service.subjects.iter().map(|subject| subject.counts.get(*severity)).sum();
            count.to_string()
        }));
        table.add_row(row);
    }
    for at in 2..3 + Severity::ALL.len() {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end();
        let line = line.strip_prefix(' ').unwrap_or(line);
        match at.checked_sub(1).and_then(|at| services.get(at)) {
            Some(service) if color => {
                let word = service.verdict.as_str();
                text.push_str(&line.replacen(word, &painted(word, service.verdict, true), 1));
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

fn waived(service: &ServiceVerdict, text: &mut String, color: bool) {
    text.push_str(&format!("\n{}: {}\n", service.name, painted("waived", service.verdict, color)));
    for subject in &service.subjects {
        let waived = || subject.findings.iter().filter(|judged| judged.status == FindingStatus::Waived);
        if waived().next().is_some() {
            text.push_str(&format!("  {}:\n", subject.name));
        }
        for judged in waived() {
            finding(judged, text);
            if let Some(waiver) = &judged.waiver {
                text.push_str(&format!("      until {}, {}: {}\n", waiver.expires, waiver.owner, waiver.reason));
            }
        }
    }
}

fn faults(service: &ServiceVerdict, limits: &Limits<'_>, text: &mut String, color: bool) {
    let word = service.verdict.as_str();
    text.push_str(&format!("\n{}: {}\n", service.name, painted(word, service.verdict, color)));
    let place = |reason: &Reason| limits(&service.name, reason).map(|place| format!(" ({place})")).unwrap_or_default();
    for reason in &service.reasons {
        text.push_str(&format!("  {}{}\n", words::reason(reason), place(reason)));
    }
    for subject in &service.subjects {
        for reason in subject.reasons.iter().filter(|reason| !matches!(reason, Reason::Waivers { .. })) {
            text.push_str(&format!("  {}: {}{}\n", subject.name, words::reason(reason), place(reason)));
            if let Reason::TooMany { severity, .. } = reason {
                counted(subject, *severity, text);
            }
        }
    }
}

/// The findings that count towards a limit.
fn counted(subject: &SubjectVerdict, severity: Severity, text: &mut String) {
    let counts = |judged: &&JudgedFinding| judged.finding.severity == severity && judged.status == FindingStatus::Open;
    let all: Vec<&JudgedFinding> = subject.findings.iter().filter(counts).collect();
    for judged in all.iter().take(LISTED) {
        finding(judged, text);
    }
    if let Some(more) = all.len().checked_sub(LISTED).filter(|more| *more > 0) {
        text.push_str(&format!("    … and {more} more\n"));
    }
}

fn finding(judged: &JudgedFinding, text: &mut String) {
    let finding = &judged.finding;
    let fix = match finding.fixed.as_slice() {
        [] => "no fix".to_owned(),
        versions => format!("fixed in {}", versions.join(", ")),
    };
    text.push_str(&format!("    {}  {}  {}  {fix}\n", finding.id, finding.severity, finding.package));
    if !finding.summary.is_empty() {
        text.push_str(&format!("      {}\n", finding.summary));
    }
}

fn painted(word: &str, verdict: Verdict, color: bool) -> String {
    if !color {
        return word.to_owned();
    }
    let tint = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Waived => AnsiColor::Yellow,
        Verdict::Fail => AnsiColor::Red,
        Verdict::Incomplete => AnsiColor::Magenta,
    };
    let style: Style = tint.on_default().bold();
    format!("{style}{word}{style:#}")
}
