//! Accelerated SGD.

use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "acc-sgd",
    presets: &[],
    title: "AccSGD: accelerated descent that noise does not undo",
    formula: "a = 1 - xi constant^2 / kappa; z = a z + (1 - a) (w - lr kappa / constant g); w = c (w - lr g) \
              + (1 - c) z with c = constant / (constant + 1 - a)",
    advice: "Ill-conditioned least squares and networks with small batches, where the gain of momentum is \
             lost to noise. kappa and xi are two more numbers to tune; take sgd with momentum first.",
    source: "Kidambi et al., ICLR 2018, arXiv 1803.05591, algorithm 3; pytorch_optimizer.AccSGD",
    make: || Box::new(AccSgd::default()),
};

crate::hyper! {
    /// Accelerated SGD (Kidambi et al., arXiv 1803.05591, algorithm 3).
    ///
    /// With a = 1 - xi constant^2 / kappa and c = constant / (constant + 1 - a):
    /// z = a z + (1 - a) (w - lr kappa / constant g); w = c (w - lr g) + (1 - c) z, where z starts as w.
    ///
    /// State: `momentum_buffer` (z). Defaults are those of the authors' code.
    pub struct AccSgd {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// The ratio of the long step to the short one: about the condition number.
        kappa: f64 = 1000.0, Range::Positive;
        /// How much of the acceleration the noise leaves: at most the root of kappa.
        xi: f64 = 10.0, Range::Positive;
        /// A small constant of the method, below 1.
        constant: f64 = 0.7, Range::Positive;
        /// Strength of the weight decay that is added to the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

impl AccSgd {
    /// 1 - a.
    fn share(&self) -> f64 {
        self.xi * self.constant * self.constant / self.kappa
    }
}

/// The scalars: lr, the long learning rate, a, 1 - a, 1 - c.
struct Step<const FIRST: bool>;

impl<const FIRST: bool> Update<1, 5> for Step<FIRST> {
    #[inline(always)]
    fn update<R: Real>([lr, long, keep, share, pull]: [R; 5], w: R, g: R, [z]: [R; 1]) -> (R, [R; 1]) {
        let z = if FIRST { w } else { z };
        let z = keep * z + share * (w - long * g);
        let w = w - lr * g;
        (w + pull * (z - w), [z])
    }
}

impl Rule for AccSgd {
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
        Decay::L2(self.weight_decay)
    }
    fn check(&self) -> Result<()> {
        let problem = if self.constant >= 1.0 {
            "constant must be below 1"
        } else if self.share() > 1.0 {
            "xi constant^2 must be at most kappa"
        } else {
            return Ok(());
        };
        Err(Error::rule(ENTRY.name, problem))
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let share = self.share();
        let pull = share / (self.constant + share);
        let scalars = [at.lr, at.lr * self.kappa / self.constant, 1.0 - share, share, pull];
        if at.step == 0 { pass.run(Step::<true>, scalars) } else { pass.run(Step::<false>, scalars) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_outside_the_method_are_refused() {
        assert!(AccSgd { constant: 1.0, ..AccSgd::default() }.check().is_err());
        assert!(AccSgd { kappa: 1.0, ..AccSgd::default() }.check().is_err());
        assert!(AccSgd::default().check().is_ok());
    }
}
