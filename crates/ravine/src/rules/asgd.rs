//! Averaged SGD.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "asgd",
    presets: &[],
    title: "ASGD: stochastic gradient descent, evaluated at the mean of its weights",
    formula: "eta_t = lr / (1 + lambd lr t)^alpha; w = (1 - lambd eta_t) w - eta_t g; ax = mean of w from \
              step t0 on",
    advice: "Convex problems at large learning rates: the mean is as good as a second-order method. Set t0 \
             to where the path has become stationary, and evaluate with the mean. For deep networks ema or \
             swa over another rule do the same.",
    source: "Polyak, Juditsky, SIAM J. Control Optim. 30(4), 1992; Bottou, COMPSTAT 2010, section 4; \
             torch.optim.ASGD",
    make: || Box::new(Asgd::default()),
};

crate::hyper! {
    /// Averaged SGD (Polyak and Juditsky, 1992).
    ///
    /// eta_t = lr / (1 + lambd lr t)^alpha; w = (1 - lambd eta_t) w - eta_t g, where t counts steps from 0. ax is w
    /// up to
    /// step t0 + 1, and from there its running mean.
    ///
    /// [`Optimizer::evaluation`](crate::Optimizer::evaluation) gives ax. State: `ax`. Defaults are
    /// torch.optim.ASGD's, whose
    /// t0 of a million steps leaves the averaging out of most runs.
    pub struct Asgd {
        /// Learning rate.
        lr: f64 = 1e-2, Range::NonNegative;
        /// How fast the learning rate falls, and how strongly weights are drawn to 0.
        lambd: f64 = 1e-4, Range::NonNegative;
        /// The power with which the learning rate falls.
        alpha: f64 = 0.75, Range::NonNegative;
        /// The step from which weights are averaged.
        t0: f64 = 1e6, Range::NonNegative;
        /// Strength of the weight decay that is added to the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

struct Step;

impl Update<1, 2> for Step {
    #[inline(always)]
    fn update<R: Real>([keep, eta]: [R; 2], w: R, g: R, _: [R; 1]) -> (R, [R; 1]) {
        let w = w * keep - eta * g;
        (w, [w])
    }
}

struct Averaging;

impl Update<1, 3> for Averaging {
    #[inline(always)]
    fn update<R: Real>([keep, eta, mu]: [R; 3], w: R, g: R, [ax]: [R; 1]) -> (R, [R; 1]) {
        let w = w * keep - eta * g;
        (w, [ax + (w - ax) * mu])
    }
}

impl Rule for Asgd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("ax")]
    }
    fn decay(&self) -> Decay {
        Decay::L2(self.weight_decay)
    }
    fn evaluation(&self) -> Option<(usize, f64)> {
        Some((0, 1.0))
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let t = at.step as f64;
        let eta = at.lr / (1.0 + self.lambd * at.lr * t).powf(self.alpha);
        let keep = 1.0 - self.lambd * eta;
        match 1.0 / (t - self.t0).max(1.0) {
            1.0 => pass.run(Step, [keep, eta]),
            mu => pass.run(Averaging, [keep, eta, mu]),
        }
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
    fn it_is_evaluated_at_the_mean_of_the_weights_since_t0() {
        let rule = Asgd { lr: 1.0, lambd: 0.0, t0: 2.0, ..Asgd::default() };
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [1])]).unwrap();
        let mut w = [0.0];
        for g in [1.0, 1.0, 1.0, 1.0, -5.0, -4.0] {
            let _ = optimizer.step(&mut [&mut w], &mut [&mut [g]]).unwrap();
        }
        // The weights were -1, -2, -3, -4, 1, 5; those of steps 3, 4 and 5 are averaged.
        assert_eq!(w, [5.0]);
        assert!((optimizer.evaluation(&[&w]).unwrap().tensor(0)[0] - 2.0 / 3.0).abs() < 1e-15);
    }
}
