//! The Transformer's schedule.

use super::Shape;
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "noam",
    presets: &[],
    title: "Noam, the Transformer's schedule",
    formula: "lr(t) = base * min((t + 1) / warmup_steps, sqrt(warmup_steps / (t + 1)))",
    advice: "To follow the original Transformer; the base is the peak, see `Noam::peak` for the paper's.",
    source: "Vaswani et al., Attention Is All You Need, 2017, arXiv 1706.03762, eq. 3",
    make: || Box::new(Noam::default()),
};

crate::hyper! {
    /// Linear warmup, then decay with the inverse square root of time (Vaswani et al., arXiv 1706.03762, equation 3).
    ///
    /// lr(t) = base min(s / w, sqrt(w / s)) with s = t + 1 and w = `warmup_steps`, so the base is the peak, reached at
    /// step w - 1. The paper writes d_model^-0.5 min(s^-0.5, s w^-1.5), whose peak is [`Noam::peak`].
    pub struct Noam {
        /// Steps to the peak.
        warmup_steps: u64 = 4000, Range::AtLeastOne;
    }
}

impl Noam {
    /// The peak at step `warmup_steps` - 1.
    pub fn new(warmup_steps: u64) -> Self {
        Self { warmup_steps }
    }

    /// The paper's highest learning rate for a model of width `d_model`: 1 / sqrt(d_model warmup_steps).
    pub fn peak(&self, d_model: u64) -> f64 {
        1.0 / (d_model.max(1) as f64 * self.warmup_steps.max(1) as f64).sqrt()
    }
}

impl Schedule for Noam {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let warmup = self.warmup_steps.max(1) as f64;
        let number = step as f64 + 1.0;
        base * (number / warmup).min((warmup / number).sqrt())
    }
    fn length(&self) -> Option<u64> {
        Some(self.warmup_steps.saturating_mul(4))
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for Noam {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_papers_formula() {
        let noam = Noam::default();
        let base = noam.peak(512);
        for step in [0_u64, 1, 100, 3998, 3999, 4000, 10_000, 100_000] {
            let s = (step + 1) as f64;
            let paper = 512_f64.powf(-0.5) * s.powf(-0.5).min(s * 4000_f64.powf(-1.5));
            assert!((noam.lr(base, step) - paper).abs() < 1e-14 * paper, "step {step}");
        }
        assert_eq!(noam.lr(0.1, 3999), 0.1);
    }
}
