//! The family of tests.

use crate::comparison::WorkloadResult;
use crate::stats::pair::{self, Outcome};
use crate::stats::score::{self, Split};
use crate::stats::{Pair, bootstrap, holm, improvement, welch};

/// All pairs of `optimizers` and all pairs of `schedules`, corrected together. The better arm by validation comes first.
pub(super) fn pairs(
    workload: &WorkloadResult,
    optimizers: &[usize],
    schedules: &[usize],
    margin: f64,
) -> Vec<Pair> {
    let values: Vec<Vec<f64>> =
        workload.arms.iter().map(|arm| score::values(workload, arm, Split::Test)).collect();
    let mut pairs: Vec<Pair> = every_two(optimizers)
        .chain(every_two(schedules))
        .map(|(a, b)| {
            let welch = welch::test(&values[a], &values[b]);
            let improvement = improvement::probability(&values[a], &values[b]);
            Pair {
                a,
                b,
                difference: welch.map(|welch| welch.difference),
                interval: welch.map(|welch| welch.interval()),
                paired: bootstrap::mean_interval(&by_seed(workload, a, b, &values)),
                improvement: if workload.higher_is_better {
                    improvement
                } else {
                    improvement.map(|p| 1.0 - p)
                },
                p: welch.map(|welch| welch.p),
                p_holm: None,
                outcome: Outcome::NotEnoughRuns { detectable: None, seeds: None },
            }
        })
        .collect();
    let tested: Vec<f64> = pairs.iter().filter_map(|pair| pair.p).collect();
    let mut adjusted = holm::adjust(&tested).into_iter();
    for pair in &mut pairs {
        pair.p_holm = pair.p.and_then(|_| adjusted.next());
        let p = pair.p_holm.unwrap_or(1.0);
        let (a, b) = (&values[pair.a], &values[pair.b]);
        pair.outcome = pair::outcome(a, b, workload.higher_is_better, p, tested.len(), margin);
    }
    pairs
}

fn every_two(arms: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    arms.iter().enumerate().flat_map(|(i, a)| arms[i + 1..].iter().map(|b| (*a, *b)))
}

/// Differences of the runs that share a seed.
fn by_seed(workload: &WorkloadResult, a: usize, b: usize, values: &[Vec<f64>]) -> Vec<f64> {
    let other = &workload.arms[b].runs;
    let runs = workload.arms[a].runs.iter().zip(&values[a]);
    runs.filter_map(|(run, x)| {
        let at = other.iter().position(|twin| twin.seed == run.seed)?;
        Some(x - values[b].get(at)?)
    })
    .collect()
}
