//! Simplified AdEMAMix.

use super::moments::{correction, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "simplified-ademamix",
    presets: &[],
    title: "Simplified AdEMAMix: one sum of gradients, and the gradient itself",
    formula: "m = b1 m + g; v = b2 v + (1 - b2) g^2; w -= lr (m + alpha g) / (sqrt(v / (1 - b2^t)) + eps)",
    advice: "AdEMAMix's gain at Adam's memory: a high b1, with alpha for the newest gradient where batches are small. Its \
             learning rate is Adam's times 1 - b1.",
    source: "Morwani et al., arXiv 2502.02431, algorithm 1; optax.contrib.simplified_ademamix",
    make: || Box::new(SimplifiedAdEMAMix::default()),
};

crate::hyper! {
    /// Simplified AdEMAMix (Morwani et al., arXiv 2502.02431).
    ///
    /// m = b1 m + g; v = b2 v + (1 - b2) g^2; w -= lr (m + alpha g) / (sqrt(v / (1 - b2^t) + eps_root) + eps), where t counts
    /// steps from 1. m is a sum, not a mean: in the long run it is 1 / (1 - b1) times Adam's.
    ///
    /// State: `exp_avg`, `exp_avg_sq`. Defaults are optax's and the authors' learning rate.
    pub struct SimplifiedAdEMAMix {
        /// Learning rate.
        lr: f64 = 1e-4, Range::NonNegative;
        /// How much of the sum and of the mean square each step keeps.
        betas: [f64; 2] = [0.99, 0.95], Range::UnitOpen;
        /// Weight of the gradient beside the sum.
        alpha: f64 = 0.0, Range::NonNegative;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Step;

impl Update<2, 8> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 8], w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [beta1, beta2, rest2, lr, alpha, square, eps_root, eps] = k;
        let m = beta1 * m + g;
        let v = mean_square(beta2, rest2, g, v);
        (w - lr * ((m + alpha * g) / ((v * square + eps_root).sqrt() + eps)), [m, v])
    }
}

impl Rule for SimplifiedAdEMAMix {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let square = 1.0 / correction(beta2, at.step);
        pass.run(Step, [beta1, beta2, 1.0 - beta2, at.lr, self.alpha, square, self.eps_root, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
