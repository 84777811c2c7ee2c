//! Running the program, and looking at what came of it.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A comparison of a fraction of a second.
pub(crate) const SMALL: &[&str] = &[
    "compare",
    "--workload=iris-softmax",
    "--optimizers=sgd,adam:betas=0.9/0.95",
    "--schedules=constant,cosine:warmup=5%",
    "--seeds=3",
    "--tuning-seeds=2",
    "--budget=3",
    "--epochs=8",
];

/// What a run of the program gave.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program with these arguments, in an environment that does not depend on the user's.
pub(crate) fn ravine(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ravine"));
    command.args(arguments).env_remove("COLUMNS").env_remove("RAVINE_DATA").stdin(Stdio::null());
    command
}

/// Runs it to its end, in `folder`.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    finish(ravine(arguments).current_dir(folder))
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Ran {
    command.output().unwrap().into()
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

impl Ran {
    /// It did what it was asked, without a word on standard error.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{}", self.stdout);
        self
    }

    /// It refused, with these words, and wrote nothing to standard output.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!((self.code, &*self.stdout), (Some(code), ""), "{}", self.stderr);
        assert!(self.stderr.starts_with("error: ") && !self.stderr.contains("panicked"), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "'{}' does not say '{word}'", self.stderr);
        }
        self
    }

    /// Its standard output, read as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// The rows of a CSV text (RFC 4180).
pub(crate) fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    assert!(row.is_empty() && cell.is_empty(), "an unfinished row");
    rows
}

/// The comparison in the output of `--format json`, less what differs from one run of the same plan to the next: the clock,
/// the load, and the numbers that the store gives to trials.
pub(crate) fn numbers(everything: &Value) -> Value {
    fn still(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for key in ["started", "command", "jobs", "trial", "seconds", "seconds_to_target"] {
                    map.remove(key);
                }
                map.values_mut().for_each(still);
            }
            Value::Array(list) => list.iter_mut().for_each(still),
            _ => {}
        }
    }
    let mut numbers = everything["comparison"].clone();
    still(&mut numbers);
    numbers
}
