//! LAMB.

use super::moments::{correction, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Reduce, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "lamb",
    presets: &[],
    title: "LAMB: Adam's direction, as long as each tensor's weights times lr",
    formula: "u = Adam's direction + weight_decay w; w -= lr |w| / |u| u for each tensor",
    advice: "Batches of thousands, where Adam at a larger learning rate diverges. Not for small batches: adamw does as well \
             there without two looks at each tensor.",
    source: "You et al., ICLR 2020, arXiv 1904.00962, algorithm 2; optax.lamb",
    make: || Box::new(Lamb::default()),
};

crate::hyper! {
    /// LAMB (You et al., arXiv 1904.00962, algorithm 2).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
    /// u = (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t) + eps_root) + eps) + weight_decay w;
    /// w -= lr phi(|w|) / |u| u for each tensor, where |.| is the 2-norm of the tensor and phi limits it from above. Where
    /// either norm is 0 the ratio is 1.
    ///
    /// State: `exp_avg`, `exp_avg_sq`. Defaults are the paper's and optax's. Weight decay is part of u: decay that is decoupled
    /// would not be under the ratio.
    pub struct Lamb {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-6, Range::NonNegative;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Correct the means for having started at 0.
        bias_correction: bool = true, Range::Bool;
        /// The momentum is a mean of the gradients; else their sum, 1 / (1 - b1) times as large.
        grad_averaging: bool = true, Range::Bool;
        /// Largest norm of weights that counts, phi's upper limit; 0 for none. The first version of the paper has 10.
        max_weight_norm: f64 = 0.0, Range::NonNegative;
        /// Take the ratio as 1 where it is larger.
        trust_clip: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

/// The scalars of the direction: factors on mean and mean square, eps_root, eps, weight decay.
#[inline(always)]
fn direction<R: Real>([mean, square, eps_root, eps, decay]: [R; 5], w: R, m: R, v: R) -> R {
    m * mean / ((v * square + eps_root).sqrt() + eps) + decay * w
}

/// Moves the means; the squares of the norms of weights and direction.
struct Look;

impl Reduce<2, 9, 2> for Look {
    #[inline(always)]
    fn reduce<R: Real>(k: [R; 9], w: R, g: R, [m, v]: [R; 2]) -> ([R; 2], [R; 2]) {
        let [beta1, share, beta2, rest2, mean, square, eps_root, eps, decay] = k;
        let m = beta1 * m + share * g;
        let v = mean_square(beta2, rest2, g, v);
        let u = direction([mean, square, eps_root, eps, decay], w, m, v);
        ([m, v], [w * w, u * u])
    }
}

struct Step;

impl Update<2, 6> for Step {
    #[inline(always)]
    fn update<R: Real>(
        [size, mean, square, eps_root, eps, decay]: [R; 6],
        w: R,
        _: R,
        [m, v]: [R; 2],
    ) -> (R, [R; 2]) {
        (w - size * direction([mean, square, eps_root, eps, decay], w, m, v), [m, v])
    }
}

impl Lamb {
    /// What the direction of a tensor is multiplied by, beside the learning rate.
    fn ratio(&self, weights: f64, direction: f64) -> f64 {
        let weights = if self.max_weight_norm > 0.0 { weights.min(self.max_weight_norm) } else { weights };
        let ratio = if weights > 0.0 && direction > 0.0 { weights / direction } else { 1.0 };
        if self.trust_clip { ratio.min(1.0) } else { ratio }
    }
}

impl Rule for Lamb {
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
        Decay::L2(0.0)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let share = if self.grad_averaging { 1.0 - beta1 } else { 1.0 };
        let [mean, square] = match self.bias_correction {
            true => [beta1, beta2].map(|beta| 1.0 / correction(beta, at.step)),
            false => [1.0; 2],
        };
        let (eps_root, eps, decay) = (self.eps_root, self.eps, self.weight_decay);
        pass.reduce_each(Look, [beta1, share, beta2, 1.0 - beta2, mean, square, eps_root, eps, decay])?;
        pass.run_each(Step, |each| {
            let ratio = self.ratio(each.sums[0].sqrt(), each.sums[1].sqrt());
            [at.lr * ratio, mean, square, eps_root, eps, decay]
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

    fn stepped(rule: Lamb, weights: [f64; 2], grads: [f64; 2]) -> [f64; 2] {
        let params = [ParamSpec::new("w", [2])];
        let mut optimizer = Optimizer::builder(rule).build::<f64>(&params).unwrap();
        let mut values = weights;
        let _ = optimizer.step(&mut [&mut values], &mut [&mut grads.clone()]).unwrap();
        values
    }

    #[test]
    fn a_step_is_lr_times_the_norm_of_the_weights_and_not_longer_with_limits() {
        let moved = |rule: Lamb| {
            let [a, b] = stepped(rule, [3.0, 4.0], [0.1, -0.2]);
            (a - 3.0).hypot(b - 4.0)
        };
        let rule = Lamb { lr: 0.1, weight_decay: 0.01, ..Lamb::default() };
        assert!((moved(rule.clone()) - 0.1 * 5.0).abs() < 1e-12);
        assert!((moved(Lamb { max_weight_norm: 2.0, ..rule.clone() }) - 0.1 * 2.0).abs() < 1e-12);
        // Adam's first direction has norm sqrt(2) up to eps, and a ratio above 1 becomes 1.
        let short = moved(Lamb { trust_clip: true, weight_decay: 0.0, ..rule });
        assert!((short - 0.1 * 2f64.sqrt()).abs() < 1e-5);
    }

    #[test]
    fn the_scale_of_the_gradient_does_not_matter() {
        let rule = || Lamb { eps: 0.0, ..Lamb::default() };
        let (a, b) = (stepped(rule(), [3.0, 4.0], [0.1, -0.2]), stepped(rule(), [3.0, 4.0], [1e3, -2e3]));
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-14));
        assert!(a != [3.0, 4.0]);
    }
}
