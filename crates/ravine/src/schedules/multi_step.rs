//! Decay at milestones.

use super::Shape;
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "multi-step",
    presets: &[],
    title: "Decay at milestones",
    formula: "lr(t) = base * gamma^(number of milestones <= t)",
    advice: "To follow a paper that names its milestones; else prefer cosine.",
    source: "He et al., Deep Residual Learning, CVPR 2016, arXiv 1512.03385, section 4.2",
    make: || Box::new(MultiStep::default()),
};

crate::hyper! {
    /// Multiplies the learning rate by `gamma` at each milestone.
    ///
    /// lr(t) = base gamma^(number of milestones <= t); PyTorch's `MultiStepLR`. A milestone given twice counts twice.
    pub struct MultiStep {
        /// Steps of the decays, such as `30/80`; none for half and three quarters of the run.
        milestones: Vec<u64> = Vec::new(), Range::Rising;
        /// Factor of each decay.
        gamma: f64 = 0.1, Range::Unit;
    }
}

impl MultiStep {
    /// A tenth at each of the milestones.
    pub fn new(milestones: impl Into<Vec<u64>>) -> Self {
        Self { milestones: milestones.into(), ..Self::default() }
    }
}

impl Schedule for MultiStep {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let passed = self.milestones.iter().filter(|&&milestone| milestone <= step).count();
        base * self.gamma.powf(passed as f64)
    }
    fn length(&self) -> Option<u64> {
        self.milestones.last().map(|last| last.saturating_add(last.div_ceil(3)))
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for MultiStep {
    fn fit(&mut self, run: u64) {
        if self.milestones.is_empty() && run > 0 {
            self.milestones = vec![run / 2, run - run / 4];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_milestone_counts() {
        let schedule = MultiStep { milestones: vec![3, 5, 5], gamma: 0.5 };
        let lrs: Vec<f64> = (0..7).map(|step| schedule.lr(8.0, step)).collect();
        assert_eq!(lrs, [8.0, 8.0, 8.0, 4.0, 4.0, 1.0, 1.0]);
        assert_eq!(schedule.spec(), "multi-step:milestones=3/5/5,gamma=0.5");
    }

    #[test]
    fn the_run_fills_them_unless_given() {
        let mut schedule = MultiStep::default();
        schedule.fit(64_000);
        assert_eq!(schedule.milestones, [32_000, 48_000]);
        let mut given = MultiStep::new([7]);
        given.fit(100);
        assert_eq!(given.milestones, [7]);
    }
}
