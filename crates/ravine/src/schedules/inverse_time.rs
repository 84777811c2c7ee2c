//! Inverse time decay.

use super::Shape;
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "inverse-time",
    presets: &[("time-based", "")],
    title: "Inverse time decay",
    formula: "lr(t) = base / (1 + k * t)^power",
    advice: "For convex problems and theory; power 1 meets the Robbins-Monro conditions, 0.5 suits averaging.",
    source: "Robbins, Monro, 1951; Bottou, Stochastic Gradient Descent Tricks, 2012, section 5.2",
    make: || Box::new(InverseTime::default()),
};

crate::hyper! {
    /// Decay with the inverse of time.
    ///
    /// lr(t) = base / (1 + k t)^power. Power 1 is the time-based decay of Keras' `InverseTimeDecay`; power 0.5 is the
    /// polynomial decay that theory asks of convex problems.
    pub struct InverseTime {
        /// Rate per step: with power 1 the learning rate is halved at step 1 / k.
        k: f64 = 0.001, Range::NonNegative;
        /// Exponent.
        power: f64 = 1.0, Range::NonNegative;
    }
}

impl InverseTime {
    /// base / (1 + k t).
    pub fn new(k: f64) -> Self {
        Self { k, ..Self::default() }
    }
}

impl Schedule for InverseTime {
    fn lr(&self, base: f64, step: u64) -> f64 {
        base / (1.0 + self.k * step as f64).powf(self.power)
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for InverseTime {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halved_at_one_over_k() {
        assert_eq!(InverseTime::new(0.1).lr(0.1, 10), 0.05);
        assert_eq!(InverseTime { k: 0.1, power: 0.5 }.lr(0.1, 30), 0.05);
    }
}
