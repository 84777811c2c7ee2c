//! Adamax.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adamax",
    presets: &[("adamaxw", "decoupled=true,weight_decay=1e-4")],
    title: "Adamax: Adam with the largest recent gradient in place of the root mean square",
    formula: "m = b1 m + (1 - b1) g; u = max(b2 u, |g| + eps); w -= lr / (1 - b1^t) m / u",
    advice: "Gradients with rare large values, such as embeddings: no step is longer than about lr. \
             Elsewhere take adam, which it seldom beats.",
    source: "Kingma, Ba, ICLR 2015, arXiv 1412.6980, algorithm 2; torch.optim.Adamax; optax.adamaxw",
    make: || Box::new(Adamax::default()),
};

crate::hyper! {
    /// Adamax (Kingma and Ba, arXiv 1412.6980, algorithm 2).
    ///
    /// m = b1 m + (1 - b1) g; u = max(b2 u, |g| + eps); w -= lr / (1 - b1^t) m / u, where t counts steps from 1.
    ///
    /// eps stands inside the maximum, as in torch.optim.Adamax; the paper has none. The first step is lr sign(g), up
    /// to eps.
    ///
    /// State: `exp_avg` (m), `exp_inf` (u). Defaults are torch.optim.Adamax's.
    pub struct Adamax {
        /// Learning rate.
        lr: f64 = 2e-3, Range::NonNegative;
        /// How much of the mean and of the largest gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient.
        decoupled: bool = false, Range::Bool;
    }
}

struct Step;

impl Update<2, 4> for Step {
    #[inline(always)]
    fn update<R: Real>([size, rest1, beta2, eps]: [R; 4], w: R, g: R, [m, u]: [R; 2]) -> (R, [R; 2]) {
        let m = m + (g - m) * rest1;
        // What NaN passes through.
        let u = (beta2 * u).max(g.abs() + eps);
        (w - size * (m / u), [m, u])
    }
}

impl Rule for Adamax {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("exp_avg"), Slot::zero("exp_inf").non_negative()]
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let beta1 = at.momentum.unwrap_or(self.betas[0]);
        let size = at.lr / (1.0 - power(beta1, at.step.saturating_add(1)));
        pass.run(Step, [size, 1.0 - beta1, self.betas[1], self.eps])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
