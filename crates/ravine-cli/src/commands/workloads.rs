//! `ravine workloads`.

use crate::failure::Result;
use crate::output::{self, Format};
use crate::table;
use ravine_lab::workloads::WORKLOADS;
use serde_json::json;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How to write the list.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let rows: Vec<[String; 2]> =
        WORKLOADS.iter().map(|entry| [entry.name.into(), entry.title.into()]).collect();
    let headings = ["name", "what it is"];
    match arguments.format {
        Format::Json => {
            let list: Vec<_> =
                WORKLOADS.iter().map(|entry| json!({ "name": entry.name, "title": entry.title })).collect();
            output::print_json(&list)
        }
        Format::Csv => output::print(&output::csv(headings, &rows)),
        Format::Table => output::print(&table::draw(&headings, &[], &[], rows.iter().map(|row| &row[..]))),
    }
}
