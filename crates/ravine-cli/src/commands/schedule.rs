//! `ravine schedule`: learning rates over steps, drawn.

use crate::failure::{Failure, Result, say};
use crate::moments::moments;
use crate::output::{self, Format};
use crate::picture::{self, Picture};
use crate::spec::{self, Kind};
use crate::table;
use clap::ValueEnum;
use ravine::Schedule;
use ravine::schedules;
use ravine_lab::braille;
use ravine_lab::pictures::lines::AxisKind;
use ravine_lab::pictures::schedule::Schedules;
use ravine_lab::stats::number;
use ravine_lab::svg::Svg;
use serde::Serialize;
use std::sync::Arc;

/// Steps of a run, where neither the arguments nor the schedules say how many.
const STEPS: u64 = 1000;
/// The most rows that are written unasked, and how many are where there would be more.
const MOST_ROWS: u64 = 1_000_000;
const SAMPLE: usize = 10_001;
/// Height that the momentum adds to the picture in a file.
const MOMENTUM: f64 = 120.0;
/// Rows of the picture in the terminal.
const ROWS: usize = 18;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Schedules, such as `cosine:warmup=5%,min=1e-5`, `constant for 50% then cosine` or `linear * step`; several as
    /// separate words or with commas between. `ravine schedules` lists them; `@file.toml` holds them as tables.
    #[arg(value_name = "SPEC", required = true)]
    specs: Vec<String>,
    /// Steps of the run; if not given, the longest that the schedules name, else 1000.
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    steps: Option<u64>,
    /// The learning rate that the schedules start from.
    #[arg(long, value_name = "BASE", default_value_t = 0.1, value_parser = base, allow_negative_numbers = true)]
    lr: f64,
    /// What is scheduled, if it is something else, such as "weight decay": the name in the picture.
    #[arg(long, value_name = "NAME", default_value = "learning rate")]
    quantity: String,
    /// How the picture spreads the values; chosen by what they are if not given.
    #[arg(long, value_enum)]
    axis: Option<Axis>,
    /// Give these steps only, such as `0,50,100`.
    #[arg(long, value_name = "STEPS", value_delimiter = ',', value_parser = step, allow_negative_numbers = true)]
    at: Vec<u64>,
    /// How to write the numbers: in the table at some steps, else at all of them.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    picture: Picture,
}

#[derive(Clone, Copy, ValueEnum)]
enum Axis {
    /// Equal steps.
    Linear,
    /// Equal factors, if all values are above 0.
    Log,
}

/// A schedule as it was asked for and as it was read.
struct Curve {
    spec: String,
    schedule: Arc<dyn Schedule>,
    /// Whether it gives a momentum in some part of the run.
    moves_momentum: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let (curves, steps) = curves(arguments)?;
    pictured(arguments, &curves, steps, |picture| {
        let written = arguments.picture.write(|| picture.draw())?;
        let at = |unasked: &dyn Fn() -> Vec<u64>| match arguments.at.is_empty() {
            true => unasked(),
            false => arguments.at.clone(),
        };
        let every = || every(steps, curves.len());
        match arguments.format {
            Format::Table => {
                let functions: Vec<&dyn Fn(u64) -> f64> = picture.curves.iter().map(|(_, lr)| *lr).collect();
                output::print(&braille::lines(picture::screen(ROWS), &picture.lines()))?;
                output::print("\n")?;
                if let Some(momenta) = picture.momentum_lines() {
                    output::print(&braille::lines(picture::screen(ROWS / 2), &momenta))?;
                    output::print("\n")?;
                }
                output::print(&drawn(&curves, arguments.lr, &at(&|| moments(steps, &functions))))?;
                output::print(&readings(&curves))?;
                if written.is_empty() { Ok(()) } else { output::print(&format!("\n{written}")) }
            }
            Format::Csv => output::print(&csv(&curves, arguments.lr, &at(&every))),
            Format::Json => output::print_json(&json(&curves, steps, arguments.lr, &at(&every))),
        }
    })
}

/// The picture alone.
pub(super) fn draw(arguments: &Arguments) -> Result<Svg> {
    let (curves, steps) = curves(arguments)?;
    Ok(pictured(arguments, &curves, steps, |picture| picture.draw()))
}

/// The schedules, and the steps of the run.
fn curves(arguments: &Arguments) -> Result<(Vec<Curve>, u64)> {
    let specs = spec::list(Kind::Schedule, &arguments.specs)?;
    if specs.is_empty() {
        return Err(Failure::Usage("there is no schedule to draw".into()));
    }
    let steps = match arguments.steps {
        Some(steps) => steps,
        None => {
            let open = specs.iter().map(|spec| read(spec, 0)).collect::<Result<Vec<_>>>()?;
            open.iter().filter_map(|curve| curve.schedule.length()).max().unwrap_or(STEPS)
        }
    };
    Ok((specs.iter().map(|spec| read(spec, steps)).collect::<Result<_>>()?, steps))
}

