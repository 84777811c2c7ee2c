//! DoG and L-DoG.

use super::moments::origin;
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "dog",
    presets: &[("ldog", "layerwise=true")],
    title: "DoG: SGD with the distance moved over the gradients seen as learning rate",
    formula: "r = max(r, |w - w0|); s += |g|^2; w -= lr r / sqrt(s) g",
    advice: "SGD without a learning rate: lr stays 1. Keep an average of the weights (Ema) and evaluate with it. Not where \
             weights need different rates, as in transformers: ldog there, or prodigy.",
    source: "Ivgi, Hinder, Carmon, ICML 2023, arXiv 2302.12022, equations 2 and 3, section 4.1 (L-DoG); dog-optimizer",
    make: || Box::new(DoG::default()),
};

crate::hyper! {
    /// DoG, distance over gradients, and its layer-wise form L-DoG (Ivgi, Hinder and Carmon, arXiv 2302.12022).
    ///
    /// r = max(r, |w - w0|); s += |g|^2; w -= lr r / sqrt(s + eps) g, where w0 are the first weights, and norms go over all
    /// tensors of a group, or over each tensor if layerwise. r is reps_rel (1 + |w0|) at first, or init_dist where that is
    /// above 0. The first step is init_eta g instead, where that is above 0.
    ///
    /// The gradient's scale does not matter but for eps.
    ///
    /// State: `x0`, and `rbar` and `G` for all, or for each tensor. Defaults are the authors'.
    pub struct DoG {
        /// Factor on the learning rate that is found: 1.
        lr: f64 = 1.0, Range::NonNegative;
        /// First distance, in units of 1 + |w0|: small, but so that the first steps move.
        reps_rel: f64 = 1e-6, Range::NonNegative;
        /// First distance in itself; 0 for that of reps_rel.
        init_dist: f64 = 0.0, Range::NonNegative;
        /// Learning rate of the first step; 0 for that which is found.
        init_eta: f64 = 0.0, Range::NonNegative;
        /// Keeps the division finite.
        eps: f64 = 1e-8, Range::Positive;
        /// Estimate for each tensor apart: this is L-DoG.
        layerwise: bool = false, Range::Bool;
        /// Strength of the weight decay, added to the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

/// What is kept: the largest distance, and the sum of squares of the gradients.
const KEPT: [(&str, f64); 2] = [("rbar", 0.0), ("G", 0.0)];

/// The squares of the norms of w - w0, g and w.
struct Look;

impl Reduce<1, 1, 3> for Look {
    #[inline(always)]
    fn reduce<R: Real>([first]: [R; 1], w: R, g: R, [start]: [R; 1]) -> ([R; 1], [R; 3]) {
        let start = origin(first, w, start);
        let away = w - start;
        ([start], [away * away, g * g, w * w])
    }
}

struct Step;

impl Update<1, 1> for Step {
    #[inline(always)]
    fn update<R: Real>([eta]: [R; 1], w: R, g: R, s: [R; 1]) -> (R, [R; 1]) {
        (w - eta * g, s)
    }
}

impl DoG {
    /// The learning rate of a step, from its sums.
    fn eta(&self, at: At, sums: &[f64], kept: &mut [f64]) -> f64 {
        let distance = match at.step {
            0 if self.init_dist > 0.0 => self.init_dist,
            0 => self.reps_rel * (1.0 + sums[2].sqrt()),
            _ => sums[0].sqrt(),
        };
        kept[0] = distance.max(kept[0]);
        kept[1] += sums[1];
        match at.step {
            0 if self.init_eta > 0.0 => self.init_eta,
            _ => at.lr * kept[0] / (kept[1] + self.eps).sqrt(),
        }
    }
}

impl Rule for DoG {
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
        if self.layerwise { Vec::new() } else { KEPT.to_vec() }
    }
    fn tensor_memory(&self) -> Vec<(&'static str, f64)> {
        if self.layerwise { KEPT.to_vec() } else { Vec::new() }
    }
    fn decay(&self) -> Decay {
        Decay::L2(self.weight_decay)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let first = [if at.step == 0 { 1.0 } else { 0.0 }];
        if self.layerwise {
            pass.reduce_each(Look, first)?;
            return pass.run_each(Step, |each| [self.eta(at, each.sums, each.memory)]);
        }
        let sums = pass.reduce(Look, first)?;
        let eta = self.eta(at, &sums, pass.memory());
        pass.run(Step, [eta])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
