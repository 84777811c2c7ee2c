//! AdaNorm.

use super::moments::{correction, mean, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::{Each, Pass};
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adanorm",
    presets: &[],
    title: "AdaNorm: Adam on gradients that are lengthened to their usual norm",
    formula: "e = r e + (1 - r) |g|; s = g max(1, e / |g|) for each tensor; m = b1 m + (1 - b1) s; v = b2 v + (1 - b2) g^2; \
              w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)",
    advice: "Image classifiers late in training, where gradients become short. Not where a short gradient means that the end is \
             near: the steps stay long.",
    source: "Dubey, Singh, Chaudhuri, WACV 2023, arXiv 2210.06364, algorithm 2; pytorch_optimizer.AdaNorm",
    make: || Box::new(AdaNorm::default()),
};

crate::hyper! {
    /// AdaNorm applied to Adam (Dubey, Singh and Chaudhuri, arXiv 2210.06364).
    ///
    /// e = r e + (1 - r) |g| for each tensor; s = e / |g| g where e > |g| > 0, else g; m = b1 m + (1 - b1) s;
    /// v = b2 v + (1 - b2) g^2; w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v + eps_root) + eps), where t counts steps from 1.
    ///
    /// State: `exp_avg`, `exp_avg_var`, then `max_exp_avg_var` if amsgrad, and `exp_grad_norm` for each tensor. Defaults are those
    /// of pytorch_optimizer, which has eps_root 1e-15.
    pub struct AdaNorm {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.99], Range::UnitOpen;
        /// How much of the mean of the norm each step keeps.
        r: f64 = 0.95, Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN, unless eps_root is above 0.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Divide by the largest mean square so far.
        amsgrad: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

/// The square of the norm of the gradient.
struct Norm;

impl<const N: usize> Reduce<N, 0, 1> for Norm {
    #[inline(always)]
    fn reduce<R: Real>([]: [R; 0], _: R, g: R, s: [R; N]) -> ([R; N], [R; 1]) {
        (s, [g * g])
    }
}

/// The scalars: factor on the gradient, 1 - b1, b2, 1 - b2, lr with its corrections, eps_root, eps.
type Scalars<R> = [R; 7];

#[inline(always)]
fn stepped<R: Real>([.., size, eps_root, eps]: Scalars<R>, w: R, m: R, v: R) -> R {
    w - size * (m / ((v + eps_root).sqrt() + eps))
}

struct Plain;

impl Update<2, 7> for Plain {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let (m, v) = (mean(k[1], g * k[0], m), mean_square(k[2], k[3], g, v));
        (stepped(k, w, m, v), [m, v])
    }
}

struct AmsGrad;

impl Update<3, 7> for AmsGrad {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v, largest]: [R; 3]) -> (R, [R; 3]) {
        let (m, v) = (mean(k[1], g * k[0], m), mean_square(k[2], k[3], g, v));
        let largest = largest.max(v);
        (stepped(k, w, m, largest), [m, v, largest])
    }
}

impl Rule for AdaNorm {
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
    fn tensor_memory(&self) -> Vec<(&'static str, f64)> {
        vec![("exp_grad_norm", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let size = at.lr * correction(beta2, at.step).sqrt() / correction(beta1, at.step);
        let scalars = |each: Each<'_>| {
            let norm = each.sums[0].sqrt();
            let usual = self.r * each.memory[0] + (1.0 - self.r) * norm;
            each.memory[0] = usual;
            let factor = if norm > 0.0 { (usual / norm).max(1.0) } else { 1.0 };
            [factor, 1.0 - beta1, beta2, 1.0 - beta2, size, self.eps_root, self.eps]
        };
        if self.amsgrad {
            pass.reduce_each::<_, 3, 0, 1>(Norm, [])?;
            return pass.run_each(AmsGrad, scalars);
        }
        pass.reduce_each::<_, 2, 0, 1>(Norm, [])?;
        pass.run_each(Plain, scalars)
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
