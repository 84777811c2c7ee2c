//! The lines of a table.

use std::path::{Path, PathBuf};

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::column::Kind as ColumnKind;
use crate::data::{Problem, problem};
use crate::error::{Kind, Result};

/// A table's header and its rows, the good ones and what is wrong with the others.
pub(super) struct Rows {
    path: PathBuf,
    pub(super) header: Vec<String>,
    pub(super) good: Vec<Row>,
    pub(super) problems: Vec<Problem>,
}

/// One row and its line in the file.
pub(super) struct Row {
    line: u64,
    values: StringRecord,
}

impl Row {
    pub(super) fn value(&self, column: usize) -> &str {
        &self.values[column]
    }
}

/// Whether a value is not there.
pub(super) fn missing(value: &str) -> bool {
    ["", "?"].contains(&value)
        || ["na", "n/a", "nan", "null"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

impl Rows {
    /// Parts the lines; rows of another length than the header are problems.
    pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Self> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let bad = |reason: String| Kind::BadData { place: path.display().to_string(), reason };
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter(bytes))
            .flexible(true)
            .trim(Trim::All)
            .from_reader(bytes);
        let header = reader.headers().map_err(|error| bad(format!("the header cannot be read: {error}")))?;
        let header: Vec<String> = header.iter().map(String::from).collect();
        if header.is_empty() {
            return Err(bad("the file is empty, expected a header".into()).into());
        }
        for (i, name) in header.iter().enumerate() {
            if name.is_empty() {
                return Err(bad(format!("column {} has no name in the header", i + 1)).into());
            }
            if header[..i].contains(name) {
                return Err(bad(format!("the column '{name}' is named twice in the header")).into());
            }
        }
        let mut rows = Self { path: path.into(), header, good: Vec::new(), problems: Vec::new() };
        for record in reader.into_records() {
            match record {
                Ok(values) => {
                    let line = values.position().map_or(0, csv::Position::line);
                    match values.len() == rows.header.len() {
                        true => rows.good.push(Row { line, values }),
                        false => {
                            let reason =
                                format!("{} values, the header has {}", values.len(), rows.header.len());
                            rows.problem(line, reason);
                        }
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::Utf8 { pos, .. } => {
                        let line = pos.as_ref().map_or(0, csv::Position::line);
                        rows.problem(line, "not UTF-8 text".into());
                    }
                    _ => return Err(bad(error.to_string()).into()),
                },
            }
        }
        Ok(rows)
    }

    fn problem(&mut self, line: u64, reason: String) {
        self.problems.push(Problem { path: self.path.clone(), line: Some(line), reason });
    }

    /// Leaves out rows without a target, and those with text where numbers are. More of them than good ones is an error.
    pub(super) fn check(&mut self, kinds: &[ColumnKind], target: usize) -> Result<()> {
        let all = self.good.len() + self.problems.len();
        for row in std::mem::take(&mut self.good) {
            let text = |&column: &usize| {
                let value = row.value(column);
                kinds[column] == ColumnKind::Numbers
                    && !missing(value)
                    && super::column::finite(value).is_none()
            };
            let reason = if missing(row.value(target)) {
                format!("no value of '{}'", self.header[target])
            } else if let Some(column) = (0..kinds.len()).find(text) {
                format!("'{}' in column '{}' is not a number", row.value(column), self.header[column])
            } else {
                self.good.push(row);
                continue;
            };
            self.problem(row.line, reason);
        }
        self.problems.sort_by_key(|problem| problem.line);
        if self.problems.len() > self.good.len() {
            let reason =
                format!("{} of {all} rows cannot be used{}", self.problems.len(), self.first_problems());
            return Err(Kind::BadData { place: self.path.display().to_string(), reason }.into());
        }
        Ok(())
    }

    /// The first problems, to be put behind a message.
    pub(super) fn first_problems(&self) -> String {
        problem::first(&self.problems)
    }
}

/// The one of comma, semicolon and tab that the first line has most of outside of quotes.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut quoted = false;
    let (mut best, mut counts) = (b',', [0usize; 3]);
    const KNOWN: [u8; 3] = [b',', b';', b'\t'];
    for &byte in bytes.iter().take_while(|&&byte| byte != b'\n') {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ => {
                if let Some(at) = KNOWN.iter().position(|&known| known == byte) {
                    counts[at] += 1;
                }
            }
        }
    }
    let mut most = 0;
    for (known, count) in KNOWN.into_iter().zip(counts) {
        if count > most {
            (best, most) = (known, count);
        }
    }
    best
}
