//! Quasi-hyperbolic Adam.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "qhadam",
    presets: &[],
    title: "QHAdam: Adam with its means mixed with the gradient at hand",
    formula: "m, v, corrected, as adam; w -= lr ((1 - nu1) g + nu1 m) / (sqrt((1 - nu2) g^2 + nu2 v) + eps)",
    advice: "Where adam is unstable: nu2 below 1 bounds the step by the gradient at hand. nus 0.7/1 and a \
             first beta of 0.995 are the authors recommendation; at 1/1 it is adam.",
    source: "Ma, Yarats, ICLR 2019, arXiv 1810.06801, section 4; pytorch_optimizer.QHAdam",
    make: || Box::new(QhAdam::default()),
};

crate::hyper! {
    /// Quasi-hyperbolic Adam (Ma and Yarats, arXiv 1810.06801, section 4).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
    /// w -= lr ((1 - nu1) g + nu1 m / (1 - b1^t)) / (sqrt((1 - nu2) g^2 + nu2 v / (1 - b2^t)) + eps), where t counts
    /// steps from 1.
    ///
    /// State: `exp_avg`, `exp_avg_sq`. Defaults are those of the authors' code, with which it is [`Adam`](super::Adam).
    pub struct QhAdam {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// The shares of the mean and of the mean square in the step.
        nus: [f64; 2] = [1.0, 1.0], Range::Unit;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<2, 8> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 8], w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta2, rest2, on_g, on_m, on_square, on_v, eps] = k;
        let (m, v) = (m + (g - m) * rest1, beta2 * v + rest2 * g * g);
        let root = (on_square * g * g + on_v * v).sqrt();
        (w - (on_g * g + on_m * m) / (root + eps), [m, v])
    }
}

impl Rule for QhAdam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let ([beta1, beta2], [nu1, nu2]) = ([at.momentum.unwrap_or(self.betas[0]), self.betas[1]], self.nus);
        let correction = |beta| 1.0 - power(beta, at.step.saturating_add(1));
        let [on_g, on_m] = [at.lr * (1.0 - nu1), at.lr * nu1 / correction(beta1)];
        let [on_square, on_v] = [1.0 - nu2, nu2 / correction(beta2)];
        pass.run(Step, [1.0 - beta1, beta2, 1.0 - beta2, on_g, on_m, on_square, on_v, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
