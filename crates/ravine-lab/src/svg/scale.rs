//! From values to pixels, with ticks where people expect them.

use crate::stats::number;

/// A linear or logarithmic axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Values at both ends.
    domain: [f64; 2],
    /// Pixels at both ends.
    range: [f64; 2],
    /// Whether decades are equally long.
    log: bool,
}

impl Scale {
    /// Equal steps. An empty or broken domain is widened around its middle.
    pub fn linear(domain: [f64; 2], range: [f64; 2]) -> Self {
        let domain = match domain {
            [a, b] if !a.is_finite() || !b.is_finite() => [0.0, 1.0],
            [a, b] if a == b => {
                let half = if a == 0.0 { 0.5 } else { a.abs() * 0.1 };
                [a - half, a + half]
            }
            [a, b] => [a.min(b), a.max(b)],
        };
        Self { domain, range, log: false }
    }

    /// Equal factors, for positive values.
    pub fn log10(domain: [f64; 2], range: [f64; 2]) -> Self {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let domain = match domain {
            [a, b] if !positive(a) || !positive(b) => [0.1, 10.0],
            [a, b] if a == b => [a / 3.0, a * 3.0],
            [a, b] => [a.min(b), a.max(b)],
        };
        Self { domain, range, log: true }
    }

    /// The values at both ends.
    pub fn domain(&self) -> [f64; 2] {
        self.domain
    }

    /// The pixels at both ends.
    pub fn range(&self) -> [f64; 2] {
        self.range
    }

    /// The pixel of a value; values outside land outside. Not finite for what has no place on the axis.
    pub fn at(&self, x: f64) -> f64 {
        let [a, b] = self.domain;
        let part = if self.log { (x / a).ln() / (b / a).ln() } else { (x - a) / (b - a) };
        self.range[0] + part * (self.range[1] - self.range[0])
    }

    /// The same, but never beyond the ends.
    pub fn clamp(&self, x: f64) -> f64 {
        self.at(x.clamp(self.domain[0], self.domain[1]))
    }

    /// Values to mark and their labels, about `count` of them.
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        if self.log { self.log_ticks(count) } else { self.linear_ticks(count) }
    }

    /// Steps of 1, 2, 2.5 or 5 times a power of ten, all with the same number of digits.
    fn linear_ticks(&self, count: usize) -> Vec<(f64, String)> {
        let [low, high] = self.domain;
        let raw = (high - low) / count.max(1) as f64;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|m| m * power)
            .find(|step| *step >= raw * 0.999)
            .unwrap_or(10.0 * power);
        if !step.is_finite() || step <= 0.0 || low.abs().max(high.abs()) / step > 1e12 {
            return vec![(low, number::significant(low, 3))];
        }
        // Steps of 2.5 need one digit more than their power.
        let mut decimals = (-step.log10().floor()).max(0.0) as usize;
        if (step * 10f64.powi(decimals as i32)).fract() > 1e-6 {
            decimals += 1;
        }
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        let label = |x: f64| {
            if x.abs() >= 1e5 || (step < 1e-4 && x != 0.0) {
                number::significant(x, 3)
            } else {
                number::fixed(x, decimals)
            }
        };
        (first..=last).map(|i| i as f64 * step).map(|x| (x, label(x))).collect()
    }

    /// Powers of ten, thinned to about `count`; within less than a decade and a half also 2 and 5 times them.
    fn log_ticks(&self, count: usize) -> Vec<(f64, String)> {
        let [low, high] = self.domain;
        let decades = (high / low).log10();
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let every = (decades / count.max(1) as f64).ceil().max(1.0) as i32;
        let factors: &[f64] = if decades < 1.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let inside = |x: f64| x >= low * 0.999_999 && x <= high * 1.000_001;
        let ticks: Vec<f64> = (first..=last)
            .filter(|power| power.rem_euclid(every) == 0)
            .flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)))
            .filter(|x| inside(*x))
            .collect();
        if ticks.len() < 2 {
            // Less than a factor of two: equal steps are as good.
            return Self { log: false, ..*self }.linear_ticks(count);
        }
        ticks.into_iter().map(|x| (x, number::lr(x))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, count: usize) -> Vec<String> {
        scale.ticks(count).into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_alike() {
        assert_eq!(
            labels(Scale::linear([0.0, 600.0], [0.0, 1.0]), 6),
            ["0", "100", "200", "300", "400", "500", "600"]
        );
        assert_eq!(
            labels(Scale::linear([0.93, 0.98], [0.0, 1.0]), 5),
            ["0.93", "0.94", "0.95", "0.96", "0.97", "0.98"]
        );
        assert_eq!(
            labels(Scale::linear([0.0, 0.1], [0.0, 1.0]), 4),
            ["0.000", "0.025", "0.050", "0.075", "0.100"]
        );
    }

    #[test]
    fn log_ticks_are_powers_of_ten() {
        assert_eq!(labels(Scale::log10([1e-4, 1.0], [0.0, 1.0]), 5), ["1e-4", "1e-3", "1e-2", "0.1", "1"]);
        assert_eq!(labels(Scale::log10([0.02, 0.3], [0.0, 1.0]), 5), ["2e-2", "5e-2", "0.1", "0.2"]);
        assert!(labels(Scale::log10([1e-30, 1.0], [0.0, 1.0]), 5).len() <= 6);
    }

    #[test]
    fn ends_map_to_ends() {
        for scale in [Scale::linear([2.0, 4.0], [100.0, 0.0]), Scale::log10([2.0, 4.0], [100.0, 0.0])] {
            assert!((scale.at(2.0) - 100.0).abs() < 1e-9 && scale.at(4.0).abs() < 1e-9);
            assert!(scale.clamp(9.0).abs() < 1e-9);
        }
    }

    #[test]
    fn broken_domains_still_give_an_axis() {
        for domain in
            [[1.0, 1.0], [f64::NAN, 1.0], [0.0, 0.0], [f64::NEG_INFINITY, f64::INFINITY], [1e-300, 1e300]]
        {
            for scale in [Scale::linear(domain, [0.0, 100.0]), Scale::log10(domain, [0.0, 100.0])] {
                let ticks = scale.ticks(5);
                assert!(!ticks.is_empty() && ticks.len() < 40, "{domain:?}");
                assert!(scale.at(scale.domain()[0]).is_finite());
            }
        }
    }
}
