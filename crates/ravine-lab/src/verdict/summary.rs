//! What the runs of each arm come to, and their order.

use super::{ArmSummary, Estimate};
use crate::comparison::{Arm, WorkloadResult};
use crate::stats::score::{self, Split};
use crate::stats::{bootstrap, summary, survival};

/// Summaries of all arms, in their order.
pub(super) fn arms(workload: &WorkloadResult) -> Vec<ArmSummary> {
    workload.arms.iter().map(|arm| of(workload, arm)).collect()
}

fn of(workload: &WorkloadResult, arm: &Arm) -> ArmSummary {
    let failed = arm.runs.iter().filter(|run| score::failed(run)).count();
    let estimate = |split| {
        let values = score::values(workload, arm, split);
        (failed < arm.runs.len()).then(|| estimate(&values)).flatten()
    };
    ArmSummary {
        runs: arm.runs.len(),
        failed,
        validation: estimate(Split::Validation),
        test: estimate(Split::Test),
        steps: survival::time_to_target(&score::steps(workload, arm)),
        seconds: survival::time_to_target(&score::seconds(arm)),
        tuning_runs: arm.tuning.len(),
        tuning_seconds: arm.tuning.iter().map(|run| run.seconds).sum(),
    }
}

fn estimate(values: &[f64]) -> Option<Estimate> {
    Some(Estimate {
        mean: summary::mean(values)?,
        interval: bootstrap::mean_interval(values),
        sd: summary::sd(values),
    })
}

/// The arms that have runs, best mean validation metric first, those with failed runs only last; equals in their order.
pub(super) fn by_validation(workload: &WorkloadResult, arms: &[ArmSummary]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..arms.len()).filter(|arm| arms[*arm].runs > 0).collect();
    // The lower the key, the better.
    let key = |arm: usize| match arms[arm].validation {
        Some(estimate) if workload.higher_is_better => -estimate.mean,
        Some(estimate) => estimate.mean,
        None => f64::INFINITY,
    };
    order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
    order
}

/// The first arm of each optimizer in `order`.
pub(super) fn best_of_each_optimizer(workload: &WorkloadResult, order: &[usize]) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::new();
    for &arm in order {
        if !best.iter().any(|seen| workload.arms[*seen].optimizer == workload.arms[arm].optimizer) {
            best.push(arm);
        }
    }
    best
}
