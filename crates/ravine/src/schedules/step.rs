//! Step decay.

use super::Shape;
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "step",
    presets: &[],
    title: "Step decay",
    formula: "lr(t) = base * gamma^floor(t / step_size)",
    advice: "The classic for convolutional networks; cosine needs fewer choices and is seldom worse.",
    source: "He et al., Deep Residual Learning, CVPR 2016, arXiv 1512.03385, section 3.4",
    make: || Box::new(Step::default()),
};

crate::hyper! {
    /// Multiplies the learning rate by `gamma` every `step_size` steps.
    ///
    /// lr(t) = base gamma^floor(t / step_size); PyTorch's `StepLR`. "A tenth every 10 epochs" is `gamma` 0.1 and
    /// 10 epochs' worth of steps. For chosen moments see [`MultiStep`](super::MultiStep).
    pub struct Step {
        /// Steps between two decays; 0 for a third of the run.
        step_size: u64 = 0, Range::NonNegative;
        /// Factor of each decay.
        gamma: f64 = 0.1, Range::Unit;
    }
}

impl Step {
    /// A tenth every `step_size` steps.
    pub fn new(step_size: u64) -> Self {
        Self { step_size, ..Self::default() }
    }
}

impl Schedule for Step {
    fn lr(&self, base: f64, step: u64) -> f64 {
        base * self.gamma.powf(step.checked_div(self.step_size).unwrap_or(0) as f64)
    }
    fn length(&self) -> Option<u64> {
        (self.step_size > 0).then(|| self.step_size.saturating_mul(3))
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for Step {
    fn fit(&mut self, run: u64) {
        if self.step_size == 0 {
            self.step_size = run.div_ceil(3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_every_ten() {
        let schedule = Step::new(10);
        assert_eq!(schedule.lr(0.1, 9), 0.1);
        assert!((schedule.lr(0.1, 25) - 0.001).abs() < 1e-18);
        assert!((schedule.lr(0.1, 30) - 0.0001).abs() < 1e-18);
    }

    #[test]
    fn the_run_has_three_levels() {
        let mut schedule = Step::default();
        assert_eq!(schedule.lr(0.1, 1000), 0.1, "no size, no decay");
        schedule.fit(91);
        assert_eq!(schedule.step_size, 31);
        assert!(schedule.lr(1.0, 90) > 0.009);
    }
}
