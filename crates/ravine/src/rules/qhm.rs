//! Quasi-hyperbolic momentum.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "qhm",
    presets: &[],
    title: "QHM: a mix of plain gradient descent and momentum",
    formula: "m = momentum m + (1 - momentum) g; w -= lr ((1 - nu) g + nu m)",
    advice: "In place of sgd with momentum: learning rates are those of sgd, and the defaults suit many \
             models. nu = 1 is momentum, nu = 0 sgd, nu = momentum Nesterov.",
    source: "Ma, Yarats, ICLR 2019, arXiv 1810.06801, section 3; pytorch_optimizer.QHM",
    make: || Box::new(Qhm::default()),
};

crate::hyper! {
    /// Quasi-hyperbolic momentum (Ma and Yarats, arXiv 1810.06801, section 3).
    ///
    /// m = momentum m + (1 - momentum) g; w -= lr ((1 - nu) g + nu m).
    ///
    /// State: `momentum_buffer` (m). momentum and nu are the paper's rule of thumb; learning rate 1 there.
    pub struct Qhm {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// How much of the mean of the gradient each step keeps.
        momentum: f64 = 0.999, Range::UnitOpen;
        /// The share of the mean in the step.
        nu: f64 = 0.7, Range::Finite;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<1, 3> for Step {
    #[inline(always)]
    fn update<R: Real>([rest, on_g, on_m]: [R; 3], w: R, g: R, [m]: [R; 1]) -> (R, [R; 1]) {
        let m = m + (g - m) * rest;
        (w - (on_g * g + on_m * m), [m])
    }
}

impl Rule for Qhm {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("momentum_buffer")]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let momentum = at.momentum.unwrap_or(self.momentum);
        pass.run(Step, [1.0 - momentum, at.lr * (1.0 - self.nu), at.lr * self.nu])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
