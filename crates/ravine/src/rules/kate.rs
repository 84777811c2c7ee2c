//! KATE.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "kate",
    presets: &[],
    title: "KATE: AdaGrad without the root, with a numerator that makes up for it",
    formula: "b2 += g^2 + eps; m2 += delta g^2 + g^2 / b2; w -= lr sqrt(m2) g / b2",
    advice: "In AdaGrad's place where features come in very different scales: on linear models its steps do not depend on them. \
             Not for long deep runs: its learning rates only fall.",
    source: "Choudhury et al., NeurIPS 2024, arXiv 2403.02648, algorithm 1; the authors' kate.py",
    make: || Box::new(Kate::default()),
};

crate::hyper! {
    /// KATE (Choudhury et al., arXiv 2403.02648, algorithm 1).
    ///
    /// b2 += g^2 + eps; m2 += delta g^2 + g^2 / b2; w -= lr sqrt(m2) g / b2.
    ///
    /// State: `m_sq`, `b_sq`. Defaults are the authors'.
    pub struct Kate {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// Weight of the squared gradient in the numerator, eta in the paper.
        delta: f64 = 0.0, Range::NonNegative;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Step;

impl Update<2, 3> for Step {
    #[inline(always)]
    fn update<R: Real>([lr, delta, eps]: [R; 3], w: R, g: R, [m, b]: [R; 2]) -> (R, [R; 2]) {
        let square = g * g;
        let b = b + square + eps;
        let m = m + delta * square + square / b;
        (w - lr * (m.sqrt() * g / b), [m, b])
    }
}

impl Rule for Kate {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("m_sq").non_negative(), Slot::zero("b_sq").non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        pass.run(Step, [at.lr, self.delta, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
