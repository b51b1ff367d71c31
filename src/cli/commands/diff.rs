//! `diff`: what changed between two locks.

use super::Context;
use crate::cli::args::DiffArgs;
use crate::cli::output::Form;
use crate::lockfile;
use crate::ops::{self, Exit, Failure};
use crate::ports::Cancel;

pub(super) fn run(context: &Context<'_>, args: &DiffArgs) -> Result<Exit, Failure> {
    let world = context.world(Cancel::new())?;
    let diff = ops::diff(&world, &args.old, args.new.as_deref())?;
    match context.output.form {
        Form::Json => context.output.json(&diff),
        Form::Human => context.output.text(&lockfile::render(&diff)),
    }
    Ok(Exit::Pass)
}
