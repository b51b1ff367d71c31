//! `doctor`: whether this machine has what a build needs.

use super::Context;
use crate::cli::output::Form;
use crate::ops::{Check, Exit, Failure, Health, doctor, health};
use crate::ports::Cancel;
use serde_json::json;

pub(super) fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), false)?;
    let checks = doctor(&world, &context.environment.credentials);
    let exit = health(&checks);
    match context.output.form {
        Form::Json => context.output.json(&json!({ "version": 1, "checks": checks, "exit": exit.code() })),
        Form::Human => context.output.text(&words(&checks)),
    }
    Ok(exit)
}

fn words(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let state = match check.state {
            Health::Ok => "ok",
            Health::Warning => "warning",
            Health::Problem => "problem",
        };
        text.push_str(&format!("{state:<8} {:<width$}  {}", check.name, check.found));
        if let Some(help) = &check.help {
            text.push_str(&format!(" — {help}"));
        }
        text.push('\n');
    }
    text
}
