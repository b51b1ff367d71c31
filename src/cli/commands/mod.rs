//! The commands, one a file: options in, a verb of `ops` run, its result printed, an exit code given.

mod build;
mod cache;
mod check;
mod db;
mod diff;
mod doctor;
mod explain;
mod generate;
mod graph;
mod init;
mod pack;
mod plan;
mod push;
mod resign;
mod scan;
mod trust;
mod vault;
mod verify;

use super::args::{Cli, Command};
use super::output::Output;
use super::wire::{self, Environment};
use crate::ops::{Exit, Failure, World};
use crate::ports::Cancel;

/// What every command gets.
struct Context<'a> {
    cli: &'a Cli,
    environment: &'a Environment,
    output: &'a Output,
}

impl Context<'_> {
    /// The world of the project that the options name, for a command that uses no network.
    fn world(&self, cancel: Cancel) -> Result<World, Failure> {
        self.world_for(cancel, true)
    }

    /// The world of the project that the options name.
    fn world_for(&self, cancel: Cancel, offline: bool) -> Result<World, Failure> {
        let (root, config) = wire::project(&self.cli.global)?;
        wire::world(root, config, &self.cli.global, self.environment, cancel, offline)
    }
}

/// Runs the command.
///
/// # Errors
/// It could not give its result.
pub(super) fn run(cli: &Cli, environment: &Environment, output: &Output) -> Result<Exit, Failure> {
    let context = Context { cli, environment, output };
    let done = verb(&context);
    wire::log_out(&cli.global, environment);
    done
}

fn verb(context: &Context<'_>) -> Result<Exit, Failure> {
    match &context.cli.command {
        Command::Init(args) => init::run(context, args),
        Command::Check => check::run(context),
        Command::Plan(args) => plan::run(context, args),
        Command::Build(args) => build::run(context, args),
        Command::Verify(args) => verify::run(context, args),
        Command::Resign(args) => resign::run(context, args),
        Command::Pack(args) => pack::run(context, args),
        Command::Vault(command) => vault::run(context, command),
        Command::Trust(command) => trust::run(context, command),
        Command::Push(args) => push::push(context, args),
        Command::Pull(args) => push::pull(context, args),
        Command::Diff(args) => diff::run(context, args),
        Command::Doctor => doctor::run(context),
        Command::Explain(args) => explain::run(context, args),
        Command::Graph => graph::run(context),
        Command::Scan(args) => scan::run(context, args),
        Command::Db(command) => db::run(context, command),
        Command::Cache(command) => cache::run(context, command),
        Command::Completions { shell } => generate::completions(context, *shell),
        Command::Man { directory } => generate::man(context, directory.as_deref()),
    }
}
