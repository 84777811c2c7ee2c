//! DoWG.

use super::moments::origin;
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "dowg",
    presets: &[],
    title: "DoWG: SGD with the distance moved over distance-weighted gradients",
    formula: "r^2 = max(r^2, |w - w0|^2); s += r^2 |g|^2; w -= lr r^2 / sqrt(s) g",
    advice: "As dog, with larger steps where the way is long, and no average of the weights needed. Not where weights need \
             different rates.",
    source: "Khaled, Mishchenko, Jin, NeurIPS 2023, arXiv 2305.16284, algorithm 1; optax.contrib.dowg",
    make: || Box::new(DoWG::default()),
};

crate::hyper! {
    /// DoWG, distance over weighted gradients (Khaled, Mishchenko and Jin, arXiv 2305.16284, algorithm 1).
    ///
    /// r^2 = max(r^2, |w - w0|^2); s += r^2 |g|^2; w -= lr r^2 / (sqrt(s) + eps) g, where w0 are the first weights, and norms go
    /// over all tensors of a group. r^2 is init_estim_sq_dist at first.
    ///
    /// State: `x0`, and `estim_sq_dist` and `weighted_sq_norm_grads` for all. Defaults are optax's.
    pub struct DoWG {
        /// Factor on the learning rate that is found: 1.
        lr: f64 = 1.0, Range::NonNegative;
        /// Square of the first distance; 0 for eps.
        init_estim_sq_dist: f64 = 0.0, Range::NonNegative;
        /// Keeps the division finite.
        eps: f64 = 1e-4, Range::Positive;
        /// Strength of the weight decay, added to the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

/// The squares of the norms of w - w0 and g.
struct Look;

impl Reduce<1, 1, 2> for Look {
    #[inline(always)]
    fn reduce<R: Real>([first]: [R; 1], w: R, g: R, [start]: [R; 1]) -> ([R; 1], [R; 2]) {
        let start = origin(first, w, start);
        let away = w - start;
        ([start], [away * away, g * g])
    }
}

struct Step;

impl Update<1, 1> for Step {
    #[inline(always)]
    fn update<R: Real>([eta]: [R; 1], w: R, g: R, s: [R; 1]) -> (R, [R; 1]) {
        (w - eta * g, s)
    }
}

impl Rule for DoWG {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("x0").exact()]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        let start = if self.init_estim_sq_dist > 0.0 { self.init_estim_sq_dist } else { self.eps };
        vec![("estim_sq_dist", start), ("weighted_sq_norm_grads", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::L2(self.weight_decay)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [away, gradient] = pass.reduce(Look, [if at.step == 0 { 1.0 } else { 0.0 }])?;
        let kept = pass.memory();
        kept[0] = away.max(kept[0]);
        kept[1] += kept[0] * gradient;
        let eta = at.lr * kept[0] / (kept[1].sqrt() + self.eps);
        pass.run(Step, [eta])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
