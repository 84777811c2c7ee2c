//! AdaMod.

use super::moments::{correction, mean, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adamod",
    presets: &[],
    title: "AdaMod: Adam whose learning rates are held to their running mean",
    formula: "m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; a = lr sqrt(1 - b2^t) / (1 - b1^t) / (sqrt(v) + eps); \
              s = b3 s + (1 - b3) a; w -= min(a, s) m",
    advice: "Transformers without a warmup: s starts at 0, so the first 1 / (1 - b3) steps are short. Not for short runs, unless \
             b3 is made smaller.",
    source: "Ding et al., arXiv 1910.12249, algorithm 2; pytorch_optimizer.AdaMod",
    make: || Box::new(AdaMod::default()),
};

crate::hyper! {
    /// AdaMod (Ding et al., arXiv 1910.12249, algorithm 2).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; a = lr sqrt(1 - b2^t) / (1 - b1^t) / (sqrt(v) + eps), where t counts steps
    /// from 1; s = b3 s + (1 - b3) a; w -= min(a, s) m.
    ///
    /// State: `exp_avg`, `exp_avg_sq`, `exp_avg_lr`. Defaults are the authors'.
    pub struct AdaMod {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean, of the mean square, and of the mean of the learning rates each step keeps.
        betas: [f64; 3] = [0.9, 0.999, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Step;

impl Update<3, 6> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 6], w: R, g: R, [m, v, s]: [R; 3]) -> (R, [R; 3]) {
        let [rest1, beta2, rest2, rest3, size, eps] = k;
        let (m, v) = (mean(rest1, g, m), mean_square(beta2, rest2, g, v));
        let rate = size / (v.sqrt() + eps);
        let s = mean(rest3, rate, s);
        (w - rate.min(s) * m, [m, v, s])
    }
}

impl Rule for AdaMod {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![
            Slot::zero("exp_avg"),
            Slot::zero("exp_avg_sq").non_negative(),
            Slot::zero("exp_avg_lr").non_negative(),
        ]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2, beta3] = self.betas;
        let beta1 = at.momentum.unwrap_or(beta1);
        let size = at.lr * correction(beta2, at.step).sqrt() / correction(beta1, at.step);
        pass.run(Step, [1.0 - beta1, beta2, 1.0 - beta2, 1.0 - beta3, size, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
