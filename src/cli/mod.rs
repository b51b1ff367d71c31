//! Arguments, exit codes and wiring: the only room that imports `adapters`, and the only one that prints.

mod args;

pub use args::Cli;
