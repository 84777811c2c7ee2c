//! Inverse square root decay.

use super::Shape;
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "inverse-sqrt",
    presets: &[],
    title: "Inverse square root",
    formula: "lr(t) = base * sqrt(timescale / (t + timescale))",
    advice: "When the length of the run is open, as in long pre-training; add warmup of about `timescale` steps.",
    source: "Vaswani et al., Attention Is All You Need, 2017, arXiv 1706.03762, eq. 3; Zhai et al., Scaling Vision \
             Transformers, 2021, arXiv 2106.04560, section 3.5",
    make: || Box::new(InverseSqrt::default()),
};

crate::hyper! {
    /// Decay with the inverse square root of time.
    ///
    /// lr(t) = base sqrt(timescale / (t + timescale)). With as many steps of warmup as the timescale it falls like
    /// sqrt(warmup / t) in the steps t counted from the beginning. [`Noam`](super::Noam) is the Transformer's own form.
    pub struct InverseSqrt {
        /// Steps that set the pace: after three times as many the learning rate is halved.
        timescale: u64 = 10_000, Range::AtLeastOne;
    }
}

impl InverseSqrt {
    /// Halved after 3 * `timescale` steps.
    pub fn new(timescale: u64) -> Self {
        Self { timescale }
    }
}

impl Schedule for InverseSqrt {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let timescale = self.timescale.max(1) as f64;
        base * (timescale / (step as f64 + timescale)).sqrt()
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for InverseSqrt {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halved_after_three_timescales() {
        let schedule = InverseSqrt::new(100);
        assert_eq!(schedule.lr(0.2, 0), 0.2);
        assert_eq!(schedule.lr(0.2, 300), 0.1);
    }

    #[test]
    fn with_its_timescale_of_warmup_it_falls_like_one_over_sqrt_t() {
        let schedule = InverseSqrt::new(400).warmup(400);
        for step in [400, 500, 1600, 40_000] {
            assert_eq!(schedule.lr(1.0, step), (400.0 / step as f64).sqrt());
        }
    }
}
