//! Arguments, exit codes and wiring: the only room that imports `adapters`, and the only one that prints.

mod annotations;
mod args;
mod commands;
mod cores;
mod output;
mod wire;

pub use args::Cli;

use crate::ops::{Exit, Failure};
use args::Command;
use clap::Parser as _;
use output::{Form, Output};
use std::process::ExitCode;

/// Runs the command line of this process and gives its exit code.
pub fn run() -> ExitCode {
    exit_with_our_code_on_panic();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output with 0; that the reader went away is not an error of ours.
            error.print().unwrap_or_default();
            return ExitCode::from(if error.use_stderr() { Exit::Usage.code() } else { Exit::Pass.code() });
        }
    };
    let environment = wire::Environment::read();
    let form = match cli.global.format.as_deref() {
        Some("json") => Form::Json,
        _ => Form::Human,
    };
    let output = Output::new(form, cli.global.color, cli.global.quiet, environment.no_color);
    let output = output.beside(wire::github(&cli.global, &environment));
    let done =
        accepted_form(&cli).and_then(|()| cores::forbid()).and_then(|()| commands::run(&cli, &environment, &output));
    let exit = done.unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.exit
    });
    ExitCode::from(exit.code())
}

/// Refuses a `--format` that the command does not have.
fn accepted_form(cli: &Cli) -> Result<(), Failure> {
    let accepted: &[&str] = match &cli.command {
        Command::Graph => &["human", "tree", "dot", "mermaid", "json"],
        Command::Scan(_) => &["human", "table", "json", "cyclonedx"],
        _ => &["human", "json"],
    };
    match cli.global.format.as_deref() {
        Some(form) if !accepted.contains(&form) => {
            Err(Failure::new(Exit::Usage, "usage::format", format!("`{form}` is not a form of this command's result"))
                .help(format!("it has: {}", accepted.join(", "))))
        }
        _ => Ok(()),
    }
}

/// A panic is a bug of ours: say so, and exit with its code instead of the runtime's.
#[expect(clippy::exit, reason = "a panic has no other way to give an exit code")]
fn exit_with_our_code_on_panic() {
    let standard = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        standard(panic);
        output::bug();
        std::process::exit(i32::from(Exit::Bug.code()));
    }));
}
