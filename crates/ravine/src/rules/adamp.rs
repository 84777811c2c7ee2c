//! AdamP.

use super::moments::{correction, mean, mean_square};
use super::projection::Projection;
use crate::catalogue::Entry;
use crate::element::Math;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::rule::{At, Decay, Rule, Slot};
use crate::whole::{TensorStep, TensorUpdate, map};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adamp",
    presets: &[],
    title: "AdamP: AdamW that does not lengthen weights whose length does not matter",
    formula: "u = Adam's direction; where |cos(w, g)| < delta / sqrt(n): u -= (w, u) w / |w|^2, decay times wd_ratio; \
             w -= lr (u + weight_decay w)",
    advice: "Networks with batch norm or layer norm behind most weights, in AdamW's place: the step relative to the \
             weights does not fade as they grow. Without normalisation it is AdamW.",
    source: "Heo et al., ICLR 2021, arXiv 2006.08217, algorithm 3; the authors' adamp; timm.optim.AdamP",
    make: || Box::new(AdamP::default()),
};

crate::hyper! {
    /// AdamP (Heo et al., arXiv 2006.08217, algorithm 3).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; u = m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps). A loss that
    /// does not depend on the length of weights has a gradient at a right angle to them. So where for all units of a
    /// tensor, the weights with the same first index, |cos(w, g)| < delta / sqrt(n), n elements in a unit, each unit
    /// has its u -= (w, u) w / |w|^2; else the same is asked of the tensor as a whole. Then w -= lr weight_decay w,
    /// times wd_ratio where something was taken out, and w -= lr u. Tensors of one dimension have AdamW.
    ///
    /// State: `exp_avg`, `exp_avg_sq`. Defaults are the authors'.
    pub struct AdamP {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the divisions finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Add eps to the root mean square after its correction for having started at 0; else before.
        eps_after_correction: bool = true, Range::Bool;
        /// The cosine below which a gradient counts as at a right angle, times sqrt(n).
        delta: f64 = 0.1, Range::NonNegative;
        /// What weight decay is multiplied by there.
        wd_ratio: f64 = 0.1, Range::Unit;
        /// Nesterov's momentum: b1 m + (1 - b1) g in place of m.
        nesterov: bool = false, Range::Bool;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

struct Step<'a> {
    rule: &'a AdamP,
    at: At,
}

impl TensorUpdate<2> for Step<'_> {
    fn update<R: Math>(&self, tensor: TensorStep<'_, R, 2>) {
        let TensorStep { shape, w, g, s: [m, v], level, .. } = tensor;
        let (rule, at) = (self.rule, self.at);
        let [beta1, beta2] = [at.momentum.unwrap_or(rule.betas[0]), rule.betas[1]];
        let root = 1.0 / correction(beta2, at.step).sqrt();
        let eps = if rule.eps_after_correction { rule.eps } else { rule.eps * root };
        let [on_m, on_g] = if rule.nesterov { [beta1, 1.0 - beta1] } else { [1.0, 0.0] };
        let [rest1, beta2, rest2] = [1.0 - beta1, beta2, 1.0 - beta2].map(R::from_f64);
        map(level, m, [g], |m, [g]| mean(rest1, g, m));
        map(level, v, [g], |v, [g]| mean_square(beta2, rest2, g, v));
        let [root, added, on_m, on_g] = [root, eps, on_m, on_g].map(R::from_f64);
        let direction = move |[g, m, v]: [R; 3]| (on_m * m + on_g * g) / (v.sqrt() * root + added);
        let projection = Projection { delta: rule.delta, wd_ratio: rule.wd_ratio, eps: rule.eps };
        let sizes = [at.lr * rule.weight_decay, at.lr / correction(beta1, at.step)];
        projection.step(shape, w, [g, m, v], direction, sizes, level);
    }
}

impl Rule for AdamP {
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
        // How strong it is depends on the tensor: it is part of the step.
        Decay::L2(0.0)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        pass.each(&Step { rule: self, at })
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Optimizer, ParamSpec, rules};

    fn stepped(rule: impl Rule + 'static, shape: &[usize], w: &[f64], g: &[f64]) -> Vec<f64> {
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", shape)]).unwrap();
        let mut w = w.to_vec();
        let _ = optimizer.step_flat(&mut w, &mut g.to_vec()).unwrap();
        w
    }

    #[test]
    fn a_step_at_a_right_angle_to_the_gradient_of_a_scale_invariant_loss_stays_there() {
        // Each row of the gradient is at a right angle to its row of the weights; Adam's direction, the signs, is not.
        let (w, g) = ([1.0, 2.0, -3.0, 1.0], [-2.0, 1.0, 0.5, 1.5]);
        let rule = AdamP { lr: 0.1, weight_decay: 0.5, ..AdamP::default() };
        let moved = stepped(rule, &[2, 2], &w, &g);
        for (row, moved) in w.chunks(2).zip(moved.chunks(2)) {
            // What is left along the weights is the decay: 0.1 * 0.5 * 0.1 of them.
            let along = row.iter().zip(moved).map(|(w, x)| w * (x - w)).sum::<f64>();
            let square = row.iter().map(|w| w * w).sum::<f64>();
            assert!((along / square + 0.1 * 0.5 * 0.1).abs() < 1e-9, "{along} {square}");
            assert!(row != moved);
        }
    }

    #[test]
    fn elsewhere_it_is_adamw() {
        let (w, g) = ([1.0, 2.0, -3.0, 1.0], [0.1, 0.4, -2.0, 1.0]);
        for shape in [&[2, 2][..], &[4]] {
            let rule = AdamP { lr: 0.1, weight_decay: 0.5, ..AdamP::default() };
            let adamw = rules::AdamW { lr: 0.1, weight_decay: 0.5, ..Default::default() };
            let (a, b) = (stepped(rule, shape, &w, &g), stepped(adamw, shape, &w, &g));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-14), "{a:?} {b:?}");
        }
    }
}
