//! Exponential decay by a factor a step.

use super::Shape;
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "exponential",
    presets: &[],
    title: "Exponential decay",
    formula: "lr(t) = max(min, base * gamma^(t / decay_steps)); t / decay_steps rounded down with staircase",
    advice: "When the length of the run is open and the learning rate should fall by a fixed share.",
    source: "Abadi et al., TensorFlow, 2015, whitepaper; Keras ExponentialDecay and PyTorch ExponentialLR",
    make: || Box::new(Exponential::default()),
};

crate::hyper! {
    /// Multiplies the learning rate by `gamma` every `decay_steps` steps, smoothly or in stairs.
    ///
    /// lr(t) = base gamma^(t / decay_steps), never below `min`. With the defaults of `decay_steps` and `staircase` it
    /// is PyTorch's `ExponentialLR`; with them it is Keras' `ExponentialDecay`. gamma^t is e^(-k t) with
    /// gamma = e^-k: see [`NaturalExponential`](super::NaturalExponential).
    pub struct Exponential {
        /// Factor of `decay_steps` steps.
        gamma: f64 = 0.999, Range::Unit;
        /// Steps after which the factor is reached.
        decay_steps: u64 = 1, Range::AtLeastOne;
        /// Whether to decay at once every `decay_steps` steps.
        staircase: bool = false, Range::Bool;
        /// Lowest learning rate.
        min: f64 = 0.0, Range::NonNegative;
    }
}

impl Exponential {
    /// By the factor `gamma` every step.
    pub fn new(gamma: f64) -> Self {
        Self { gamma, ..Self::default() }
    }
}

impl Schedule for Exponential {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let decay_steps = self.decay_steps.max(1);
        let decays = match self.staircase {
            true => (step / decay_steps) as f64,
            false => step as f64 / decay_steps as f64,
        };
        (base * self.gamma.powf(decays)).max(self.min)
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for Exponential {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_gamma_times_the_last() {
        let schedule = Exponential::new(0.97);
        for step in 0..100 {
            let ratio = schedule.lr(0.5, step + 1) / schedule.lr(0.5, step);
            assert!((ratio - 0.97).abs() < 1e-14);
        }
    }

    #[test]
    fn keras_exponential_decay() {
        let mut schedule = Exponential { decay_steps: 10_000, ..Exponential::new(0.96) };
        assert!((schedule.lr(1e-3, 5000) - 0.000_979_795_897_113_271_2).abs() < 1e-18);
        schedule.staircase = true;
        assert_eq!(schedule.lr(1e-3, 5000), 1e-3);
        assert_eq!(schedule.lr(1e-3, 10_000), 0.96e-3);
    }

    #[test]
    fn it_stays_at_min() {
        assert_eq!(Exponential { min: 0.01, ..Exponential::new(0.5) }.lr(1.0, u64::MAX), 0.01);
    }
}
