//! Cyclic learning rates.

use super::{Shape, blend, lowest};
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "cyclic",
    presets: &[("triangular", ""), ("triangular2", "mode=triangular2"), ("exp-range", "mode=exp_range")],
    title: "Cyclic",
    formula: "lr(t) = min + (base - min) * triangle(t) * height; height 1 (triangular), 1/2^cycle (triangular2), \
              gamma^t (exp_range)",
    advice: "To explore learning rates in one run; one-cycle or cosine train better models.",
    source: "Smith, Cyclical Learning Rates for Training Neural Networks, 2017, arXiv 1506.01186, section 3",
    make: || Box::new(Cyclic::default()),
};

crate::hyper! {
    /// A triangle wave between the lowest learning rate and the base (Smith, arXiv 1506.01186).
    ///
    /// lr(t) = min + (base - min) triangle(t) height(t). The triangle rises from 0 to 1 in `step_size_up` steps and
    /// falls in `step_size_down`. The height is 1 (`triangular`), halves every cycle (`triangular2`), or is gamma^t
    /// (`exp_range`). With `cycle_momentum` the momentum moves against it: max - (max - base) triangle height.
    /// PyTorch's `CyclicLR`, whose `base_lr` is our `min` and whose `max_lr` is our base.
    pub struct Cyclic {
        /// Lowest learning rate.
        min: f64 = 0.0, Range::NonNegative;
        /// Lowest learning rate as a share of the base; the higher of both counts.
        min_factor: f64 = 0.0, Range::Unit;
        /// Steps of the rise; 0 for four cycles in the run.
        step_size_up: u64 = 0, Range::NonNegative;
        /// Steps of the fall; 0 for as many as the rise.
        step_size_down: u64 = 0, Range::NonNegative;
        /// What becomes of the height.
        mode: &'static str = "triangular", Range::Words(&["triangular", "triangular2", "exp_range"]);
        /// Factor of the height per step, for `exp_range`.
        gamma: f64 = 1.0, Range::Unit;
        /// Whether the momentum moves against the learning rate.
        cycle_momentum: bool = true, Range::Bool;
        /// Momentum at the highest learning rate.
        base_momentum: f64 = 0.8, Range::UnitOpen;
        /// Momentum at the lowest learning rate.
        max_momentum: f64 = 0.9, Range::UnitOpen;
    }
}

impl Cyclic {
    /// From `min` up to the base and back, `step_size` steps each way.
    pub fn new(min: f64, step_size: u64) -> Self {
        Self { min, step_size_up: step_size, ..Self::default() }
    }

    /// Steps of the rise and of the fall.
    fn legs(&self) -> (u64, u64) {
        let up = self.step_size_up.max(1);
        (up, if self.step_size_down == 0 { up } else { self.step_size_down })
    }

    /// Where the wave stands: 0 at the lowest, 1 at the highest.
    fn wave(&self, step: u64) -> f64 {
        let (up, down) = self.legs();
        let total = up.saturating_add(down);
        let (cycle, within) = (step / total, step % total);
        let triangle = match within <= up {
            true => within as f64 / up as f64,
            false => (total - within) as f64 / down as f64,
        };
        triangle
            * match self.mode {
                "triangular2" => 0.5_f64.powf(cycle as f64),
                "exp_range" => self.gamma.powf(step as f64),
                _ => 1.0,
            }
    }
}

impl Schedule for Cyclic {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let min = lowest(base, self.min, self.min_factor);
        blend(min, base, self.wave(step))
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        self.cycle_momentum.then(|| blend(self.max_momentum, self.base_momentum, self.wave(step)))
    }
    fn length(&self) -> Option<u64> {
        let (up, down) = self.legs();
        (self.step_size_up > 0).then(|| up.saturating_add(down).saturating_mul(4))
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for Cyclic {
    fn fit(&mut self, run: u64) {
        if self.step_size_up == 0 {
            self.step_size_up = run.div_ceil(8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_and_down_with_the_momentum_against_it() {
        let schedule = Cyclic { step_size_down: 2, ..Cyclic::new(1.0, 4) };
        let lrs: Vec<f64> = (0..8).map(|step| schedule.lr(9.0, step)).collect();
        assert_eq!(lrs, [1.0, 3.0, 5.0, 7.0, 9.0, 5.0, 1.0, 3.0]);
        assert_eq!(schedule.momentum(0), Some(0.9));
        assert_eq!(schedule.momentum(4), Some(0.8));
        assert_eq!(Cyclic { cycle_momentum: false, ..schedule }.momentum(4), None);
    }

    #[test]
    fn heights() {
        let halved = Cyclic { mode: "triangular2", ..Cyclic::new(0.0, 5) };
        assert_eq!([5, 15, 25].map(|step| halved.lr(8.0, step)), [8.0, 4.0, 2.0]);
        let shrunk = Cyclic { mode: "exp_range", gamma: 0.5, ..Cyclic::new(0.0, 1) };
        assert_eq!([1, 3, 5].map(|step| shrunk.lr(8.0, step)), [4.0, 1.0, 0.25]);
    }

    #[test]
    fn four_cycles_fill_the_run() {
        let mut schedule = Cyclic::default();
        schedule.fit(800);
        assert_eq!((schedule.step_size_up, schedule.lr(1.0, 100), schedule.lr(1.0, 800)), (100, 1.0, 0.0));
    }
}
