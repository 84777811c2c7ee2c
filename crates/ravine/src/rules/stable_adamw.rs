//! StableAdamW.

use super::moments::{correction, mean, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "stable-adamw",
    presets: &[],
    title: "StableAdamW: AdamW that slows a tensor whose gradients outgrow their mean square",
    formula: "r = max(1, sqrt(mean(g^2 / max(v, eps^2)))) for each tensor; w *= 1 - lr/r weight_decay; \
              w -= lr/r m / (sqrt(v) + eps), m and v as Adam's, corrected",
    advice: "Large or low-precision models whose loss spikes with AdamW. Instead of clipping by norm, not with it.",
    source: "Wortsman et al., NeurIPS 2023, arXiv 2304.13013, algorithm 2; pytorch_optimizer.StableAdamW",
    make: || Box::new(StableAdamW::default()),
};

crate::hyper! {
    /// StableAdamW (Wortsman et al., arXiv 2304.13013, algorithm 2): AdamW with the update clipping of Adafactor.
    ///
    /// With b' = (b^t - b) / (b^t - 1), by which the corrected means are kept directly, and t counting steps from 1:
    /// m = b1' m + (1 - b1') g; v = b2' v + (1 - b2') g^2; r = max(1, sqrt(mean(g^2 / max(v, eps^2)))), the mean over the
    /// tensor; w *= 1 - lr/r weight_decay; w -= lr/r m / (sqrt(v) + eps).
    ///
    /// State: `exp_avg`, `exp_avg_sq`. Defaults are those of pytorch_optimizer. For weights of 16 bits its kahan_sum is
    /// [`Rounding::Kahan`](crate::Rounding::Kahan) here, for any rule.
    pub struct StableAdamW {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.99], Range::UnitOpen;
        /// Keeps the divisions finite.
        eps: f64 = 1e-8, Range::Positive;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 1e-2, Range::NonNegative;
    }
}

/// Moves the means; g^2 over the mean square.
struct Look;

impl Reduce<2, 4, 1> for Look {
    #[inline(always)]
    fn reduce<R: Real>([rest1, beta2, rest2, least]: [R; 4], _: R, g: R, [m, v]: [R; 2]) -> ([R; 2], [R; 1]) {
        let (m, v) = (mean(rest1, g, m), mean_square(beta2, rest2, g, v));
        // Divided twice: in f32 the square of eps may be 0.
        let ratio = g / v.sqrt().max(least);
        ([m, v], [ratio * ratio])
    }
}

struct Step;

impl Update<2, 3> for Step {
    #[inline(always)]
    fn update<R: Real>([lr, keep, eps]: [R; 3], w: R, _: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        (w * keep - lr * (m / (v.sqrt() + eps)), [m, v])
    }
}

impl Rule for StableAdamW {
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
        // It goes by the learning rate of the tensor, and is part of the step.
        Decay::L2(0.0)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let [rest1, rest2] = [beta1, beta2].map(|beta| (1.0 - beta) / correction(beta, at.step));
        pass.reduce_each(Look, [rest1, 1.0 - rest2, rest2, self.eps])?;
        pass.run_each(Step, |each| {
            let excess = (each.sums[0] / each.len().max(1) as f64).sqrt();
            let lr = at.lr / excess.max(1.0);
            [lr, 1.0 - lr * self.weight_decay, self.eps]
        })
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
    fn a_gradient_far_above_its_mean_square_moves_no_further_than_another() {
        let rule = StableAdamW { lr: 0.1, betas: [0.0, 0.99], weight_decay: 0.0, ..StableAdamW::default() };
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [1])]).unwrap();
        let mut values = [0.0];
        for _ in 0..100 {
            let _ = optimizer.step(&mut [&mut values], &mut [&mut [1.0]]).unwrap();
        }
        let before = values[0];
        let _ = optimizer.step(&mut [&mut values], &mut [&mut [1000.0]]).unwrap();
        // Adam would move by 0.1 * 1000 / sqrt(1 + 0.01 * 1e6), which is ten times as far.
        assert!((before - values[0] - 0.1).abs() < 0.01, "{}", before - values[0]);
    }
}
