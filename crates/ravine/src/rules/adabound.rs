//! AdaBound.

use super::moments::{correction, mean, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adabound",
    presets: &[("amsbound", "amsgrad=true")],
    title: "AdaBound: Adam that turns into SGD, by bounds on its learning rates",
    formula: "m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; a = lr sqrt(1 - b2^t) / (1 - b1^t) / (sqrt(v) + eps); \
              w -= clip(a, final_lr (1 - 1 / (gamma t + 1)), final_lr (1 + 1 / (gamma t))) m",
    advice: "Image models where SGD ends better but Adam starts faster; final_lr is then SGD's learning rate, without its \
             momentum's factor. Not for transformers, where SGD does poorly.",
    source: "Luo et al., ICLR 2019, arXiv 1902.09843, algorithm 2; the authors' adabound",
    make: || Box::new(AdaBound::default()),
};

crate::hyper! {
    /// AdaBound (Luo et al., arXiv 1902.09843, algorithm 2), with the corrections and the bounds of the authors' code.
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; a = lr sqrt(1 - b2^t) / (1 - b1^t) / (sqrt(v + eps_root) + eps);
    /// w -= clip(a, f (1 - 1 / (gamma t + 1)), f (1 + 1 / (gamma t))) m, where t counts steps from 1, and f is final_lr, moved by the
    /// schedule as lr is. Amsgrad: the largest v so far in place of v; this is AMSBound.
    ///
    /// State: `exp_avg`, `exp_avg_sq`, then `max_exp_avg_sq` if amsgrad. Defaults are the authors'.
    pub struct AdaBound {
        /// Learning rate of the start, Adam's.
        lr: f64 = 1e-3, Range::NonNegative;
        /// Learning rate of the end, SGD's.
        final_lr: f64 = 0.1, Range::NonNegative;
        /// How much of the mean and of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// How fast the bounds close: about 1 / gamma steps.
        gamma: f64 = 1e-3, Range::Positive;
        /// Keeps the division finite.
        eps: f64 = 1e-8, Range::Positive;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Divide by the largest mean square so far.
        amsgrad: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// The scalars: 1 - b1, b2, 1 - b2, the corrected lr, eps_root, eps, the bounds.
type Scalars<R> = [R; 8];

#[inline(always)]
fn stepped<R: Real>([_, _, _, size, eps_root, eps, least, most]: Scalars<R>, w: R, m: R, v: R) -> R {
    // The order lets NaN pass.
    w - least.max(most.min(size / ((v + eps_root).sqrt() + eps))) * m
}

struct Plain;

impl Update<2, 8> for Plain {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let (m, v) = (mean(k[0], g, m), mean_square(k[1], k[2], g, v));
        (stepped(k, w, m, v), [m, v])
    }
}

struct AmsBound;

impl Update<3, 8> for AmsBound {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v, largest]: [R; 3]) -> (R, [R; 3]) {
        let (m, v) = (mean(k[0], g, m), mean_square(k[1], k[2], g, v));
        let largest = largest.max(v);
        (stepped(k, w, m, largest), [m, v, largest])
    }
}

impl Rule for AdaBound {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let slots = [
            Slot::zero("exp_avg"),
            Slot::zero("exp_avg_sq").non_negative(),
            Slot::zero("max_exp_avg_sq").non_negative(),
        ];
        slots[..if self.amsgrad { 3 } else { 2 }].to_vec()
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let size = at.lr * correction(beta2, at.step).sqrt() / correction(beta1, at.step);
        let end = if self.lr > 0.0 { self.final_lr * (at.lr / self.lr) } else { 0.0 };
        let progress = self.gamma * (at.step as f64 + 1.0);
        let [least, most] = [end * (1.0 - 1.0 / (progress + 1.0)), end * (1.0 + 1.0 / progress)];
        let scalars = [1.0 - beta1, beta2, 1.0 - beta2, size, self.eps_root, self.eps, least, most];
        if self.amsgrad { pass.run(AmsBound, scalars) } else { pass.run(Plain, scalars) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
