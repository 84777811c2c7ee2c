//! Yogi.

use super::moments::{correction, mean, sign};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "yogi",
    presets: &[],
    title: "Yogi: Adam whose mean square moves by addition",
    formula: "m = b1 m + (1 - b1) g; v -= (1 - b2) sign(v - g^2) g^2; \
              w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)",
    advice: "Sparse or bursty gradients, after which Adam's step grows back too fast. Not where gradients shrink by orders \
             of magnitude: v falls no faster than by a share of the new, small g^2.",
    source: "Zaheer et al., NeurIPS 2018, Adaptive Methods for Nonconvex Optimization, algorithm 2; optax.yogi",
    make: || Box::new(Yogi::default()),
};

crate::hyper! {
    /// Yogi (Zaheer et al., NeurIPS 2018, algorithm 2).
    ///
    /// m = b1 m + (1 - b1) g; v -= (1 - b2) sign(v - g^2) g^2;
    /// w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps), where t counts steps from 1.
    ///
    /// State: `exp_avg`, `exp_avg_sq`. Defaults are the paper's (section 5). optax and pytorch_optimizer start m, too, from
    /// initial_accumulator_value: set initial_mean for their numbers.
    pub struct Yogi {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// How much of the mean each step keeps, and how little the mean square moves.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite, and bounds the step on small gradients.
        eps: f64 = 1e-3, Range::NonNegative;
        /// What the mean square starts from.
        initial_accumulator_value: f64 = 1e-6, Range::NonNegative;
        /// What the mean starts from.
        initial_mean: f64 = 0.0, Range::Finite;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Step;

impl Update<2, 5> for Step {
    #[inline(always)]
    fn update<R: Real>([rest1, rest2, size, root, eps]: [R; 5], w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let m = mean(rest1, g, m);
        let square = g * g;
        let v = v - rest2 * sign(v - square) * square;
        (w - size * (m / (v.sqrt() * root + eps)), [m, v])
    }
}

impl Rule for Yogi {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let start = self.initial_accumulator_value;
        vec![Slot::new("exp_avg", self.initial_mean), Slot::new("exp_avg_sq", start).non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let size = at.lr / correction(beta1, at.step);
        let root = 1.0 / correction(beta2, at.step).sqrt();
        pass.run(Step, [1.0 - beta1, 1.0 - beta2, size, root, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
