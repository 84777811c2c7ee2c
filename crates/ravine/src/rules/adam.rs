//! Adam.

use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update, power};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "adam",
    presets: &[("amsgrad", "amsgrad=true")],
    title: "Adam: momentum over running root mean squares",
    formula: "m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; \
              w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)",
    advice: "The default to begin with: works over a wide range of learning rates. With weight decay take \
             adamw.",
    source: "Kingma, Ba, ICLR 2015, arXiv 1412.6980, algorithm 1; amsgrad: Reddi, Kale, Kumar, ICLR 2018, \
             arXiv 1904.09237; torch.optim.Adam",
    make: || Box::new(Adam::default()),
};

crate::hyper! {
    /// Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1).
    ///
    /// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
    /// w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps), where t counts steps from 1.
    ///
    /// With amsgrad the largest v so far takes the place of v (Reddi, Kale and Kumar, arXiv 1904.09237).
    ///
    /// The first step is lr sign(g), up to eps. State: `exp_avg`, `exp_avg_sq`, then `max_exp_avg_sq` if amsgrad.
    /// Defaults are torch.optim.Adam's.
    pub struct Adam {
        /// Learning rate.
        lr: f64 = 1e-3, Range::NonNegative;
        /// How much of the mean and of the mean square of the gradient each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// What is added to v / (1 - b2^t) before its root is taken, as in optax.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Divide by the largest mean square so far.
        amsgrad: bool = false, Range::Bool;
        /// Correct the means for having started at 0. Without it the first step is (1 - b1) / sqrt(1 - b2), about
        /// 3.16 times, too long.
        bias_correction: bool = true, Range::Bool;
        /// Nesterov's momentum: b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t) in place of m / (1 - b1^t). That is
        /// NAdam with a
        /// momentum that stays the same, as in optax.
        nesterov: bool = false, Range::Bool;
        /// Strength of the weight decay.
        weight_decay: f64 = 0.0, Range::NonNegative;
        /// Decay the weights themselves instead of adding to the gradient; this is AdamW.
        decoupled: bool = false, Range::Bool;
    }
}

impl Adam {
    /// One step with these hyper-parameters.
    pub(super) fn run(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = [at.momentum.unwrap_or(self.betas[0]), self.betas[1]];
        let correction = |beta, t| if self.bias_correction { 1.0 - power(beta, t) } else { 1.0 };
        let t = at.step.saturating_add(1);
        let (corrected, root) = (correction(beta2, t), 1.0 / correction(beta2, t).sqrt());
        let [on_m, on_g] = match self.nesterov {
            true => [
                at.lr * beta1 / correction(beta1, t.saturating_add(1)),
                at.lr * (1.0 - beta1) / correction(beta1, t),
            ],
            false => [at.lr / correction(beta1, t), 0.0],
        };
        let inside = self.eps_root * corrected;
        let scalars = [1.0 - beta1, beta2, 1.0 - beta2, on_m, on_g, inside, root, self.eps];
        match (self.amsgrad, self.nesterov) {
            (false, false) => pass.run(Plain::<false>, scalars),
            (false, true) => pass.run(Plain::<true>, scalars),
            (true, false) => pass.run(AmsGrad::<false>, scalars),
            (true, true) => pass.run(AmsGrad::<true>, scalars),
        }
    }

    /// The state kept.
    pub(super) fn state(amsgrad: bool) -> Vec<Slot> {
        let slots = [
            Slot::zero("exp_avg"),
            Slot::zero("exp_avg_sq").non_negative(),
            Slot::zero("max_exp_avg_sq").non_negative(),
        ];
        slots[..if amsgrad { 3 } else { 2 }].to_vec()
    }
}

/// The scalars: 1 - b1, b2, 1 - b2, factors on m and, with Nesterov's momentum, g, what is added to v, 1 / sqrt(1 -
/// b2^t), eps.
type Scalars<R> = [R; 8];

#[inline(always)]
fn moments<R: Real>([rest1, beta2, rest2, ..]: Scalars<R>, g: R, m: R, v: R) -> [R; 2] {
    [m + (g - m) * rest1, beta2 * v + rest2 * g * g]
}

#[inline(always)]
fn stepped<R: Real, const NESTEROV: bool>(k: Scalars<R>, w: R, g: R, m: R, v: R) -> R {
    let [_, _, _, size, on_g, inside, root, eps] = k;
    let divisor = (v + inside).sqrt() * root + eps;
    if NESTEROV { w - (size * m + on_g * g) / divisor } else { w - size * (m / divisor) }
}

struct Plain<const NESTEROV: bool>;

impl<const NESTEROV: bool> Update<2, 8> for Plain<NESTEROV> {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let [m, v] = moments(k, g, m, v);
        (stepped::<R, NESTEROV>(k, w, g, m, v), [m, v])
    }
}

struct AmsGrad<const NESTEROV: bool>;

impl<const NESTEROV: bool> Update<3, 8> for AmsGrad<NESTEROV> {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, w: R, g: R, [m, v, largest]: [R; 3]) -> (R, [R; 3]) {
        let [m, v] = moments(k, g, m, v);
        let largest = largest.max(v);
        (stepped::<R, NESTEROV>(k, w, g, m, largest), [m, v, largest])
    }
}

impl Rule for Adam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        Self::state(self.amsgrad)
    }
    fn decay(&self) -> Decay {
        Decay::new(self.weight_decay, self.decoupled)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        self.run(at, pass)
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
