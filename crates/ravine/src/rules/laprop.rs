//! LaProp.

use super::moments::{mean, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "laprop",
    presets: &[],
    title: "LaProp: momentum of normalised gradients, where Adam normalises the momentum",
    formula: "v = b2 v + (1 - b2) g^2; m = b1 m + (1 - b1) lr g / (sqrt(v / (1 - b2^t)) + eps); w -= m / (1 - b1^t)",
    advice: "In Adam's place with a second beta below the first, where Adam diverges: noisy or adversarial training.",
    source: "Ziyin, Wang, Ueda, arXiv 2002.04839, algorithm 1; the authors' laprop.py",
    make: || Box::new(LaProp::default()),
};

crate::hyper! {
    /// LaProp (Ziyin, Wang and Ueda, arXiv 2002.04839, algorithm 1).
    ///
    /// v = b2 v + (1 - b2) g^2; m = b1 m + (1 - b1) lr g / ((sqrt(v + eps_root) + eps) / sqrt(1 - b2^t)); w -= m / c, where t counts
    /// steps from 1, and c is 1 - b1^t at a learning rate that stays: the mean of the learning rates, as m's, over the present one.
    ///
    /// - Centered: after steps_before_using_centered steps v - a^2 in place of v, where a = b2 a + (1 - b2) g, and no less
    ///   than 0.
    /// - Amsgrad: the largest so far in its place.
    ///
    /// State: `exp_avg`, `exp_avg_sq`, then `exp_mean_avg_beta2` if centered and `max_exp_avg_sq` if amsgrad, and `exp_avg_lr` for
    /// all. Defaults are the authors'; pytorch_optimizer has eps_root 1e-15.
    pub struct LaProp {
        /// Learning rate.
        lr: f64 = 4e-4, Range::NonNegative;
        /// How much of the mean of the normalised gradients and of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN, unless eps_root is above 0.
        eps: f64 = 1e-15, Range::NonNegative;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Divide by the standard deviation of the gradient instead of its root mean square.
        centered: bool = false, Range::Bool;
        /// Steps before that begins.
        steps_before_using_centered: u64 = 10, Range::NonNegative;
        /// Divide by the largest mean square so far.
        amsgrad: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

/// The scalars: b1, b2, 1 - b2, what is left of the squared mean, eps_root, eps, (1 - b1) lr sqrt(1 - b2^t), 1 / c.
type Scalars<R> = [R; 8];

#[inline(always)]
fn stepped<R: Real>(
    [beta1, _, _, _, eps_root, eps, size, inverse]: Scalars<R>,
    w: R,
    g: R,
    m: R,
    v: R,
) -> [R; 2] {
    let m = beta1 * m + size * (g / ((v + eps_root).sqrt() + eps));
    [w - inverse * m, m]
}

/// The mean of the gradient and its variance.
#[inline(always)]
fn centred<R: Real>([_, _, rest2, share, ..]: Scalars<R>, g: R, v: R, a: R) -> [R; 2] {
    let a = mean(rest2, g, a);
    [a, R::from_f64(0.0).max(v - share * (a * a))]
}

struct Plain;

impl Update<2, 8> for Plain {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let v = mean_square(k[1], k[2], g, v);
        let [w, m] = stepped(k, w, g, m, v);
        (w, [m, v])
    }
}

struct AmsGrad;

impl Update<3, 8> for AmsGrad {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v, largest]: [R; 3]) -> (R, [R; 3]) {
        let v = mean_square(k[1], k[2], g, v);
        let largest = largest.max(v);
        let [w, m] = stepped(k, w, g, m, largest);
        (w, [m, v, largest])
    }
}

struct Centered;

impl Update<3, 8> for Centered {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v, a]: [R; 3]) -> (R, [R; 3]) {
        let v = mean_square(k[1], k[2], g, v);
        let [a, variance] = centred(k, g, v, a);
        let [w, m] = stepped(k, w, g, m, variance);
        (w, [m, v, a])
    }
}

struct CenteredAmsGrad;

impl Update<4, 8> for CenteredAmsGrad {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v, a, largest]: [R; 4]) -> (R, [R; 4]) {
        let v = mean_square(k[1], k[2], g, v);
        let [a, variance] = centred(k, g, v, a);
        let largest = largest.max(variance);
        let [w, m] = stepped(k, w, g, m, largest);
        (w, [m, v, a, largest])
    }
}

impl Rule for LaProp {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()];
        if self.centered {
            slots.push(Slot::zero("exp_mean_avg_beta2"));
        }
        if self.amsgrad {
            slots.push(Slot::zero("max_exp_avg_sq").non_negative());
        }
        slots
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("exp_avg_lr", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let rates = &mut pass.memory()[0];
        *rates = beta1 * *rates + (1.0 - beta1) * at.lr;
        let inverse = if at.lr > 0.0 { at.lr / *rates } else { 1.0 };
        let root = (1.0 - power(beta2, at.step.saturating_add(1))).sqrt();
        let share = if at.step >= self.steps_before_using_centered { 1.0 } else { 0.0 };
        let size = (1.0 - beta1) * at.lr * root;
        let scalars = [beta1, beta2, 1.0 - beta2, share, self.eps_root, self.eps, size, inverse];
        match (self.centered, self.amsgrad) {
            (false, false) => pass.run(Plain, scalars),
            (false, true) => pass.run(AmsGrad, scalars),
            (true, false) => pass.run(Centered, scalars),
            (true, true) => pass.run(CenteredAmsGrad, scalars),
        }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
