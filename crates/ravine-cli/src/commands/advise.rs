//! `ravine advise`.

use super::report::STORE;
use crate::failure::{Result, say};
use crate::output::{self, Format};
use crate::table;
use crate::workload::Chosen;
use ravine_lab::advice::{self, Advice, Basis, Sentence, Subject};
use ravine_lab::data::Order;
use ravine_lab::plan::Plan;
use ravine_lab::shell;
use ravine_lab::stats::number;
use ravine_lab::store::Store;
use ravine_lab::workload::Workload;
use ravine_lab::workloads;
use std::path::PathBuf;
use std::time::Instant;

/// Trials that are named one by one; more are counted.
const NAMED: usize = 4;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Folder that holds the run store, as `ravine compare` filled it.
    #[arg(long, value_name = "DIR", default_value = "ravine-out")]
    out: PathBuf,
    /// How to write the advice.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let workload = arguments.chosen.load()?;
    let name = &workload.info().name;
    let evidence = match Store::existing(&arguments.out.join(STORE)) {
        Ok(store) => advice::evidence(&store, name)?,
        Err(error) if error.is_no_store() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let results: Vec<_> = evidence.iter().map(|evidence| &evidence.result).collect();
    let advice = advice::advise(name, workloads::field(name), &results);
    match arguments.format {
        Format::Json => output::print_json(&advice)?,
        Format::Csv => output::print(&csv(&advice))?,
        Format::Table => print(&*workload, &advice)?,
    }
    if evidence.iter().find(|evidence| evidence.is_of(name)).is_some_and(|evidence| !evidence.finished) {
        say(
            "The comparison that this rests on is not finished: what its other trials show may change all of it.",
        );
    }
    if advice.criteria.is_empty() {
        say(&to_measure(&*workload, arguments));
    }
    Ok(())
}

fn print(workload: &dyn Workload, advice: &Advice) -> Result {
    output::print(&format!(
        "\n{}\n",
        table::paragraph(&format!("{}: {}", advice.workload, workload.info().title))
    ))?;
    if !advice.criteria.is_empty() {
        let rows: Vec<[String; 3]> = advice
            .criteria
            .iter()
            .map(|criterion| [criterion.name.clone(), criterion.value.clone(), criterion.lines.join("; ")])
            .collect();
        output::print(&table::draw(&["criterion", "value", ""], &[], &[2], rows.iter().map(|row| &row[..])))?;
    }
    for subject in Subject::ALL {
        let mut sentences = advice.sentences.iter().filter(|sentence| sentence.subject == subject).peekable();
        if sentences.peek().is_some() {
            output::print(&format!("\n{}\n", subject.name().to_uppercase()))?;
        }
        for sentence in sentences {
            output::print(&table::paragraph(&format!("{} [{}]", sentence.text, basis(sentence))))?;
        }
    }
    let Some(configuration) = &advice.configuration else { return Ok(()) };
    for (language, code) in [
        ("COMMAND LINE", &configuration.command_line),
        ("RUST", &configuration.rust),
        ("PYTORCH", &configuration.pytorch),
    ] {
        output::print(&format!("\n{language}\n{code}\n"))?;
    }
    Ok(())
}

/// What a sentence rests on, in a few words.
fn basis(sentence: &Sentence) -> String {
    match &sentence.basis {
        Basis::Prior { source } => format!("prior knowledge: {source}"),
        Basis::Runs { trials } if trials.len() <= NAMED => {
            let ids: Vec<String> = trials.iter().map(i64::to_string).collect();
            format!("trials {}", ids.join(", "))
        }
        Basis::Runs { trials } => {
            let (first, last) = (trials[0], trials[trials.len() - 1]);
            format!("{} trials, {first} to {last}", trials.len())
        }
    }
}

fn csv(advice: &Advice) -> String {
    let rows = advice.sentences.iter().map(|sentence| {
        let (basis, source) = match &sentence.basis {
            Basis::Prior { source } => ("prior", (*source).to_owned()),
            Basis::Runs { trials } => {
                ("runs", trials.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))
            }
        };
        [sentence.subject.name().to_owned(), sentence.text.clone(), basis.to_owned(), source]
    });
    output::csv(["subject", "advice", "basis", "source"], rows)
}

/// The command that would put runs in the place of prior knowledge, and about how long it takes here.
fn to_measure(workload: &dyn Workload, arguments: &Arguments) -> String {
    let name = &workload.info().name;
    let plan = Plan { workloads: vec![name.clone()], ..Plan::default() };
    let mut session = workload.start(1, Order::Reshuffled);
    // The first batch makes buffers.
    session.backward(0);
    let start = Instant::now();
    let steps = 3;
    for step in 1..=steps {
        session.backward(step);
    }
    let step = start.elapsed().as_secs_f64() / steps as f64;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let seconds = step * plan.steps(workload) as f64 * plan.trials() as f64 / jobs;
    let out = shell::quote(&arguments.out.display().to_string());
    let data = arguments
        .chosen
        .data()
        .map_or(String::new(), |data| format!(" --data {}", shell::quote(&data.display().to_string())));
    format!(
        "There are no runs of {name} in {}: all of this is prior knowledge. To measure, about {} on this machine with all \
         of the defaults (fewer --optimizers, --schedules, --budget, --tuning-seeds and --seeds take less):\n    ravine \
         compare --workload {} --out {out}{data}",
        arguments.out.display(),
        number::seconds(seconds),
        shell::quote(name),
    )
}
