//! `ravine workloads`.

use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::table;
use ravine_lab::workloads::{self, Entry, WORKLOADS};
use serde_json::{Value, json};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Explain this one: what can be chosen about it.
    #[arg(long, value_name = "NAME")]
    explain: Option<String>,
    /// How to write the list.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    if let Some(spec) = &arguments.explain {
        return explain(spec, arguments.format);
    }
    let rows: Vec<[String; 3]> = WORKLOADS
        .iter()
        .map(|entry| {
            let options: Vec<&str> = entry.choices.iter().map(|choice| choice.name).collect();
            [entry.name.into(), entry.title.into(), options.join(", ")]
        })
        .collect();
    let headings = ["name", "what it is", "options"];
    match arguments.format {
        Format::Json => output::print_json(&WORKLOADS.iter().map(plain).collect::<Vec<_>>()),
        Format::Csv => output::print(&output::csv(headings, &rows)),
        Format::Table => output::print(&table::draw(&headings, &[], &[2], rows.iter().map(|row| &row[..]))),
    }
}

/// An entry as plain data.
fn plain(entry: &Entry) -> Value {
    let options = entry
        .choices
        .iter()
        .map(|choice| json!({ "name": choice.name, "default": choice.default, "what": choice.help }));
    json!({
        "name": entry.name, "title": entry.title, "field": entry.field, "options": options.collect::<Vec<_>>(),
    })
}

fn explain(spec: &str, format: Format) -> Result {
    let name = spec.split(':').next().unwrap_or_default();
    let Some(entry) = workloads::entry(name) else {
        let known: Vec<&str> = WORKLOADS.iter().map(|entry| entry.name).collect();
        let near = ravine::catalogue::nearest(name, known.iter().copied());
        let near = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
        return Err(Failure::Usage(format!(
            "unknown workload '{name}'{near}; there are: {}",
            known.join(", ")
        )));
    };
    let headings = ["option", "default", "what it is"];
    let rows =
        entry.choices.iter().map(|choice| [choice.name, choice.default, choice.help].map(String::from));
    let rows: Vec<[String; 3]> = rows.collect();
    match format {
        Format::Json => output::print_json(&plain(entry)),
        Format::Csv => output::print(&output::csv(headings, &rows)),
        Format::Table => {
            output::print(&format!("{}\n{}\n", entry.name, table::paragraph(entry.title)))?;
            if rows.is_empty() {
                return output::print("It has no options.\n");
            }
            output::print(&table::draw(&headings, &[], &[], rows.iter().map(|row| &row[..])))?;
            let first = &rows[0];
            let example = format!(
                "{}:{}={}",
                entry.name,
                first[0],
                if first[1].is_empty() { "..." } else { &first[1] }
            );
            output::print(&format!("\nWritten {example}, with commas between options.\n"))
        }
    }
}
