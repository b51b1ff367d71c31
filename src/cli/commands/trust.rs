//! `trust`: whom the project trusts, for other verifiers.
#![expect(clippy::disallowed_methods, reason = "the file is for programs other than this")]

use super::Context;
use crate::cli::args::TrustCommand;
use crate::cli::output::Form;
use crate::ops::{self, Exit, Failure};
use crate::ports::Cancel;

pub(super) fn run(context: &Context<'_>, command: &TrustCommand) -> Result<Exit, Failure> {
    let TrustCommand::Export { output, trust } = command;
    let world = context.world(Cancel::new())?;
    let trust = trust.as_deref().map(super::verify::trust_file).transpose()?;
    let path = output.display().to_string();
    let exported = ops::export_trust(&world, &path, trust)?;
    std::fs::write(output, &exported.root)
        .map_err(|error| Failure::new(Exit::Infrastructure, "trust::unwritable", format!("{path}: {error}")))?;
    match context.output.form {
        Form::Json => context.output.json(&exported),
        Form::Human => {
            if !exported.has_authorities {
                context.output.note(&format!("{path}: no authority is in it, only keys are trusted\n"));
            }
            let mut text = String::new();
            for each in &exported.commands {
                text.push_str(&format!("# {}: {}\n{}\n", each.subject, each.kind, each.command));
            }
            context.output.text(&text);
        }
    }
    Ok(Exit::Pass)
}
