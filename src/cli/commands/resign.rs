//! `resign`: signatures by whom the config trusts now.

use super::Context;
use crate::cli::args::ResignArgs;
use crate::cli::output::Form;
use crate::ops::{self, Exit, Failure};
use crate::ports::Cancel;

pub(super) fn run(context: &Context<'_>, args: &ResignArgs) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), args.offline)?;
    let was_trusted = args.was_trusted.as_deref().map(super::verify::trust_file).transpose()?;
    let resigned = ops::resign(&world, was_trusted)?;
    match context.output.form {
        Form::Json => context.output.json(&resigned),
        Form::Human if resigned.signed == 0 => {
            context.output.note(&format!("{}: every signer is trusted, nothing was signed anew\n", resigned.lock));
        }
        Form::Human => context.output.note(&format!(
            "{}: {} of {} statements signed anew\n",
            resigned.lock, resigned.signed, resigned.statements
        )),
    }
    Ok(Exit::Pass)
}
