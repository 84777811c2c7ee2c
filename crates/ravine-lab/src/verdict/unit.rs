//! How a metric is written, and which difference of it matters.

use super::Estimate;
use crate::comparison::WorkloadResult;
use crate::stats::{Interval, number};
use serde::{Deserialize, Serialize};

/// How the values and differences of a metric are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Whether it is a share of right answers: larger is better and all values lie in [0, 1]. Differences of such a
    /// metric are given in points, hundredths.
    pub share: bool,
    /// Digits after the point of its values.
    pub decimals: usize,
}

impl Unit {
    /// Looks at all values of a workload, and at the interval of its best arm for the number of digits.
    pub(super) fn of(workload: &WorkloadResult, best: Option<Estimate>) -> Self {
        let runs = workload.arms.iter().flat_map(|arm| &arm.runs);
        let values = runs.flat_map(|run| [run.validation, run.test]).flatten().filter(|x| x.is_finite());
        let share =
            workload.higher_is_better && values.chain([workload.target]).all(|x| (0.0..=1.0).contains(&x));
        let magnitude = best.map_or(1.0, |best| best.mean.abs()).max(1e-6);
        let plain = (2.0 - magnitude.log10().floor()).clamp(0.0, 6.0) as usize;
        let decimals = number::decimals(best.and_then(|best| best.interval), plain);
        Self { share, decimals: if share { decimals.clamp(3, 4) } else { decimals.max(plain.min(3)) } }
    }

    /// The smallest difference that matters; see [`Verdict::margin`](super::Verdict::margin).
    pub(super) fn margin(&self, workload: &WorkloadResult, best: Option<Estimate>) -> f64 {
        if self.share {
            let examples = workload.split[2];
            0.002f64.max(if examples > 0 { 1.0 / examples as f64 } else { 0.0 })
        } else {
            // A metric that goes to 0 has no scale of its own where it is good; its target has.
            best.map_or(0.0, |best| 0.01 * best.mean.abs().max(workload.target.abs()))
        }
    }

    /// A value, such as `0.975`.
    pub fn value(&self, x: f64) -> String {
        number::fixed(x, self.decimals)
    }

    /// A mean with its interval, such as `0.975 [0.971, 0.979]`.
    pub fn estimate(&self, estimate: &Estimate) -> String {
        match estimate.interval {
            Some(i) => {
                format!("{} [{}, {}]", self.value(estimate.mean), self.value(i.low), self.value(i.high))
            }
            None => self.value(estimate.mean),
        }
    }

    /// A difference with its unit, such as `1.2 points`.
    pub fn difference(&self, x: f64) -> String {
        let number = self.bare_difference(x);
        match (self.share, number.as_str()) {
            (true, "1") => "1 point".into(),
            (true, _) => format!("{number} points"),
            (false, _) => number,
        }
    }

    /// A difference with its interval, such as `1.2 points [0.9, 1.5]`.
    pub fn difference_with_interval(&self, difference: f64, interval: Interval) -> String {
        let factor = if self.share { 100.0 } else { 1.0 };
        let [x, low, high] = [difference, interval.low, interval.high].map(|x| factor * x);
        let decimals =
            number::decimals(Some(Interval { low, high }), if self.share { 1 } else { self.decimals });
        let text = |x| number::fixed(x, decimals);
        let points = if self.share { " points" } else { "" };
        format!("{}{points} [{}, {}]", text(x), text(low), text(high))
    }

    /// A difference without its unit.
    pub fn bare_difference(&self, x: f64) -> String {
        number::significant(if self.share { 100.0 * x } else { x }, 2)
    }

    /// A difference to one more digit than the values have, signed and aligned, for tables.
    pub fn signed_difference(&self, x: f64) -> String {
        let text = if self.share {
            number::fixed(100.0 * x, self.decimals - 1)
        } else {
            number::fixed(x, self.decimals + 1)
        };
        if text.starts_with('-') { text.replacen('-', "\u{2212}", 1) } else { format!("+{text}") }
    }
}
