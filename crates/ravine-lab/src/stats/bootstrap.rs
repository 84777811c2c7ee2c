//! Bootstrap intervals over seeds, the same in every run of the program.

use super::summary;
use ravine::random::Random;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Resamples drawn for an interval.
pub const RESAMPLES: u64 = 4000;

/// The coverage of every interval shown.
pub const LEVEL: f64 = 0.95;

/// A lower and an upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Interval {
    /// Whether `x` lies inside, bounds included.
    pub fn contains(&self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// Half the distance between the bounds.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The interval of a statistic of one sample, at 95 % coverage; `None` below two values.
///
/// Runs are drawn with replacement from the sample, [`RESAMPLES`] times, and the interval holds the middle of the
/// statistics. A plain percentile interval is too short for few runs (at 5 runs it covers 83 % rather than 95 %), so
/// the percentiles are moved out to Phi(-sqrt(n/(n-1)) t), with t the quantile of Student's distribution with n - 1
/// degrees of freedom: the expanded percentile interval of Hesterberg, The American Statistician 69 (2015), 371.
pub fn interval<T: Copy>(sample: &[T], statistic: impl Fn(&[T]) -> f64) -> Option<Interval> {
    stratified(&[sample], |strata| statistic(&strata[0]))
}

/// The same for the mean.
pub fn mean_interval(sample: &[f64]) -> Option<Interval> {
    interval(sample, |x| summary::mean(x).unwrap_or(f64::NAN))
}

/// The same for a statistic of several samples, such as tasks or arms: each is drawn from by itself, so that every
/// resample has as many runs of each as there were (Agarwal et al., arXiv 2108.13264, section 4.1). `None` if a sample
/// has less than two values.
pub fn stratified<T: Copy>(strata: &[&[T]], statistic: impl Fn(&[Vec<T>]) -> f64) -> Option<Interval> {
    let fewest = strata.iter().map(|sample| sample.len()).min()?;
    if fewest < 2 {
        return None;
    }
    let mut drawn: Vec<Vec<T>> = strata.iter().map(|sample| sample.to_vec()).collect();
    let mut statistics: Vec<f64> = (0..RESAMPLES)
        .map(|round| {
            for (stratum, (sample, out)) in strata.iter().zip(&mut drawn).enumerate() {
                let stream = Random::new(round).stream(stratum as u64);
                for (i, slot) in out.iter_mut().enumerate() {
                    *slot = sample[stream.below(i as u64, sample.len() as u64) as usize];
                }
            }
            statistic(&drawn)
        })
        .filter(|x| !x.is_nan())
        .collect();
    statistics.sort_by(f64::total_cmp);
    let tail = expanded_tail(fewest);
    Some(Interval {
        low: summary::quantile_sorted(&statistics, tail)?,
        high: summary::quantile_sorted(&statistics, 1.0 - tail)?,
    })
}

/// The share left out at each end: Phi(-sqrt(n/(n-1)) t_{n-1, 0.975}).
fn expanded_tail(n: usize) -> f64 {
    let freedom = (n - 1) as f64;
    let t = StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf((1.0 + LEVEL) / 2.0));
    Normal::standard().cdf(-(n as f64 / freedom).sqrt() * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_sample_gives_the_same_interval_and_it_holds_the_mean() {
        let x = [0.97, 0.975, 0.971, 0.978, 0.969];
        let first = mean_interval(&x).unwrap();
        assert_eq!(Some(first), mean_interval(&x));
        assert!(first.contains(summary::mean(&x).unwrap()));
        assert!(first.low >= 0.969 && first.high <= 0.978);
    }

    #[test]
    fn few_values_give_no_interval_and_equal_values_a_point() {
        assert_eq!(mean_interval(&[]), None);
        assert_eq!(mean_interval(&[1.0]), None);
        assert_eq!(mean_interval(&[2.0; 4]), Some(Interval { low: 2.0, high: 2.0 }));
    }

    #[test]
    fn covers_what_it_promises_for_few_seeds() {
        // The standard error of 400 trials at 95 % is 1.1 points.
        for (n, stream) in [(5u64, 1), (10, 2)] {
            let normal = Random::new(99).stream(stream);
            let hits = (0..400u64)
                .filter(|trial| {
                    let x: Vec<f64> = (0..n).map(|i| normal.normal(trial * n + i)).collect();
                    mean_interval(&x).is_some_and(|interval| interval.contains(0.0))
                })
                .count();
            let share = hits as f64 / 400.0;
            assert!((0.90..0.985).contains(&share), "{n} seeds: {share}");
        }
    }

    #[test]
    fn strata_keep_their_sizes_and_their_values() {
        let (a, b) = ([1.0, 1.0, 1.0], [10.0, 10.0]);
        let interval = stratified(&[&a, &b], |s| {
            assert_eq!((s[0].len(), s[1].len()), (3, 2));
            s[1][0] / s[0][0]
        });
        assert_eq!(interval, Some(Interval { low: 10.0, high: 10.0 }));
    }
}
