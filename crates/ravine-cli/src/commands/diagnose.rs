//! `ravine diagnose`: what is wrong with a training run, and what to change.

use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::picture::Picture;
use crate::progress::Progress;
use crate::workload::{self, Chosen};
use crate::{interrupt, table};
use ravine::rules;
use ravine_lab::data::Order;
use ravine_lab::diagnose::{self, Diagnosis, Layer, Settings, picture};
use ravine_lab::stats::number::{count, fixed, lr, significant};
use ravine_lab::workloads;

/// Letters of the longest bar.
const BAR: f64 = 10.0;
/// Decades between the shortest bar and the longest at least.
const DECADES: f64 = 3.0;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Hidden layers: the same as `depth=` among the workload's options.
    #[arg(long, value_name = "N")]
    depth: Option<String>,
    /// Activation of the hidden layers: the same as `activation=`.
    #[arg(long, value_name = "NAME")]
    activation: Option<String>,
    /// Initialisation of the weights: the same as `init=`.
    #[arg(long, value_name = "NAME")]
    init: Option<String>,
    /// The optimizer.
    #[arg(long, value_name = "SPEC", default_value = "adam")]
    optimizer: String,
    /// Its learning rate; that of its spec, or its default, if not given.
    #[arg(long, value_name = "LR", allow_negative_numbers = true)]
    lr: Option<f64>,
    /// The schedule of the learning rate.
    #[arg(long, value_name = "SPEC", default_value = "constant")]
    schedule: String,
    /// Optimizer steps of a run.
    #[arg(long, value_name = "N", default_value = "100")]
    steps: u64,
    /// Runs, each with a seed of its own.
    #[arg(long, value_name = "N", default_value = "3")]
    seeds: u16,
    /// How to write the result.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// No progress bar.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    picture: Picture,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let mut rule = rules::parse(&arguments.optimizer).map_err(Failure::usage)?;
    if let Some(lr) = arguments.lr {
        rule.set("lr", lr).map_err(Failure::usage)?;
    }
    let settings = Settings {
        optimizer: rules::spec(&*rule),
        schedule: arguments.schedule.clone(),
        steps: arguments.steps,
        seeds: (1..=u64::from(arguments.seeds)).collect(),
        order: Order::Reshuffled,
    };
    settings.check()?;
    let workload = workload::load(&spec(arguments)?, arguments.chosen.data())?;
    let progress = Progress::new(arguments.quiet, "runs");
    let done = diagnose::run(&*workload, &settings, interrupt::flag(), &|event| progress.event(event));
    progress.end();
    let diagnosis = match done {
        Err(error) if error.is_interruption() => return Err(Failure::Interrupted("Interrupted.".into())),
        done => done?,
    };
    let written = arguments.picture.write(|| picture::draw(&diagnosis))?;
    match arguments.format {
        Format::Table => output::print(&format!("{}{written}", text(&diagnosis))),
        Format::Json => output::print_json(&diagnosis),
        Format::Csv => output::print(&csv(&diagnosis)),
    }
}

