//! Events as bars on a terminal.

use crate::ports::{Event, Events};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One bar for the run, one line for each action under way.
#[derive(Default)]
pub struct BarEvents {
    bars: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    run: Option<ProgressBar>,
    lines: BTreeMap<String, ProgressBar>,
}

impl BarEvents {
    /// On standard error.
    pub fn new() -> Self {
        Self::default()
    }

    fn spinner(&self, text: String) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_message(text);
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

/// The style of a template; the plain one should a template ever be wrong.
fn style(template: &str, plain: fn() -> ProgressStyle) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| plain())
}

impl Events for BarEvents {
    fn emit(&self, event: Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::RunStarted { to_run, .. } if to_run > 0 => {
                let bar = self.bars.add(ProgressBar::new(to_run as u64));
                bar.set_style(style("{bar:30} {pos}/{len} {elapsed}", ProgressStyle::default_bar));
                state.run = Some(bar);
            }
            Event::ActionStarted { action, .. } => {
                let bar = self.spinner(action.clone());
                state.lines.insert(action, bar);
            }
            Event::ActionFinished { action, .. } => {
                if let Some(bar) = state.lines.remove(&action) {
                    bar.finish_and_clear();
                }
                if let Some(run) = &state.run {
                    run.inc(1);
                }
            }
            Event::Progress { label, done, total } => {
                let bar = state.lines.entry(label.clone()).or_insert_with(|| self.spinner(label));
                if let Some(total) = total {
                    bar.set_length(total);
                    bar.set_style(style("{bar:30} {bytes}/{total_bytes} {msg}", ProgressStyle::default_bar));
                }
                bar.set_position(done);
                if total == Some(done) {
                    bar.finish_and_clear();
                }
            }
            Event::Warning { code, message } => {
                self.bars.println(format!("warning[{code}]: {message}")).unwrap_or_default();
            }
            Event::RunFinished => {
                if let Some(run) = state.run.take() {
                    run.finish_and_clear();
                }
            }
            _ => {}
        }
    }
}
