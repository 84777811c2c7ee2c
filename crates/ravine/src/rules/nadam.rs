//! NAdam.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "nadam",
    presets: &[],
    title: "NAdam: Adam with Nesterov's momentum",
    formula: "mu_t = b1 (1 - 0.96^(t momentum_decay) / 2); P_t = mu_1 ... mu_t; m, v as adam; w -= lr ((1 - \
              mu_t) / (1 - P_t) g + mu_{t+1} / (1 - P_{t+1}) m) / (sqrt(v / (1 - b2^t)) + eps)",
    advice: "Where adam works and its momentum lags behind; often a little faster early on. Not where a \
             schedule of the momentum of its own is in the way: adam with nesterov=true keeps b1 as it is.",
    source: "Dozat, ICLR workshop 2016, algorithm 2; torch.optim.NAdam",
    make: || Box::new(NAdam::default()),
};

crate::hyper! {
    /// NAdam (Dozat, ICLR workshop 2016, algorithm 2).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; mu_t = b1 (1 - 0.96^(t momentum_decay) / 2), P_t = mu_1 ...
    /// mu_t;
    /// w -= lr ((1 - mu_t) / (1 - P_t) g + mu_{t+1} / (1 - P_{t+1}) m) / (sqrt(v / (1 - b2^t)) + eps), where t counts
    /// steps
    /// from 1.
    ///
    /// As in torch.optim.NAdam v is not multiplied by b2 once more, which the paper does. State: `exp_avg`,
    /// `exp_avg_sq`,
    /// and for the group `mu_product` (P). Defaults are torch.optim.NAdam's.
    pub struct NAdam {
        /// Learning rate.
        lr: f64 = 2e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// How fast the momentum rises from half of the first beta to all of it.
        momentum_decay: f64 = 4e-3, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<2, 7> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 7], w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [rest1, beta2, rest2, now, next, root, eps] = k;
        let (m, v) = (m + (g - m) * rest1, beta2 * v + rest2 * g * g);
        (w - (now * g + next * m) / (v.sqrt() * root + eps), [m, v])
    }
}

impl Rule for NAdam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_avg_sq").non_negative()]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("mu_product", 1.0)]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let t = at.step as f64 + 1.0;
        let momentum = |t: f64| beta1 * (1.0 - 0.5 * 0.96f64.powf(t * self.momentum_decay));
        let (mu, mu_next) = (momentum(t), momentum(t + 1.0));
        let product = pass.memory()[0] * mu;
        pass.memory()[0] = product;
        let now = at.lr * (1.0 - mu) / (1.0 - product);
        let next = at.lr * mu_next / (1.0 - product * mu_next);
        let root = 1.0 / (1.0 - power(beta2, at.step.saturating_add(1))).sqrt();
        pass.run(Step, [1.0 - beta1, beta2, 1.0 - beta2, now, next, root, self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
