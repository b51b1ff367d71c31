//! `vault`: what Vault has to do with the project.

use super::Context;
use crate::cli::args::VaultCommand;
use crate::ops::{self, Exit, Failure, Project};
use crate::ports::Cancel;

pub(super) fn run(context: &Context<'_>, command: &VaultCommand) -> Result<Exit, Failure> {
    let world = context.world_for(Cancel::new(), false)?;
    let project = Project::open(&world)?;
    match command {
        VaultCommand::PublicKey { role } => {
            context.output.text(&ops::public_key(&world, &project.config, role)?);
        }
    }
    Ok(Exit::Pass)
}
