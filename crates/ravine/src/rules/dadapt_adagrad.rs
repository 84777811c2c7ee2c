//! D-Adaptation of AdaGrad.

use super::distance;
use super::moments::origin;
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "dadapt-adagrad",
    presets: &[],
    title: "D-Adapted AdaGrad: AdaGrad that finds its learning rate",
    formula: "a += g^2; s += d lr g; q += (d lr)^2 sum g^2 / sqrt(a); d = max(d, (sum s^2 / sqrt(a) - q) / |s|_1); \
              w = w0 - s / sqrt(a)",
    advice: "Sparse and convex problems without a learning rate: lr stays 1. Not for deep networks: prodigy there.",
    source: "Defazio, Mishchenko, ICML 2023, arXiv 2301.07733, algorithm 3; pytorch_optimizer.DAdaptAdaGrad",
    make: || Box::new(DAdaptAdagrad::default()),
};

crate::hyper! {
    /// D-Adapted AdaGrad (Defazio and Mishchenko, arXiv 2301.07733, algorithm 3), as the authors' code has it: a dual average.
    ///
    /// With w0 the first weights, and d = d0 at first: a += g^2; s += d lr g; q += (d lr)^2 sum g^2 / (sqrt(a) + eps);
    /// d = max(d, (sum s^2 / (sqrt(a) + eps) - q) / |s|_1); w += (1 - momentum) (w0 - s / (sqrt(a) + eps) - w).
    ///
    /// d is one for all parameters of a group: groups find theirs apart from each other.
    ///
    /// State: `x0`, `sk`, `alpha_k`, and `d` and `gsq_weighted` for all. Defaults are pytorch_optimizer's; the
    /// authors' have eps 1e-6.
    pub struct DAdaptAdagrad {
        /// Learning rate, in units of d: leave it at 1, and let the schedule move it.
        lr: f64 = 1.0, Range::NonNegative;
        /// How much of the way to where the dual average points each step leaves.
        momentum: f64 = 0.0, Range::UnitOpen;
        /// Where the sum of squares starts.
        initial_accumulator_value: f64 = 1e-6, Range::NonNegative;
        /// Added to the root; may be 0 where the sum of squares starts above 0.
        eps: f64 = 0.0, Range::NonNegative;
        /// First d: below what is sought.
        d0: f64 = 1e-6, Range::Positive;
        /// Largest factor by which d may grow in a step; 0 for any.
        growth_rate: f64 = 0.0, Range::NonNegative;
        /// Strength of the weight decay, added to the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

/// Moves all state; the sums of g^2 / root, s^2 / root and |s|.
struct Look;

impl Reduce<3, 3, 3> for Look {
    #[inline(always)]
    fn reduce<R: Real>([first, lr, eps]: [R; 3], w: R, g: R, [start, s, a]: [R; 3]) -> ([R; 3], [R; 3]) {
        let (s, a) = (s + lr * g, a + g * g);
        let root = a.sqrt() + eps;
        ([origin(first, w, start), s, a], [g * g / root, s * s / root, s.abs()])
    }
}

struct Step;

impl Update<3, 2> for Step {
    #[inline(always)]
    fn update<R: Real>([eps, rest]: [R; 2], w: R, _: R, [start, s, a]: [R; 3]) -> (R, [R; 3]) {
        (w + (start - s / (a.sqrt() + eps) - w) * rest, [start, s, a])
    }
}

impl Rule for DAdaptAdagrad {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let sum = Slot::new("alpha_k", self.initial_accumulator_value).non_negative();
        vec![Slot::zero("x0").exact(), Slot::zero("sk").exact(), sum.exact()]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("d", self.d0), ("gsq_weighted", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::L2(self.weight_decay)
    }
    fn check(&self) -> Result<()> {
        distance::check(ENTRY.name, self.growth_rate)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let lr = pass.memory()[0] * at.lr;
        let first = if at.step == 0 { 1.0 } else { 0.0 };
        let [gradient, sum, length] = pass.reduce(Look, [first, lr, self.eps])?;
        let kept = pass.memory();
        if at.lr > 0.0 && length > 0.0 {
            kept[1] += lr * lr * gradient;
            kept[0] = distance::grown(kept[0], (sum - kept[1]) / length, self.growth_rate);
        }
        pass.run(Step, [self.eps, 1.0 - at.momentum.unwrap_or(self.momentum)])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
