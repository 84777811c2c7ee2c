//! AdEMAMix.

use super::moments::{correction, mean, mean_square};
use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "ademamix",
    presets: &[],
    title: "AdEMAMix: Adam with a second, slow mean of the gradient",
    formula: "m1 = b1 m1 + (1 - b1) g; m2 = b3 m2 + (1 - b3) g; v = b2 v + (1 - b2) g^2; \
              w -= lr (m1 / (1 - b1^t) + alpha m2) / (sqrt(v / (1 - b2^t)) + eps)",
    advice: "Long runs of language models, with t_alpha_beta3 at their length. Not for runs shorter than some 1 / (1 - b3) \
             steps, 10000 by default, nor where the target moves.",
    source: "Pagliardini, Ablin, Grangier, ICLR 2025, arXiv 2409.03137, algorithm 1; optax.contrib.ademamix",
    make: || Box::new(AdEMAMix::default()),
};

crate::hyper! {
    /// AdEMAMix (Pagliardini, Ablin and Grangier, arXiv 2409.03137, algorithm 1).
    ///
    /// m1 = b1 m1 + (1 - b1) g; m2 = b3 m2 + (1 - b3) g; v = b2 v + (1 - b2) g^2;
    /// w -= lr (m1 / (1 - b1^t) + alpha m2) / (sqrt(v / (1 - b2^t) + eps_root) + eps), where t counts steps from 1.
    ///
    /// With t_alpha_beta3 = T above 0, alpha grows evenly from 0 in T steps, and b3 from b1, so that its half-life does
    /// (section 3): b3(t) = exp(ln b1 ln b3 / ((1 - t/T) ln b3 + t/T ln b1)).
    ///
    /// State: `exp_avg`, `exp_avg_slow`, `exp_avg_sq`. Defaults are the authors'.
    pub struct AdEMAMix {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the fast mean, of the mean square and of the slow mean each step keeps.
        betas: [f64; 3] = [0.9, 0.999, 0.9999], Range::UnitOpen;
        /// Weight of the slow mean.
        alpha: f64 = 5.0, Range::NonNegative;
        /// Steps in which alpha and the third beta reach their values; 0 for at once.
        t_alpha_beta3: u64 = 0, Range::NonNegative;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = true, Range::Bool;
    }
}

struct Step;

impl Update<3, 10> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 10], w: R, g: R, [fast, slow, v]: [R; 3]) -> (R, [R; 3]) {
        let [rest1, beta2, rest2, rest3, lr, on_fast, alpha, square, eps_root, eps] = k;
        let (fast, slow) = (mean(rest1, g, fast), mean(rest3, g, slow));
        let v = mean_square(beta2, rest2, g, v);
        let mixed = on_fast * fast + alpha * slow;
        (w - lr * (mixed / ((v * square + eps_root).sqrt() + eps)), [fast, slow, v])
    }
}

impl AdEMAMix {
    /// Alpha and the third beta of a step.
    fn slow(&self, beta1: f64, step: u64) -> (f64, f64) {
        let beta3 = self.betas[2];
        let share = (step as f64 + 1.0) / self.t_alpha_beta3 as f64;
        if self.t_alpha_beta3 == 0 || share >= 1.0 {
            return (self.alpha, beta3);
        }
        let [ln1, ln3] = [beta1.ln(), beta3.ln()];
        let now = (ln1 * ln3 / ((1.0 - share) * ln3 + share * ln1)).exp();
        (share * self.alpha, now.min(beta3))
    }
}

impl Rule for AdEMAMix {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_slow"), Slot::zero("exp_avg_sq").non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn check(&self) -> Result<()> {
        if self.t_alpha_beta3 > 0 && (self.betas[0] == 0.0 || self.betas[2] == 0.0) {
            return Err(Error::rule(ENTRY.name, "t_alpha_beta3 needs a first and third beta above 0"));
        }
        Ok(())
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2, _] = self.betas;
        let (alpha, beta3) = self.slow(beta1, at.step);
        let beta1 = at.momentum.unwrap_or(beta1);
        let scalars = [
            1.0 - beta1,
            beta2,
            1.0 - beta2,
            1.0 - beta3,
            at.lr,
            1.0 / correction(beta1, at.step),
            alpha,
            1.0 / correction(beta2, at.step),
            self.eps_root,
            self.eps,
        ];
        pass.run(Step, scalars)
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_life_of_the_slow_mean_grows_evenly() {
        let rule = AdEMAMix { t_alpha_beta3: 100, ..AdEMAMix::default() };
        // In steps, up to ln 2.
        let life = |step| -1.0 / rule.slow(0.9, step).1.ln();
        let even = life(29) - life(19);
        assert!((life(79) - life(69) - even).abs() < 1e-6 * even);
        assert_eq!(rule.slow(0.9, 99), (5.0, 0.9999));
        assert_eq!(rule.slow(0.9, 49).0, 2.5);
    }
}
