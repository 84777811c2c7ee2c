//! `ravine experiment`: claims of the teaching texts, measured.

use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::progress::Progress;
use crate::{gallery, interrupt, table};
use ravine_lab::compare::Event;
use ravine_lab::experiments::{self, CATALOGUE, Experiment, Finding};
use ravine_lab::gallery::Item;
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How often a running experiment is asked whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which experiments; without a name they are listed.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Run all of them.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Write pictures, findings and an index page to this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seed of everything random.
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,
    /// How to write the findings, or the list.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// No progress bar.
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let Arguments { names, all, out, seed, format, quiet } = arguments;
    let mut chosen: Vec<&'static Experiment> = Vec::new();
    for name in names {
        let experiment = experiments::find(name)?;
        if chosen.iter().all(|known| known.name != experiment.name) {
            chosen.push(experiment);
        }
    }
    if *all {
        chosen.extend(CATALOGUE);
    }
    if chosen.is_empty() {
        if out.is_some() {
            return Err(Failure::Usage("--out needs the names of experiments, or --all".into()));
        }
        return list(*format);
    }
    let progress = Progress::new(*quiet, "experiments");
    progress.event(Event::Begin(chosen.len() as u64));
    let mut items = Vec::new();
    let done = chosen.iter().try_for_each(|experiment| {
        progress.event(Event::Phase(experiment.name));
        let finding = measure(experiment, *seed)?;
        let item = experiment.item(&finding, *seed);
        if let Some(out) = out {
            gallery::keep(out, &item, finding.pictures.iter().map(|picture| &picture.svg))?;
        }
        if *format == Format::Table {
            progress.aside(|| output::print(&text(&item)))?;
        }
        items.push(item);
        progress.event(Event::Done);
        Ok(())
    });
    progress.end();
    // What was finished before an interruption is not lost.
    if matches!(done, Ok(()) | Err(Failure::Interrupted(_))) {
        match format {
            Format::Table => {}
            Format::Json => output::print_json(&items)?,
            Format::Csv => output::print(&csv(&items))?,
        }
        if let (Some(out), Format::Table, false) = (out, format, items.is_empty()) {
            output::print(&format!("\nIndex: {}\n", out.join(gallery::INDEX).display()))?;
        }
    }
    done
}

/// Runs an experiment, unless an interruption comes first.
fn measure(experiment: &'static Experiment, seed: u64) -> Result<Finding> {
    let stop = interrupt::flag();
    let (sender, receiver) = channel();
    // On a thread of its own, which ends with the process: experiments need not know of interruptions.
    std::thread::spawn(move || {
        // Nobody waits for it any more after an interruption.
        sender.send((experiment.run)(seed)).ok();
    });
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(finding) => return Ok(finding?),
            Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => {
                return Err(Failure::Interrupted(format!("Interrupted in {}.", experiment.name)));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::Error(format!("the experiment {} came to no end", experiment.name)));
            }
        }
    }
}

/// A finding for people.
fn text(item: &Item) -> String {
    let mut text = format!("\n{}\n{}\n", item.title, table::paragraph(&format!("Source: {}", item.source)));
    for (heading, body) in &item.sections {
        text += &(table::paragraph(&format!("{heading}: {body}")) + "\n");
    }
    if let Some(values) = &item.table {
        let headings: Vec<&str> = values.headings.iter().map(String::as_str).collect();
        text += &table::draw(&headings, &values.numbers(), &[], values.rows.iter().map(Vec::as_slice));
        text += "\n";
    }
    if let Some((verdict, because)) = &item.verdict {
        text += &table::paragraph(&format!("Verdict: {}. {because}", verdict.word()));
    }
    text
}

fn csv(items: &[Item]) -> String {
    let rows = items.iter().map(|item| {
        let (verdict, because) =
            item.verdict.as_ref().map_or(("", ""), |(verdict, why)| (verdict.word(), why));
        [&item.name, &item.title, verdict, because]
    });
    output::csv(["name", "title", "verdict", "because"], rows)
}

fn list(format: Format) -> Result {
    let rows: Vec<[String; 2]> =
        CATALOGUE.iter().map(|experiment| [experiment.name.into(), experiment.title.into()]).collect();
    let headings = ["name", "claim"];
    match format {
        Format::Json => {
            let entry = |e: &Experiment| json!({ "name": e.name, "title": e.title, "claim": e.claim, "source": e.source });
            output::print_json(&CATALOGUE.iter().map(entry).collect::<Vec<_>>())
        }
        Format::Csv => output::print(&output::csv(headings, &rows)),
        Format::Table => {
            output::print(&table::draw(&headings, &[], &[], rows.iter().map(|row| &row[..])))?;
            output::print("\nTo run one: ravine experiment NAME; all of them: ravine experiment --all\n")
        }
    }
}
