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
    let explanation = ops::explain(&world, &project, &args.what)?;
    match (context.output.form, &explanation) {
        (Form::Json, Explanation::Service(service)) => {
            context.output.json(&json!({ "version": 1, "service": report::ServiceReport::from(service.as_ref()) }));
        }
        (Form::Json, Explanation::Packages(packages)) => {
            context.output.json(&json!({ "version": 1, "packages": packages }));
        }
        (Form::Human, Explanation::Service(service)) => {
            let limits = |service: &_, reason: &_| ops::limit_place(&world, &project, service, reason);
            context.output.text(&report::service(service, &limits, context.output.color));
        }
        (Form::Human, Explanation::Packages(packages)) => context.output.text(&report::packages(packages)),
    }
    Ok(Exit::Pass)
}
