//! What experiments do with their numbers.

use crate::Result;
use crate::stats::Interval;
use crate::stats::number::{fixed, significant};
use statrs::distribution::{ContinuousCDF, Normal};

/// Quantile 0.975 of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// How many of how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    pub(super) count: usize,
    pub(super) of: usize,
}

impl Share {
    /// Of those for which it is true.
    pub(super) fn of(cases: impl IntoIterator<Item = bool>) -> Self {
        cases.into_iter().fold(Self { count: 0, of: 0 }, |share, is| Self {
            count: share.count + usize::from(is),
            of: share.of + 1,
        })
    }

    pub(super) fn value(self) -> f64 {
        self.count as f64 / self.of as f64
    }

    /// Wilson's interval at 95 % (Journal of the American Statistical Association 22, 1927).
    pub(super) fn interval(self) -> Interval {
        let (n, p) = (self.of as f64, self.value());
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
    }

    /// `45 % (38..52)`.
    pub(super) fn text(self) -> String {
        let Interval { low, high } = self.interval();
        format!(
            "{} % ({}..{})",
            fixed(100.0 * self.value(), 0),
            fixed(100.0 * low, 0),
            fixed(100.0 * high, 0)
        )
    }
}

/// How far ahead one method is of another in the share of cases that it solves, both having been put to the same cases.
/// Cases that both solve or neither say nothing of the difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lead {
    /// Cases that only the one solved.
    pub(super) ahead: usize,
    /// Cases that only the other solved.
    pub(super) behind: usize,
    pub(super) of: usize,
}

impl Lead {
    /// Of cases with whether each of the two solved it.
    pub(super) fn of(cases: impl IntoIterator<Item = [bool; 2]>) -> Self {
        let none = Self { ahead: 0, behind: 0, of: 0 };
        cases.into_iter().fold(none, |lead, [one, other]| Self {
            ahead: lead.ahead + usize::from(one && !other),
            behind: lead.behind + usize::from(other && !one),
            of: lead.of + 1,
        })
    }

    /// The difference of the shares.
    pub(super) fn value(self) -> f64 {
        (self.ahead as f64 - self.behind as f64) / self.of as f64
    }

    /// Wald's interval at 95 % for the difference of paired shares (Agresti, Categorical Data Analysis, section 10.1).
    pub(super) fn interval(self) -> Interval {
        let (n, value) = (self.of as f64, self.value());
        let half = Z * (((self.ahead + self.behind) as f64 / n - value * value) / n).sqrt();
        Interval { low: value - half, high: value + half }
    }

    /// The two-sided p-value of no difference, by McNemar's test (Psychometrika 12, 1947).
    pub(super) fn p(self) -> f64 {
        let unlike = (self.ahead + self.behind).max(1) as f64;
        2.0 * Normal::standard().sf(self.ahead.abs_diff(self.behind) as f64 / unlike.sqrt())
    }

    /// In points of percent: `4.5 (3.2..5.8)`.
    pub(super) fn text(self) -> String {
        let Interval { low, high } = self.interval();
        format!("{} ({}..{})", fixed(100.0 * self.value(), 1), fixed(100.0 * low, 1), fixed(100.0 * high, 1))
    }
}

/// The slope of the straight line of least squares.
pub(super) fn slope(points: &[[f64; 2]]) -> f64 {
    let n = points.len() as f64;
    let mean = |i: usize| points.iter().map(|point| point[i]).sum::<f64>() / n;
    let (x, y) = (mean(0), mean(1));
    let product: f64 = points.iter().map(|[a, b]| (a - x) * (b - y)).sum();
    product / points.iter().map(|[a, _]| (a - x) * (a - x)).sum::<f64>()
}

/// The exponent p of y ~ x^p.
pub(super) fn exponent(points: &[[f64; 2]]) -> f64 {
    slope(&points.iter().map(|point| point.map(f64::ln)).collect::<Vec<_>>())
}

/// The largest value for which it is true, to 1e-6 relative, where it is true at `low` and false at `high`.
pub(super) fn limit(low: f64, high: f64, holds: impl Fn(f64) -> Result<bool>) -> Result<f64> {
    let (mut low, mut high) = (low, high);
    while high - low > 1e-6 * high {
        let middle = 0.5 * (low + high);
        if holds(middle)? { low = middle } else { high = middle }
    }
    Ok(0.5 * (low + high))
}

/// `n` values in equal ratios.
pub(super) fn ratios(from: f64, to: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| from * (to / from).powf(i as f64 / (n - 1) as f64)).collect()
}

/// A mean with its interval: `0.31 (0.29..0.33)`.
pub(super) fn ranged(mean: f64, interval: Option<Interval>) -> String {
    match interval {
        Some(Interval { low, high }) => {
            format!("{} ({}..{})", significant(mean, 3), significant(low, 3), significant(high, 3))
        }
        None => significant(mean, 3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_intervals_even_at_the_ends() {
        // Brown, Cai and DasGupta, Statistical Science 16, 2001: Wilson's interval at 0 of n ends at z^2 / (n + z^2).
        let none = Share { count: 0, of: 100 }.interval();
        assert!(none.low < 1e-12 && (none.high - Z * Z / (100.0 + Z * Z)).abs() < 1e-12);
        assert_eq!(Share::of([true, false, true, true]).text(), "75 % (30..95)");
    }

    #[test]
    fn leads_are_those_of_a_textbook() {
        // Agresti, Categorical Data Analysis, section 10.1: approval of a prime minister in two surveys of 1600 people,
        // 86 to yes and 150 to no: -0.04 (-0.06..-0.02), chi squared 17.36.
        let cases = [([true, true], 794), ([true, false], 86), ([false, true], 150), ([false, false], 570)];
        let lead = Lead::of(cases.into_iter().flat_map(|(case, count)| std::iter::repeat_n(case, count)));
        assert_eq!(lead, Lead { ahead: 86, behind: 150, of: 1600 });
        assert_eq!(lead.text(), "-4.0 (-5.9..-2.1)");
        assert!((lead.p() - 3.099e-5).abs() < 1e-8, "{}", lead.p());
        assert_eq!(Lead { ahead: 0, behind: 0, of: 9 }.p(), 1.0);
    }

    #[test]
    fn slopes_and_limits() {
        let points: Vec<[f64; 2]> = [1.0, 10.0, 100.0].map(|x: f64| [x, 3.0 * x.powf(-0.5)]).to_vec();
        assert!((exponent(&points) + 0.5).abs() < 1e-12);
        assert!((limit(0.0, 4.0, |x| Ok(x * x < 2.0)).unwrap() - 2f64.sqrt()).abs() < 3e-6);
        assert_eq!(ratios(1.0, 100.0, 3), [1.0, 10.0, 100.0]);
    }
}
