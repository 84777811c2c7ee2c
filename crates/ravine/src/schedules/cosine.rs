//! Cosine annealing.

use super::{Shape, blend, half_cosine, lowest};
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "cosine",
    presets: &[],
    title: "Cosine annealing",
    formula: "lr(t) = min + (base - min) * (1 + cos(pi * t / steps)) / 2; min from step `steps` on",
    advice: "The safe default when the length of the run is known.",
    source: "Loshchilov, Hutter, SGDR, ICLR 2017, arXiv 1608.03983, eq. 5 without restarts",
    make: || Box::new(Cosine::default()),
};

crate::hyper! {
    /// Cosine annealing (Loshchilov and Hutter, arXiv 1608.03983, equation 5).
    ///
    /// lr(t) = min + (base - min) (1 + cos(pi t / steps)) / 2, and `min` from step `steps` on. PyTorch's
    /// `CosineAnnealingLR` climbs back after `T_max` steps; that form is `periodic`. To jump back instead, use
    /// [`CosineRestarts`](super::CosineRestarts).
    pub struct Cosine {
        /// Steps from the base learning rate to the lowest; 0 for the length of the run.
        steps: u64 = 0, Range::NonNegative;
        /// Lowest learning rate.
        min: f64 = 0.0, Range::NonNegative;
        /// Lowest learning rate as a share of the base; the higher of both counts.
        min_factor: f64 = 0.0, Range::Unit;
        /// Whether to climb back to the base after `steps` steps, fall again, and so on.
        periodic: bool = false, Range::Bool;
    }
}

impl Cosine {
    /// From the base learning rate to 0 in `steps` steps.
    pub fn new(steps: u64) -> Self {
        Self { steps, ..Self::default() }
    }

    /// The step of the first fall at which the learning rate is the same.
    fn fold(&self, step: u64) -> u64 {
        if step < self.steps || !self.periodic || self.steps == 0 {
            return step.min(self.steps);
        }
        let (turn, within) = (step / self.steps, step % self.steps);
        if turn % 2 == 0 { within } else { self.steps - within }
    }
}

impl Schedule for Cosine {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let min = lowest(base, self.min, self.min_factor);
        let step = self.fold(step);
        if step == self.steps {
            return min;
        }
        blend(min, base, half_cosine(step as f64 / self.steps as f64))
    }
    fn length(&self) -> Option<u64> {
        (self.steps > 0).then_some(self.steps)
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for Cosine {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_way_is_the_middle_and_the_end_is_min() {
        assert!((Cosine::new(100).lr(0.1, 50) - 0.05).abs() < 1e-17);
        let floored = Cosine { min: 0.02, ..Cosine::new(100) };
        assert_eq!([0, 100, u64::MAX].map(|step| floored.lr(0.1, step)), [0.1, 0.02, 0.02]);
        assert_eq!(Cosine { min_factor: 0.1, ..Cosine::new(100) }.lr(0.5, 100), 0.05);
        assert_eq!(Cosine::default().lr(0.5, 0), 0.0, "no length, no time above the lowest");
    }

    #[test]
    fn periodic_mirrors_at_every_turn() {
        let schedule = Cosine { periodic: true, ..Cosine::new(30) };
        for step in 0..=30 {
            let expected = Cosine::new(30).lr(0.5, step);
            for same in [step, 60 - step, 60 + step, 120 - step] {
                assert_eq!(schedule.lr(0.5, same), expected, "step {same}");
            }
        }
    }
}
