//! AdaBelief.

use super::moments::{correction, mean, mean_square, rectification};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adabelief",
    presets: &[],
    title: "AdaBelief: Adam divided by how far gradients stray from their mean",
    formula: "m = b1 m + (1 - b1) g; s = b2 s + (1 - b2) (g - m)^2 + eps_root; \
              w -= lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps)",
    advice: "Image models where Adam generalises worse than SGD. Not where gradients stay nearly the same for long: its \
             steps then grow far beyond lr.",
    source: "Zhuang et al., NeurIPS 2020, arXiv 2010.07468, algorithm 2; optax.adabelief, adabelief-pytorch",
    make: || Box::new(AdaBelief::default()),
};

crate::hyper! {
    /// AdaBelief (Zhuang et al., arXiv 2010.07468, algorithm 2).
    ///
    /// m = b1 m + (1 - b1) g; s = b2 s + (1 - b2) (g - m)^2 + eps_root;
    /// w -= lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps), where t counts steps from 1.
    ///
    /// - Amsgrad: the largest s so far in place of s.
    /// - Nesterov: b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t) in place of m / (1 - b1^t), as in optax.
    /// - Rectify: the step is multiplied by the rectification of RAdam, with eps added to sqrt(s) as it is; while the
    ///   average is too short for it, at most 5, w -= lr m / (1 - b1^t), or nothing with degenerated_to_sgd off.
    ///
    /// State: `exp_avg`, `exp_avg_var`, then `max_exp_avg_var` if amsgrad. Defaults are the authors'.
    pub struct AdaBelief {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean, and of the mean square of the deviation, each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN, unless eps_root is above 0.
        eps: f64 = 1e-16, Range::NonNegative;
        /// Added to the mean square in each step.
        eps_root: f64 = 1e-16, Range::NonNegative;
        /// Divide by the largest mean square so far.
        amsgrad: bool = false, Range::Bool;
        /// Look ahead along the mean.
        nesterov: bool = false, Range::Bool;
        /// Multiply the step by RAdam's rectification.
        rectify: bool = false, Range::Bool;
        /// With rectify, step along the mean while there is no rectification yet; else wait.
        degenerated_to_sgd: bool = true, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

/// The scalars: 1 - b1, b2, 1 - b2, eps_root, factors on mean and gradient, that on the root, eps.
type Scalars<R> = [R; 8];

#[inline(always)]
fn moments<R: Real>([rest1, beta2, rest2, eps_root, ..]: Scalars<R>, g: R, m: R, s: R) -> [R; 2] {
    let m = mean(rest1, g, m);
    [m, mean_square(beta2, rest2, g - m, s) + eps_root]
}

#[inline(always)]
fn stepped<R: Real>([.., on_mean, on_gradient, root, eps]: Scalars<R>, w: R, g: R, m: R, s: R) -> R {
    w - (on_mean * m + on_gradient * g) / (s.sqrt() * root + eps)
}

struct Plain;

impl Update<2, 8> for Plain {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, s]: [R; 2]) -> (R, [R; 2]) {
        let [m, s] = moments(k, g, m, s);
        (stepped(k, w, g, m, s), [m, s])
    }
}

struct AmsGrad;

impl Update<3, 8> for AmsGrad {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, s, largest]: [R; 3]) -> (R, [R; 3]) {
        let [m, s] = moments(k, g, m, s);
        let largest = largest.max(s);
        (stepped(k, w, g, m, largest), [m, s, largest])
    }
}

impl Rule for AdaBelief {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let slots = [
            Slot::zero("exp_avg"),
            Slot::zero("exp_avg_var").non_negative(),
            Slot::zero("max_exp_avg_var").non_negative(),
        ];
        slots[..if self.amsgrad { 3 } else { 2 }].to_vec()
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let [short1, short2] = [correction(beta1, at.step), correction(beta2, at.step)];
        let (lr, root, eps) = match self.rectify.then(|| rectification(beta2, at.step, 5.0)) {
            None => (at.lr, 1.0 / short2.sqrt(), self.eps),
            Some(Some(factor)) => (at.lr * factor * short2.sqrt(), 1.0, self.eps),
            Some(None) => (if self.degenerated_to_sgd { at.lr } else { 0.0 }, 0.0, 1.0),
        };
        let [on_mean, on_gradient] = match self.nesterov {
            true => [beta1 / correction(beta1, at.step.saturating_add(1)), (1.0 - beta1) / short1],
            false => [1.0 / short1, 0.0],
        };
        let scalars =
            [1.0 - beta1, beta2, 1.0 - beta2, self.eps_root, lr * on_mean, lr * on_gradient, root, eps];
        if self.amsgrad { pass.run(AmsGrad, scalars) } else { pass.run(Plain, scalars) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
