//! `ravine eval`.

use crate::failure::{Failure, Result, say};
use crate::output::{self, Format};
use crate::table;
use crate::workload;
use clap::ValueEnum;
use ravine_lab::data::{Order, Split};
use ravine_lab::stats::number::significant;
use ravine_lab::train::Weights;
use serde_json::json;
use std::path::PathBuf;

/// The file of weights in the folder of a run.
const WEIGHTS: &str = "weights.safetensors";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// File of weights, such as `weights.safetensors` of a run, or the run's folder.
    #[arg(value_name = "WEIGHTS")]
    weights: PathBuf,
    /// Workload to evaluate on; if not given, the one that the file names.
    #[arg(short, long, value_name = "SPEC")]
    workload: Option<String>,
    /// Which part of the data.
    #[arg(long, value_enum, default_value = "test")]
    split: Part,
    /// Folder to look for data files in.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How to write the result.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    fn split(self) -> (Split, &'static str, usize) {
        match self {
            Self::Train => (Split::Train, "train", 0),
            Self::Validation => (Split::Validation, "validation", 1),
            Self::Test => (Split::Test, "test", 2),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result {
    // The folder of a run stands for the weights in it.
    let file = match arguments.weights.is_dir() {
        true => arguments.weights.join(WEIGHTS),
        false => arguments.weights.clone(),
    };
    let weights = Weights::read(&file)?;
    let Some(spec) = arguments.workload.as_deref().or(weights.workload()) else {
        let path = arguments.weights.display();
        return Err(Failure::Usage(format!("{path} does not say of which workload it is: give --workload")));
    };
    let workload = workload::load(spec, arguments.data.as_deref())?;
    let info = workload.info();
    let other_data = weights.data_sha256().is_some_and(|sha256| sha256 != info.data_sha256);
    let weights_of = weights.workload().map(str::to_owned);
    let mut session = workload.start(weights.seed().unwrap_or(0), Order::Reshuffled);
    weights.load(&mut *session)?;
    if let Some(trained) = weights_of.filter(|trained| *trained != info.name) {
        say(&format!("note: these weights were trained as {trained}, and are read as {}", info.name));
    }
    if other_data {
        say("note: these weights were trained on other data");
    }
    let (split, name, index) = arguments.split.split();
    let seen = session.evaluate(split);
    if arguments.format == Format::Json {
        return output::print_json(&json!({
            "workload": info.name, "split": name, "examples": info.split[index],
            "loss": seen.loss, "metric": info.metric, "value": seen.metric,
        }));
    }
    let headings = ["workload", "split", "examples", "loss", info.metric];
    let digits = if arguments.format == Format::Csv { 17 } else { 4 };
    let row = [
        info.name.clone(),
        name.into(),
        info.split[index].to_string(),
        significant(seen.loss, digits),
        significant(seen.metric, digits),
    ];
    match arguments.format {
        Format::Csv => output::print(&output::csv(headings, [row])),
        _ => output::print(&table::draw(&headings, &[2, 3, 4], &[], [&row[..]])),
    }
}
