//! Sign descent, with momentum as Signum and Tiger.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "signsgd",
    presets: &[("signum", "momentum=0.9"), ("tiger", "momentum=0.965,weight_decay=0.01")],
    title: "signSGD: every weight moves by the learning rate, along the sign",
    formula: "m = momentum m + (1 - momentum) g; w -= lr sign(m)",
    advice: "Gradients sent between machines as one bit, and a look at how much of adam is the sign alone. \
             Needs large batches; where it stalls on noise take ef-signsgd.",
    source: "Bernstein et al., ICML 2018, arXiv 1802.04434, algorithms 1 and 2; tiger: Su, 2023; \
             optax.signum; pytorch_optimizer.SignSGD",
    make: || Box::new(SignSgd::default()),
};

crate::hyper! {
    /// Sign descent (Bernstein et al., arXiv 1802.04434): w -= lr sign(g).
    ///
    /// With momentum, as Signum: m = momentum m + (1 - momentum) g; w -= lr sign(m). No correction of m is needed, as
    /// the
    /// sign does not see its scale. Tiger (Su, 2023) is the same with a momentum of 0.965.
    ///
    /// State: `momentum_buffer` (m), where momentum is not 0. The paper names no learning rate; 1e-3 is
    /// pytorch_optimizer.SignSGD's.
    pub struct SignSgd {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean of the gradient each step keeps; 0 for none.
        momentum: f64 = 0.0, Range::UnitOpen;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Plain;

impl Update<0, 1> for Plain {
    #[inline(always)]
    fn update<R: Real>([lr]: [R; 1], w: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        (w - lr * g.sign(), [])
    }
}

struct Momentum;

impl Update<1, 2> for Momentum {
    #[inline(always)]
    fn update<R: Real>([lr, rest]: [R; 2], w: R, g: R, [m]: [R; 1]) -> (R, [R; 1]) {
        let m = m + (g - m) * rest;
        (w - lr * m.sign(), [m])
    }
}

impl Rule for SignSgd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        if self.momentum == 0.0 { Vec::new() } else { vec![Slot::zero("momentum_buffer")] }
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        if self.momentum == 0.0 {
            return pass.run(Plain, [at.lr]);
        }
        pass.run(Momentum, [at.lr, 1.0 - at.momentum.unwrap_or(self.momentum)])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec};

    #[test]
    fn every_weight_moves_by_the_learning_rate_or_not_at_all() {
        let mut optimizer = Optimizer::builder(SignSgd { lr: 0.5, ..SignSgd::default() })
            .build::<f32>(&[ParamSpec::new("w", [4])])
            .unwrap();
        let mut w = [0.0; 4];
        let _ = optimizer.step(&mut [&mut w], &mut [&mut [1e-30, -1e30, 0.0, -0.0]]).unwrap();
        assert_eq!(w, [-0.5, 0.5, 0.0, 0.0]);
    }
}
