//! Where results go.

use crate::failure::{Failure, Result};
use clap::ValueEnum;
use ravine_lab::whole;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    Table,
    /// JSON, everything that is known.
    Json,
    /// Comma-separated values, one row for each line of the table.
    Csv,
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes JSON to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> Result {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Error(error.to_string()))?;
    print(&(text + "\n"))
}

/// CSV (RFC 4180): a line of headings, then the rows.
pub(crate) fn csv<H: AsRef<str>, C: AsRef<str>>(
    headings: impl IntoIterator<Item = H>,
    rows: impl IntoIterator<Item = impl IntoIterator<Item = C>>,
) -> String {
    rows.into_iter().fold(csv_line(headings), |text, row| text + &csv_line(row))
}

fn csv_line(cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let quoted = |cell: &str| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    };
    let cells: Vec<String> = cells.into_iter().map(|cell| quoted(cell.as_ref())).collect();
    cells.join(",") + "\n"
}

/// Writes a file that appears whole or not at all. What is there and is no file, such as `/dev/stdout`, is written to.
pub(crate) fn write_file(path: &Path, contents: impl AsRef<[u8]>) -> Result {
    Ok(whole::write(path, contents)?)
}
