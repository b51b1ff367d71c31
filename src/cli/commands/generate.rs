//! `completions` and `man`: made from the command line's own definition.

use super::Context;
use crate::cli::args::Cli;
use crate::ops::{Exit, Failure};
use clap::CommandFactory as _;
use std::path::Path;

pub(super) fn completions(context: &Context<'_>, shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "proofmark", &mut script);
    context.output.text(&String::from_utf8_lossy(&script));
    Ok(Exit::Pass)
}

pub(super) fn man(context: &Context<'_>, directory: Option<&Path>) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Infrastructure, "man::unwritable", error.to_string());
    let Some(directory) = directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(failed)?;
        context.output.text(&String::from_utf8_lossy(&page));
        return Ok(Exit::Pass);
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), directory).map_err(failed)?;
    Ok(Exit::Pass)
}
