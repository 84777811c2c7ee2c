//! `ravine train`: one model, trained for its weights.

mod chart;
mod draw;
mod live;
mod plain;
mod screen;
mod series;
mod summary;

use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::spec::{self, Kind};
use crate::workload::Chosen;
use crate::{interrupt, output, rerun};
use ravine_lab::stats::number;
use ravine_lab::train::{self, Begin, End, Execution, Folder, Identity, News, Settings, Watch};
use ravine_lab::whole;
use ravine_lab::workload::Workload;
use std::io::{IsTerminal, stderr, stdin};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// More threads than any machine has use for.
const MOST_THREADS: i64 = 1024;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Optimizer, such as `sgd:momentum=0.9`. `ravine optimizers` lists them; `@file.toml#name` stands for a table of a file.
    #[arg(long, value_name = "SPEC", default_value = "adamw")]
    optimizer: String,
    /// Learning rate; if not given, the optimizer's own.
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Schedule over the steps of the run, such as `cosine:warmup=5%`. `ravine schedules` lists them.
    #[arg(long, value_name = "SPEC", default_value = "constant")]
    schedule: String,
    /// Passes over the training data, instead of the workload's own.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(allow_negative_numbers = true)]
    epochs: Option<u64>,
    /// Optimizer steps, instead of epochs.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(allow_negative_numbers = true, conflicts_with = "epochs")]
    steps: Option<u64>,
    /// Seed of initialisation and data order.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Batches in a step: the gradient is their mean.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(allow_negative_numbers = true)]
    accumulate: u64,
    /// Scale the whole gradient down to this norm where it is larger.
    #[arg(long, value_name = "NORM", allow_negative_numbers = true)]
    clip_norm: Option<f64>,
    /// Limit each element of the gradient to this magnitude.
    #[arg(long, value_name = "LIMIT", allow_negative_numbers = true)]
    clip_value: Option<f64>,
    /// Average the weights with this decay, such as 0.999: the average is evaluated and kept.
    #[arg(long, value_name = "DECAY", allow_negative_numbers = true)]
    ema: Option<f64>,
    /// Stop once more evaluations in a row than these bring no better metric, and keep the best weights.
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// How much better a metric must be to count as better.
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    min_delta: f64,
    /// Lower the learning rate where the validation loss stops falling; with `=`, a spec such as
    /// `plateau:patience=5,factor=0.5`.
    #[arg(long, value_name = "SPEC", num_args = 0..=1, require_equals = true, default_missing_value = "plateau")]
    plateau: Option<String>,
    /// Steps between evaluations; if not given, an epoch or a 20th of the run, whichever is shorter.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(allow_negative_numbers = true)]
    evaluate_every: Option<u64>,
    /// Seconds between checkpoints.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    #[arg(allow_negative_numbers = true)]
    checkpoint_every: f64,
    /// Folder of the run; if not given, `ravine-out/train/` and the workload's name.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in that folder, of the same arguments, from its last checkpoint.
    #[arg(long)]
    resume: bool,
    /// Delete the run in that folder, and begin a new one.
    #[arg(long, conflicts_with = "resume")]
    overwrite: bool,
    /// Plain lines on a terminal too, instead of the live view.
    #[arg(long)]
    plain: bool,
    /// Neither live view nor lines.
    #[arg(short, long)]
    quiet: bool,
    /// Threads to compute on; as many as there are cores if not given. No result depends on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_THREADS))]
    #[arg(allow_negative_numbers = true)]
    threads: Option<u16>,
    /// How to write the result to standard output.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let optimizer = one(Kind::Optimizer, &arguments.optimizer)?;
    let workload = arguments.chosen.load()?;
    let settings = settings(arguments, &*workload, &optimizer)?;
    settings.check()?;
    let path = arguments
        .out
        .clone()
        .unwrap_or_else(|| Path::new("ravine-out/train").join(train::safe_name(&workload.info().name)));
    let begin = match (arguments.resume, arguments.overwrite) {
        (true, _) => Begin::Resume,
        (_, true) => Begin::Overwrite,
        _ => Begin::New,
    };
    let command = rerun::command(&["--resume", "--overwrite"]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads.unwrap_or(0).into()).build();
    let pool = pool.map_err(|error| Failure::Error(format!("cannot start the threads: {error}")))?;
    let identity = Identity::new(workload.info(), &settings);
    let mut folder = Folder::open(&path, begin, identity, &command)?;
    let execution = Execution {
        checkpoint_every: Duration::from_secs_f64(arguments.checkpoint_every),
        stop: interrupt::flag(),
    };
    let mut train = |watch: &mut dyn Watch| {
        pool.install(|| train::run(&*workload, &settings, &mut folder, &execution, watch))
    };
    let dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    let done = match () {
        () if arguments.quiet => train(&mut Silent),
        () if arguments.plain || dumb || !stderr().is_terminal() || !stdin().is_terminal() => {
            train(&mut plain::Lines::new(workload.info()))
        }
        () => live::run(workload.info(), &settings, &path, train),
    }?;

    let entries = folder.entries()?;
    let title = format!("{}: {}, {}", workload.info().name, settings.optimizer, settings.schedule);
    whole::write(&folder.picture(), train::picture(&title, &entries).standalone())?;
    match done.end {
        End::Interrupted => Err(Failure::Interrupted(format!(
            "Interrupted after {} of {} steps. To go on:\n    {command} --resume",
            done.steps, settings.steps
        ))),
        End::Diverged => Err(Failure::Error(format!(
            "the run diverged after {} of {} steps: try a lower learning rate than {}{}. What was seen is in {}",
            done.steps,
            settings.steps,
            number::lr(settings.lr),
            if settings.clip_norm.is_none() { ", a warmup, or --clip-norm 1" } else { ", or a warmup" },
            path.display()
        ))),
        End::Finished | End::Stopped => output::print(&summary::write(
            workload.info(),
            &settings,
            &done,
            &folder,
            &train::outlook(&entries),
            arguments.format,
        )?),
    }
}

fn settings(arguments: &Arguments, workload: &dyn Workload, optimizer: &str) -> Result<Settings> {
    let mut settings = Settings::new(workload, optimizer, arguments.epochs, arguments.accumulate)?;
    if let Some(steps) = arguments.steps {
        settings.set_steps(workload, steps);
    }
    settings.lr = arguments.lr.unwrap_or(settings.lr);
    settings.schedule = one(Kind::Schedule, &arguments.schedule)?;
    settings.evaluate_every = arguments.evaluate_every.unwrap_or(settings.evaluate_every);
    Ok(Settings {
        seed: arguments.seed,
        clip_norm: arguments.clip_norm,
        clip_value: arguments.clip_value,
        ema: arguments.ema,
        patience: arguments.patience,
        min_delta: arguments.min_delta,
        plateau: arguments.plateau.clone(),
        ..settings
    })
}

/// The one spec that the text stands for.
fn one(kind: Kind, text: &str) -> Result<String> {
    let specs = spec::list(kind, &[text.into()])?;
    match <[String; 1]>::try_from(specs) {
        Ok([spec]) => Ok(spec),
        Err(specs) => {
            Err(Failure::Usage(format!("one {} is trained with, not {}", kind.name(), specs.len())))
        }
    }
}

fn seconds(text: &str) -> Result<f64, &'static str> {
    match text.parse() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds, 0 or more"),
    }
}

/// Watches and says nothing.
struct Silent;

impl Watch for Silent {
    fn tell(&mut self, news: News) {
        if let News::Refused(what) = news {
            crate::failure::say(&format!("note: {what}"));
        }
    }
}
