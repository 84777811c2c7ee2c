//! The commands, one file each.

mod advise;
mod catalogue;
mod compare;
mod completions;
mod data;
mod diagnose;
mod eval;
mod experiment;
mod figures;
mod gradient;
mod lr_find;
mod objectives;
mod optimizers;
mod report;
mod schedule;
mod schedules;
mod serve;
mod trace;
mod train;
mod workloads;

use crate::failure::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Compare optimizers and schedules on real workloads, each at its own best learning rate.
    Compare(compare::Arguments),
    /// Advise on a workload: optimizer, learning rate, schedule, batch size, clipping, initialisation.
    Advise(advise::Arguments),
    /// Train a workload for its weights, watched as it runs.
    Train(train::Arguments),
    /// Evaluate weights that `ravine train` gave.
    Eval(eval::Arguments),
    /// Find the learning rate of an optimizer on a workload, with the range that works and the reason.
    LrFind(lr_find::Arguments),
    /// Say what is wrong with a training run, and what to change.
    Diagnose(diagnose::Arguments),
    /// Trace the path of optimizers over a function, and draw it.
    Trace(trace::Arguments),
    /// Slope, curvature and stable learning rates of a function at a point.
    Gradient(gradient::Arguments),
    /// Put claims of the teaching texts to the test: a measured verdict on each.
    Experiment(experiment::Arguments),
    /// Draw the figures of the teaching texts, or list them.
    Figures(figures::Arguments),
    /// Rebuild the report of a comparison from the run store.
    Report(report::Arguments),
    /// List the functions to minimise, or explain one.
    Objectives(catalogue::Arguments),
    /// List the optimizers, or explain one.
    Optimizers(catalogue::Arguments),
    /// List the schedules, or explain one.
    Schedules(catalogue::Arguments),
    /// Draw schedules: learning rates over the steps of a run.
    Schedule(schedule::Arguments),
    /// Open the live page: optimizers racing over landscapes, and comparisons as they run.
    Serve(serve::Arguments),
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
            Self::Advise(arguments) => advise::run(&arguments),
            Self::Train(arguments) => train::run(&arguments),
            Self::Eval(arguments) => eval::run(&arguments),
            Self::LrFind(arguments) => lr_find::run(&arguments),
            Self::Diagnose(arguments) => diagnose::run(&arguments),
            Self::Trace(arguments) => trace::run(&arguments),
            Self::Gradient(arguments) => gradient::run(&arguments),
            Self::Experiment(arguments) => experiment::run(&arguments),
            Self::Figures(arguments) => figures::run(&arguments),
            Self::Report(arguments) => report::run(&arguments),
            Self::Objectives(arguments) => objectives::run(&arguments),
            Self::Optimizers(arguments) => optimizers::run(&arguments),
            Self::Schedules(arguments) => schedules::run(&arguments),
            Self::Schedule(arguments) => schedule::run(&arguments),
            Self::Serve(arguments) => serve::run(arguments),
            Self::Workloads(arguments) => workloads::run(&arguments),
            Self::Data(arguments) => data::run(&arguments),
            Self::Completions(arguments) => completions::run(&arguments),
        }
    }
}
