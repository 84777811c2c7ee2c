//! The exponential moving average of the weights.

/// An exponential moving average of the weights: average += (1 - decay) (weights - average) after each step
/// (Polyak averaging; Tarvainen and Valpola, arXiv 1703.01780). It starts as a copy of the weights before the first
/// step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ema {
    /// How much of the average each step keeps: at least 0 and below 1.
    pub decay: f64,
    /// Whether the decay rises with the steps made, min(decay, (1 + t) / (10 + t)), so that the average forgets a
    /// bad start sooner.
    pub warmup: bool,
}

impl Ema {
    /// An average of this decay, without warmup.
    pub const fn new(decay: f64) -> Self {
        Self { decay, warmup: false }
    }

    /// The decay after `step` steps.
    pub(crate) fn decay_at(self, step: u64) -> f64 {
        let t = step as f64;
        if self.warmup { self.decay.min((1.0 + t) / (10.0 + t)) } else { self.decay }
    }
}
