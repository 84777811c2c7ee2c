//! Warmup, stable, decay.

use super::{Shape, blend, half_cosine, lowest};
use crate::catalogue::{self, Entry};
use crate::hyper::Range;
use crate::schedule::Schedule;

pub(super) const ENTRY: Entry<Box<dyn Shape>> = Entry {
    name: "wsd",
    presets: &[("warmup-stable-decay", ""), ("trapezoidal", "decay_shape=linear")],
    title: "Warmup, stable, decay",
    formula: "lr(t) = base until the last decay_share of `steps`, then min + (base - min) * shape(progress): \
              1 - sqrt(p), 1 - p, or (1 + cos(pi * p)) / 2",
    advice: "When a run may be prolonged: branch off the decay from the stable part; add warmup.",
    source: "Hu et al., MiniCPM, 2024, arXiv 2404.06395, section 4; Haegele et al., 2024, arXiv 2405.18392, section 3",
    make: || Box::new(Wsd::default()),
};

crate::hyper! {
    /// A constant learning rate, then a short decay (Zhai et al., arXiv 2106.04560; Hu et al., arXiv 2404.06395;
    /// Haegele et al., arXiv 2405.18392).
    ///
    /// lr(t) = base until the decay begins, then min + (base - min) shape(p), where p rises from 0 to 1 over the last
    /// `decay_share` of the steps and shape is 1 - sqrt(p), 1 - p or (1 + cos(pi p)) / 2; `min` from step `steps` on.
    /// The warmup in front is [`Schedule::warmup`], or the key `warmup` in text.
    pub struct Wsd {
        /// Steps of the stable part and the decay together; 0 for the length of the run.
        steps: u64 = 0, Range::NonNegative;
        /// Share of the steps that decay.
        decay_share: f64 = 0.2, Range::Unit;
        /// Shape of the decay.
        decay_shape: &'static str = "sqrt", Range::Words(&["sqrt", "linear", "cosine"]);
        /// Lowest learning rate.
        min: f64 = 0.0, Range::NonNegative;
        /// Lowest learning rate as a share of the base; the higher of both counts.
        min_factor: f64 = 0.0, Range::Unit;
    }
}

impl Wsd {
    /// `steps` steps, of which the last fifth decays to 0.
    pub fn new(steps: u64) -> Self {
        Self { steps, ..Self::default() }
    }
}

impl Schedule for Wsd {
    fn lr(&self, base: f64, step: u64) -> f64 {
        let min = lowest(base, self.min, self.min_factor);
        if step >= self.steps {
            return min;
        }
        let decay = (self.steps as f64 * self.decay_share).round() as u64;
        let Some(since) = step.checked_sub(self.steps.saturating_sub(decay)).filter(|_| decay > 0) else {
            return base;
        };
        let progress = since as f64 / decay as f64;
        let shape = match self.decay_shape {
            "linear" => 1.0 - progress,
            "cosine" => half_cosine(progress),
            _ => 1.0 - progress.sqrt(),
        };
        blend(min, base, shape)
    }
    fn length(&self) -> Option<u64> {
        (self.steps > 0).then_some(self.steps)
    }
    fn spec(&self) -> String {
        catalogue::spec(ENTRY.name, self, &Self::default())
    }
}

impl Shape for Wsd {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_then_decay() {
        for (decay_shape, quarter) in [("sqrt", 0.5), ("linear", 0.75), ("cosine", half_cosine(0.25))] {
            let schedule = Wsd { decay_shape, ..Wsd::new(100) };
            assert_eq!([0, 79, 80].map(|step| schedule.lr(2.0, step)), [2.0; 3]);
            assert_eq!(schedule.lr(2.0, 85), 2.0 * quarter, "{decay_shape}");
            assert!(schedule.lr(2.0, 99) > 0.0);
            assert_eq!(schedule.lr(2.0, 100), 0.0);
        }
    }

    #[test]
    fn the_decay_is_the_nearest_whole_number_of_steps() {
        let schedule = Wsd { decay_share: 0.25, decay_shape: "linear", ..Wsd::new(7) };
        assert_eq!([4, 5, 6].map(|step| schedule.lr(1.0, step)), [1.0, 1.0, 0.5]);
    }

    #[test]
    fn all_or_nothing_may_decay() {
        let never = Wsd { decay_share: 0.0, ..Wsd::new(10) };
        assert_eq!([9, 10].map(|step| never.lr(1.0, step)), [1.0, 0.0]);
        let always = Wsd { decay_share: 1.0, decay_shape: "linear", min_factor: 0.5, ..Wsd::new(10) };
        assert_eq!([0, 5, 10].map(|step| always.lr(1.0, step)), [1.0, 0.75, 0.5]);
    }
}
