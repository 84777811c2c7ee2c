//! Polynomial decay.

use super::{Shape, blend, lowest};
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "polynomial",
    presets: &[],
    title: "Polynomial decay",
    formula: "lr(t) = min + (base - min) * (1 - t / steps)^power; min from step `steps` on",
    advice: "For segmentation recipes (power 0.9); power 1 is linear decay with a lowest learning rate.",
    source: "Chen et al., DeepLab, 2017, arXiv 1606.00915, section 4.1; PyTorch PolynomialLR",
    make: || Box::new(Polynomial::default()),
};

crate::hyper! {
    /// Decay with a power of the time that is left.
    ///
    /// lr(t) = min + (base - min) (1 - t / steps)^power, and `min` from step `steps` on; PyTorch's `PolynomialLR`, with
    /// a lowest learning rate.
    pub struct Polynomial {
        /// Steps from the base learning rate to the lowest; 0 for the length of the run.
        steps: u64 = 0, Range::NonNegative;
        /// Exponent: 1 is a straight line, more falls sooner.
        power: f64 = 1.0, Range::NonNegative;
        /// Lowest learning rate.
        min: f64 = 0.0, Range::NonNegative;
        /// Lowest learning rate as a share of the base; the higher of both counts.
        min_factor: f64 = 0.0, Range::Unit;
    }
}

impl Polynomial {
    /// From the base learning rate to 0 in `steps` steps.
    pub fn new(steps: u64, power: f64) -> Self {
        Self { steps, power, ..Self::default() }
    }
}

impl Schedule for Polynomial {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let min = lowest(base, self.min, self.min_factor);
        if step >= self.steps {
            return min;
        }
        let progress = step as f64 / self.steps as f64;
        blend(min, base, (1.0 - progress).powf(self.power))
    }
    fn length(&self) -> Option<u64> {
        (self.steps > 0).then_some(self.steps)
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for Polynomial {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers() {
        assert_eq!(Polynomial::new(4, 2.0).lr(16.0, 1), 9.0);
        assert_eq!(Polynomial::new(4, 0.5).lr(16.0, 3), 8.0);
        assert_eq!(Polynomial { min: 4.0, ..Polynomial::new(4, 1.0) }.lr(16.0, 2), 10.0);
        assert_eq!(Polynomial { min_factor: 0.25, ..Polynomial::new(4, 1.0) }.lr(16.0, 9), 4.0);
    }
}
