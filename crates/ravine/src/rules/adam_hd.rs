//! Adam whose learning rate follows its own gradient.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adam-hd",
    presets: &[],
    title: "Adam-HD: Adam that descends in its learning rate too",
    formula: "u = mhat / (sqrt(vhat) + eps) of adam; a += hypergrad_lr g . u of the step before; w -= (lr + \
              a) u",
    advice: "As sgd-hd, where adam is the rule to be used. Start from a learning rate that is too small \
             rather than too large.",
    source: "Baydin et al., ICLR 2018, arXiv 1703.04782, algorithms 3 and 6",
    make: || Box::new(AdamHd::default()),
};

crate::hyper! {
    /// Hypergradient descent on the learning rate of Adam (Baydin et al., arXiv 1703.04782, algorithm 6).
    ///
    /// u = (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps), with m and v as in [`Adam`](super::Adam);
    /// a += hypergrad_lr g . u, where u is that of the step before; w -= (lr + a) u.
    ///
    /// The product goes over all parameters of the group. a, schedules and signs are as in [`SgdHd`](super::SgdHd).
    /// The step
    /// before is had from m and v, so that the state is no larger than Adam's: `exp_avg`, `exp_avg_sq`, and for the
    /// group `lr_change`
    /// (a). The default of hypergrad_lr is the paper's.
    pub struct AdamHd {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// Learning rate of the learning rate.
        hypergrad_lr: f64 = 1e-7, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// The product of the gradient and the direction of the step before.
struct Agreement;

impl Reduce<2, 3, 1> for Agreement {
    #[inline(always)]
    fn reduce<R: Real>([size, root, eps]: [R; 3], _: R, g: R, [m, v]: [R; 2]) -> ([R; 2], [R; 1]) {
        ([m, v], [g * (size * m / (v.sqrt() * root + eps))])
    }
}

struct Step;

impl Update<2, 6> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 6], w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta2, rest2, size, root, eps] = k;
        let (m, v) = (m + (g - m) * rest1, beta2 * v + rest2 * g * g);
        (w - size * (m / (v.sqrt() * root + eps)), [m, v])
    }
}

impl Rule for AdamHd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("lr_change", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        // What makes the direction of step t, counted from 1, of m and v.
        let corrections = |t| [1.0 / (1.0 - power(beta1, t)), 1.0 / (1.0 - power(beta2, t)).sqrt()];
        if at.step > 0 {
            let [size, root] = corrections(at.step);
            let [agreement] = pass.reduce(Agreement, [size, root, self.eps])?;
            pass.memory()[0] += self.hypergrad_lr * agreement;
        }
        let lr = at.lr + pass.memory()[0];
        let [size, root] = corrections(at.step.saturating_add(1));
        pass.run(Step, [1.0 - beta1, beta2, 1.0 - beta2, lr * size, root, self.eps])
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
    fn it_is_the_algorithm_of_the_paper() {
        let rule = AdamHd { lr: 0.01, hypergrad_lr: 1e-3, ..AdamHd::default() };
        let params = [ParamSpec::new("a", [1]), ParamSpec::new("b", [2])];
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&params).unwrap();
        let (mut w, mut theirs) = (vec![1.0, -2.0, 0.5], vec![1.0, -2.0, 0.5]);
        let (mut m, mut v, mut u, mut lr) = ([0.0; 3], [0.0; 3], [0.0; 3], 0.01);
        for t in 1..=20 {
            let g = theirs.clone();
            lr += 1e-3 * (0..3).map(|i| g[i] * u[i]).sum::<f64>();
            for i in 0..3 {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                u[i] = m[i] / (1.0 - 0.9f64.powi(t)) / ((v[i] / (1.0 - 0.999f64.powi(t))).sqrt() + 1e-8);
                theirs[i] -= lr * u[i];
            }
            let mut g = w.clone();
            let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        }
        assert!(lr > 0.02, "{lr}");
        for (ours, theirs) in w.iter().zip(&theirs) {
            assert!((ours - theirs).abs() < 1e-13, "{ours} {theirs}");
        }
    }
}
