//! AdamW.

use super::adam::Adam;
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::rule::{At, Decay, Rule, Slot};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adamw",
    presets: &[],
    title: "AdamW: Adam with decoupled weight decay",
    formula: "w *= 1 - lr weight_decay; then Adam's step",
    advice: "Transformers, and wherever Adam is to be regularised: the decay does not pass through Adam's division.",
    source: "Loshchilov, Hutter, ICLR 2019, arXiv 1711.05101, algorithm 2; torch.optim.AdamW",
    make: || Box::new(AdamW::default()),
};

crate::hyper! {
    /// AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2): w *= 1 - lr weight_decay, then [`Adam`]'s step.
    ///
    /// State: as [`Adam`]. Defaults are torch.optim.AdamW's.
    pub struct AdamW {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Divide by the largest mean square so far.
        amsgrad: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 1e-2, Range::NonNegative;
    }
}

impl Rule for AdamW {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        Adam::state(self.amsgrad)
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let Self { lr, betas, eps, amsgrad, .. } = *self;
        Adam { lr, betas, eps, amsgrad, ..Adam::default() }.run(at, pass)
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
