//! From values to pixels, with ticks where people expect them.

use crate::stats::number;

/// A linear or logarithmic axis, or one that is linear around zero and logarithmic beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Values at both ends.
    domain: [f64; 2],
    /// Pixels at both ends.
    range: [f64; 2],
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Linear,
    Log,
    /// Values up to about this one are spread evenly, decades beyond.
    Symlog(f64),
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
        Self { domain, range, kind: Kind::Linear }
    }

    /// Equal factors, for positive values.
    pub fn log10(domain: [f64; 2], range: [f64; 2]) -> Self {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let domain = match domain {
            [a, b] if !positive(a) || !positive(b) => [0.1, 10.0],
            [a, b] if a == b => [a / 3.0, a * 3.0],
            [a, b] => [a.min(b), a.max(b)],
        };
        Self { domain, range, kind: Kind::Log }
    }

    /// Equal steps around zero up to about a thousandth of the largest value, decades beyond, on both sides.
    pub fn symlog(domain: [f64; 2], range: [f64; 2]) -> Self {
        let linear = Self::linear(domain, range);
        let [low, high] = linear.domain;
        Self { kind: Kind::Symlog(low.abs().max(high.abs()) * 1e-3), ..linear }
    }

    /// The same scale over more pixels at both ends: what lay inside stays where it is.
    pub fn widened(&self, range: [f64; 2]) -> Self {
        Self { domain: range.map(|pixel| self.value(pixel)), range, ..*self }
    }

    /// The value at a pixel.
    pub fn value(&self, pixel: f64) -> f64 {
        let part = (pixel - self.range[0]) / (self.range[1] - self.range[0]);
        let [a, b] = self.domain;
        match self.kind {
            // The ends are exact.
            _ if part == 0.0 => a,
            _ if part == 1.0 => b,
            Kind::Linear => a + part * (b - a),
            Kind::Log => (a.ln() + part * (b.ln() - a.ln())).exp(),
            Kind::Symlog(unit) => {
                let (from, to) = ((a / unit).asinh(), (b / unit).asinh());
                (from + part * (to - from)).sinh() * unit
            }
        }
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
        let part = match self.kind {
            Kind::Linear => (x - a) / (b - a),
            Kind::Log => (x / a).ln() / (b / a).ln(),
            Kind::Symlog(unit) => {
                let place = |x: f64| (x / unit).asinh();
                (place(x) - place(a)) / (place(b) - place(a))
            }
        };
        self.range[0] + part * (self.range[1] - self.range[0])
    }

    /// The same, but never beyond the ends.
    pub fn clamp(&self, x: f64) -> f64 {
        self.at(x.clamp(self.domain[0], self.domain[1]))
    }

    /// Values to mark and their labels, about `count` of them.
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        match self.kind {
            Kind::Linear => self.linear_ticks(count),
            Kind::Log => self.log_ticks(count),
            Kind::Symlog(unit) => self.symlog_ticks(unit, count),
        }
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
            if x.abs() >= 1e5 || step < 1e-4 { number::significant(x, 3) } else { number::fixed(x, decimals) }
        };
        (first..=last).map(|i| i as f64 * step).map(|x| (x, label(x))).collect()
    }

    /// Powers of ten, thinned to about `count`; within less than a decade and a half also 2 and 5 times them.
    fn log_ticks(&self, count: usize) -> Vec<(f64, String)> {
        let [low, high] = self.domain;
        let decades = high.log10() - low.log10();
        let inside = |x: f64| x >= low * 0.999_999 && x <= high * 1.000_001;
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let thin = (decades / count.max(1) as f64).ceil().max(1.0) as i32;
        // Thinned to two at least, if there are two.
        let powers = |every: i32| (first..=last).filter(move |power| power.rem_euclid(every) == 0);
        let marked = |every: &i32| powers(*every).filter(|power| inside(10f64.powi(*power))).count() > 1;
        let every = (1..=thin).rev().find(marked).unwrap_or(1);
        let factors: &[f64] = if decades < 1.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let ticks: Vec<f64> = powers(every)
            .flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)))
            .filter(|x| inside(*x))
            .collect();
        if ticks.len() < 2 {
            // Less than a factor of two: equal steps are as good.
            return Self { kind: Kind::Linear, ..*self }.linear_ticks(count);
        }
        ticks.into_iter().map(|x| (x, number::lr(x))).collect()
    }

    /// Zero, and powers of ten on both sides of it.
    fn symlog_ticks(&self, unit: f64, count: usize) -> Vec<(f64, String)> {
        let [low, high] = self.domain;
        let last = low.abs().max(high.abs()).log10().floor() as i32;
        let sides = if low < 0.0 && high > 0.0 { 2 } else { 1 };
        let decades = (last - unit.log10().ceil() as i32).max(1);
        let every = (decades as usize * sides).div_ceil(count.max(1)).max(1);
        let sizes = (0..decades).step_by(every).map(|down| 10f64.powi(last - down));
        let mut ticks: Vec<f64> = sizes.flat_map(|size| [-size, size]).chain([0.0]).collect();
        ticks.retain(|x| (low..=high).contains(x));
        if ticks.len() < 2 {
            return Self { kind: Kind::Linear, ..*self }.linear_ticks(count);
        }
        ticks.sort_by(f64::total_cmp);
        ticks.into_iter().map(|x| (x, number::significant(x, 3))).collect()
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
    fn symlog_ticks_stand_on_both_sides_of_zero() {
        let scale = Scale::symlog([-500.0, 2000.0], [0.0, 100.0]);
        assert_eq!(labels(scale, 6), ["-100", "0", "100", "1000"]);
        assert!(scale.at(0.0) > scale.at(-10.0) && scale.at(10.0) > scale.at(0.0));
        assert_eq!(labels(Scale::symlog([0.0, 5.0], [0.0, 1.0]), 3), ["0", "0.1", "1"]);
    }

    #[test]
    fn ends_map_to_ends() {
        for scale in [
            Scale::linear([2.0, 4.0], [100.0, 0.0]),
            Scale::log10([2.0, 4.0], [100.0, 0.0]),
            Scale::symlog([2.0, 4.0], [100.0, 0.0]),
        ] {
            assert!((scale.at(2.0) - 100.0).abs() < 1e-9 && scale.at(4.0).abs() < 1e-9);
            assert!(scale.clamp(9.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_widened_scale_moves_nothing() {
        for make in [Scale::linear, Scale::log10, Scale::symlog] {
            let scale = make([2.0, 4.0], [90.0, 10.0]);
            let wide = scale.widened([100.0, 0.0]);
            assert!((wide.at(2.0) - 90.0).abs() < 1e-9 && (wide.at(3.0) - scale.at(3.0)).abs() < 1e-9);
            assert!((scale.value(scale.at(3.0)) - 3.0).abs() < 1e-12);
        }
    }

    #[test]
    fn broken_domains_still_give_an_axis() {
        for domain in
            [[1.0, 1.0], [f64::NAN, 1.0], [0.0, 0.0], [f64::NEG_INFINITY, f64::INFINITY], [1e-300, 1e300]]
        {
            for make in [Scale::linear, Scale::log10, Scale::symlog] {
                let scale = make(domain, [0.0, 100.0]);
                let ticks = scale.ticks(5);
                assert!(!ticks.is_empty() && ticks.len() < 40, "{domain:?}");
                assert!(scale.at(scale.domain()[0]).is_finite());
            }
        }
    }
}
