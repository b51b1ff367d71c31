//! `explain`: why.

use super::Context;
use crate::cli::args::ExplainArgs;
use crate::cli::output::Form;
use crate::ops::{self, Exit, Explanation, Failure, Project};
use crate::ports::Cancel;
use crate::report;
use serde_json::json;

pub(super) fn run(context: &Context<'_>, args: &ExplainArgs) -> Result<Exit, Failure> {
    let world = context.world(Cancel::new())?;
    let project = Project::open(&world)?;
    let explanation = match ops::is_action_label(&args.what) {
        true => ops::explain_action(&world, &args.what)?,
        false => ops::explain(&world, &project, &args.what)?,
    };
    match (context.output.form, &explanation) {
        (Form::Json, Explanation::Service(service)) => {
            context.output.json(&json!({ "version": 1, "service": report::ServiceReport::from(service.as_ref()) }));
        }
        (Form::Json, Explanation::Packages(packages)) => {
            context.output.json(&json!({ "version": 1, "packages": packages }));
        }
        (Form::Json, Explanation::Action { label, reason }) => {
            let words = reason.as_ref().map(ToString::to_string);
            context.output.json(&json!({ "version": 1, "action": label, "run": reason.is_some(), "reason": words }));
        }
        (Form::Human, Explanation::Action { label, reason }) => context.output.text(&match reason {
            Some(reason) => format!("{label} would run: {reason}\n"),
            None => {
                format!("{label} would not run: its result is at hand, and nothing that it depends on has changed\n")
            }
        }),
        (Form::Human, Explanation::Service(service)) => {
            let limits = |service: &_, reason: &_| ops::limit_place(&world, &project, service, reason);
            context.output.text(&report::service(service, &limits, context.output.color));
        }
        (Form::Human, Explanation::Packages(packages)) => context.output.text(&report::packages(packages)),
    }
    Ok(Exit::Pass)
}
