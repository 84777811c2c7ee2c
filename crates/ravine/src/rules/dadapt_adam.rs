//! D-Adaptation of Adam.

use super::distance;
use super::moments::{correction, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "dadapt-adam",
    presets: &[],
    title: "D-Adapted Adam: Adam or AdamW that finds its learning rate",
    formula: "r = b r + (1 - b) d lr <g, s / (sqrt(v) + eps)>; s = b s + (1 - b) d lr g, b = sqrt(b2); \
              d = max(d, r / ((1 - b) |s|_1)); m = b1 m + (1 - b1) d lr g; v = b2 v + (1 - b2) g^2; w -= m / (sqrt(v) + eps)",
    advice: "Adam without a learning rate: lr stays 1. prodigy finds larger, better rates on most models.",
    source: "Defazio, Mishchenko, ICML 2023, arXiv 2301.07733, algorithm 5; optax.contrib.dadapt_adamw",
    make: || Box::new(DAdaptAdam::default()),
};

crate::hyper! {
    /// D-Adapted Adam (Defazio and Mishchenko, arXiv 2301.07733, algorithm 5).
    ///
    /// With b = sqrt(b2), and d = d0 at first: r = b r + (1 - b) d lr <g, s / (sqrt(v) + eps)>; s = b s + (1 - b) d lr g;
    /// m = b1 m + (1 - b1) d lr g; v = b2 v + (1 - b2) g^2; d = max(d, r / ((1 - b) |s|_1)); w -= m / (sqrt(v) + eps), with
    /// decoupled weight decay in w *= 1 - lr d_old weight_decay. lr carries the factor sqrt(1 - b2^t) / (1 - b1^t) with
    /// bias_correction.
    ///
    /// d is one for all parameters of a group: groups find theirs apart from each other.
    ///
    /// State: `exp_avg`, `exp_avg_sq`, `s`, and `d` and `numerator_weighted` for all. Defaults are the authors'; optax has
    /// bias_correction always.
    pub struct DAdaptAdam {
        /// Learning rate, in units of d: leave it at 1, and let the schedule move it.
        lr: f64 = 1.0, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// First d: below what is sought.
        d0: f64 = 1e-6, Range::Positive;
        /// Largest factor by which d may grow in a step; 0 for any.
        growth_rate: f64 = 0.0, Range::NonNegative;
        /// Correct the means for having started at 0.
        bias_correction: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// Moves all state; the sums of g s / (sqrt(v) + eps), as it was before, and |s|.
struct Look;

impl Reduce<3, 7, 2> for Look {
    #[inline(always)]
    fn reduce<R: Real>(k: [R; 7], _: R, g: R, [m, v, s]: [R; 3]) -> ([R; 3], [R; 2]) {
        let [beta1, on_mean, beta2, rest2, beta, on_sum, eps] = k;
        let along = g * (s / (v.sqrt() + eps));
        let s = beta * s + on_sum * g;
        ([beta1 * m + on_mean * g, mean_square(beta2, rest2, g, v), s], [along, s.abs()])
    }
}

struct Step;

impl Update<3, 2> for Step {
    #[inline(always)]
    fn update<R: Real>([eps, keep]: [R; 2], w: R, _: R, [m, v, s]: [R; 3]) -> (R, [R; 3]) {
        (w * keep - m / (v.sqrt() + eps), [m, v, s])
    }
}

impl Rule for DAdaptAdam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative(), Slot::zero("s")]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("d", self.d0), ("numerator_weighted", 0.0)]
    }
    fn decay(&self) -> Decay {
        // What is decoupled goes by d, and is part of the step.
        Decay::L2(if self.decoupled { 0.0 } else { self.weight_decay })
    }
    fn check(&self) -> Result<()> {
        distance::check(ENTRY.name, self.growth_rate)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let beta = beta2.sqrt();
        let correction = match self.bias_correction {
            true => correction(beta2, at.step).sqrt() / correction(beta1, at.step),
            false => 1.0,
        };
        let lr = pass.memory()[0] * at.lr * correction;
        let scalars = [beta1, (1.0 - beta1) * lr, beta2, 1.0 - beta2, beta, (1.0 - beta) * lr, self.eps];
        let [along, length] = pass.reduce(Look, scalars)?;
        let kept = pass.memory();
        if at.lr > 0.0 && length > 0.0 {
            kept[1] = beta * kept[1] + (1.0 - beta) * lr * along;
            kept[0] = distance::grown(kept[0], kept[1] / ((1.0 - beta) * length), self.growth_rate);
        }
        pass.run(Step, [self.eps, if self.decoupled { 1.0 - self.weight_decay * lr } else { 1.0 }])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