/// The workload's spec with the options that were given apart from it.
fn spec(arguments: &Arguments) -> Result<String> {
    let mut spec = arguments.chosen.spec()?;
    for (key, value) in
        [("depth", &arguments.depth), ("activation", &arguments.activation), ("init", &arguments.init)]
    {
        if let Some(value) = value {
            spec = workloads::with(&spec, key, value)
                .ok_or_else(|| Failure::Usage(format!("the workload '{spec}' has no option '{key}'")))?;
        }
    }
    Ok(spec)
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut text = table::paragraph(&diagnosis.verdict);
    text += &format!("\n{}", layers(&diagnosis.layers));
    let mut notes = vec![format!(
        "{} with {}, schedule {}; medians over {}. Gradients before the first step: {}",
        diagnosis.workload,
        diagnosis.optimizer,
        diagnosis.schedule,
        count(diagnosis.seeds.len(), "seed"),
        diagnosis.signal.sentence()
    )];
    if let Some(scale) = diagnosis.noise_scale {
        notes.push(format!(
            "At the start, noise and signal of the gradient are alike at batches of {}.",
            significant(scale, 2)
        ));
    }
    text += &table::paragraph(&notes.join(" "));
    for (i, finding) in diagnosis.findings.iter().enumerate() {
        text += &format!("\n{}. {}\n", i + 1, capital(finding.trouble.word()));
        text += &indented(&finding.evidence, "   ");
        for advice in &finding.advice {
            let attempt = advice.attempt.as_ref().map_or(String::new(), |attempt| format!(" Try: {attempt}"));
            text += &indented(&format!("- {}{attempt}", advice.change), "   ");
        }
    }
    if !diagnosis.notes.is_empty() {
        text += &format!("\n{}", table::paragraph(&format!("Of the data: {}.", diagnosis.notes.join("; "))));
    }
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Text in lines that begin with `indent`, those of an item two letters further in.
fn indented(text: &str, indent: &str) -> String {
    let width = table::width().unwrap_or(100).min(100).saturating_sub(indent.len() + 2).max(20);
    let hang = if text.starts_with("- ") { "  " } else { "" };
    let lines = table::wrap(text, width);
    let line = |(i, line): (usize, &String)| format!("{indent}{}{line}\n", if i == 0 { "" } else { hang });
    lines.iter().enumerate().map(line).collect()
}

fn layers(layers: &[Layer]) -> String {
    let logs: Vec<f64> =
        layers.iter().map(|layer| layer.first_gradient.log10()).filter(|x| x.is_finite()).collect();
    let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let low = logs.iter().copied().fold(f64::INFINITY, f64::min).min(high - DECADES);
    let bar = |norm: f64| match norm.log10() {
        log if log.is_finite() => {
            let letters = 1.0 + (BAR - 1.0) * (log - low) / (high - low);
            "\u{2588}".repeat(letters.round() as usize)
        }
        _ => String::new(),
    };
    let share = |shares: Option<[f64; 2]>| {
        shares.map_or(String::new(), |pair| {
            let [before, after] = pair.map(|share| fixed(100.0 * share, 0));
            format!("{before} \u{2192} {after} %")
        })
    };
    let row = |layer: &Layer| {
        let spread = layer.after.as_ref().map_or(String::new(), |units| {
            format!("{} \u{b1} {}", significant(units.mean, 2), significant(units.sd, 2))
        });
        [
            layer.name.clone(),
            lr(layer.first_gradient),
            bar(layer.first_gradient),
            layer.gradients.last().map_or(String::new(), |norm| lr(*norm)),
            lr(layer.update_ratio),
            share(layer.saturated),
            share(layer.dead),
            spread,
        ]
    };
    let rows: Vec<[String; 8]> = layers.iter().map(row).collect();
    let headings = ["layer", "gradient", "", "at the end", "step/weight", "saturated", "dead", "output"];
    // Columns that no layer has anything in are left out.
    let kept: Vec<usize> =
        (0..headings.len()).filter(|&i| rows.iter().any(|row| !row[i].is_empty())).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| kept.iter().map(|&i| row[i].clone()).collect()).collect();
    let shown: Vec<&str> = kept.iter().map(|&i| headings[i]).collect();
    let place = |i: usize| kept.iter().position(|&k| k == i);
    let right: Vec<usize> = [1, 3, 4, 5, 6].into_iter().filter_map(place).collect();
    let spare: Vec<usize> = [7, 3, 2].into_iter().filter_map(place).collect();
    table::draw(&shown, &right, &spare, rows.iter().map(Vec::as_slice))
}

/// A row for each layer, then one for each finding.
fn csv(diagnosis: &Diagnosis) -> String {
    let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
    let layer = |layer: &Layer| {
        vec![
            "layer".to_string(),
            layer.name.clone(),
            layer.weight_norm.to_string(),
            layer.first_gradient.to_string(),
            number(layer.gradients.last().copied()),
            layer.update_ratio.to_string(),
            number(layer.saturated.map(|share| share[1])),
            number(layer.dead.map(|share| share[1])),
            String::new(),
        ]
    };
    let finding = |finding: &diagnose::Finding| {
        let mut row = vec![String::new(); 9];
        (row[0], row[1], row[8]) =
            ("finding".into(), finding.trouble.word().into(), finding.evidence.clone());
        row
    };
    let rows = diagnosis.layers.iter().map(layer).chain(diagnosis.findings.iter().map(finding));
    let headings = [
        "what",
        "name",
        "weight norm",
        "gradient",
        "last gradient",
        "step/weight",
        "saturated",
        "dead",
        "evidence",
    ];
    output::csv(headings, rows)
}
