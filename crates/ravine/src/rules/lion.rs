//! Lion.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "lion",
    presets: &[],
    title: "Lion: the sign of an interpolated momentum",
    formula: "w -= lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g",
    advice: "Large batches of transformers and vision models, at half the state of adam: learning rate 3 to \
             10 times smaller, weight decay as much larger. Not for small batches, where the sign is mostly \
             noise.",
    source: "Chen et al., NeurIPS 2023, arXiv 2302.06675, algorithm 2; lion_pytorch; optax.lion",
    make: || Box::new(Lion::default()),
};

crate::hyper! {
    /// Lion (Chen et al., arXiv 2302.06675, algorithm 2).
    ///
    /// w -= lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g. Every weight moves by lr, or not at all where the sign
    /// is 0.
    ///
    /// State: `exp_avg` (m). Defaults are those of the authors' code.
    pub struct Lion {
        /// Learning rate.
        lr: f64 = 1e-4, Range::NonNegative;
        /// How much of the momentum the step, and what is kept of it, take.
        betas: [f64; 2] = [0.9, 0.99], Range::UnitOpen;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Step;

impl Update<1, 3> for Step {
    #[inline(always)]
    fn update<R: Real>([lr, rest1, rest2]: [R; 3], w: R, g: R, [m]: [R; 1]) -> (R, [R; 1]) {
        let ahead = m + (g - m) * rest1;
        (w - lr * ahead.sign(), [m + (g - m) * rest2])
    }
}

impl Rule for Lion {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg")]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let beta1 = at.momentum.unwrap_or(self.betas[0]);
        pass.run(Step, [at.lr, 1.0 - beta1, 1.0 - self.betas[1]])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
