//! MARS.

use super::moments::{correction, mean, mean_square, sign};
use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::{Each, Pass};
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "mars",
    presets: &[("mars-lion", "mars_type=lion")],
    title: "MARS: AdamW or Lion on gradients with their variance reduced",
    formula: "c = g + gamma b1 / (1 - b1) (g - g_old), shortened to norm 1 for each tensor; then AdamW's or Lion's step with c",
    advice: "Language models at learning rates of AdamW's or above. Put tensors of one dimension into a group with adamw, as the \
             authors do. Not where memory is short: one number a weight more than AdamW.",
    source: "Yuan et al., arXiv 2411.10438, algorithms 2 and 3 with the approximation of section 3.2; the authors' mars.py",
    make: || Box::new(Mars::default()),
};

crate::hyper! {
    /// MARS (Yuan et al., arXiv 2411.10438), in its approximate form: g_old is the gradient of the step before, at its weights and
    /// its batch.
    ///
    /// c = g + gamma b1 / (1 - b1) (g - g_old), divided by its norm over the tensor where that is above 1;
    /// m = b1 m + (1 - b1) c. MARS-AdamW: v = b2 v + (1 - b2) c^2; w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).
    /// MARS-Lion: w -= lr sign(m). g_old is 0 in the first step.
    ///
    /// State: `last_grad`, `exp_avg`, then `exp_avg_sq` if adamw, and `max_exp_avg_sq` if amsgrad. Defaults are the authors'.
    /// pytorch_optimizer divides eps, too, by the correction, and adds 1e-15 under the root.
    pub struct Mars {
        /// Learning rate.
        lr: f64 = 3e-3, Range::NonNegative;
        /// How much of the mean and of the mean square each step keeps.
        betas: [f64; 2] = [0.95, 0.99], Range::UnitOpen;
        /// How much of the variance reduction is applied.
        gamma: f64 = 0.025, Range::NonNegative;
        /// The step that is made with c.
        mars_type: &'static str = "adamw", Range::Words(&["adamw", "lion"]);
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Divide by the largest mean square so far.
        amsgrad: bool = false, Range::Bool;
        /// Strength of the decoupled weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

#[inline(always)]
fn corrected<R: Real>(gamma: R, g: R, old: R) -> R {
    g + gamma * (g - old)
}

/// The square of the norm of c.
struct Norm;

impl<const N: usize> Reduce<N, 1, 1> for Norm {
    #[inline(always)]
    fn reduce<R: Real>([gamma]: [R; 1], _: R, g: R, s: [R; N]) -> ([R; N], [R; 1]) {
        let c = corrected(gamma, g, s[0]);
        (s, [c * c])
    }
}

/// The scalars: gamma b1 / (1 - b1), factor on c, 1 - b1, b2, 1 - b2, lr with its correction, that of the root, eps.
type Scalars<R> = [R; 8];

struct AdamW;

impl Update<3, 8> for AdamW {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [old, m, v]: [R; 3]) -> (R, [R; 3]) {
        let [gamma, factor, rest1, beta2, rest2, size, root, eps] = k;
        let c = corrected(gamma, g, old) * factor;
        let (m, v) = (mean(rest1, c, m), mean_square(beta2, rest2, c, v));
        (w - size * (m / (v.sqrt() * root + eps)), [g, m, v])
    }
}

struct AmsGrad;

impl Update<4, 8> for AmsGrad {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [old, m, v, largest]: [R; 4]) -> (R, [R; 4]) {
        let [gamma, factor, rest1, beta2, rest2, size, root, eps] = k;
        let c = corrected(gamma, g, old) * factor;
        let (m, v) = (mean(rest1, c, m), mean_square(beta2, rest2, c, v));
        let largest = largest.max(v);
        (w - size * (m / (largest.sqrt() * root + eps)), [g, m, v, largest])
    }
}

struct Lion;

impl Update<2, 8> for Lion {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [old, m]: [R; 2]) -> (R, [R; 2]) {
        let [gamma, factor, rest1, _, _, size, _, _] = k;
        let m = mean(rest1, corrected(gamma, g, old) * factor, m);
        (w - size * sign(m), [g, m])
    }
}

impl Rule for Mars {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let slots = [
            Slot::zero("last_grad"),
            Slot::zero("exp_avg"),
            Slot::zero("exp_avg_sq").non_negative(),
            Slot::zero("max_exp_avg_sq").non_negative(),
        ];
        let count = if self.mars_type == "lion" { 2 } else { 3 + usize::from(self.amsgrad) };
        slots[..count].to_vec()
    }
    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }
    fn check(&self) -> Result<()> {
        if self.amsgrad && self.mars_type == "lion" {
            return Err(Error::rule(ENTRY.name, "amsgrad goes with mars_type=adamw alone"));
        }
        Ok(())
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let gamma = self.gamma * beta1 / (1.0 - beta1);
        let lion = self.mars_type == "lion";
        let size = if lion { at.lr } else { at.lr / correction(beta1, at.step) };
        let root = 1.0 / correction(beta2, at.step).sqrt();
        let scalars = |each: Each<'_>| {
            let factor = 1.0 / each.sums[0].sqrt().max(1.0);
            [gamma, factor, 1.0 - beta1, beta2, 1.0 - beta2, size, root, self.eps]
        };
        match (lion, self.amsgrad) {
            (true, _) => {
                pass.reduce_each::<_, 2, 1, 1>(Norm, [gamma])?;
                pass.run_each(Lion, scalars)
            }
            (false, false) => {
                pass.reduce_each::<_, 3, 1, 1>(Norm, [gamma])?;
                pass.run_each(AdamW, scalars)
            }
            (false, true) => {
                pass.reduce_each::<_, 4, 1, 1>(Norm, [gamma])?;
                pass.run_each(AmsGrad, scalars)
            }
        }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
