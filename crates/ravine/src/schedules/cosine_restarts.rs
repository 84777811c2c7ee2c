//! Cosine annealing with warm restarts.

use super::{Shape, blend, half_cosine, lowest};
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "cosine-restarts",
    presets: &[("sgdr", "")],
    title: "Cosine annealing with warm restarts",
    formula: "lr(t) = min + (base - min) * (1 + cos(pi * t_cur / t_i)) / 2, with t_i = t_0 * t_mult^i steps in cycle i",
    advice: "For snapshots at every cycle's end; for one best model plain cosine is as good.",
    source: "Loshchilov, Hutter, SGDR, ICLR 2017, arXiv 1608.03983, eq. 5 and section 3",
    make: || Box::new(CosineRestarts::default()),
};

crate::hyper! {
    /// Cosine annealing that jumps back to the base learning rate (Loshchilov and Hutter, arXiv 1608.03983).
    ///
    /// In cycle i, which lasts t_0 t_mult^i steps, lr = min + (base - min) (1 + cos(pi t_cur / t_i)) / 2 where t_cur
    /// counts the steps since the last restart; PyTorch's `CosineAnnealingWarmRestarts`.
    pub struct CosineRestarts {
        /// Steps of the first cycle; 0 for three cycles in the run.
        t_0: u64 = 0, Range::NonNegative;
        /// How many times as long each cycle is as the last.
        t_mult: u64 = 1, Range::AtLeastOne;
        /// Lowest learning rate.
        min: f64 = 0.0, Range::NonNegative;
        /// Lowest learning rate as a share of the base; the higher of both counts.
        min_factor: f64 = 0.0, Range::Unit;
    }
}

impl CosineRestarts {
    /// A restart every `t_0` steps.
    pub fn new(t_0: u64) -> Self {
        Self { t_0, ..Self::default() }
    }

    /// The length of three cycles, where that of the first is 1.
    fn three_cycles(&self) -> u64 {
        let mult = self.t_mult.max(1);
        mult.saturating_mul(mult).saturating_add(mult).saturating_add(1)
    }

    /// The steps since the last restart and the length of the cycle, which is above 0.
    fn cycle(&self, step: u64) -> (u64, u64) {
        let (mut since, mut length) = (step, self.t_0.max(1));
        if self.t_mult <= 1 {
            return (since % length, length);
        }
        // At most 64 turns, for the length doubles at least.
        while since >= length {
            since -= length;
            length = length.saturating_mul(self.t_mult);
        }
        (since, length)
    }
}

impl Schedule for CosineRestarts {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let min = lowest(base, self.min, self.min_factor);
        let (since, length) = self.cycle(step);
        blend(min, base, half_cosine(since as f64 / length as f64))
    }
    fn length(&self) -> Option<u64> {
        (self.t_0 > 0).then(|| self.t_0.saturating_mul(self.three_cycles()))
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for CosineRestarts {
    fn fit(&mut self, run: u64) {
        if self.t_0 == 0 {
            self.t_0 = run.div_ceil(self.three_cycles());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_grow() {
        let schedule = CosineRestarts { t_mult: 2, ..CosineRestarts::new(10) };
        for restart in [0, 10, 30, 70, 150] {
            assert_eq!(schedule.lr(0.5, restart), 0.5, "step {restart}");
        }
        assert!((schedule.lr(0.5, 20) - 0.25).abs() < 1e-16);
        assert!(schedule.lr(0.5, 149) < 2e-4);
        assert!((0.0..=0.5).contains(&schedule.lr(0.5, u64::MAX)));
    }

    #[test]
    fn three_cycles_fill_the_run() {
        let mut schedule = CosineRestarts { t_mult: 2, ..CosineRestarts::default() };
        schedule.fit(700);
        assert_eq!(schedule.t_0, 100);
        assert!(schedule.lr(1.0, 699) < 1e-4 && schedule.lr(1.0, 700) == 1.0);
    }
}
