//! What a run counts for, failed runs included.
//!
//! A run that diverged, or has no finite value at its end, counts as the worst value on this workload: the worst of
//! all finished runs of all arms, or that of a model before its first step if that is worse. So an arm that often
//! breaks has a bad mean, and none of its runs is left out. A failed run's own last value is not used: how far it got
//! before it broke is chance.

use crate::comparison::{Arm, End, Run, WorkloadResult};
use crate::stats::survival::Watch;

/// Which metric of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The validation metric at the end: for choosing.
    Validation,
    /// The test metric, evaluated once: for claims.
    Test,
}

/// Whether a run failed: it did not finish, or has no finite validation or test metric.
pub fn failed(run: &Run) -> bool {
    run.end != End::Finished || value(run, Split::Validation).is_none() || value(run, Split::Test).is_none()
}

/// What a failed run counts for; `None` if no run finished and no curve starts at step 0.
pub fn worst(workload: &WorkloadResult, split: Split) -> Option<f64> {
    let runs = || workload.arms.iter().flat_map(|arm| &arm.runs);
    let finished = runs().filter(|run| !failed(run)).filter_map(|run| value(run, split));
    // The test metric of an untrained model is not measured; its validation metric stands for it.
    let untrained = runs().filter_map(|run| run.curve.first().filter(|p| p.step == 0)).map(|p| p.validation);
    finished
        .chain(untrained)
        .filter(|x| x.is_finite())
        .reduce(|a, b| if workload.higher_is_better { a.min(b) } else { a.max(b) })
}

/// The values of an arm's runs, one for each run and in their order; empty if there is nothing to count failures as.
pub fn values(workload: &WorkloadResult, arm: &Arm, split: Split) -> Vec<f64> {
    let Some(worst) = worst(workload, split) else { return Vec::new() };
    arm.runs.iter().map(|run| value(run, split).filter(|_| !failed(run)).unwrap_or(worst)).collect()
}

/// How long each run was watched, in optimizer steps. Failed runs count as never reaching the target, even if they
/// did before they broke.
pub fn steps(workload: &WorkloadResult, arm: &Arm) -> Vec<Watch> {
    watches(arm, |run| run.steps_to_target.map(|steps| steps as f64), |_| workload.steps as f64)
}

/// The same in seconds of training. The budget is in steps, so a run that did not reach the target in them is watched
/// as long as the slowest run of the arm: it must not leave the count early because the machine was fast.
pub fn seconds(arm: &Arm) -> Vec<Watch> {
    let slowest = arm.runs.iter().map(|run| run.seconds).fold(0.0, f64::max);
    watches(arm, |run| run.seconds_to_target, |_| slowest)
}

fn watches(arm: &Arm, reached: impl Fn(&Run) -> Option<f64>, end: impl Fn(&Run) -> f64) -> Vec<Watch> {
    arm.runs
        .iter()
        .map(|run| match reached(run) {
            _ if failed(run) => Watch { time: f64::INFINITY, reached: false },
            Some(time) => Watch { time, reached: true },
            None => Watch { time: end(run), reached: false },
        })
        .collect()
}

fn value(run: &Run, split: Split) -> Option<f64> {
    match split {
        Split::Validation => run.validation,
        Split::Test => run.test,
    }
    .filter(|x| x.is_finite())
}
