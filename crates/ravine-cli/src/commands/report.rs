//! `ravine report`, and the writing of results that `compare` shares.

use crate::failure::{Failure, Result, say};
use crate::output::{self, Format};
use crate::table;
use ravine_lab::comparison::Comparison;
use ravine_lab::report;
use ravine_lab::results;
use ravine_lab::rows::{HEADINGS, Row, rows_of};
use ravine_lab::store::{Store, Stored};
use ravine_lab::verdict::{Verdict, verdict};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Name of the run store in an output folder.
pub(super) const STORE: &str = "runs.sqlite";
/// Name of the report in an output folder.
const REPORT: &str = "report.html";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder that holds the run store and gets the report.
    #[arg(long, value_name = "DIR", default_value = "ravine-out")]
    out: PathBuf,
    /// Which comparison, by its number; the last one if not given.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    run: Option<i64>,
    /// List the comparisons in the store instead.
    #[arg(long, conflicts_with = "run")]
    list: bool,
    /// How to write the result to standard output.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let store = Store::existing(&arguments.out.join(STORE))?;
    let comparisons = store.comparisons()?;
    if arguments.list {
        return list(&comparisons, arguments.format);
    }
    if comparisons.is_empty() {
        return Err(Failure::Error(format!("the run store {} holds no comparison", store.path().display())));
    }
    let stored = match arguments.run {
        Some(id) => comparisons.iter().find(|stored| stored.id == id).ok_or_else(|| {
            let known = comparisons.iter().map(|stored| stored.id.to_string()).collect::<Vec<_>>().join(", ");
            Failure::Usage(format!("{} has no comparison {id}; it has: {known}", store.path().display()))
        })?,
        None => &comparisons[comparisons.len() - 1],
    };
    let comparison = results::load(&store, stored)?;
    write(&comparison, &arguments.out, arguments.format)?;
    if !stored.finished {
        say(&format!("This comparison is not finished. To go on with it:\n    {} --resume", stored.command));
    }
    Ok(())
}

/// A comparison with everything that follows from it.
#[derive(Serialize)]
struct Everything<'a> {
    comparison: &'a Comparison,
    verdicts: &'a [Verdict],
    rows: &'a [Vec<Row>],
}

/// Writes the report to the folder, and the result to standard output.
pub(super) fn write(comparison: &Comparison, out: &Path, format: Format) -> Result {
    let path = out.join(REPORT);
    let verdicts: Vec<Verdict> = comparison.workloads.iter().map(verdict).collect();
    output::write_file(&path, report::html_of(comparison, &verdicts))?;
    let rows: Vec<Vec<Row>> = comparison
        .workloads
        .iter()
        .zip(&verdicts)
        .map(|(workload, verdict)| rows_of(workload, verdict))
        .collect();
    match format {
        Format::Json => output::print_json(&Everything { comparison, verdicts: &verdicts, rows: &rows }),
        Format::Csv => output::print(&csv(comparison, &rows)),
        Format::Table => {
            for ((workload, verdict), rows) in comparison.workloads.iter().zip(&verdicts).zip(&rows) {
                let title = format!("{}: {}", workload.name, workload.title);
                output::print(&format!("\n{}\n", table::paragraph(&title)))?;
                output::print(&drawn(rows))?;
                output::print("\n")?;
                for claim in &verdict.claims {
                    output::print(&table::paragraph(&claim.text))?;
                }
            }
            output::print(&format!("\nReport: {}\n", path.display()))
        }
    }
}

/// The rows as a table, the recommended one marked.
fn drawn(rows: &[Row]) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mark = if row.recommended { "\u{25b6}" } else { "" };
            std::iter::once(mark.to_string()).chain(row.cells()).collect()
        })
        .collect();
    let headings: Vec<&str> = std::iter::once("").chain(HEADINGS).collect();
    // The first to go where they have no room; the report has them all.
    let spare = [8, 4, 7, 5, 9];
    table::draw(&headings, &[3, 4, 5, 6, 7, 8, 9], &spare, cells.iter().map(|row| &row[..]))
}

const CSV_HEADINGS: [&str; 16] = [
    "workload",
    "optimizer",
    "schedule",
    "recommended",
    "lr",
    "lr_low",
    "lr_high",
    "lr_on_boundary",
    "validation",
    "test",
    "test_low",
    "test_high",
    "steps_to_target",
    "seconds_to_target",
    "failed",
    "runs",
];

fn csv(comparison: &Comparison, rows: &[Vec<Row>]) -> String {
    let of_workload = comparison.workloads.iter().zip(rows);
    let rows = of_workload.flat_map(|(workload, rows)| rows.iter().map(|row| csv_cells(&workload.name, row)));
    output::csv(CSV_HEADINGS, rows)
}

fn csv_cells(workload: &str, row: &Row) -> [String; CSV_HEADINGS.len()] {
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let lr = |lr: f64| number(Some(lr).filter(|lr| lr.is_finite()));
    let interval = row.test.and_then(|test| test.interval);
    [
        workload.into(),
        row.optimizer.clone(),
        row.schedule.clone(),
        row.recommended.to_string(),
        lr(row.lr),
        lr(row.lr_works[0]),
        lr(row.lr_works[1]),
        row.lr_on_boundary.to_string(),
        number(row.validation.map(|validation| validation.mean)),
        number(row.test.map(|test| test.mean)),
        number(interval.map(|interval| interval.low)),
        number(interval.map(|interval| interval.high)),
        number(row.steps.median),
        number(row.seconds.median),
        row.failed.to_string(),
        row.runs.to_string(),
    ]
}

fn list(comparisons: &[Stored], format: Format) -> Result {
    let rows: Vec<[String; 5]> = comparisons
        .iter()
        .map(|stored| {
            let state = if stored.finished { "finished" } else { "unfinished" };
            let seconds = format!("{:.1}", stored.seconds);
            [stored.id.to_string(), stored.started.clone(), seconds, state.into(), stored.command.clone()]
        })
        .collect();
    let headings = ["run", "started", "seconds", "state", "command"];
    match format {
        Format::Table => {
            output::print(&table::draw(&headings, &[0, 2], &[], rows.iter().map(|row| &row[..])))
        }
        Format::Csv => output::print(&output::csv(headings, &rows)),
        Format::Json => output::print_json(&comparisons),
    }
}
