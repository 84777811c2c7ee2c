//! One row for each arm: what the terminal table, CSV, JSON and the report all show.

use crate::comparison::WorkloadResult;
use crate::stats::{TimeToTarget, number};
use crate::verdict::{Estimate, Unit, Verdict, verdict};
use serde::{Deserialize, Serialize};

/// Headings of [`Row::cells`], in their order.
pub const HEADINGS: [&str; 9] = [
    "optimizer",
    "schedule",
    "best lr",
    "lr that works",
    "validation",
    "test [95 %]",
    "steps to target",
    "time to target",
    "failed",
];

/// One arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Index of the arm in the workload.
    pub arm: usize,
    /// Whether it is the recommended one.
    pub recommended: bool,
    /// The optimizer's spec.
    pub optimizer: String,
    /// The schedule's spec.
    pub schedule: String,
    /// The learning rate chosen.
    pub lr: f64,
    /// The learning rates that do about as well.
    pub lr_works: [f64; 2],
    /// Whether the learning rate chosen is the lowest or highest tried.
    pub lr_on_boundary: bool,
    /// Validation metric; `None` if every run failed.
    pub validation: Option<Estimate>,
    /// Test metric; `None` if every run failed.
    pub test: Option<Estimate>,
    /// Optimizer steps to the target.
    pub steps: TimeToTarget,
    /// Seconds of training to the target.
    pub seconds: TimeToTarget,
    /// Failed runs.
    pub failed: usize,
    /// All runs.
    pub runs: usize,
    /// How the metric is written.
    pub unit: Unit,
}

/// The rows of a workload, in the order of its arms.
pub fn rows(workload: &WorkloadResult) -> Vec<Row> {
    rows_of(workload, &verdict(workload))
}

/// The same where the verdict is known already.
pub fn rows_of(workload: &WorkloadResult, verdict: &Verdict) -> Vec<Row> {
    workload
        .arms
        .iter()
        .zip(&verdict.arms)
        .enumerate()
        .map(|(i, (arm, summary))| Row {
            arm: i,
            recommended: verdict.recommended == Some(i),
            optimizer: arm.optimizer.clone(),
            schedule: arm.schedule.clone(),
            lr: arm.lr,
            lr_works: arm.lr_works,
            lr_on_boundary: arm.lr_on_boundary,
            validation: summary.validation,
            test: summary.test,
            steps: summary.steps,
            seconds: summary.seconds,
            failed: summary.failed,
            runs: summary.runs,
            unit: verdict.unit,
        })
        .collect()
}

impl Row {
    /// The row as text under [`HEADINGS`]. A `!` marks a learning rate at the edge of those tried.
    pub fn cells(&self) -> [String; HEADINGS.len()] {
        let none = || if self.runs == 0 { "no runs".to_owned() } else { "all failed".to_owned() };
        [
            self.optimizer.clone(),
            self.schedule.clone(),
            format!("{}{}", number::lr(self.lr), if self.lr_on_boundary { "!" } else { "" }),
            number::lr_range(self.lr_works),
            self.validation.map_or_else(none, |e| self.unit.value(e.mean)),
            self.test.map_or_else(none, |e| self.unit.estimate(&e)),
            time(&self.steps, number::steps),
            time(&self.seconds, number::seconds),
            format!("{}/{}", self.failed, self.runs),
        ]
    }
}

/// `210 [190, 230]`, or how many runs reached the target where half did not.
fn time(time: &TimeToTarget, text: impl Fn(f64) -> String) -> String {
    let bound = |x: Option<f64>| x.map_or("\u{2013}".into(), &text);
    match (time.median, time.low) {
        (Some(median), Some(low)) => format!("{} [{}, {}]", text(median), text(low), bound(time.high)),
        (Some(median), None) => text(median),
        (None, _) => format!("not reached ({}/{})", time.reached, time.runs),
    }
}
