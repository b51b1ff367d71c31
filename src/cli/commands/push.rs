//! `push` and `pull`: evidence to and from registries.

use super::Context;
use crate::cli::args::{PullArgs, PushArgs};
use crate::cli::output::Form;
use crate::ops::{self, Exit, Failure, Pushed, World};
use crate::ports::Cancel;

pub(super) fn push(context: &Context<'_>, args: &PushArgs) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), false)?;
    let pushed = push_from(context, &world, args.repository.as_deref())?;
    if context.output.form == Form::Json {
        context.output.json(&pushed);
    }
    Ok(Exit::Pass)
}

/// Pushes, and says so.
pub(super) fn push_from(context: &Context<'_>, world: &World, to: Option<&str>) -> Result<Pushed, Failure> {
    let pushed = ops::push(world, to)?;
    match context.output.form {
        Form::Json => {}
        Form::Human => {
            for (image, attached) in &pushed.images {
                let line =
                    format!("{image}: {} attestations attached, {} there already\n", attached.new, attached.known);
                context.output.note(&line);
                if attached.unlisted > 0 {
                    context.output.note(&format!(
                        "{image}: the registry keeps its list of referrers as it is; {} of ours are found by their own tags alone\n",
                        attached.unlisted
                    ));
                }
            }
            let files = pushed.files;
            context
                .output
                .note(&format!("{}: {} files sent, {} there already\n", pushed.evidence, files.new, files.known));
        }
    }
    Ok(pushed)
}

pub(super) fn pull(context: &Context<'_>, args: &PullArgs) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), false)?;
    let pulled = ops::pull(&world, args.repository.as_deref())?;
    match context.output.form {
        Form::Json => context.output.json(&serde_json::json!({ "version": 1, "files": pulled })),
        Form::Human => context.output.note(&format!("{} files pulled, {} here already\n", pulled.new, pulled.known)),
    }
    Ok(Exit::Pass)
}
