//! One cycle.

use super::{Shape, blend, half_cosine};
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "one-cycle",
    presets: &[],
    title: "One cycle",
    formula: "lr rises from base / div_factor to base in the first pct_start of the steps, then falls to \
              base / (div_factor * final_div_factor); the momentum moves against it",
    advice: "For short runs at a high learning rate; find the base with a range test.",
    source: "Smith, Topin, Super-Convergence, 2018, arXiv 1708.07120; PyTorch OneCycleLR",
    make: || Box::new(OneCycle::default()),
};

crate::hyper! {
    /// One rise and one fall over the whole run (Smith and Topin, arXiv 1708.07120).
    ///
    /// The learning rate goes from base / div_factor to the base, reached at step pct_start * steps - 1, and down to
    /// base / (div_factor * final_div_factor) at the last step, steps - 1, where it stays. With `three_phase` it first
    /// falls back to base / div_factor in as many steps as it rose (`pct_start` at most 0.5). The momentum goes from
    /// the highest to the lowest and back. PyTorch's `OneCycleLR`, which refuses to go beyond the last step.
    pub struct OneCycle {
        /// Steps of the cycle; 0 for the length of the run.
        steps: u64 = 0, Range::NonNegative;
        /// Share of the steps in which the learning rate rises.
        pct_start: f64 = 0.3, Range::Unit;
        /// Shape of the rise and the fall.
        anneal_strategy: &'static str = "cos", Range::Words(&["cos", "linear"]);
        /// The first learning rate is the base divided by this.
        div_factor: f64 = 25.0, Range::AtLeastOne;
        /// The last learning rate is the first divided by this.
        final_div_factor: f64 = 1e4, Range::AtLeastOne;
        /// Whether the fall has two phases, to the first learning rate and then to the last.
        three_phase: bool = false, Range::Bool;
        /// Whether the momentum moves against the learning rate.
        cycle_momentum: bool = true, Range::Bool;
        /// Momentum at the highest learning rate.
        base_momentum: f64 = 0.85, Range::UnitOpen;
        /// Momentum at the lowest learning rate.
        max_momentum: f64 = 0.95, Range::UnitOpen;
    }
}

impl OneCycle {
    /// One cycle of `steps` steps.
    pub fn new(steps: u64) -> Self {
        Self { steps, ..Self::default() }
    }

    /// The value at a step of a quantity that is `values[i]` at the beginning of phase i and `values[i + 1]` at its
    /// end: rise, first fall, last fall. Without `three_phase` the first fall is left out.
    fn anneal(&self, step: u64, [first, peak, back, last]: [f64; 4]) -> f64 {
        let end = self.steps as f64 - 1.0;
        let rise = self.pct_start * self.steps as f64 - 1.0;
        let at = step as f64;
        let (from, to, begin, end) = if at >= end {
            return last;
        } else if at <= rise {
            (first, peak, 0.0, rise)
        } else if !self.three_phase {
            (peak, last, rise, end)
        } else if at <= 2.0 * rise {
            (peak, back, rise, 2.0 * rise)
        } else {
            (back, last, 2.0 * rise, end)
        };
        let progress = if end > begin { ((at - begin) / (end - begin)).min(1.0) } else { 1.0 };
        match self.anneal_strategy {
            "linear" => blend(from, to, progress),
            _ => blend(to, from, half_cosine(progress)),
        }
    }
}

impl Schedule for OneCycle {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let first = base / self.div_factor;
        self.anneal(step, [first, base, first, first / self.final_div_factor])
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        let (low, high) = (self.base_momentum, self.max_momentum);
        self.cycle_momentum.then(|| self.anneal(step, [high, low, high, high]))
    }
    fn length(&self) -> Option<u64> {
        (self.steps > 0).then_some(self.steps)
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for OneCycle {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_are_met() {
        let schedule = OneCycle { pct_start: 0.25, ..OneCycle::new(20) };
        assert!((schedule.lr(1.0, 0) - 0.04).abs() < 1e-16);
        assert_eq!(schedule.lr(1.0, 4), 1.0);
        assert_eq!(schedule.lr(1.0, 19), 1.0 / 25.0 / 1e4);
        assert_eq!(schedule.lr(1.0, u64::MAX), schedule.lr(1.0, 19));
        assert_eq!([0, 4, 19].map(|step| schedule.momentum(step)), [Some(0.95), Some(0.85), Some(0.95)]);
    }

    #[test]
    fn three_phases_come_back_to_the_first_lr() {
        let schedule =
            OneCycle { pct_start: 0.25, three_phase: true, anneal_strategy: "linear", ..OneCycle::new(20) };
        assert_eq!(schedule.lr(1.0, 8), schedule.lr(1.0, 0));
        assert!(schedule.lr(1.0, 9) < schedule.lr(1.0, 8));
        assert_eq!(schedule.momentum(12), Some(0.95));
    }

    #[test]
    fn cycles_too_short_for_their_phases_stay_within_bounds() {
        for steps in 0..6 {
            for pct_start in [0.0, 0.1, 0.5, 1.0] {
                for three_phase in [false, true] {
                    let schedule = OneCycle { pct_start, three_phase, ..OneCycle::new(steps) };
                    for step in 0..8 {
                        assert!((0.0..=1.0).contains(&schedule.lr(1.0, step)), "{schedule:?} {step}");
                    }
                }
            }
        }
    }
}
