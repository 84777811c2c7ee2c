//! Exponential decay at a rate.

use super::Shape;
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "natural-exponential",
    presets: &[],
    title: "Exponential decay at a rate",
    formula: "lr(t) = base * e^(-k * t)",
    advice: "The same curve as exponential, for papers that give a rate k; gamma = e^-k.",
    source: "The continuous limit of multiplying by a factor a step",
    make: || Box::new(NaturalExponential::default()),
};

crate::hyper! {
    /// Decay at the rate `k` per step.
    ///
    /// lr(t) = base e^(-k t), the same as [`Exponential`](super::Exponential) with gamma = e^-k. The learning rate
    /// halves every ln(2) / k steps.
    pub struct NaturalExponential {
        /// Rate per step.
        k: f64 = 0.001, Range::NonNegative;
    }
}

impl NaturalExponential {
    /// At the rate `k` per step.
    pub fn new(k: f64) -> Self {
        Self { k }
    }
}

impl Schedule for NaturalExponential {
    fn lr(&self, base: f64, step: u64) -> f64 {
        base * (-self.k * step as f64).exp()
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for NaturalExponential {}

#[cfg(test)]
mod tests {
    use super::super::Exponential;
    use super::*;

    #[test]
    fn k_one_tenth_is_one_eth_after_ten() {
        assert!((NaturalExponential::new(0.1).lr(0.1, 10) - 0.036_787_944_117_144_23).abs() < 1e-16);
    }

    #[test]
    fn gamma_is_e_to_the_minus_k_and_not_one_minus_k() {
        let (natural, power) = (NaturalExponential::new(0.1), Exponential::new((-0.1_f64).exp()));
        for step in 0..100 {
            let (a, b) = (natural.lr(0.3, step), power.lr(0.3, step));
            assert!((a - b).abs() <= 1e-13 * a, "step {step}: {a} {b}");
        }
        assert!((natural.lr(0.3, 10) - Exponential::new(0.9).lr(0.3, 10)).abs() > 0.005);
    }
}
