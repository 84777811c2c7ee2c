//! `ravine figures`.

use super::{Command, gradient, schedule, trace};
use crate::failure::{Failure, Result};
use crate::figures::{CATALOGUE, Figure};
use crate::output::{self, Format};
use crate::{gallery, list, picture, table};
use clap::{FromArgMatches, Subcommand};
use ravine_lab::gallery::{Item, Kind, Picture};
use ravine_lab::shell;
use ravine_lab::svg::{Svg, Theme};
use serde::Serialize;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Figures; all of them if none is named.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Draw them into this folder, with a page of all that is there; if not given, they are listed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw PNG files besides.
    #[arg(long, requires = "out")]
    png: bool,
    /// How to write the list.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// A line of the list.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    title: &'static str,
    caption: &'static str,
    source: &'static str,
    command: String,
    arguments: &'static [&'static str],
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let figures = chosen(&list::split(&arguments.names))?;
    let Some(folder) = &arguments.out else { return listed(&figures, arguments.format) };
    for (place, figure) in &figures {
        let svg = draw(figure)?;
        if arguments.png {
            picture::write_png(&folder.join(format!("{}.png", figure.name)), &svg, Theme::Light)?;
        }
        gallery::keep(folder, &figure.item(*place), [&svg])?;
    }
    match arguments.format {
        Format::Table => {
            let page = folder.join(gallery::INDEX);
            output::print(&format!("{} figures: {}\n", figures.len(), page.display()))
        }
        format => listed(&figures, format),
    }
}

/// The figures of these names with their places, or all.
fn chosen(names: &[String]) -> Result<Vec<(usize, &'static Figure)>> {
    if names.is_empty() {
        return Ok(CATALOGUE.iter().enumerate().collect());
    }
    let find = |name: &String| {
        let found = CATALOGUE.iter().enumerate().find(|(_, figure)| figure.name == name);
        let known = || CATALOGUE.iter().map(|figure| figure.name).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| Failure::Usage(format!("unknown figure '{name}'; there are: {}", known())))
    };
    names.iter().map(find).collect()
}

fn listed(figures: &[(usize, &'static Figure)], format: Format) -> Result {
    let rows: Vec<Listed> = figures.iter().map(|(_, figure)| listed_as(figure)).collect();
    match format {
        Format::Json => output::print_json(&rows),
        Format::Csv => output::print(&csv(&rows)),
        Format::Table => {
            let cells: Vec<[String; 3]> =
                rows.into_iter().map(|row| [row.name.into(), row.title.into(), row.command]).collect();
            let headings = ["name", "what it is", "command"];
            output::print(&table::draw(&headings, &[], &[1], cells.iter().map(|row| &row[..])))
        }
    }
}

fn listed_as(figure: &Figure) -> Listed {
    let Figure { name, title, caption, source, arguments } = *figure;
    Listed { name, title, caption, source, command: figure.command(), arguments }
}

fn csv(rows: &[Listed]) -> String {
    let cells = rows.iter().map(|row| [row.name, row.title, row.caption, row.source, &row.command]);
    output::csv(["name", "title", "caption", "source", "command"], cells)
}

/// Draws a figure by its own command.
fn draw(figure: &Figure) -> Result<Svg> {
    let words = std::iter::once("ravine").chain(figure.arguments.iter().copied());
    let parsed = Command::augment_subcommands(clap::Command::new("ravine"))
        .try_get_matches_from(words)
        .and_then(|matches| Command::from_arg_matches(&matches));
    match parsed.map_err(|error| Failure::Error(format!("the figure '{}': {error}", figure.name)))? {
        Command::Trace(arguments) => trace::draw(&arguments),
        Command::Gradient(arguments) => gradient::draw(&arguments),
        Command::Schedule(arguments) => schedule::draw(&arguments),
        _ => Err(Failure::Error(format!("the figure '{}' is of a command without a picture", figure.name))),
    }
}

impl Figure {
    /// The command that makes it, to paste into a shell.
    fn command(&self) -> String {
        let words: Vec<String> = self.arguments.iter().map(|word| shell::quote(word)).collect();
        format!("ravine {} --svg {}.svg", words.join(" "), self.name)
    }

    fn item(&self, place: usize) -> Item {
        Item {
            name: self.name.into(),
            kind: Kind::Figure,
            place,
            title: self.title.into(),
            source: self.source.into(),
            sections: Vec::new(),
            verdict: None,
            table: None,
            numbers: Vec::new(),
            command: self.command(),
            pictures: vec![Picture { file: format!("{}.svg", self.name), caption: self.caption.into() }],
        }
    }
}
