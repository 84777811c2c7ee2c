//! The commands, one file each.

mod catalogue;
mod compare;
mod completions;
mod data;
mod optimizers;
mod report;
mod schedules;
mod workloads;

use crate::failure::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Compare optimizers and schedules on real workloads, each at its own best learning rate.
    Compare(compare::Arguments),
    /// Rebuild the report of a comparison from the run store.
    Report(report::Arguments),
    /// List the optimizers, or explain one.
    Optimizers(catalogue::Arguments),
    /// List the schedules, or explain one.
    Schedules(catalogue::Arguments),
    /// List the workloads.
    Workloads(workloads::Arguments),
    /// List the data sets: what is there, what is missing, and how to get it.
    Data(data::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
}

impl Command {
    pub(crate) fn run(self) -> Result {
        match self {
            Self::Compare(arguments) => compare::run(arguments),
            Self::Report(arguments) => report::run(&arguments),
            Self::Optimizers(arguments) => optimizers::run(&arguments),
            Self::Schedules(arguments) => schedules::run(&arguments),
            Self::Workloads(arguments) => workloads::run(&arguments),
            Self::Data(arguments) => data::run(&arguments),
            Self::Completions(arguments) => completions::run(&arguments),
        }
    }
}
