//! MADGRAD.

use super::moments::{mean, origin};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "madgrad",
    presets: &[],
    title: "MADGRAD: momentum on a dual average with cube roots",
    formula: "a = lr sqrt(t); s += a g; v += a g^2; w += (1 - momentum) (w0 - s / (cbrt(v) + eps) - w)",
    advice: "Vision, MRI and language models where SGD generalises better but Adam trains faster. Retune everything: its \
             learning rate is none of theirs, and weight decay should be smaller or 0.",
    source: "Defazio, Jelassi, JMLR 23:2022, arXiv 2101.11075, algorithm 1; the authors' madgrad, optax.contrib.madgrad",
    make: || Box::new(MadGrad::default()),
};

crate::hyper! {
    /// MADGRAD (Defazio and Jelassi, arXiv 2101.11075, algorithm 1).
    ///
    /// With w0 the first weights: a = (lr + eps) sqrt(t), where t counts steps from 1; s += a g; v += a g^2;
    /// w += (1 - momentum) (w0 - s / (cbrt(v) + eps) - w).
    ///
    /// State: `x0`, `s`, `grad_sum_sq`. Defaults are the authors'. An lr of 0 makes no part of the sums.
    pub struct MadGrad {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// How much of the way to where the dual average points each step leaves.
        momentum: f64 = 0.9, Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-6, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Take lr weight_decay times the old weight from the new one, instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<3, 5> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 5], w: R, g: R, [start, s, v]: [R; 3]) -> (R, [R; 3]) {
        let [first, a, rest, eps, decay] = k;
        let start = origin(first, w, start);
        let (s, v) = (s + a * g, v + a * g * g);
        (mean(rest, start - s / (v.cbrt() + eps), w) - decay * w, [start, s, v])
    }
}

impl Rule for MadGrad {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![
            Slot::zero("x0").exact(),
            Slot::zero("s").exact(),
            Slot::zero("grad_sum_sq").non_negative().exact(),
        ]
    }
    fn decay(&self) -> Decay {
        // What is decoupled shrinks the weights after w0 was taken, and is part of the step.
        Decay::L2(if self.decoupled { 0.0 } else { self.weight_decay })
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let lr = if at.lr > 0.0 { at.lr + self.eps } else { 0.0 };
        let first = if at.step == 0 { 1.0 } else { 0.0 };
        let decay = if self.decoupled { lr * self.weight_decay } else { 0.0 };
        let rest = 1.0 - at.momentum.unwrap_or(self.momentum);
        pass.run(Step, [first, lr * (at.step as f64 + 1.0).sqrt(), rest, self.eps, decay])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
