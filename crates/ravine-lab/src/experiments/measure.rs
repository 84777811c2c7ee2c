//! What experiments do with their numbers.

use crate::Result;
use crate::stats::Interval;
use crate::stats::number::{fixed, significant};

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
    fn slopes_and_limits() {
        let points: Vec<[f64; 2]> = [1.0, 10.0, 100.0].map(|x: f64| [x, 3.0 * x.powf(-0.5)]).to_vec();
        assert!((exponent(&points) + 0.5).abs() < 1e-12);
        assert!((limit(0.0, 4.0, |x| Ok(x * x < 2.0)).unwrap() - 2f64.sqrt()).abs() < 3e-6);
        assert_eq!(ratios(1.0, 100.0, 3), [1.0, 10.0, 100.0]);
    }
}
