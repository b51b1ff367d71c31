//! Verdicts in Markdown, for the summary that a CI system shows beside a run.

use super::human::{Limits, service};
use crate::model::{Name, ServiceVerdict, Severity, Verdict};

/// The longest account of one service, in bytes: summaries are bounded.
const ACCOUNT_LIMIT: usize = 16 << 10;

/// A table of services, and an account of each that is not clean.
pub fn markdown(
    project: &str,
    services: &[ServiceVerdict],
    components: &dyn Fn(&Name) -> u64,
    limits: &Limits<'_>,
) -> String {
    let mut text = format!("### {project}\n\n| service | verdict | components |");
    let severities = Severity::ALL.iter().map(|severity| format!(" {severity} |"));
    text.extend(severities);
    text.push_str(&format!("\n|---|---|--:|{}\n", "--:|".repeat(Severity::ALL.len())));
    for judged in services {
        text.push_str(&format!("| {} | {} | {} |", judged.name, judged.verdict, components(&judged.name)));
        for severity in Severity::ALL {
            let count: u64 = judged.subjects.iter().map(|subject| subject.counts.get(severity)).sum();
            text.push_str(&format!(" {count} |"));
        }
        text.push('\n');
    }
    for judged in services.iter().filter(|judged| judged.verdict != Verdict::Pass) {
        text.push_str(&format!("\n{}", fenced(service(judged, limits, false).trim())));
    }
    text
}

/// Text as it is, whatever is in it.
pub fn fenced(text: &str) -> String {
    let mut end = text.len().min(ACCOUNT_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let cut = if end < text.len() { "\n…" } else { "" };
    format!("{fence}text\n{}{cut}\n{fence}\n", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::fenced;

    #[test]
    fn nothing_ends_the_fence() {
        assert_eq!(fenced("a"), "```text\na\n```\n");
        assert_eq!(fenced("a ```` b"), "`````text\na ```` b\n`````\n");
        assert!(fenced(&"é".repeat(20_000)).ends_with("\n…\n```\n"));
    }
}
