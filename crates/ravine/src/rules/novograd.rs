//! NovoGrad.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "novograd",
    presets: &[],
    title: "NovoGrad: gradients divided by a running norm of their tensor",
    formula: "v = b2 v + (1 - b2) |g|^2 for each tensor; m = b1 m + g / (sqrt(v) + eps) + weight_decay w; w -= lr m",
    advice: "Speech models and half of Adam's memory: one number a weight. Not where weights of one tensor see gradients of \
             very different size.",
    source: "Ginsburg et al., arXiv 1905.11286, algorithm 1; optax.novograd",
    make: || Box::new(NovoGrad::default()),
};

crate::hyper! {
    /// NovoGrad (Ginsburg et al., arXiv 1905.11286, algorithm 1).
    ///
    /// v = b2 v + (1 - b2) |g|^2 for each tensor, |g|^2 in the first step;
    /// m = b1 m + g / (sqrt(v + eps_root) + eps) + weight_decay w; w -= lr m. With grad_averaging the new part of m is
    /// multiplied by 1 - b1 after the first step.
    ///
    /// State: `exp_avg`, and `exp_avg_sq` for each tensor. Defaults are the paper's.
    pub struct NovoGrad {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// How much of the momentum, and of the squared norm, each step keeps.
        betas: [f64; 2] = [0.95, 0.98], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a tensor whose gradients were all 0 becomes NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// The momentum is a mean; else a sum.
        grad_averaging: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the divided gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Square;

impl Reduce<1, 0, 1> for Square {
    #[inline(always)]
    fn reduce<R: Real>([]: [R; 0], _: R, g: R, s: [R; 1]) -> ([R; 1], [R; 1]) {
        (s, [g * g])
    }
}

struct Step;

impl Update<1, 5> for Step {
    #[inline(always)]
    fn update<R: Real>([lr, beta1, share, below, decay]: [R; 5], w: R, g: R, [m]: [R; 1]) -> (R, [R; 1]) {
        let m = beta1 * m + share * (g / below + decay * w);
        (w - lr * m, [m])
    }
}

impl Rule for NovoGrad {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg")]
    }
    fn tensor_memory(&self) -> Vec<(&'static str, f64)> {
        vec![("exp_avg_sq", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(if self.decoupled { self.weight_decay } else { 0.0 })
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let share = if self.grad_averaging && at.step > 0 { 1.0 - beta1 } else { 1.0 };
        let decay = if self.decoupled { 0.0 } else { self.weight_decay };
        pass.reduce_each(Square, [])?;
        pass.run_each(Step, |each| {
            let square = match at.step {
                0 => each.sums[0],
                _ => beta2 * each.memory[0] + (1.0 - beta2) * each.sums[0],
            };
            each.memory[0] = square;
            [at.lr, beta1, share, (square + self.eps_root).sqrt() + self.eps, decay]
        })
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
