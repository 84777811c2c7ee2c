//! A run as lines, one for each evaluation.

use crate::failure::say;
use ravine_lab::stats::number::{fixed, lr, seconds, significant};
use ravine_lab::train::{By, Entry, News, Record, Watch};
use ravine_lab::workload::Info;

/// Writes lines to standard error.
pub(super) struct Lines {
    metric: &'static str,
}

impl Lines {
    pub(super) fn new(info: &Info) -> Self {
        Self { metric: info.metric }
    }

    fn headings(&self) -> String {
        line(["epoch", "step", "training", "validation", self.metric, "lr", "gradient", "time"])
    }
}

impl Watch for Lines {
    fn tell(&mut self, news: News) {
        match news {
            News::Begin(entries) => {
                say(&self.headings());
                // What was seen before an interruption.
                entries.iter().filter_map(told).for_each(|line| say(&line));
            }
            News::Noted(entry) => {
                if let Some(line) = told(&entry) {
                    say(&line);
                }
            }
            News::Refused(what) => say(&format!("note: {what}")),
            News::Step(_) | News::Saved(_) => {}
        }
    }
}

fn told(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Evaluation(Record { epoch, best, point }) => {
            let cells = [
                fixed(*epoch, 2),
                point.step.to_string(),
                significant(point.train_loss, 4),
                significant(point.validation_loss, 4),
                significant(point.validation, 4),
                lr(point.lr),
                significant(point.grad_norm, 3),
                seconds(point.seconds),
            ];
            Some(line(cells.each_ref().map(String::as_str)) + if *best { "  best" } else { "" })
        }
        entry => event(entry),
    }
}

/// What happened besides evaluations, in a line; nothing for the end.
pub(super) fn event(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Rate { step, by, lr: rate } => {
            let by = match by {
                By::Hand => "by hand",
                By::Plateau => "as the validation loss stands still",
            };
            Some(format!("step {step}: learning rate {} {by}", lr(*rate)))
        }
        Entry::Look { step, validation } => Some(format!(
            "step {step}: looked: validation loss {}, metric {}",
            significant(validation.loss, 4),
            significant(validation.metric, 4)
        )),
        Entry::Skipped { step, what } => {
            Some(format!("step {step}: left out, as {what} is not a finite number"))
        }
        Entry::Evaluation(_) | Entry::End { .. } => None,
    }
}

/// Columns of one width each.
fn line(cells: [&str; 8]) -> String {
    let widths = [8, 9, 11, 11, 11, 9, 10, 13];
    let padded: Vec<String> =
        cells.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
    padded.concat()
}
