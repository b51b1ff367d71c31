//! Where a run's events go: bars on a terminal, lines elsewhere, JSON on request; always standard error.
#![expect(clippy::print_stderr, reason = "progress goes to standard error")]

mod bars;

pub use bars::BarEvents;

use crate::ports::{Event, Events, Outcome};

/// Events as lines.
#[derive(Debug, Clone, Copy)]
pub struct PlainEvents {
    verbose: bool,
}

impl PlainEvents {
    /// Says every start and verdict too if `verbose`.
    pub fn new(verbose: bool) -> Self {
        Self { verbose }
    }
}

impl Events for PlainEvents {
    fn emit(&self, event: Event) {
        if let Some(line) = line(&event, self.verbose) {
            eprintln!("{line}");
        }
    }
}

/// Events as one JSON object a line.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonEvents;

impl JsonEvents {
    /// All of them.
    pub fn new() -> Self {
        Self
    }
}

impl Events for JsonEvents {
    fn emit(&self, event: Event) {
        eprintln!("{}", serde_json::to_string(&event).unwrap_or_default());
    }
}

/// An event as a line; `None` for what is not worth one.
fn line(event: &Event, verbose: bool) -> Option<String> {
    Some(match event {
        Event::ActionStarted { action, reason } if verbose => format!("start   {action}  ({reason})"),
        Event::ActionFinished { action, outcome, millis } => match outcome {
            Outcome::Done => format!("done    {action}  {millis} ms"),
            Outcome::Cached => format!("cached  {action}"),
            Outcome::Failed(reason) => format!("failed  {action}: {reason}"),
            Outcome::Cancelled => format!("stopped {action}"),
        },
        Event::Judged { service, verdict } if verbose => format!("judged  {service}: {verdict}"),
        Event::Warning { code, message } => format!("warning[{code}]: {message}"),
        Event::Asked { server, requests, retries } => {
            format!("{server}: {requests} requests, {retries} of them again")
        }
        Event::SecretRead { path, version } => format!("Vault: read {path}, version {version}"),
        Event::Progress { label, done, total: Some(total) } if done == total => {
            format!("fetched {label}  {done} bytes")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_matters() {
        let done = Event::ActionFinished { action: "sbom a/source".into(), outcome: Outcome::Done, millis: 3 };
        assert_eq!(line(&done, false).unwrap(), "done    sbom a/source  3 ms");
        let started = Event::ActionStarted { action: "sbom a/source".into(), reason: "new".into() };
        assert_eq!(line(&started, false), None);
        assert_eq!(line(&started, true).unwrap(), "start   sbom a/source  (new)");
    }
}
