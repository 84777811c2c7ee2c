//! Adan.

use super::moments::{correction, mean, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adan",
    presets: &[],
    title: "Adan: Nesterov momentum from differences of gradients",
    formula: "d = g - g_old; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) d; n = b3 n + (1 - b3) (g + b2 d)^2; \
              w -= lr (m / (1 - b1^t) + b2 v / (1 - b2^t)) / (sqrt(n / (1 - b3^t)) + eps)",
    advice: "Vision models and transformers in large batches, at learning rates 5 to 10 times AdamW's. Not where memory is \
             short: four numbers a weight.",
    source: "Xie et al., arXiv 2208.06677, algorithm 1; the authors' adan.py",
    make: || Box::new(Adan::default()),
};

crate::hyper! {
    /// Adan (Xie et al., arXiv 2208.06677, algorithm 1), with betas that say what is kept: 1 minus the paper's.
    ///
    /// d = g - g_old, 0 in the first step; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) d;
    /// n = b3 n + (1 - b3) (g + b2 d)^2;
    /// w -= lr (m / (1 - b1^t) + b2 v / (1 - b2^t)) / (sqrt(n / (1 - b3^t)) + eps); w /= 1 + lr weight_decay.
    ///
    /// State: `exp_avg`, `exp_avg_diff`, `exp_avg_sq`, `previous_grad`. Defaults are the authors'. optax weighs d by
    /// 1 - b2 where the paper and this have b2.
    pub struct Adan {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean of the gradient, of its differences, and of the mean square each step keeps.
        betas: [f64; 3] = [0.98, 0.92, 0.99], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay as AdamW does, by 1 - lr weight_decay before the step, instead of by the proximal division after it.
        no_prox: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<4, 11> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 11], w: R, g: R, [m, v, n, old]: [R; 4]) -> (R, [R; 4]) {
        let [known, rest1, beta2, rest2, beta3, rest3, on_mean, on_diff, root, eps, shrink] = k;
        let d = (g - old) * known;
        let (m, v) = (mean(rest1, g, m), mean(rest2, d, v));
        let n = mean_square(beta3, rest3, g + beta2 * d, n);
        let w = w - (on_mean * m + on_diff * v) / (n.sqrt() * root + eps);
        (w * shrink, [m, v, n, g])
    }
}

impl Rule for Adan {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![
            Slot::zero("exp_avg"),
            Slot::zero("exp_avg_diff"),
            Slot::zero("exp_avg_sq").non_negative(),
            Slot::zero("previous_grad"),
        ]
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(if self.no_prox { self.weight_decay } else { 0.0 })
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2, beta3] = self.betas;
        let beta1 = at.momentum.unwrap_or(beta1);
        let shrink = if self.no_prox { 1.0 } else { 1.0 / (1.0 + at.lr * self.weight_decay) };
        let scalars = [
            if at.step == 0 { 0.0 } else { 1.0 },
            1.0 - beta1,
            beta2,
            1.0 - beta2,
            beta3,
            1.0 - beta3,
            at.lr / correction(beta1, at.step),
            at.lr * beta2 / correction(beta2, at.step),
            1.0 / correction(beta3, at.step).sqrt(),
            self.eps,
            shrink,
        ];
        pass.run(Step, scalars)
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
