//! RAdam.

use crate::catalogue::Entry;
use crate::error::{Error, Result};
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "radam",
    presets: &[],
    title: "RAdam: Adam that warms up by itself",
    formula: "r_inf = 2 / (1 - b2) - 1; r_t = r_inf - 2 t b2^t / (1 - b2^t); adam times sqrt((r_t - 4)(r_t - \
              2) r_inf / ((r_inf - 4)(r_inf - 2) r_t)) where r_t > 5, else w -= lr m / (1 - b1^t)",
    advice: "Where adam needs a warmup and its length is not known. With a warmup in the schedule take \
             adamw: the two together only start more slowly.",
    source: "Liu et al., ICLR 2020, arXiv 1908.03265, algorithm 2; torch.optim.RAdam; optax.radam",
    make: || Box::new(RAdam::default()),
};

crate::hyper! {
    /// RAdam (Liu et al., arXiv 1908.03265, algorithm 2): m and v as [`Adam`](super::Adam), and
    /// r_inf = 2 / (1 - b2) - 1; r_t = r_inf - 2 t b2^t / (1 - b2^t), where t counts steps from 1.
    ///
    /// - r_t > threshold: w -= lr rect m / (1 - b1^t) sqrt(1 - b2^t) / (sqrt(v) + eps) with
    ///   rect = sqrt((r_t - 4) (r_t - 2) r_inf / ((r_inf - 4) (r_inf - 2) r_t)).
    /// - Else: w -= lr m / (1 - b1^t), or no step without `degenerated_to_sgd`.
    ///
    /// r_t is below its largest value r_inf, so that with b2 up to 2/3 no step is ever divided. The paper's threshold
    /// is 4, and it
    /// has no eps. State: `exp_avg`, `exp_avg_sq`. Defaults are torch.optim.RAdam's.
    pub struct RAdam {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Add eps to sqrt(v / (1 - b2^t)) instead of sqrt(v), as optax does.
        eps_after_correction: bool = false, Range::Bool;
        /// The length r_t above which steps are divided by the root mean square: at least 4.
        threshold: f64 = 5.0, Range::NonNegative;
        /// Make the first steps without division. Without it there are none.
        degenerated_to_sgd: bool = true, Range::Bool;
        /// Nesterov's momentum: b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t) in place of m / (1 - b1^t).
        nesterov: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

/// The scalars: 1 - b1, b2, 1 - b2, factors on m and g, eps.
type Scalars<R> = [R; 6];

#[inline(always)]
fn moments<R: Real>([rest1, beta2, rest2, ..]: Scalars<R>, g: R, m: R, v: R) -> [R; 2] {
    [m + (g - m) * rest1, beta2 * v + rest2 * g * g]
}

struct Divided;

impl Update<2, 6> for Divided {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [m, v] = moments(k, g, m, v);
        (w - (k[3] * m + k[4] * g) / (v.sqrt() + k[5]), [m, v])
    }
}

struct Undivided;

impl Update<2, 6> for Undivided {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [m, v] = moments(k, g, m, v);
        (w - (k[3] * m + k[4] * g), [m, v])
    }
}

impl Rule for RAdam {
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
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn check(&self) -> Result<()> {
        // Below 4 there is a root of a number below 0.
        if self.threshold >= 4.0 {
            Ok(())
        } else {
            Err(Error::rule(ENTRY.name, "threshold must be 4 or more"))
        }
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let t = at.step.saturating_add(1);
        let correction = |beta, t| 1.0 - power(beta, t);
        let [on_m, on_g] = match self.nesterov {
            true => [beta1 / correction(beta1, t.saturating_add(1)), (1.0 - beta1) / correction(beta1, t)],
            false => [1.0 / correction(beta1, t), 0.0],
        };
        let corrected = correction(beta2, t);
        let longest = 2.0 / (1.0 - beta2) - 1.0;
        let length = longest - 2.0 * t as f64 * (power(beta2, t) / corrected);
        let scalars = |size: f64, eps| [1.0 - beta1, beta2, 1.0 - beta2, size * on_m, size * on_g, eps];
        if length > self.threshold {
            let rect = ((length - 4.0) * (length - 2.0) * longest
                / ((longest - 4.0) * (longest - 2.0) * length))
                .sqrt();
            let eps = if self.eps_after_correction { self.eps * corrected.sqrt() } else { self.eps };
            pass.run(Divided, scalars(at.lr * rect * corrected.sqrt(), eps))
        } else {
            pass.run(Undivided, scalars(if self.degenerated_to_sgd { at.lr } else { 0.0 }, self.eps))
        }
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
    fn the_first_five_steps_are_not_divided_at_the_default_beta() {
        // r_t is 0.999..., 1.99..., up to 4.99... at step 5: the paper's own example.
        let walk = |degenerated_to_sgd| {
            let rule = RAdam { lr: 0.1, degenerated_to_sgd, ..RAdam::default() };
            let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [1])]).unwrap();
            let mut w = [0.0];
            let steps: Vec<f64> = (0..6)
                .map(|_| {
                    let before = w[0];
                    let _ = optimizer.step(&mut [&mut w], &mut [&mut [3.0]]).unwrap();
                    before - w[0]
                })
                .collect();
            steps
        };
        let (sgd, still) = (walk(true), walk(false));
        assert!(sgd[..5].iter().all(|step| (step - 0.3).abs() < 1e-12), "{sgd:?}");
        assert_eq!(still[..5], [0.0; 5]);
        assert!((sgd[5] - still[5]).abs() < 1e-15 && sgd[5] > 0.0 && sgd[5] < 0.1, "{sgd:?} {still:?}");
    }

    #[test]
    fn a_threshold_below_four_is_refused() {
        assert!(RAdam { threshold: 3.9, ..RAdam::default() }.check().is_err());
    }
}
