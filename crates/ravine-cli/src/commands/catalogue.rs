//! What `optimizers` and `schedules` share: listing and explaining a catalogue.

use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::table;
use ravine::{Entry, Hyper};
use serde::Serialize;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Explain this one: formula, hyper-parameters, when to use it, source.
    #[arg(long, value_name = "NAME")]
    explain: Option<String>,
    /// How to write the list.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// An entry as plain data.
#[derive(Serialize)]
struct Item {
    name: &'static str,
    presets: Vec<Preset>,
    title: &'static str,
    formula: &'static str,
    advice: &'static str,
    source: &'static str,
    params: Vec<Param>,
}

#[derive(Serialize)]
struct Preset {
    name: &'static str,
    sets: &'static str,
}

#[derive(Serialize)]
struct Param {
    name: &'static str,
    default: String,
    range: String,
    doc: String,
}

/// Lists or explains. `hyper` gives the hyper-parameters of what an entry makes.
pub(crate) fn run<T: 'static>(
    what: &str,
    catalogue: &'static [Entry<T>],
    hyper: impl Fn(&T) -> &dyn Hyper,
    arguments: &Arguments,
) -> Result {
    let items: Vec<Item> = catalogue.iter().map(|entry| item(entry, &hyper)).collect();
    if let Some(name) = &arguments.explain {
        let found = items
            .iter()
            .find(|item| item.name == name || item.presets.iter().any(|preset| preset.name == name));
        let Some(item) = found else {
            let known = items.iter().flat_map(|item| {
                std::iter::once(item.name).chain(item.presets.iter().map(|preset| preset.name))
            });
            let known = known.collect::<Vec<_>>().join(", ");
            return Err(Failure::Usage(format!("unknown {what} '{name}'; there are: {known}")));
        };
        return match arguments.format {
            Format::Json => output::print_json(item),
            _ => output::print(&explain(item)),
        };
    }
    let rows = items.iter().map(|item| {
        let presets = item.presets.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
        [item.name.to_string(), presets, item.title.to_string()]
    });
    let rows: Vec<[String; 3]> = rows.collect();
    let headings = ["name", "presets", "what it is"];
    match arguments.format {
        Format::Json => output::print_json(&items),
        Format::Csv => {
            let lines = rows.iter().map(output::csv_line);
            output::print(&std::iter::once(output::csv_line(headings)).chain(lines).collect::<String>())
        }
        Format::Table => output::print(&table::draw(&headings, &[], rows.iter().map(|row| &row[..]))),
    }
}

fn item<T>(entry: &Entry<T>, hyper: &impl Fn(&T) -> &dyn Hyper) -> Item {
    let made = (entry.make)();
    let hyper = hyper(&made);
    let param = |param: &ravine::Param| Param {
        name: param.name,
        default: hyper.get(param.name).map(|value| value.to_string()).unwrap_or_default(),
        range: param.range.to_string(),
        doc: param.doc.trim().to_string(),
    };
    Item {
        name: entry.name,
        presets: entry.presets.iter().map(|&(name, sets)| Preset { name, sets }).collect(),
        title: entry.title,
        formula: entry.formula,
        advice: entry.advice,
        source: entry.source,
        params: hyper.params().iter().map(param).collect(),
    }
}

fn explain(item: &Item) -> String {
    let mut text = format!("{}: {}\n\n", item.name, item.title);
    for (heading, body) in [("Formula", item.formula), ("When", item.advice), ("Source", item.source)] {
        text.push_str(&table::paragraph(&format!("{heading}: {body}")));
        text.push('\n');
    }
    let rows: Vec<[String; 4]> = item
        .params
        .iter()
        .map(|param| [param.name.to_string(), param.default.clone(), param.range.clone(), param.doc.clone()])
        .collect();
    if !rows.is_empty() {
        text.push_str(&table::draw(
            &["key", "default", "range", "what it is"],
            &[],
            rows.iter().map(|row| &row[..]),
        ));
    }
    for preset in &item.presets {
        text.push_str(&format!("\n{} = {}:{}\n", preset.name, item.name, preset.sets));
    }
    text
}
