//! Annotations of what failed, where the run is GitHub's: with the place that a message points to.

use crate::ops::Failure;
use crate::ports::{Event, Events, Outcome};
use crate::report::github::{Annotation, bounded, plain};
use miette::{Diagnostic, SourceCode};
use std::sync::Arc;

/// How deep what a failure consists of is looked into.
const DEPTH: usize = 4;

/// What failed, piece by piece.
pub(super) fn of_failure(failure: &Failure) -> Vec<Annotation> {
    let mut all = Vec::new();
    collect(failure.shown(), None, DEPTH, &mut all);
    bounded(all)
}

fn collect(diagnostic: &dyn Diagnostic, source: Option<&dyn SourceCode>, depth: usize, all: &mut Vec<Annotation>) {
    let source = diagnostic.source_code().or(source);
    let related: Vec<&dyn Diagnostic> = diagnostic.related().map(Iterator::collect).unwrap_or_default();
    if !related.is_empty() && depth > 0 {
        for part in related {
            collect(part, source, depth - 1, all);
        }
        return;
    }
    let label = diagnostic.labels().and_then(|mut labels| labels.next());
    let place = source.zip(label).and_then(|(source, label)| source.read_span(label.inner(), 0, 0).ok());
    let help = diagnostic.help().map(|help| format!("\n{help}")).unwrap_or_default();
    all.push(Annotation {
        file: place.as_ref().and_then(|place| place.name().map(str::to_owned)),
        line: place.as_ref().map(|place| place.line() + 1),
        title: diagnostic.code().map(|code| code.to_string()).unwrap_or_else(|| "proofmark".to_owned()),
        message: format!("{diagnostic}{help}"),
    });
}

/// Events in which the runner finds no command.
pub(super) struct PlainTo(pub(super) Arc<dyn Events>);

impl Events for PlainTo {
    fn emit(&self, event: Event) {
        let plain = |text: String| plain(&text).replace(['\n', '\r'], " ");
        self.0.emit(match event {
            Event::ActionStarted { action, reason } => {
                Event::ActionStarted { action: plain(action), reason: plain(reason) }
            }
            Event::ActionFinished { action, outcome, millis } => {
                let outcome = match outcome {
                    Outcome::Failed(reason) => Outcome::Failed(plain(reason)),
                    outcome => outcome,
                };
                Event::ActionFinished { action: plain(action), outcome, millis }
            }
            Event::Warning { code, message } => Event::Warning { code, message: plain(message) },
            Event::Progress { label, done, total } => Event::Progress { label: plain(label), done, total },
            event => event,
        });
    }
}
