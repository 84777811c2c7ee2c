//! `ravine compare`: the main job.

use super::report;
use crate::failure::{Failure, Result, say};
use crate::output::Format;
use crate::progress::Progress;
use crate::spec::{self, Kind};
use crate::workload::{self, Own};
use crate::{interrupt, list, rerun};
use ravine_lab::compare::{self, Execution};
use ravine_lab::plan::Plan;
use ravine_lab::results;
use ravine_lab::store::Store;
use std::num::{IntErrorKind, ParseIntError};
use std::path::PathBuf;

/// More trials side by side than any machine has use for.
const MOST_JOBS: usize = 1024;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Workload to compare on, such as `digits-mlp:batch=64`; may be given more than once. `ravine workloads` lists them;
    /// digits-mlp if none is given.
    #[arg(short, long = "workload", value_name = "SPEC")]
    workloads: Vec<String>,
    #[command(flatten)]
    own: Own,
    /// Optimizers, separated by commas, such as `sgd,adam:betas=0.9/0.95`. `ravine optimizers` lists them;
    /// `@file.toml` holds them as tables. Their learning rates are searched for: an `lr=` here is not used.
    #[arg(long, value_name = "LIST", default_values_t = [Plan::default().optimizers.join(",")])]
    optimizers: Vec<String>,
    /// Schedules, separated by commas, such as `constant,cosine:warmup=5%`. `ravine schedules` lists them;
    /// `@file.toml` holds them as tables.
    #[arg(long, value_name = "LIST", default_values_t = [Plan::default().schedules.join(",")])]
    schedules: Vec<String>,
    /// Seeds of the reported runs: more of them tell smaller differences.
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    #[arg(default_value_t = Plan::default().seeds)]
    seeds: usize,
    /// Learning rates tried for each optimizer with each schedule.
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    #[arg(default_value_t = Plan::default().budget)]
    budget: usize,
    /// Seeds of each tuning trial, never among the reported ones.
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    #[arg(default_value_t = Plan::default().tuning_seeds)]
    tuning_seeds: usize,
    /// Epochs of a run, instead of the workload's own.
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    epochs: Option<usize>,
    /// Keep one order of the batches in all epochs, instead of a new one each epoch.
    #[arg(long)]
    fixed_order: bool,
    /// Folder to look for data files in.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder for the run store and the report.
    #[arg(long, value_name = "DIR", default_value = "ravine-out")]
    out: PathBuf,
    /// Trials side by side; as many as there are cores if not given. No result depends on it.
    #[arg(short, long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    jobs: Option<usize>,
    /// Go on with a comparison of the same arguments that was interrupted: nothing is run twice.
    #[arg(long)]
    resume: bool,
    /// How to write the result to standard output.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// No progress bar.
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(arguments: Arguments) -> Result {
    let command = rerun::command(&["--resume"]);
    let Arguments { data, out, format, .. } = &arguments;
    let mut plan = Plan {
        workloads: chosen(&arguments)?,
        optimizers: spec::list(Kind::Optimizer, &arguments.optimizers)?,
        schedules: spec::list(Kind::Schedule, &arguments.schedules)?,
        budget: arguments.budget,
        tuning_seeds: arguments.tuning_seeds,
        seeds: arguments.seeds,
        epochs: arguments.epochs.map(|epochs| epochs as u64),
        fixed_order: arguments.fixed_order,
    };
    let jobs = match arguments.jobs {
        Some(jobs) if !(1..=MOST_JOBS).contains(&jobs) => {
            return Err(Failure::Usage(format!("jobs must be between 1 and {MOST_JOBS}, not {jobs}")));
        }
        Some(jobs) => jobs,
        None => std::thread::available_parallelism().map_or(1, usize::from).min(MOST_JOBS),
    };
    let given_lrs = plan.take_lrs()?;
    if !given_lrs.is_empty() {
        let given = given_lrs.join(", ");
        say(&format!(
            "note: the learning rate in {given} is not used: each arm gets the best that a search finds"
        ));
    }
    let workloads = plan.check(data.as_deref())?;
    workloads.iter().for_each(|workload| workload::notes(&**workload));
    let path = out.join(report::STORE);
    let store = if arguments.resume { Store::existing(&path)? } else { Store::open(&path)? };
    let comparison = compare::begin(&store, &plan, &workloads, &command, jobs, arguments.resume)?;

    let progress = Progress::new(arguments.quiet, "trials");
    let watch = |event| progress.event(event);
    let execution = Execution { jobs, stop: interrupt::flag(), watch: &watch };
    let done = compare::run(&store, comparison, &plan, &workloads, &execution);
    progress.end();
    match done {
        Err(error) if error.is_interruption() => {
            return Err(Failure::Interrupted(format!("Interrupted. To go on:\n    {command} --resume")));
        }
        done => done?,
    }
    let stored = store.comparisons()?.into_iter().find(|stored| stored.id == comparison);
    let stored = stored.ok_or_else(|| Failure::Error("the comparison is gone from the run store".into()))?;
    report::write(&results::load(&store, &stored)?, out, *format)
}

/// The specs of the workloads: those named, the last of them on the user's own data if there is such.
fn chosen(arguments: &Arguments) -> Result<Vec<String>> {
    let mut specs = list::split(&arguments.workloads);
    let last = specs.pop();
    specs.extend(arguments.own.spec(last.as_deref())?);
    // An empty list is answered as a wrong one.
    Ok(if specs.is_empty() && arguments.workloads.is_empty() { Plan::default().workloads } else { specs })
}

/// A number of things; which numbers make sense is for the plan to say.
fn count(text: &str) -> Result<usize, &'static str> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => "that is too many",
        _ => "expected a whole number, 1 or more",
    })
}
