//! ADOPT.

use super::moments::{mean, mean_square};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adopt",
    presets: &[],
    title: "ADOPT: Adam that converges with any second beta",
    formula: "n = clip(g / max(sqrt(v), eps), t^0.25); m = b1 m + (1 - b1) n; w -= lr m; v = b2 v + (1 - b2) g^2",
    advice: "In Adam's place where it does not settle, as with small batches and a small second beta. Its first step moves \
             nothing.",
    source: "Taniguchi et al., NeurIPS 2024, arXiv 2411.02853, algorithm 2; the authors' adopt.py, optax.contrib.adopt",
    make: || Box::new(Adopt::default()),
};

crate::hyper! {
    /// ADOPT (Taniguchi et al., arXiv 2411.02853, algorithm 2).
    ///
    /// n = g / max(sqrt(v), eps), clipped to +-t^0.25; m = b1 m + (1 - b1) n; w -= lr m; v = b2 v + (1 - b2) g^2, where t counts
    /// steps from 0. In step 0 v = g^2, and nothing moves. Nesterov: w -= lr (b1 m + (1 - b1) n).
    ///
    /// State: `exp_avg`, `exp_avg_sq`. Defaults are the authors'. pytorch_optimizer counts t one higher in the clipping.
    pub struct Adopt {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.9999], Range::UnitOpen;
        /// Least root mean square that is divided by.
        eps: f64 = 1e-6, Range::Positive;
        /// Clip the normalised gradient.
        use_clipping: bool = true, Range::Bool;
        /// Look ahead along the mean.
        nesterov: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step<const NESTEROV: bool>;

impl<const NESTEROV: bool> Update<2, 6> for Step<NESTEROV> {
    #[inline(always)]
    fn update<R: Real>(k: [R; 6], w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [lr, rest1, beta2, rest2, eps, clip] = k;
        // The order lets NaN pass.
        let n = (-clip).max(clip.min(g / eps.max(v.sqrt())));
        let m = mean(rest1, n, m);
        let ahead = if NESTEROV { mean(rest1, n, m) } else { m };
        (w - lr * ahead, [m, mean_square(beta2, rest2, g, v)])
    }
}

impl Rule for Adopt {
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
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let scalars = match at.step {
            0 => [0.0, 0.0, 0.0, 1.0, self.eps, 1.0],
            step => {
                // Beyond any quotient: without clipping it passes as it is.
                let clip = if self.use_clipping { (step as f64).powf(0.25) } else { f64::INFINITY };
                [at.lr, 1.0 - beta1, beta2, 1.0 - beta2, self.eps, clip]
            }
        };
        if self.nesterov { pass.run(Step::<true>, scalars) } else { pass.run(Step::<false>, scalars) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
