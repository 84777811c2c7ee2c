//! D-Adaptation of Lion.

use super::distance;
use super::moments::{mean, sign};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "dadapt-lion",
    presets: &[],
    title: "D-Adapted Lion: Lion that finds its learning rate",
    formula: "u = sign(b1 m + (1 - b1) g); r = b r + (1 - b) d lr <u, s>; s = b s + (1 - b) d lr u, b = sqrt(b2); \
              w -= d lr u; m = b2 m + (1 - b2) d lr g; d = max(d, r / ((1 - b) |s|_1))",
    advice: "Lion without a learning rate: lr stays 1. An addition of the authors' code, without a proof in the paper: check \
             against a tuned run.",
    source: "Defazio, Mishchenko, ICML 2023, arXiv 2301.07733; the authors' dadaptation package; \
             pytorch_optimizer.DAdaptLion",
    make: || Box::new(DAdaptLion::default()),
};

crate::hyper! {
    /// D-Adapted Lion, from the code of the authors of D-Adaptation (Defazio and Mishchenko, arXiv 2301.07733).
    ///
    /// With b = sqrt(b2), and d = d0 at first: u = sign(b1 m + (1 - b1) g); w -= d lr u; m = b2 m + (1 - b2) d lr g;
    /// r = b r + (1 - b) d lr <u, s>; s = b s + (1 - b) d lr u; d = max(d, r / ((1 - b) |s|_1)), with decoupled weight decay in
    /// w *= 1 - lr d weight_decay. The sign of 0 is 0.
    ///
    /// d is one for all parameters of a group: groups find theirs apart from each other.
    ///
    /// State: `exp_avg`, `s`, and `d` and `numerator_weighted` for all. Defaults are pytorch_optimizer's; the
    /// authors' have betas 0.9 and 0.99.
    pub struct DAdaptLion {
        /// Learning rate, in units of d: leave it at 1, and let the schedule move it.
        lr: f64 = 1.0, Range::NonNegative;
        /// How much of the mean the sign is taken with, and how much of it each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// First d: below what is sought.
        d0: f64 = 1e-6, Range::Positive;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// The sign of the mean of momentum and gradient, and the new s.
#[inline(always)]
fn moved<R: Real>([rest1, beta, on_sum]: [R; 3], g: R, m: R, s: R) -> [R; 2] {
    let u = sign(mean(rest1, g, m));
    [u, beta * s + on_sum * u]
}

/// The sums of u s, as s was before, and |s|. The momentum stays as it is: the step needs it.
struct Look;

impl Reduce<2, 3, 2> for Look {
    #[inline(always)]
    fn reduce<R: Real>(k: [R; 3], _: R, g: R, [m, s]: [R; 2]) -> ([R; 2], [R; 2]) {
        let [u, next] = moved(k, g, m, s);
        ([m, s], [u * s, next.abs()])
    }
}

struct Step;

impl Update<2, 7> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 7], w: R, g: R, [m, s]: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta, on_sum, lr, keep, beta2, on_mean] = k;
        let [u, s] = moved([rest1, beta, on_sum], g, m, s);
        (w * keep - lr * u, [beta2 * m + on_mean * g, s])
    }
}

impl Rule for DAdaptLion {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("s")]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("d", self.d0), ("numerator_weighted", 0.0)]
    }
    fn decay(&self) -> Decay {
        // What is decoupled goes by d, and is part of the step.
        Decay::L2(if self.decoupled { 0.0 } else { self.weight_decay })
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let beta = beta2.sqrt();
        let lr = pass.memory()[0] * at.lr;
        let [rest1, on_sum] = [1.0 - beta1, (1.0 - beta) * lr];
        let [along, length] = pass.reduce(Look, [rest1, beta, on_sum])?;
        let kept = pass.memory();
        if at.lr > 0.0 && length > 0.0 {
            kept[1] = beta * kept[1] + (1.0 - beta) * lr * along;
            kept[0] = distance::grown(kept[0], kept[1] / ((1.0 - beta) * length), 0.0);
        }
        let keep = if self.decoupled { 1.0 - self.weight_decay * lr } else { 1.0 };
        pass.run(Step, [rest1, beta, on_sum, lr, keep, beta2, (1.0 - beta2) * lr])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
