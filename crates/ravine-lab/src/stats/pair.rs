//! Two arms against each other.

use super::bootstrap::Interval;
use super::{power, summary, welch};
use serde::{Deserialize, Serialize};

/// Chance of any false "better" in a family of tests.
pub const ALPHA: f64 = 0.05;

/// What the runs say about arm `a` against arm `b`.
///
/// With m tests in the family and a stated margin, the smallest difference that matters, in this order:
///
/// 1. [`Tie`](Outcome::Tie): the 95 % interval of the difference lies inside [-margin, margin].
/// 2. [`Better`](Outcome::Better) or [`Worse`](Outcome::Worse): Welch's p after Holm's correction is below 0.05.
/// 3. [`NotEnoughRuns`](Outcome::NotEnoughRuns): neither. It is no finding that they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Outcome {
    /// `a` is better.
    Better,
    /// `a` is worse.
    Worse,
    /// They differ by less than matters.
    Tie,
    /// The runs cannot tell.
    NotEnoughRuns {
        /// The smallest true difference that as many runs would show with 80 % power in this family, with the spread
        /// seen; see [`power::detectable`]. `None` below two runs.
        detectable: Option<f64>,
        /// Seeds for each arm that would show a difference of the margin with 80 % power in this family; see
        /// [`power::seeds_needed`]. `None` below two runs, and where there are as many already: then the difference
        /// lies too close to the margin for the runs to settle.
        seeds: Option<usize>,
    },
}

/// A comparison of two arms on the test metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Index of the first arm in the workload's arms.
    pub a: usize,
    /// Index of the second arm.
    pub b: usize,
    /// mean(a) - mean(b), in the metric's unit.
    pub difference: Option<f64>,
    /// Its 95 % interval after Welch.
    pub interval: Option<Interval>,
    /// Its 95 % bootstrap interval over seeds that both arms ran, pair by pair.
    pub paired: Option<Interval>,
    /// The chance that a run of `a` is better than one of `b`.
    pub improvement: Option<f64>,
    /// Welch's p-value.
    pub p: Option<f64>,
    /// The same after Holm's correction over the family.
    pub p_holm: Option<f64>,
    /// What follows.
    pub outcome: Outcome,
}

/// The smaller of alpha = 0.05 and Holm's first step in a family of `tests`.
fn strictest(tests: usize) -> f64 {
    ALPHA / tests.max(1) as f64
}

/// The outcome for samples `a` and `b`, given the p-value after Holm's correction over `tests` tests.
pub fn outcome(
    a: &[f64],
    b: &[f64],
    higher_is_better: bool,
    p_holm: f64,
    tests: usize,
    margin: f64,
) -> Outcome {
    let Some(welch) = welch::test(a, b) else {
        return Outcome::NotEnoughRuns { detectable: None, seeds: None };
    };
    let interval = welch.interval();
    if -margin <= interval.low && interval.high <= margin {
        return Outcome::Tie;
    }
    if p_holm < ALPHA {
        let better = (welch.difference > 0.0) == higher_is_better;
        return if better { Outcome::Better } else { Outcome::Worse };
    }
    let variance = |x: &[f64]| summary::sd(x).map_or(0.0, |sd| sd * sd);
    let sd = ((variance(a) + variance(b)) / 2.0).sqrt();
    let runs = a.len().min(b.len());
    Outcome::NotEnoughRuns {
        detectable: power::detectable(sd, runs, strictest(tests)),
        seeds: power::seeds_needed(sd, margin, strictest(tests)).filter(|seeds| *seeds > runs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(a: &[f64], b: &[f64], higher: bool) -> Outcome {
        let p = welch::test(a, b).map_or(1.0, |welch| welch.p);
        outcome(a, b, higher, p, 1, 0.5)
    }

    #[test]
    fn each_verdict() {
        let (low, high) = ([1.0, 1.1, 0.9, 1.05], [3.0, 3.1, 2.9, 3.05]);
        assert_eq!(judge(&high, &low, true), Outcome::Better);
        assert_eq!(judge(&high, &low, false), Outcome::Worse);
        assert_eq!(judge(&low, &high, false), Outcome::Better);
        assert_eq!(judge(&low, &[1.02, 1.1, 0.9, 1.0], true), Outcome::Tie);
        let Outcome::NotEnoughRuns { detectable, seeds } = judge(&[0.0, 4.0, 2.0], &[1.0, 5.0, 3.0], true)
        else {
            panic!("a spread of 2 hides a difference of 1");
        };
        assert!(detectable.unwrap() > 1.0 && seeds.unwrap() > 3);
    }

    #[test]
    fn one_run_tells_nothing() {
        let nothing = Outcome::NotEnoughRuns { detectable: None, seeds: None };
        assert_eq!(judge(&[1.0], &[2.0], true), nothing);
        assert_eq!(judge(&[], &[], true), nothing);
    }

    #[test]
    fn a_real_but_negligible_difference_is_a_tie() {
        assert_eq!(judge(&[1.0, 1.0, 1.0], &[1.1, 1.1, 1.1], true), Outcome::Tie);
    }

    #[test]
    fn the_seeds_asked_for_are_more_than_there_are() {
        // A small spread and a difference at the margin: the formula alone would ask for fewer runs than were made.
        let outcome = outcome(&[0.0, 0.1, 0.2], &[0.45, 0.55, 0.65], true, 0.06, 5, 0.5);
        let Outcome::NotEnoughRuns { seeds, .. } = outcome else { panic!("{outcome:?}") };
        assert!(seeds.is_none_or(|seeds| seeds > 3));
    }
}
