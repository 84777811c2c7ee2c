//! `ravine data`.

use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::table;
use ravine_lab::data::{Item, Status, inventory};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder to look for data files in.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How to write the list.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    if let Some(folder) = &arguments.data
        && !folder.is_dir()
    {
        return Err(Failure::Error(format!("there is no folder {}", folder.display())));
    }
    let items = inventory(arguments.data.as_deref());
    match arguments.format {
        Format::Json => output::print_json(&items)?,
        Format::Csv => {
            let headings = ["name", "kind", "what it is", "size", "licence", "origin", "status", "command"];
            let rows: Vec<[String; 8]> = items
                .iter()
                .map(|item| {
                    let command = item.command.unwrap_or_default();
                    [
                        item.name,
                        item.kind,
                        item.title,
                        item.size,
                        item.license,
                        item.origin,
                        &status(item),
                        command,
                    ]
                    .map(String::from)
                })
                .collect();
            output::print(&output::csv(headings, &rows))?;
        }
        Format::Table => {
            let rows: Vec<[String; 5]> = items
                .iter()
                .map(|item| [item.name, item.title, item.size, item.license, &status(item)].map(String::from))
                .collect();
            let headings = ["name", "what it is", "size", "licence", "status"];
            output::print(&table::draw(&headings, &[], &[1, 3], rows.iter().map(|row| &row[..])))?;
            for item in &items {
                if let (Status::Missing { .. }, Some(command)) = (&item.status, item.command) {
                    output::print(&format!("\nTo get {}:\n    {command}\n", item.name))?;
                }
            }
        }
    }
    // Missing data is no failure; damaged data is.
    match items.iter().find(|item| matches!(item.status, Status::Damaged { .. } | Status::Unreadable { .. }))
    {
        Some(item) => Err(Failure::Error(format!("{}: {}", item.name, status(item)))),
        None => Ok(()),
    }
}

fn status(item: &Item) -> String {
    let folder = item.folder.as_deref().unwrap_or("");
    match &item.status {
        Status::Embedded => "part of this program".into(),
        Status::Verified => format!("verified in {folder}"),
        Status::Missing { files } => format!("missing in {folder}: {files}"),
        Status::Damaged { file, what, expected, found } => {
            format!("damaged: {file}: {what}: expected {expected}, found {found}")
        }
        Status::Unreadable { reason } => format!("unreadable: {reason}"),
    }
}
