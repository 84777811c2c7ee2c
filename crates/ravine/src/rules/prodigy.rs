//! Prodigy.

use super::distance;
use super::moments::{correction, mean_square, origin};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "prodigy",
    presets: &[],
    title: "Prodigy: AdamW that finds its learning rate",
    formula: "r = b3 r + lr d^2/d0 <g, w0 - w>; s = b3 s + lr d^2/d0 g; d = max(d, d_coef r / |s|_1); \
              m = b1 m + (1 - b1) d g; v = b2 v + (1 - b2) d^2 g^2; w -= lr d m / (sqrt(v) + d eps)",
    advice: "Fine-tuning and models whose learning rate is unknown: leave lr at 1, with a cosine schedule. Not where memory \
             is short (four numbers a weight), nor where a learning rate is known: a tuned adamw is as good.",
    source: "Mishchenko, Defazio, ICML 2024, arXiv 2306.06101, algorithm 4; prodigyopt",
    make: || Box::new(Prodigy::default()),
};

crate::hyper! {
    /// Prodigy (Mishchenko and Defazio, arXiv 2306.06101, algorithm 4).
    ///
    /// With w0 the first weights and d = d0 at first:
    /// r = b3 r + lr d^2/d0 <g, w0 - w>; s = b3 s + lr d^2/d0 g; m = b1 m + (1 - b1) d g; v = b2 v + (1 - b2) d^2 g^2;
    /// d = max(d, d_coef r / |s|_1); w -= lr d_old m / (sqrt(v) + d eps), with weight decay in w *= 1 - lr d_old weight_decay.
    /// lr carries the factor sqrt(1 - b2^t) / (1 - b1^t) with bias_correction.
    ///
    /// d is one for all parameters of a group: groups find theirs apart from each other. The gradient's scale does not matter.
    ///
    /// State: `p0`, `s`, `exp_avg`, `exp_avg_sq`, and `d`, `d_max` and `d_numerator` for all. Defaults are the authors'. Of
    /// theirs, slice_p, which looks at every p-th weight only to save memory, is not here; optax has bias_correction always.
    pub struct Prodigy {
        /// Learning rate, in units of d: leave it at 1, and let the schedule move it.
        lr: f64 = 1.0, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// How much of the sums of the estimate each step keeps; 0 for the root of the second beta.
        beta3: f64 = 0.0, Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// First d: below what is sought.
        d0: f64 = 1e-6, Range::Positive;
        /// Factor on the estimate of d: change this rather than lr.
        d_coef: f64 = 1.0, Range::Positive;
        /// Largest factor by which d may grow in a step; 0 for any.
        growth_rate: f64 = 0.0, Range::NonNegative;
        /// Correct the means for having started at 0.
        bias_correction: bool = false, Range::Bool;
        /// Leave lr out of s, so that a warmup does not make the estimate too large.
        safeguard_warmup: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

/// Moves all state; the sums of g (w0 - w) and |s|.
struct Look;

impl Reduce<4, 7, 2> for Look {
    #[inline(always)]
    fn reduce<R: Real>(k: [R; 7], w: R, g: R, [start, s, m, v]: [R; 4]) -> ([R; 4], [R; 2]) {
        let [first, beta1, rest1, beta2, rest2, beta3, share] = k;
        let start = origin(first, w, start);
        let s = beta3 * s + share * g;
        let m = beta1 * m + rest1 * g;
        ([start, s, m, mean_square(beta2, rest2, g, v)], [g * (start - w), s.abs()])
    }
}

struct Step;

impl Update<4, 3> for Step {
    #[inline(always)]
    fn update<R: Real>([lr, eps, keep]: [R; 3], w: R, _: R, [start, s, m, v]: [R; 4]) -> (R, [R; 4]) {
        (w * keep - lr * (m / (v.sqrt() + eps)), [start, s, m, v])
    }
}

impl Rule for Prodigy {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![
            Slot::zero("p0").exact(),
            Slot::zero("s"),
            Slot::zero("exp_avg"),
            Slot::zero("exp_avg_sq").non_negative(),
        ]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("d", self.d0), ("d_max", self.d0), ("d_numerator", 0.0)]
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
        let beta3 = if self.beta3 > 0.0 { self.beta3 } else { beta2.sqrt() };
        let correction = match self.bias_correction {
            true => correction(beta2, at.step).sqrt() / correction(beta1, at.step),
            false => 1.0,
        };
        let &mut [mut d, mut d_max, mut numerator] = pass.memory() else { unreachable!("there are three") };
        let (lr, first) = (d * at.lr * correction, if at.step == 0 { 1.0 } else { 0.0 });
        let weight = d / self.d0 * lr;
        let share = if self.safeguard_warmup { d / self.d0 * d } else { weight };
        let scalars = [first, beta1, d * (1.0 - beta1), beta2, d * d * (1.0 - beta2), beta3, share];
        let [along, length] = pass.reduce(Look, scalars)?;
        if at.lr > 0.0 && length > 0.0 {
            numerator = beta3 * numerator + weight * along;
            let estimate = self.d_coef * numerator / length;
            if d == self.d0 {
                d = d.max(estimate);
            }
            d_max = d_max.max(estimate);
            d = if self.growth_rate > 0.0 { d_max.min(d * self.growth_rate) } else { d_max };
            pass.memory().copy_from_slice(&[d, d_max, numerator]);
        }
        let keep = if self.decoupled { 1.0 - self.weight_decay * lr } else { 1.0 };
        pass.run(Step, [lr, d * self.eps, keep])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
