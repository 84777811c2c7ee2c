//! Grams.

use super::moments::{correction, mean, mean_square, sign};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "grams",
    presets: &[],
    title: "Grams: as far as Adam, in the direction of the gradient's sign",
    formula: "u = Adam's direction; w -= lr |u| sign(g)",
    advice: "In AdamW's place where momentum overshoots. Not with small batches: the sign of a noisy gradient is noise.",
    source: "Cao, Li, Song, arXiv 2412.17107, algorithm 1; pytorch_optimizer.Grams",
    make: || Box::new(Grams::default()),
};

crate::hyper! {
    /// Grams (Cao, Li and Song, arXiv 2412.17107, algorithm 1).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; u = (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps);
    /// w -= lr |u| sign(g), where the sign of 0 is 0, and t counts steps from 1.
    ///
    /// State: `exp_avg`, `exp_avg_sq`. Defaults are those of pytorch_optimizer.
    pub struct Grams {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-6, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Step;

impl Update<2, 6> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 6], w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta2, rest2, size, root, eps] = k;
        let (m, v) = (mean(rest1, g, m), mean_square(beta2, rest2, g, v));
        (w - size * (m.abs() / (v.sqrt() * root + eps)) * sign(g), [m, v])
    }
}

impl Rule for Grams {
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
        let size = at.lr / correction(beta1, at.step);
        let root = 1.0 / correction(beta2, at.step).sqrt();
        pass.run(Step, [1.0 - beta1, beta2, 1.0 - beta2, size, root, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
