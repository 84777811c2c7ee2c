//! Time to target when not every run gets there.

use super::bootstrap::{self, Interval};
use serde::{Deserialize, Serialize};

/// How long one run was watched, and whether it reached the target at the end of that time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watch {
    /// Steps or seconds; infinite for a run that failed and so never will reach it.
    pub time: f64,
    /// Whether the target was reached then.
    pub reached: bool,
}

/// Median time to target over the runs of an arm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeToTarget {
    /// Kaplan-Meier median; `None` if fewer than half of the runs are expected to reach the target.
    pub median: Option<f64>,
    /// Lower bound of its 95 % interval; `None` below two runs or if it is "not reached".
    pub low: Option<f64>,
    /// Upper bound; `None` below two runs or if it is "not reached".
    pub high: Option<f64>,
    /// Runs that reached the target.
    pub reached: usize,
    /// All runs, failed ones too.
    pub runs: usize,
}

/// The Kaplan-Meier median: the first time t with S(t) <= 1/2, where S is multiplied by 1 - d/n at every time when d of
/// the n runs still watched reach the target (Kaplan and Meier, JASA 53 (1958), 457). `None` if S stays above 1/2.
///
/// A run that ended before reaching the target counts as watched until its end, and a failed run for ever: leaving it
/// out would make an optimizer look fast because it often breaks.
pub fn median(watches: &[Watch]) -> Option<f64> {
    let mut order = watches.to_vec();
    // At equal times the runs that reach the target come first: the others were still being watched.
    order.sort_by(|a, b| a.time.total_cmp(&b.time).then(b.reached.cmp(&a.reached)));
    let mut survival = 1.0;
    for (i, watch) in order.iter().enumerate() {
        if watch.reached {
            let watched = (order.len() - i) as f64;
            survival *= 1.0 - 1.0 / watched;
            if survival <= 0.5 + 1e-12 {
                return Some(watch.time);
            }
        }
    }
    None
}

/// The median with its bootstrap interval over runs.
pub fn time_to_target(watches: &[Watch]) -> TimeToTarget {
    let bounds = bootstrap::interval(watches, |x| median(x).unwrap_or(f64::INFINITY));
    let finite = |x: f64| x.is_finite().then_some(x);
    TimeToTarget {
        median: median(watches),
        low: bounds.and_then(|b| finite(b.low)),
        high: bounds.and_then(|b| finite(b.high)),
        reached: watches.iter().filter(|watch| watch.reached).count(),
        runs: watches.len(),
    }
}

/// How many times longer `slow` takes than `fast`: the ratio of their medians with its bootstrap interval, each arm
/// drawn from by itself. `None` if one of the medians does not exist or there are less than two runs of one.
pub fn ratio(slow: &[Watch], fast: &[Watch]) -> Option<(f64, Interval)> {
    let of = |s: &[Watch], f: &[Watch]| {
        median(s).unwrap_or(f64::INFINITY) / median(f).filter(|t| *t > 0.0).unwrap_or(f64::NAN)
    };
    let ratio = of(slow, fast);
    if !ratio.is_finite() {
        return None;
    }
    Some((ratio, bootstrap::stratified(&[slow, fast], |drawn| of(&drawn[0], &drawn[1]))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: f64) -> Watch {
        Watch { time, reached: true }
    }

    fn not_by(time: f64) -> Watch {
        Watch { time, reached: false }
    }

    #[test]
    fn without_censoring_it_is_the_lower_median() {
        assert_eq!(median(&[at(3.0), at(1.0), at(2.0)]), Some(2.0));
        assert_eq!(median(&[at(4.0), at(1.0), at(2.0), at(3.0)]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn runs_that_never_arrive_are_not_dropped() {
        assert_eq!(median(&[at(1.0), not_by(9.0), not_by(9.0)]), None);
        assert_eq!(median(&[at(1.0), at(2.0), not_by(9.0)]), Some(2.0));
        // The failed run stays at risk for ever, so the median needs two of the three.
        assert_eq!(median(&[at(1.0), at(5.0), not_by(f64::INFINITY)]), Some(5.0));
    }

    #[test]
    fn a_run_that_stopped_early_leaves_the_count_when_it_stops() {
        // S: 4/5 at 1, then one leaves, 4/5 * 2/3 at 3, 4/5 * 1/3 at 4.
        assert_eq!(median(&[at(1.0), not_by(2.0), at(3.0), at(4.0), not_by(5.0)]), Some(4.0));
    }

    #[test]
    fn an_interval_can_be_open_above() {
        let time = time_to_target(&[at(1.0), at(2.0), at(3.0), not_by(9.0), not_by(9.0)]);
        assert_eq!((time.median, time.high, time.reached, time.runs), (Some(3.0), None, 3, 5));
        assert!(time.low.is_some());
    }

    #[test]
    fn a_ratio_needs_both_medians() {
        let fast: Vec<Watch> = [10.0, 11.0, 12.0].map(at).to_vec();
        let slow: Vec<Watch> = [22.0, 22.0, 22.0].map(at).to_vec();
        let (ratio_seen, interval) = ratio(&slow, &fast).unwrap();
        assert_eq!(ratio_seen, 2.0);
        assert!(interval.contains(2.0) && interval.low > 1.0);
        assert_eq!(ratio(&[not_by(9.0); 3], &fast), None);
    }
}
