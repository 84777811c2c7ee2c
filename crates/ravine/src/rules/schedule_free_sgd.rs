//! Schedule-free SGD.

use super::moments::origin;
use super::schedule_free::{self, MEMORY, moved, scalars, share, warmup};
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "schedule-free-sgd",
    presets: &[],
    title: "Schedule-free SGD: averaging in place of a learning rate schedule",
    formula: "y = (1 - momentum) z + momentum x; z -= lr g(y); x += c (z - x), c = weight / sum of weights",
    advice: "SGD without knowing the length of the run, at learning rates 10 times or more SGD's. Evaluate with \
             Optimizer::evaluation; statistics such as batch norm's are to be taken at x first.",
    source: "Defazio et al., NeurIPS 2024, arXiv 2405.15682, equations 6 to 8; schedulefree.SGDScheduleFree",
    make: || Box::new(ScheduleFreeSgd::default()),
};

crate::hyper! {
    /// Schedule-free SGD (Defazio et al., arXiv 2405.15682).
    ///
    /// z -= lr (g + weight_decay y); x += c (z - x); y = (1 - momentum) z + momentum x, where c is the weight of this step,
    /// t^r lr_max^weight_lr_power, over the sum of all weights so far, and lr_max the largest learning rate so far.
    ///
    /// The parameters are y, where gradients are taken; [`Optimizer::evaluation`](crate::Optimizer::evaluation) gives x.
    ///
    /// State: `z`, and `weight_sum` and `lr_max` for all. Defaults are the authors'. A schedule of the momentum is left aside.
    pub struct ScheduleFreeSgd {
        /// Learning rate.
        lr: f64 = 1.0, Range::NonNegative;
        /// How much of y is x, above 0.
        momentum: f64 = 0.9, Range::UnitOpen;
        /// Steps in which the learning rate grows evenly to its value.
        warmup_steps: u64 = 0, Range::NonNegative;
        /// Power of the step in its weight.
        r: f64 = 0.0, Range::Finite;
        /// Power of the largest learning rate so far in the weight of a step.
        weight_lr_power: f64 = 2.0, Range::NonNegative;
        /// Strength of the weight decay, added to the gradient at y.
        weight_decay: f64 = 0.0, Range::NonNegative;
    }
}

struct Step;

impl Update<1, 4> for Step {
    #[inline(always)]
    fn update<R: Real>([first, share, on_y, on_z]: [R; 4], y: R, g: R, [z]: [R; 1]) -> (R, [R; 1]) {
        let (y, z) = moved([share, on_y, on_z], y, origin(first, y, z), g);
        (y, [z])
    }
}

impl Rule for ScheduleFreeSgd {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        vec![Slot::zero("z").exact()]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        MEMORY.to_vec()
    }
    fn decay(&self) -> Decay {
        Decay::L2(self.weight_decay)
    }
    fn evaluation(&self) -> Option<(usize, f64)> {
        Some((0, 1.0 - 1.0 / self.momentum))
    }
    fn check(&self) -> Result<()> {
        schedule_free::check(ENTRY.name, self.momentum)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let lr = at.lr * warmup(self.warmup_steps, at.step);
        let share = share(pass.memory(), at.step, lr, self.r, self.weight_lr_power);
        let [share, on_y, on_z] = scalars(share, self.momentum, lr);
        pass.run(Step, [if at.step == 0 { 1.0 } else { 0.0 }, share, on_y, on_z])
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
    fn the_weights_to_evaluate_with_are_the_weighted_mean_of_z() {
        for (r, power) in [(0.0, 2.0), (1.0, 1.0), (2.0, 0.0)] {
            let rule =
                ScheduleFreeSgd { lr: 0.1, warmup_steps: 5, r, weight_lr_power: power, ..Default::default() };
            let mut optimizer = Optimizer::builder(rule).build::<f64>(&[ParamSpec::new("w", [1])]).unwrap();
            let (mut y, mut z, mut sum, mut weights) = ([1.0], 1.0, 0.0, 0.0);
            for t in 1..=20i32 {
                let lr = 0.1 * f64::from(t.min(5)) / 5.0;
                let g = 2.0 * y[0] + f64::from(t % 3);
                z -= lr * g;
                let weight = f64::from(t).powf(r) * lr.powf(power);
                sum += weight * z;
                weights += weight;
                let _ = optimizer.step(&mut [&mut y], &mut [&mut [g]]).unwrap();
                let x = optimizer.evaluation(&[&y]).unwrap().tensor(0)[0];
                assert!((x - sum / weights).abs() < 1e-13, "{t}: {x} {}", sum / weights);
                assert!((y[0] - (0.1 * z + 0.9 * x)).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn without_a_share_of_x_it_is_refused() {
        let error = ScheduleFreeSgd { momentum: 0.0, ..Default::default() }.check().unwrap_err().to_string();
        assert!(error.contains("must be above 0"), "{error}");
    }
}
