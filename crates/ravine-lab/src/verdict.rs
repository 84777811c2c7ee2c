//! Which optimizer and schedule to use on a workload, and what the runs can and cannot say about it.
//!
//! The arm is chosen by its mean validation metric over the report seeds; the test metric is for claims only. Claims of
//! "better" stand in one family of tests with Holm's correction: each optimizer with its own best schedule against each
//! other one, and the schedules of the recommended optimizer among themselves. Failed runs count, as
//! [`score`](crate::stats::score) says.

mod family;
mod summary;
mod unit;
mod words;

use crate::comparison::WorkloadResult;
use crate::stats::{Interval, Pair, TimeToTarget};
use serde::{Deserialize, Serialize};

pub use unit::Unit;

/// A mean over runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean, failed runs counted as the worst value.
    pub mean: f64,
    /// Its 95 % bootstrap interval over seeds; `None` below two runs.
    pub interval: Option<Interval>,
    /// Sample standard deviation; `None` below two runs.
    pub sd: Option<f64>,
}

/// What the runs of one arm come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmSummary {
    /// Reported runs.
    pub runs: usize,
    /// Runs that failed: did not finish, or ended without a finite metric.
    pub failed: usize,
    /// Validation metric; `None` if every run failed or there is none.
    pub validation: Option<Estimate>,
    /// Test metric; `None` if every run failed or there is none.
    pub test: Option<Estimate>,
    /// Optimizer steps to the target.
    pub steps: TimeToTarget,
    /// Seconds of training to the target.
    pub seconds: TimeToTarget,
    /// Tuning runs made.
    pub tuning_runs: usize,
    /// Seconds spent on them.
    pub tuning_seconds: f64,
}

/// What a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// What to use.
    Recommendation,
    /// How good it is on the test split.
    Test,
    /// How soon it reaches the target.
    Target,
    /// How it stands against the other optimizers.
    Optimizers,
    /// How its schedule stands against the others.
    Schedules,
    /// What to beware of.
    Warning,
}

/// A sentence and the trials that it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// What it is about.
    pub topic: Topic,
    /// The claim in plain English.
    pub text: String,
    /// Ids of the trials in the run store, rising.
    pub trials: Vec<i64>,
}

/// The verdict on one workload. Indices are positions in the workload's arms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Name of the workload.
    pub workload: String,
    /// The arm to use: best mean validation metric. `None` if no run of any arm finished.
    pub recommended: Option<usize>,
    /// The best arm of each optimizer by validation, best optimizer first. Optimizers without runs are left out.
    pub best: Vec<usize>,
    /// Arms without any reported run; nothing is said of them.
    pub without_runs: Vec<usize>,
    /// One for each arm, in their order.
    pub arms: Vec<ArmSummary>,
    /// All comparisons of the family.
    pub pairs: Vec<Pair>,
    /// The smallest difference of the metric that matters. For a share of right answers 0.2 points or one test example,
    /// whichever is more; for another metric 1 % of the recommended arm's mean or of the target, whichever is more.
    pub margin: f64,
    /// How the metric is written.
    pub unit: Unit,
    /// What a failed run counts for in the test metric, if that is known.
    pub failure_counts_as: Option<f64>,
    /// The claims, most important first.
    pub claims: Vec<Claim>,
    /// The claims as one text.
    pub sentence: String,
}

impl Verdict {
    /// The comparison of arms `a` and `b`, seen from `a`'s side if it was made that way round.
    pub fn pair(&self, a: usize, b: usize) -> Option<&Pair> {
        self.pairs.iter().find(|pair| (pair.a, pair.b) == (a, b))
    }
}

/// Judges a workload.
pub fn verdict(workload: &WorkloadResult) -> Verdict {
    let arms = summary::arms(workload);
    let order = summary::by_validation(workload, &arms);
    let recommended = order.first().copied().filter(|arm| arms[*arm].validation.is_some());
    let best = summary::best_of_each_optimizer(workload, &order);
    let unit = Unit::of(workload, recommended.and_then(|arm| arms[arm].test));
    let margin = unit.margin(workload, recommended.and_then(|arm| arms[arm].test));
    let same_optimizer: Vec<usize> = match recommended {
        Some(arm) => {
            let optimizer = &workload.arms[arm].optimizer;
            order.iter().copied().filter(|i| &workload.arms[*i].optimizer == optimizer).collect()
        }
        None => Vec::new(),
    };
    let mut verdict = Verdict {
        workload: workload.name.clone(),
        recommended,
        pairs: family::pairs(workload, &best, &same_optimizer, margin),
        best,
        without_runs: (0..arms.len()).filter(|arm| arms[*arm].runs == 0).collect(),
        arms,
        margin,
        unit,
        failure_counts_as: crate::stats::score::worst(workload, crate::stats::score::Split::Test),
        claims: Vec::new(),
        sentence: String::new(),
    };
    verdict.claims = words::claims(workload, &verdict);
    verdict.sentence = verdict.claims.iter().map(|claim| claim.text.as_str()).collect::<Vec<_>>().join(" ");
    verdict
}
