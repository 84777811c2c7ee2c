//! Optimistic gradient descent.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "ogd",
    presets: &[],
    title: "Optimistic gradient descent: a step along the gradient to be expected next",
    formula: "w -= lr ((alpha + beta) g - beta last g)",
    advice: "Games of two players, such as GANs: plain gradient descent circles around their equilibria or \
             away from them. For plain minimisation sgd is as good.",
    source: "Mokhtari, Ozdaglar, Pattathil, AISTATS 2020, arXiv 1901.08511; optax.optimistic_gradient_descent",
    make: || Box::new(Ogd::default()),
};

crate::hyper! {
    /// Optimistic gradient descent (Popov 1980; Mokhtari, Ozdaglar and Pattathil, arXiv 1901.08511).
    ///
    /// w -= lr ((alpha + beta) g - beta g_last), where g_last is g at the first step.
    ///
    /// State: `previous_gradient`. Defaults are optax's, and the textbook's 2 g - g_last.
    pub struct Ogd {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// Weight of the gradient.
        alpha: f64 = 1.0, Range::NonNegative;
        /// Weight of its change since the last step.
        beta: f64 = 1.0, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<1, 2> for Step {
    #[inline(always)]
    fn update<R: Real>([on_g, on_last]: [R; 2], w: R, g: R, [last]: [R; 1]) -> (R, [R; 1]) {
        (w - (on_g * g - on_last * last), [g])
    }
}

impl Rule for Ogd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("previous_gradient")]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        // At the first step nothing has changed.
        let beta = if at.step == 0 { 0.0 } else { self.beta };
        pass.run(Step, [at.lr * (self.alpha + beta), at.lr * beta])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec, rules::Sgd};

    /// How far from the equilibrium of the game x y, x down and y up, a rule is after 500 steps from distance 1.
    fn distance(builder: crate::Builder) -> f64 {
        let mut optimizer = builder.build::<f64>(&[ParamSpec::new("xy", [2])]).unwrap();
        let mut w = [1.0, 0.0];
        for _ in 0..500 {
            let mut g = [w[1], -w[0]];
            let _ = optimizer.step(&mut [&mut w], &mut [&mut g]).unwrap();
        }
        w[0].hypot(w[1])
    }

    #[test]
    fn it_finds_the_equilibrium_that_plain_descent_leaves() {
        assert!(distance(Optimizer::builder(Ogd { lr: 0.1, ..Ogd::default() })) < 0.1);
        assert!(distance(Optimizer::builder(Sgd { lr: 0.1, ..Sgd::default() })) > 10.0);
    }
}
