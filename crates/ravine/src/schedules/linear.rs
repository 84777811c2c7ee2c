//! Linear change.

use super::{Shape, blend};
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "linear",
    presets: &[],
    title: "Linear",
    formula: "lr(t) = base * (start_factor + (end_factor - start_factor) * t / steps); end_factor from step `steps` on",
    advice: "Decay to zero over the run, with warmup: as good as cosine or better for language models.",
    source: "Defazio et al., Optimal Linear Decay Learning Rate Schedules, 2023, arXiv 2310.07831; PyTorch LinearLR",
    make: || Box::new(Linear::default()),
};

crate::hyper! {
    /// A straight line from one share of the base learning rate to another.
    ///
    /// lr(t) = base (start + (end - start) t / steps), and base * end from step `steps` on. As it stands it decays to
    /// zero over the run; PyTorch's `LinearLR` is the same line with other defaults (1/3 to 1 in 5 steps).
    pub struct Linear {
        /// Steps of the line; 0 for the length of the run.
        steps: u64 = 0, Range::NonNegative;
        /// Share of the base at step 0.
        start_factor: f64 = 1.0, Range::Unit;
        /// Share of the base from step `steps` on.
        end_factor: f64 = 0.0, Range::Unit;
    }
}

impl Linear {
    /// From the base learning rate to 0 in `steps` steps.
    pub fn new(steps: u64) -> Self {
        Self { steps, ..Self::default() }
    }
}

impl Schedule for Linear {
    fn lr(&self, base: f64, step: u64) -> f64 {
        if step >= self.steps {
            return base * self.end_factor;
        }
        let progress = step as f64 / self.steps as f64;
        base * blend(self.start_factor, self.end_factor, progress)
    }
    fn length(&self) -> Option<u64> {
        (self.steps > 0).then_some(self.steps)
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for Linear {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_and_up() {
        let down: Vec<f64> = (0..6).map(|step| Linear::new(4).lr(8.0, step)).collect();
        assert_eq!(down, [8.0, 6.0, 4.0, 2.0, 0.0, 0.0]);
        let up = Linear { steps: 4, start_factor: 0.25, end_factor: 0.5 };
        assert_eq!([0, 2, 4, 9].map(|step| up.lr(8.0, step)), [2.0, 3.0, 4.0, 4.0]);
    }
}
