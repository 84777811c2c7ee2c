//! What was left out of the user's data, and why.

use std::fmt;
use std::path::PathBuf;

/// A file or a line that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// The line of the file, from 1, where lines matter.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// The notes on what was left out of `all` files or rows: how many, then each of them.
pub(crate) fn left_out(problems: &[Problem], all: usize, things: &str) -> Vec<String> {
    let count = (!problems.is_empty()).then(|| format!("left out: {} of {all} {things}", problems.len()));
    count.into_iter().chain(problems.iter().map(ToString::to_string)).collect()
}

/// The first few of them, one a line, and how many more there are.
pub(super) fn first(problems: &[Problem]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<String> = problems.iter().take(SHOWN).map(|problem| format!("\n  {problem}")).collect();
    if problems.len() > SHOWN {
        text.push(format!("\n  and {} more", problems.len() - SHOWN));
    }
    text.concat()
}
