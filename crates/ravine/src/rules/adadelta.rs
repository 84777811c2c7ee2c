//! AdaDelta.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adadelta",
    presets: &[],
    title: "AdaDelta: steps as long as the steps before, in units of the weights",
    formula: "s = rho s + (1 - rho) g^2; d = g sqrt(u + eps) / sqrt(s + eps); u = rho u + (1 - rho) d^2; w \
              -= lr d",
    advice: "Where no learning rate is to be tuned: 1 is the default. It starts slowly, as u starts at 0, \
             and is seldom the best; take adam or rmsprop where a learning rate can be tuned.",
    source: "Zeiler, arXiv 1212.5701, algorithm 1; torch.optim.Adadelta",
    make: || Box::new(Adadelta::default()),
};

crate::hyper! {
    /// AdaDelta (Zeiler, arXiv 1212.5701, algorithm 1).
    ///
    /// s = rho s + (1 - rho) g^2; d = g sqrt(u + eps) / sqrt(s + eps); u = rho u + (1 - rho) d^2; w -= lr d.
    ///
    /// The step has the unit of the weights whatever that of the loss is, so the learning rate has none. The paper
    /// has no
    /// learning rate: it is 1 there. The first step is lr sqrt(eps / ((1 - rho) g^2 + eps)) g.
    ///
    /// State: `square_avg` (s), `acc_delta` (u). Defaults are torch.optim.Adadelta's.
    pub struct Adadelta {
        /// Learning rate.
        lr: f64 = 1.0, Range::NonNegative;
        /// How much of the mean squares each step keeps.
        rho: f64 = 0.9, Range::UnitOpen;
        /// Keeps the division finite, and lets the first steps be longer than 0.
        eps: f64 = 1e-6, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<2, 4> for Step {
    #[inline(always)]
    fn update<R: Real>([lr, rho, rest, eps]: [R; 4], w: R, g: R, [square, acc]: [R; 2]) -> (R, [R; 2]) {
        let square = rho * square + rest * g * g;
        let delta = (acc + eps).sqrt() / (square + eps).sqrt() * g;
        (w - lr * delta, [square, rho * acc + rest * delta * delta])
    }
}

impl Rule for Adadelta {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("square_avg").non_negative(), Slot::zero("acc_delta").non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        pass.run(Step, [at.lr, self.rho, 1.0 - self.rho, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