/// Does something with the picture.
fn pictured<T>(
    arguments: &Arguments,
    curves: &[Curve],
    steps: u64,
    then: impl FnOnce(&Schedules<'_>) -> T,
) -> T {
    let lrs: Vec<_> = curves.iter().map(|curve| |step| curve.schedule.lr(arguments.lr, step)).collect();
    let quantity = arguments.quantity.as_str();
    let (first, rest) = quantity.split_at(quantity.chars().next().map_or(0, char::len_utf8));
    let base = number::lr_exact(arguments.lr);
    let title = format!("{}{rest} over {steps} steps, base {base}", first.to_uppercase());
    let mut picture = Schedules::new(&title, steps);
    picture.quantity = quantity.into();
    picture.kind = arguments.axis.map(|axis| match axis {
        Axis::Linear => AxisKind::Linear,
        Axis::Log => AxisKind::Log,
    });
    picture.curves = curves.iter().zip(&lrs).map(|(curve, lr)| (curve.spec.clone(), lr as _)).collect();
    let momenta: Vec<_> =
        curves.iter().map(|curve| |step| curve.schedule.momentum(step).unwrap_or(f64::NAN)).collect();
    let moved = (0..curves.len()).filter(|&n| curves[n].moves_momentum);
    picture.momenta = moved.map(|n| (n, &momenta[n] as _)).collect();
    let [width, height] = picture.size;
    let below = if picture.momenta.is_empty() { 0.0 } else { MOMENTUM };
    picture.size = arguments.picture.size([width, height + below]);
    then(&picture)
}

/// A number of steps.
fn count(text: &str) -> Result<u64, &'static str> {
    text.parse().ok().filter(|&steps| steps > 0).ok_or("expected a whole number, 1 or more")
}

/// The number of a step.
fn step(text: &str) -> Result<u64, &'static str> {
    text.trim().parse().map_err(|_| "expected a whole number, 0 or more")
}

/// A base learning rate.
fn base(text: &str) -> Result<f64, &'static str> {
    let lr = text.parse().ok().filter(|lr: &f64| lr.is_finite() && *lr > 0.0);
    lr.ok_or("expected a number above 0")
}

fn read(spec: &str, steps: u64) -> Result<Curve> {
    let schedule = schedules::parse(spec, steps).map_err(Failure::usage)?;
    let hundredth = |i: u64| (u128::from(steps.saturating_sub(1)) * u128::from(i) / 100) as u64;
    let moves_momentum = (0..=100).any(|i| schedule.momentum(hundredth(i)).is_some());
    Ok(Curve { spec: spec.into(), schedule, moves_momentum })
}

/// All steps of the run, or some of them evenly where that would be too many.
fn every(steps: u64, schedules: usize) -> Vec<u64> {
    if steps <= MOST_ROWS / schedules as u64 {
        return (0..steps).collect();
    }
    say(&format!("note: of {steps} steps {SAMPLE} are given; --at names others"));
    let place = |i: usize| (u128::from(steps - 1) * i as u128 / (SAMPLE - 1) as u128) as u64;
    (0..SAMPLE).map(place).collect()
}

fn drawn(curves: &[Curve], base: f64, steps: &[u64]) -> String {
    let mut headings = vec!["step".to_string()];
    for curve in curves {
        let alone = curves.len() == 1;
        headings.push(if alone { "lr".into() } else { curve.spec.clone() });
        if curve.moves_momentum {
            headings.push(if alone { "momentum".into() } else { format!("momentum of {}", curve.spec) });
        }
    }
    let row = |&step: &u64| {
        let mut cells = vec![step.to_string()];
        for curve in curves {
            cells.push(number::lr_exact(curve.schedule.lr(base, step)));
            if curve.moves_momentum {
                cells.push(
                    curve.schedule.momentum(step).map_or_else(String::new, |x| number::significant(x, 4)),
                );
            }
        }
        cells
    };
    let rows: Vec<Vec<String>> = steps.iter().map(row).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let right: Vec<usize> = (0..headings.len()).collect();
    table::draw(&headings, &right, &[], rows.iter().map(|row| &row[..]))
}

/// How specs were read, where that says more than they do.
fn readings(curves: &[Curve]) -> String {
    let read = |curve: &Curve| {
        let text = curve.schedule.spec();
        (text != curve.spec).then(|| table::paragraph(&format!("{} reads as {text}", curve.spec)))
    };
    let lines: String = curves.iter().filter_map(read).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn csv(curves: &[Curve], base: f64, steps: &[u64]) -> String {
    let rows = curves.iter().flat_map(|curve| {
        steps.iter().map(move |&step| {
            let momentum = curve.schedule.momentum(step).map(|x| x.to_string()).unwrap_or_default();
            [curve.spec.clone(), step.to_string(), curve.schedule.lr(base, step).to_string(), momentum]
        })
    });
    output::csv(["schedule", "step", "lr", "momentum"], rows)
}

/// Everything, as plain data.
#[derive(Serialize)]
struct Everything<'a> {
    steps: u64,
    base: f64,
    schedules: Vec<Values<'a>>,
}

#[derive(Serialize)]
struct Values<'a> {
    spec: &'a str,
    reads_as: String,
    at: &'a [u64],
    lr: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    momentum: Option<Vec<Option<f64>>>,
}

fn json<'a>(curves: &'a [Curve], steps: u64, base: f64, at: &'a [u64]) -> Everything<'a> {
    let values = |curve: &'a Curve| {
        let momentum = || at.iter().map(|&step| curve.schedule.momentum(step)).collect();
        Values {
            spec: &curve.spec,
            reads_as: curve.schedule.spec(),
            at,
            lr: at.iter().map(|&step| curve.schedule.lr(base, step)).collect(),
            momentum: curve.moves_momentum.then(momentum),
        }
    };
    Everything { steps, base, schedules: curves.iter().map(values).collect() }
}
