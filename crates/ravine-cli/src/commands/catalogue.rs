//! What `optimizers`, `schedules` and `objectives` share: listing and explaining a catalogue.

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
pub(super) struct Item {
    pub(super) name: &'static str,
    presets: Vec<Preset>,
    title: &'static str,
    formula: &'static str,
    advice: &'static str,
    source: &'static str,
    params: Vec<Param>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    common: Vec<Param>,
    #[serde(flatten)]
    pub(super) facts: Facts,
}

/// What is known of an entry besides: for people, and as plain data.
#[derive(Default, Serialize)]
pub(super) struct Facts {
    /// Heading and text.
    #[serde(skip)]
    pub(super) lines: Vec<(&'static str, String)>,
    #[serde(flatten)]
    pub(super) data: serde_json::Map<String, serde_json::Value>,
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

/// The entries of a catalogue. `hyper` gives the hyper-parameters of what an entry makes; `common` are those that all of
/// them take besides.
pub(super) fn items<T: 'static>(
    entries: &[Entry<T>],
    hyper: fn(&T) -> &dyn Hyper,
    common: Option<&dyn Hyper>,
) -> Vec<Item> {
    let item = |entry: &Entry<T>| Item {
        name: entry.name,
        presets: entry.presets.iter().map(|&(name, sets)| Preset { name, sets }).collect(),
        title: entry.title,
        formula: entry.formula,
        advice: entry.advice,
        source: entry.source,
        params: params(hyper(&(entry.make)())),
        common: common.map(params).unwrap_or_default(),
        facts: Facts::default(),
    };
    entries.iter().map(item).collect()
}

/// Lists the items or explains one. `fault` says what is wrong with a spec.
pub(super) fn run(items: &[Item], fault: fn(&str) -> Option<ravine::Error>, arguments: &Arguments) -> Result {
    run_sections(&[("", items)], fault, arguments)
}

/// As [`run`], for items in sections, each with what is written above it in a list for people.
pub(super) fn run_sections(
    sections: &[(&str, &[Item])],
    fault: fn(&str) -> Option<ravine::Error>,
    arguments: &Arguments,
) -> Result {
    let items: Vec<&Item> = sections.iter().flat_map(|(_, items)| *items).collect();
    if let Some(spec) = &arguments.explain {
        let name = spec.split(':').next().unwrap_or_default();
        let found = items
            .iter()
            .find(|item| item.name == name || item.presets.iter().any(|preset| preset.name == name));
        let Some(&item) = found else {
            let fault = fault(name).map(|error| error.to_string());
            return Err(Failure::Usage(fault.unwrap_or_else(|| format!("'{spec}' is not one name"))));
        };
        return match arguments.format {
            Format::Json => output::print_json(item),
            Format::Csv => output::print(&params_csv(item)),
            Format::Table => output::print(&explain(item)),
        };
    }
    let row = |item: &Item| {
        let presets = item.presets.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
        [item.name.to_string(), presets, item.title.to_string()]
    };
    let headings = ["name", "presets", "what it is"];
    let section = |&(above, items): &(&str, &[Item])| {
        let rows: Vec<[String; 3]> = items.iter().map(row).collect();
        let above = if above.is_empty() { String::new() } else { format!("\n{}\n", table::paragraph(above)) };
        above + &table::draw(&headings, &[], &[], rows.iter().map(|row| &row[..]))
    };
    match arguments.format {
        Format::Json => output::print_json(&items),
        Format::Csv => output::print(&output::csv(headings, items.into_iter().map(row))),
        Format::Table => output::print(&sections.iter().map(section).collect::<String>()),
    }
}

fn params(hyper: &dyn Hyper) -> Vec<Param> {
    let param = |param: &ravine::Param| Param {
        name: param.name,
        default: hyper.get(param.name).map(|value| value.to_string()).unwrap_or_default(),
        range: param.range.to_string(),
        doc: param.doc.trim().to_string(),
    };
    hyper.params().iter().map(param).collect()
}

const PARAM_HEADINGS: [&str; 4] = ["key", "default", "range", "what it is"];

impl Param {
    fn cells(&self) -> [String; PARAM_HEADINGS.len()] {
        [self.name.into(), self.default.clone(), self.range.clone(), self.doc.clone()]
    }
}

fn params_csv(item: &Item) -> String {
    output::csv(PARAM_HEADINGS, item.params.iter().chain(&item.common).map(Param::cells))
}

fn explain(item: &Item) -> String {
    let mut text = format!("{}\n{}\n", item.name, table::paragraph(item.title));
    let lines = [("Formula", item.formula), ("When", item.advice), ("Source", item.source)];
    let facts = item.facts.lines.iter().map(|(heading, body)| (*heading, body.as_str()));
    for (heading, body) in lines.into_iter().chain(facts) {
        text.push_str(&table::paragraph(&format!("{heading}: {body}")));
        text.push('\n');
    }
    let table = |params: &[Param]| {
        let rows: Vec<_> = params.iter().map(Param::cells).collect();
        table::draw(&PARAM_HEADINGS, &[], &[], rows.iter().map(|row| &row[..]))
    };
    if !item.params.is_empty() {
        text.push_str(&table(&item.params));
    }
    if !item.common.is_empty() {
        text.push_str("\nAs all of them it takes:\n\n");
        text.push_str(&table(&item.common));
    }
    for preset in &item.presets {
        text.push_str(&format!("\n{} = {}:{}\n", preset.name, item.name, preset.sets));
    }
    text
}
