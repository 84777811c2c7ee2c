//! diffGrad.

use super::moments::{correction, mean, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "diffgrad",
    presets: &[],
    title: "diffGrad: Adam with steps of half the size where the gradient does not change",
    formula: "x = 1 / (1 + exp(-|g_prev - g|)); w -= lr x m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)",
    advice: "In adam's place where it runs past minima. The friction follows the gradient's own scale: where gradients \
             are far below 1, x is 1/2 throughout, and this is adam at half the learning rate.",
    source: "Dubey et al., IEEE TNNLS 2020, arXiv 1909.11015, equations 11 to 14; the authors' diffGrad.py",
    make: || Box::new(DiffGrad::default()),
};

crate::hyper! {
    /// diffGrad (Dubey et al., arXiv 1909.11015).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; x = 1 / (1 + exp(-|g_prev - g|));
    /// w -= lr sqrt(1 - b2^t) / (1 - b1^t) x m / (sqrt(v + eps_root) + eps). The gradient before the first is 0.
    ///
    /// State: `exp_avg`, `exp_avg_sq`, `previous_grad`. Defaults are the authors'; pytorch_optimizer has eps_root
    /// 1e-15.
    pub struct DiffGrad {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN, unless eps_root is above 0.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// 1 / (1 + exp(-x)).
#[inline(always)]
fn sigmoid<R: Real>(x: R) -> R {
    let one = R::from_f64(1.0);
    one / (one + (-x).exp())
}

struct Step;

impl Update<3, 6> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 6], w: R, g: R, [m, v, previous]: [R; 3]) -> (R, [R; 3]) {
        let [rest1, beta2, rest2, size, eps_root, eps] = k;
        let (m, v) = (mean(rest1, g, m), mean_square(beta2, rest2, g, v));
        let friction = sigmoid((previous - g).abs());
        (w - size * (friction * m / ((v + eps_root).sqrt() + eps)), [m, v, g])
    }
}

impl Rule for DiffGrad {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative(), Slot::zero("previous_grad")]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let size = at.lr * correction(beta2, at.step).sqrt() / correction(beta1, at.step);
        pass.run(Step, [1.0 - beta1, beta2, 1.0 - beta2, size, self.eps_root, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sigmoid_is_right_in_both_types() {
        for i in -2000..2000 {
            let x = f64::from(i) * 0.03;
            let exact = 1.0 / (1.0 + f64::exp(-x));
            assert!((sigmoid(x) / exact - 1.0).abs() < 1e-15, "{x}");
            let single = x as f32;
            let exact = 1.0 / (1.0 + f64::exp(-f64::from(single)));
            assert!((f64::from(sigmoid(single)) / exact - 1.0).abs() < 3e-7, "{x}");
        }
        assert_eq!([0.0, f64::INFINITY, -f64::INFINITY].map(sigmoid), [0.5, 1.0, 0.0]);
    }
}
