//! FTRL-Proximal.

use super::moments::sign;
use crate::catalogue::Entry;
use crate::error::Result;
use crate::hyper::Range;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};

pub(super) const ENTRY: Entry<Box<dyn Rule>> = Entry {
    name: "ftrl",
    presets: &[],
    title: "FTRL-Proximal: AdaGrad's learning rates, with weights that are exactly 0",
    formula: "z += g - (sqrt(n + g^2) - sqrt(n)) / lr w; n += g^2; w = 0 where |z| <= lambda_1, else (sign(z) lambda_1 \
             - z) / ((beta + sqrt(n)) / lr + lambda_2)",
    advice: "Linear models and logistic regression on sparse features, such as click prediction: lambda_1 leaves few \
             weights. Not for deep networks: a weight whose gradients were all 0 so far is 0, whatever it was \
             initialised to.",
    source: "McMahan et al., KDD 2013, Ad Click Prediction: a View from the Trenches, algorithm 1; \
             pytorch_optimizer.FTRL",
    make: || Box::new(Ftrl::default()),
};

crate::hyper! {
    /// FTRL-Proximal, follow the regularised leader (McMahan et al., KDD 2013, algorithm 1).
    ///
    /// z += g - (sqrt(n + g^2) - sqrt(n)) / lr w; n += g^2; w = 0 where |z| <= lambda_1, else
    /// w = (sign(z) lambda_1 - z) / ((beta + sqrt(n)) / lr + lambda_2). With beta and both lambdas 0 that is
    /// w -= lr g / sqrt(n), AdaGrad without eps.
    ///
    /// The weights are a function of z and n alone: what they were before counts from the first gradient of each on.
    /// Under a schedule sqrt(n) / lr is taken with the learning rate of its own step, and beta / lr with that of the
    /// first; steps at learning rate 0 leave everything as it was.
    ///
    /// State: `z`, `n`, and `lr` and `first_lr` for all. Defaults are pytorch_optimizer's.
    pub struct Ftrl {
        /// Learning rate, alpha in the paper.
        lr: f64 = 1e-3, Range::NonNegative;
        /// Added to the root of the sum of squares, so that first steps are shorter; the paper suggests 1.
        beta: f64 = 0.0, Range::NonNegative;
        /// Weight of the L1 norm, which makes weights 0.
        lambda_1: f64 = 0.0, Range::NonNegative;
        /// Weight of half the squared norm.
        lambda_2: f64 = 0.0, Range::NonNegative;
    }
}

struct Step;

impl Update<2, 5> for Step {
    #[inline(always)]
    fn update<R: Real>(k: [R; 5], w: R, g: R, [z, n]: [R; 2]) -> (R, [R; 2]) {
        let [moves, before, now, lambda_1, ridge] = k;
        let zero = R::from_f64(0.0);
        let squares = n + g * g;
        let weight = squares.sqrt() * now;
        let sum = z + g - (weight - n.sqrt() * before) * w;
        let next = (sign(sum) * lambda_1 - sum) / (weight + ridge);
        let next = R::select(lambda_1.less(sum.abs()), next, zero);
        let moves = zero.less(moves);
        (R::select(moves, next, w), [R::select(moves, sum, z), R::select(moves, squares, n)])
    }
}

impl Rule for Ftrl {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        // The weights are made of both: what is lost of them is lost of the weights.
        vec![Slot::zero("z").exact(), Slot::zero("n").exact()]
    }
    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("lr", 0.0), ("first_lr", 0.0)]
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        if at.lr == 0.0 {
            return pass.run(Step, [0.0; 5]);
        }
        let kept = pass.memory();
        if kept[1] == 0.0 {
            kept.fill(at.lr);
        }
        let (before, first) = (std::mem::replace(&mut kept[0], at.lr), kept[1]);
        let ridge = self.beta / first + self.lambda_2;
        pass.run(Step, [1.0, 1.0 / before, 1.0 / at.lr, self.lambda_1, ridge])
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::Cosine;
    use crate::{Optimizer, ParamSpec, rules};

    /// Where 30 steps on the slope g = w - (0.01, 3) lead from (1, -1), at a falling learning rate.
    fn run(rule: impl Rule + 'static) -> [f64; 2] {
        let builder = Optimizer::builder(rule).schedule(Cosine::new(30));
        let mut optimizer = builder.build::<f64>(&[ParamSpec::new("w", [2])]).unwrap();
        let mut w = [1.0, -1.0];
        for _ in 0..30 {
            let mut g = [w[0] - 0.01, w[1] - 3.0];
            let _ = optimizer.step_flat(&mut w, &mut g).unwrap();
        }
        w
    }

    #[test]
    fn without_penalties_it_is_adagrad_under_a_schedule_too() {
        let a = run(Ftrl { lr: 0.5, ..Ftrl::default() });
        let b = run(rules::Adagrad { lr: 0.5, eps: 0.0, ..Default::default() });
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10), "{a:?} {b:?}");
    }

    #[test]
    fn a_weight_whose_loss_is_less_than_its_penalty_is_exactly_zero() {
        let [a, b] = run(Ftrl { lr: 0.5, lambda_1: 1.5, ..Ftrl::default() });
        assert_eq!(a, 0.0);
        assert!(b > 0.5, "{b}");
    }
}
