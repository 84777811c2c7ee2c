//! Schedule-free RAdam.

use super::moments::{correction, mean_square, origin, rectification};
use super::schedule_free::{self, MEMORY, moved, scalars, share};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "schedule-free-radam",
    presets: &[],
    title: "Schedule-free RAdam: neither schedule nor warmup",
    formula: "y = (1 - b1) z + b1 x; v = b2 v + (1 - b2) g(y)^2; \
              z -= lr rect (g / (sqrt(v / (1 - b2^t)) + eps) + weight_decay y); x += c (z - x), c = weight / sum of weights",
    advice: "schedule-free-adamw without a warmup to choose: the rectification is one. Evaluate with Optimizer::evaluation; \
             statistics such as batch norm's are to be taken at x first.",
    source: "Defazio et al., NeurIPS 2024, arXiv 2405.15682; Liu et al., arXiv 1908.03265; schedulefree.RAdamScheduleFree",
    make: || Box::new(ScheduleFreeRAdam::default()),
};

crate::hyper! {
    /// Schedule-free RAdam: schedule-free AdamW (Defazio et al., arXiv 2405.15682, algorithm 1) whose learning rate is
    /// multiplied by RAdam's rectification (Liu et al., arXiv 1908.03265, algorithm 2).
    ///
    /// v = b2 v + (1 - b2) g^2; z -= lr rect (g / (sqrt(v / (1 - b2^t)) + eps) + weight_decay y); x += c (z - x);
    /// y = (1 - b1) z + b1 x, where c is the weight of this step, t^r lr_max^weight_lr_power, over the sum of all weights so
    /// far, and lr_max the largest lr rect so far. In the first steps, 5 by default, there is no rectification: nothing moves, or
    /// with silent_sgd_phase off, z -= lr (g + weight_decay y).
    ///
    /// The parameters are y, where gradients are taken; [`Optimizer::evaluation`](crate::Optimizer::evaluation) gives x.
    ///
    /// State: `z`, `exp_avg_sq`, and `weight_sum` and `lr_max` for all. Defaults are the authors'. A schedule of the momentum
    /// is left aside.
    pub struct ScheduleFreeRAdam {
        /// Learning rate.
        lr: f64 = 2.5e-3, Range::NonNegative;
        /// How much of y is x, above 0, and how much of the mean square each step keeps.
        betas: [f64; 2] = [0.9, 0.999], Range::UnitOpen;
        /// Keeps the division finite: with 0, or where f32 rounds it to 0, a weight whose gradients were all 0 becomes
        /// NaN.
        eps: f64 = 1e-8, Range::NonNegative;
        /// Wait while there is no rectification; else step along the gradient.
        silent_sgd_phase: bool = true, Range::Bool;
        /// Power of the step in its weight.
        r: f64 = 0.0, Range::Finite;
        /// Power of the largest learning rate so far in the weight of a step.
        weight_lr_power: f64 = 2.0, Range::NonNegative;
        /// Strength of the weight decay, taken at y and stepped along with the gradient.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

struct Step;

impl Update<2, 9> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 9], y: R, g: R, [z, v]: [R; 2]) -> (R, [R; 2]) {
        let [first, share, on_y, on_z, beta2, rest2, root, eps, decay] = k;
        let v = mean_square(beta2, rest2, g, v);
        let direction = g / (v.sqrt() * root + eps) + decay * y;
        let (y, z) = moved([share, on_y, on_z], y, origin(first, y, z), direction);
        (y, [z, v])
    }
}

impl Rule for ScheduleFreeRAdam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("z").exact(), Slot::zero("exp_avg_sq").non_negative()]
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
        // Without rectification the root is left out of the division.
        let (lr, root, eps) = match rectification(beta2, at.step, 4.0) {
            Some(factor) => (at.lr * factor, 1.0 / correction(beta2, at.step).sqrt(), self.eps),
            None => (if self.silent_sgd_phase { 0.0 } else { at.lr }, 0.0, 1.0),
        };
        let share = share(pass.memory(), at.step, lr, self.r, self.weight_lr_power);
        let [share, on_y, on_z] = scalars(share, beta1, lr);
        let first = if at.step == 0 { 1.0 } else { 0.0 };
        pass.run(Step, [first, share, on_y, on_z, beta2, 1.0 - beta2, root, eps, self.weight_decay])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
