//! The four criteria that optimizers are judged by, for the recommended arm of a comparison: stability, generalisation,
//! speed, and the size of the updates.

use crate::comparison::WorkloadResult;
use crate::health::HEALTHY_UPDATES;
use crate::report::update_ratios;
use crate::stats::number::{count, lr, seconds, significant, steps};
use crate::stats::score::{self, Split};
use crate::stats::{TimeToTarget, summary};
use crate::verdict::Verdict;
use serde::Serialize;

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Criterion {
    /// What is judged.
    pub name: String,
    /// The number that says it.
    pub value: String,
    /// What belongs to the number.
    pub lines: Vec<String>,
}

/// All that the runs say something of, in the order stability, generalisation, speed, updates.
pub fn criteria(workload: &WorkloadResult, verdict: &Verdict) -> Vec<Criterion> {
    let of_arm = |arm: usize| {
        [Some(stability(workload, verdict)), generalisation(workload, verdict, arm)]
            .into_iter()
            .chain([Some(speed(workload, verdict, arm)), Some(updates(workload, arm))])
            .flatten()
            .collect()
    };
    verdict.recommended.map_or_else(|| vec![stability(workload, verdict)], of_arm)
}

/// How many runs finished.
pub(crate) fn stability(workload: &WorkloadResult, verdict: &Verdict) -> Criterion {
    let (failed, total) = failures(verdict);
    let broken = workload.arms.iter().zip(&verdict.arms).filter(|(_, summary)| summary.failed > 0);
    let mut worst: Vec<(usize, String)> = broken
        .map(|(arm, s)| {
            (s.failed, format!("{} with {}: {} of {}", arm.optimizer, arm.schedule, s.failed, s.runs))
        })
        .collect();
    worst.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let more = worst.len().saturating_sub(2);
    let mut named: Vec<String> = worst.into_iter().take(2).map(|(_, name)| name).collect();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    let value = match verdict.recommended.map(|arm| verdict.arms[arm]) {
        Some(own) => format!("{} of {}", own.runs - own.failed, own.runs),
        None => format!("{} of {total}", total - failed),
    };
    let all = if failed == 0 {
        format!("No run of any arm failed ({}).", count(total, "run"))
    } else {
        format!("All arms: {failed} of {total} runs failed. {}.", named.join("; "))
    };
    Criterion { name: "Runs finished".into(), value, lines: vec![all] }
}

/// Failed runs of all arms, and all runs.
pub(crate) fn failures(verdict: &Verdict) -> (usize, usize) {
    (verdict.arms.iter().map(|arm| arm.failed).sum(), verdict.arms.iter().map(|arm| arm.runs).sum())
}

/// The test metric.
pub(crate) fn generalisation(workload: &WorkloadResult, verdict: &Verdict, arm: usize) -> Option<Criterion> {
    let (summary, unit) = (&verdict.arms[arm], verdict.unit);
    let estimate = summary.test?;
    let interval = estimate.interval.map_or("one run: no interval".into(), |i| {
        format!("[{}, {}], 95 % over {}", unit.value(i.low), unit.value(i.high), count(summary.runs, "seed"))
    });
    let name = format!("Test {}", workload.metric);
    Some(Criterion { name, value: unit.value(estimate.mean), lines: vec![interval] })
}

/// The time to the target.
pub(crate) fn speed(workload: &WorkloadResult, verdict: &Verdict, arm: usize) -> Criterion {
    let summary = &verdict.arms[arm];
    let interval = |time: &TimeToTarget, text: &dyn Fn(f64) -> String| {
        let bound = |x: Option<f64>| x.map_or("not reached".into(), text);
        if time.low.is_some() {
            format!(" [{}, {}]", bound(time.low), bound(time.high))
        } else {
            String::new()
        }
    };
    let value = summary.steps.median.map_or("not reached".into(), |x| format!("{} steps", steps(x)));
    let in_steps = summary
        .steps
        .median
        .map(|_| format!("Median{}, of at most {}", interval(&summary.steps, &steps), workload.steps));
    let in_seconds =
        summary.seconds.median.map(|x| format!("{}{}", seconds(x), interval(&summary.seconds, &seconds)));
    let name = format!("Time to {} {}", workload.metric, significant(workload.target, 4));
    Criterion { name, value, lines: in_steps.into_iter().chain(in_seconds).collect() }
}

/// The relative size of a step.
pub(crate) fn updates(workload: &WorkloadResult, arm: usize) -> Criterion {
    let name = "Size of a step |\u{394}w|/|w|".to_owned();
    let ratios: Vec<f64> = update_ratios(&workload.arms[arm]).iter().map(|layer| layer.1).collect();
    let Some(median) = summary::median(&ratios) else {
        return Criterion { name, value: "not measured".into(), lines: Vec::new() };
    };
    let (low, high) = HEALTHY_UPDATES;
    let verdict = match median {
        m if m < low => "Smaller than the usual 1e-3..1e-2: training crawls or the rate has decayed.",
        m if m > high => "Larger than the usual 1e-3..1e-2: steps are rough.",
        _ => "Inside the usual 1e-3..1e-2.",
    };
    let line = format!("Median of {}. {verdict}", count(ratios.len(), "layer"));
    Criterion { name, value: lr(median), lines: vec![line] }
}

/// The test metric of every run of an arm, failed ones as what they count for.
pub(crate) fn test_values(workload: &WorkloadResult, arm: usize) -> Vec<f64> {
    score::values(workload, &workload.arms[arm], Split::Test)
}
