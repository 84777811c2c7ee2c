//! The `ravine` command.

mod commands;
mod failure;
mod figures;
mod gallery;
mod interrupt;
mod list;
mod moments;
mod numbers;
mod output;
mod picture;
mod progress;
mod rerun;
mod spec;

mod table;
mod workload;

use clap::Parser;
use std::process::ExitCode;

/// Which optimizer, which learning rate, which schedule? Ravine trains real models, and says with evidence.
#[derive(Parser)]
#[command(name = "ravine", version, max_term_width = 100, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    match Arguments::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
