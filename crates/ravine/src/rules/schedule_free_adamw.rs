//! Schedule-free AdamW.

use super::moments::{correction, mean_square, origin};
use super::schedule_free::{self, MEMORY, moved, scalars, share, warmup};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "schedule-free-adamw",
    presets: &[],
    title: "Schedule-free AdamW: averaging in place of a learning rate schedule",
    formula: "y = (1 - b1) z + b1 x; v = b2 v + (1 - b2) g(y)^2; z -= lr (g / (sqrt(v / (1 - b2^t)) + eps) + weight_decay y); \
              x += c (z - x), c = weight / sum of weights",
    advice: "AdamW without knowing the length of the run, at learning rates 1 to 10 times AdamW's, with a warmup. Evaluate \
             with Optimizer::evaluation; statistics such as batch norm's are to be taken at x first.",
    source: "Defazio et al., NeurIPS 2024, arXiv 2405.15682, algorithm 1; schedulefree.AdamWScheduleFree",
    make: || Box::new(ScheduleFreeAdamW::default()),
};

crate::hyper! {
    /// Schedule-free AdamW (Defazio et al., arXiv 2405.15682, algorithm 1).
    ///
    /// v = b2 v + (1 - b2) g^2; z -= lr (g / (sqrt(v / (1 - b2^t) + eps_root) + eps) + weight_decay y); x += c (z - x);
    /// y = (1 - b1) z + b1 x, where c is the weight of this step, t^r lr_max^weight_lr_power, over the sum of all weights so
    /// far, and lr_max the largest learning rate so far.
    ///
    /// The parameters are y, where gradients are taken; [`Optimizer::evaluation`](crate::Optimizer::evaluation) gives x.
    ///
    /// State: `z`, `exp_avg_sq`, then `max_exp_avg_sq` if amsgrad, and `weight_sum` and `lr_max` for all. Defaults are the
    /// authors'. A schedule of the momentum is left aside.
    pub struct ScheduleFreeAdamW {
        /// Learning rate.
        lr: f64 = 2.5e-3, Range::NonNegative;
        /// How much of y is x, above 0, and how much of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Added under the root.
        eps_root: f64 = 0.0, Range::NonNegative;
        /// Divide by the largest corrected mean square so far.
        amsgrad: bool = false, Range::Bool;
        /// Steps in which the learning rate grows evenly to its value.
        warmup_steps: u64 = 0, Range::NonNegative;
        /// Power of the step in its weight.
        r: f64 = 0.0, Range::Finite;
        /// Power of the largest learning rate so far in the weight of a step.
        weight_lr_power: f64 = 2.0, Range::NonNegative;
        /// Multiplies c by this times 1 - b1, up to 1, so that b1 no longer sets how long the mean is; 0 for not.
        decoupling_c: f64 = 0.0, Range::NonNegative;
        /// Strength of the weight decay, taken at y and stepped along with the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

/// The scalars: first, share, on y, on z, b2, 1 - b2, 1 / (1 - b2^t), eps_root, eps, weight decay.
type Scalars<R> = [R; 10];

struct Plain;

impl Update<2, 10> for Plain {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, y: R, g: R, [z, v]: [R; 2]) -> (R, [R; 2]) {
        let [first, share, on_y, on_z, beta2, rest2, square, eps_root, eps, decay] = k;
        let v = mean_square(beta2, rest2, g, v);
        let direction = g / ((v * square + eps_root).sqrt() + eps) + decay * y;
        let (y, z) = moved([share, on_y, on_z], y, origin(first, y, z), direction);
        (y, [z, v])
    }
}

struct AmsGrad;

impl Update<3, 10> for AmsGrad {
    #[inline(always)]
    fn update<R: Real>(k: Scalars<R>, y: R, g: R, [z, v, largest]: [R; 3]) -> (R, [R; 3]) {
        let [first, share, on_y, on_z, beta2, rest2, square, eps_root, eps, decay] = k;
        let v = mean_square(beta2, rest2, g, v);
        let largest = largest.max(v * square);
        let direction = g / ((largest + eps_root).sqrt() + eps) + decay * y;
        let (y, z) = moved([share, on_y, on_z], y, origin(first, y, z), direction);
        (y, [z, v, largest])
    }
}

impl Rule for ScheduleFreeAdamW {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let slots = [
            Slot::zero("z").exact(),
            Slot::zero("exp_avg_sq").non_negative(),
            Slot::zero("max_exp_avg_sq").non_negative(),
        ];
        slots[..if self.amsgrad { 3 } else { 2 }].to_vec()
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        MEMORY.to_vec()
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn evaluation(&self) -> Option<(usize, f64)> {
        Some((0, 1.0 - 1.0 / self.betas[0]))
    }
    fn check(&self) -> Result<()> {
        schedule_free::check(ENTRY.name, self.betas[0])
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let [beta1, beta2] = self.betas;
        let lr = at.lr * warmup(self.warmup_steps, at.step);
        let mut share = share(pass.memory(), at.step, lr, self.r, self.weight_lr_power);
        if self.decoupling_c > 0.0 {
            share = f64::min(1.0, share * (1.0 - beta1) * self.decoupling_c);
        }
        let [share, on_y, on_z] = scalars(share, beta1, lr);
        let first = if at.step == 0 { 1.0 } else { 0.0 };
        let square = 1.0 / correction(beta2, at.step);
        let (eps_root, eps, decay) = (self.eps_root, self.eps, self.weight_decay);
        let scalars = [first, share, on_y, on_z, beta2, 1.0 - beta2, square, eps_root, eps, decay];
        if self.amsgrad { pass.run(AmsGrad, scalars) } else { pass.run(Plain, scalars) }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
