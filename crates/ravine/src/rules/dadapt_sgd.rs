//! D-Adaptation of SGD.

use super::distance;
use super::moments::origin;
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "dadapt-sgd",
    presets: &[],
    title: "D-Adapted SGD: SGD with momentum that finds its learning rate",
    formula: "a = d lr / |g0|; r += a <g, s>; s += a g; d = max(d, 2 r / |s|); w += (1 - momentum) (w0 - s - w)",
    advice: "SGD without a learning rate: lr stays 1, with a schedule. Not where weights need different rates: dadapt-adam or \
             prodigy there.",
    source: "Defazio, Mishchenko, ICML 2023, arXiv 2301.07733, algorithm 4; pytorch_optimizer.DAdaptSGD",
    make: || Box::new(DAdaptSgd::default()),
};

crate::hyper! {
    /// D-Adapted SGD (Defazio and Mishchenko, arXiv 2301.07733, algorithm 4).
    ///
    /// With w0 the first weights, |g0| the norm of the first gradient that is not 0, and d = d0 at first:
    /// a = d lr / |g0|; r += a <g, s>; s += a g; d = max(d, 2 r / |s|); w += (1 - momentum) (w0 - s - w).
    ///
    /// d is one for all parameters of a group: groups find theirs apart from each other.
    ///
    /// State: `x0`, `s`, and `d`, `numerator_weighted` and `g0_norm` for all. Defaults are pytorch_optimizer's;
    /// the authors' have momentum 0.
    pub struct DAdaptSgd {
        /// Learning rate, in units of d: leave it at 1, and let the schedule move it.
        lr: f64 = 1.0, Range::NonNegative;
        /// How much of the way to w0 - s each step leaves.
        momentum: f64 = 0.9, Range::UnitOpen;
        /// First d: below what is sought.
        d0: f64 = 1e-6, Range::Positive;
        /// Largest factor by which d may grow in a step; 0 for any.
        growth_rate: f64 = 0.0, Range::NonNegative;
        /// Strength of the weight decay, added to the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

/// The square of the norm of the gradient.
struct Norm;

impl Reduce<2, 0, 1> for Norm {
    #[inline(always)]
    fn reduce<R: Real>([]: [R; 0], _: R, g: R, s: [R; 2]) -> ([R; 2], [R; 1]) {
        (s, [g * g])
    }
}

/// Moves all state; the sums of g s, as s was before, and s^2.
struct Look;

impl Reduce<2, 2, 2> for Look {
    #[inline(always)]
    fn reduce<R: Real>([first, lr]: [R; 2], w: R, g: R, [start, s]: [R; 2]) -> ([R; 2], [R; 2]) {
        let along = g * s;
        let s = s + lr * g;
        ([origin(first, w, start), s], [along, s * s])
    }
}

struct Step;

impl Update<2, 1> for Step {
    #[inline(always)]
    fn update<R: Real>([rest]: [R; 1], w: R, _: R, [start, s]: [R; 2]) -> (R, [R; 2]) {
        (w + (start - s - w) * rest, [start, s])
    }
}

impl Rule for DAdaptSgd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("x0").exact(), Slot::zero("s").exact()]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("d", self.d0), ("numerator_weighted", 0.0), ("g0_norm", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::L2(self.weight_decay)
    }
    fn check(&self) -> Result<()> {
        distance::check(ENTRY.name, self.growth_rate)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        if pass.memory()[2] == 0.0 {
            let [square] = pass.reduce(Norm, [])?;
            pass.memory()[2] = square.sqrt();
        }
        let &mut [d, _, norm] = pass.memory() else { unreachable!("there are three") };
        let lr = if norm > 0.0 { d * at.lr / norm } else { 0.0 };
        let [along, square] = pass.reduce(Look, [if at.step == 0 { 1.0 } else { 0.0 }, lr])?;
        let kept = pass.memory();
        if at.lr > 0.0 && square > 0.0 {
            kept[1] += lr * along;
            kept[0] = distance::grown(d, 2.0 * kept[1] / square.sqrt(), self.growth_rate);
        }
        pass.run(Step, [1.0 - at.momentum.unwrap_or(self.momentum)])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
