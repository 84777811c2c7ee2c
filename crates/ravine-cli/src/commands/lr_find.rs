//! `ravine lr-find`: which learning rate, and why.

use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::picture::{self, Picture};
use crate::progress::Progress;
use crate::workload::Chosen;
use crate::{interrupt, table};
use ravine_lab::braille;
use ravine_lab::data::Order;
use ravine_lab::lr_find::{self, Answer, Curve, Found, Settings, Tried};
use ravine_lab::pictures::lines::{Lines, Look};
use ravine_lab::stats::Interval;
use ravine_lab::stats::number::{lr, significant};
use serde::Serialize;

/// Rows of the picture in the terminal.
const ROWS: usize = 18;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// The optimizer. Its learning rate is searched for: an `lr=` here is not used.
    #[arg(long, value_name = "SPEC", default_value_t = Settings::default().optimizer)]
    optimizer: String,
    /// Seeds, each with its own model and order of data.
    #[arg(long, value_name = "N", default_value = "5")]
    seeds: u16,
    /// Optimizer steps in which the rate grows.
    #[arg(long, value_name = "N", default_value_t = Settings::default().steps)]
    steps: u64,
    /// Optimizer steps of the runs at constant rates; what is best for few steps may be too large for many.
    #[arg(long, value_name = "N", default_value_t = Settings::default().verify)]
    verify: u64,
    /// Lowest rate.
    #[arg(long, value_name = "LR", default_value_t = Settings::default().range[0], allow_negative_numbers = true)]
    from: f64,
    /// Highest rate.
    #[arg(long, value_name = "LR", default_value_t = Settings::default().range[1], allow_negative_numbers = true)]
    to: f64,
    /// Batches whose mean gradient makes an optimizer step.
    #[arg(long, value_name = "N", default_value_t = Settings::default().accumulate)]
    accumulate: u64,
    /// How to write the result.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// No progress bar.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    picture: Picture,
}

/// Everything, as plain data.
#[derive(Serialize)]
struct Everything<'a> {
    workload: &'a str,
    #[serde(flatten)]
    found: &'a Found,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let settings = Settings {
        optimizer: arguments.optimizer.clone(),
        range: [arguments.from, arguments.to],
        steps: arguments.steps,
        verify: arguments.verify,
        accumulate: arguments.accumulate,
    };
    settings.check()?;
    let workload = arguments.chosen.load()?;
    let mut sessions: Vec<_> =
        (1..=u64::from(arguments.seeds)).map(|seed| workload.start(seed, Order::Reshuffled)).collect();
    let progress = Progress::new(arguments.quiet, "runs");
    let done = lr_find::find(&mut sessions, &settings, interrupt::flag(), &|event| progress.event(event));
    progress.end();
    let found = match done {
        Err(error) if error.is_interruption() => return Err(Failure::Interrupted("Interrupted.".into())),
        done => done?,
    };
    let name = &workload.info().name;
    let lines = lr_find::picture::lines(name, &found);
    let size = arguments.picture.size(lines.size);
    let written = arguments.picture.write(|| Lines { size, ..lines.clone() }.draw())?;
    match arguments.format {
        Format::Table => output::print(&format!("{}{}{written}", terminal(&lines), text(&found)))?,
        Format::Json => output::print_json(&Everything { workload: name, found: &found })?,
        Format::Csv => output::print(&csv(&found))?,
    }
    match found.answer {
        Answer::Take { .. } => Ok(()),
        Answer::Refused { reason } => Err(Failure::Error(format!("no learning rate to take: {reason}"))),
    }
}

/// The picture in the terminal: without the seeds' own lines, which dots have no room for. Nothing if there is no line.
fn terminal(lines: &Lines) -> String {
    let few: Vec<_> = lines.lines.iter().filter(|line| line.look != Look::Thin).cloned().collect();
    if few.iter().all(|line| line.points.len() < 2) {
        return String::new();
    }
    braille::lines(picture::screen(ROWS), &Lines { lines: few, ..lines.clone() }) + "\n"
}

fn text(found: &Found) -> String {
    let mut text = String::new();
    if let Answer::Take { sentence, interval, low, high, .. } = &found.answer {
        text += &(table::paragraph(sentence) + "\n");
        let row = |curve: &Curve| {
            let of = |pick: fn(&lr_find::Shape) -> f64| {
                curve.shape.as_ref().map_or("-".into(), |shape| lr(pick(shape)))
            };
            let blow_up = curve.blow_up().map_or("does not".into(), lr);
            [of(|s| s.onset), of(|s| s.steepest), of(|s| s.best), blow_up, of(|s| s.suggestion)]
        };
        let rows: Vec<Vec<String>> = found
            .curves
            .iter()
            .enumerate()
            .map(|(i, curve)| std::iter::once((i + 1).to_string()).chain(row(curve)).collect())
            .collect();
        let headings = ["seed", "falls from", "steepest", "lowest", "blows up", "suggests"];
        text += &table::draw(&headings, &[0, 1, 2, 3, 4, 5], &[3], rows.iter().map(Vec::as_slice));
        let rows: Vec<[String; 4]> = found.tried.iter().map(tried).collect();
        let headings = ["constant rate", "loss at the end", "left", "works"];
        text += &format!("\n{}", table::draw(&headings, &[0, 1, 2], &[], rows.iter().map(|row| &row[..])));
        let between = |what: &str, interval: &Option<Interval>| {
            interval.map(|i| format!("{what} {}..{}", lr(i.low), lr(i.high)))
        };
        let intervals: Vec<String> = [
            between("the rate to take", interval),
            between("the lowest that works", low),
            between("the highest", high),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !intervals.is_empty() {
            text += &table::paragraph(&format!("95 % over the seeds: {}.", intervals.join(", ")));
        }
    }
    text + &table::paragraph(&found.bound)
}

fn tried(tried: &Tried) -> [String; 4] {
    let left = tried.last.iter().filter(|last| last.is_none()).count();
    [
        lr(tried.lr),
        tried.mean().map_or("-".into(), |mean| significant(mean, 4)),
        if left == 0 { String::new() } else { format!("{left} of {}", tried.last.len()) },
        if tried.works { "yes" } else { "no" }.into(),
    ]
}

/// The curves, a row for each seed and rate.
fn csv(found: &Found) -> String {
    let rows = found.curves.iter().enumerate().flat_map(|(i, curve)| {
        let values = curve.lrs.iter().zip(&curve.losses).zip(&curve.smooth);
        values.map(move |((lr, loss), smooth)| {
            ["growing".into(), (i + 1).to_string(), lr.to_string(), loss.to_string(), smooth.to_string()]
        })
    });
    let constant = found.tried.iter().flat_map(|tried| {
        tried.last.iter().enumerate().map(|(i, last)| {
            let loss = last.map_or(String::new(), |loss| loss.to_string());
            ["constant".into(), (i + 1).to_string(), tried.lr.to_string(), loss, String::new()]
        })
    });
    output::csv(["run", "seed", "lr", "loss", "smoothed"], rows.chain(constant))
}
