//! `plan`: what would run, what is cached, and why.

use super::Context;
use crate::cli::args::PlanArgs;
use crate::cli::output::Form;
use crate::ops::{self, Exit, Failure, State, Wanted};
use crate::plan::{PlanReport, render};
use crate::ports::Cancel;

pub(super) fn run(context: &Context<'_>, args: &PlanArgs) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), args.offline)?;
    let wanted = Wanted { services: args.services.clone(), as_of: args.as_of, stagger: None };
    let prepared = ops::prepare(&world, &wanted, State::load(&world).as_ref())?;
    match context.output.form {
        Form::Json => context.output.json(&PlanReport::from(&prepared.plan)),
        Form::Human => context.output.text(&render(&prepared.plan, context.cli.global.verbose)),
    }
    Ok(Exit::Pass)
}
